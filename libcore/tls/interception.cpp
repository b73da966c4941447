// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/interception.h"

#include <fmt/format.h>

#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"
#include "libcore/tls/key_log.h"
#include "libcore/tls/leaf_cache.h"

namespace wstap::tls {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

struct KeyLogs {
  std::vector<KeyLog> files;
};

/// Slots in OpenSSL's objects for pointers of ours.
int key_logs_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

void free_protocols(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::vector<std::string>*>(pointer);
}

int alpn_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_protocols);
  return slot;
}

void log_key(const SSL* ssl, const char* line) {
  const auto* logs = static_cast<const KeyLogs*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_logs_slot()));
  for (const auto& file : logs->files) file.add(line);
}

/// RFC 7301 3.2: the first of ours that the client offers. Nothing in common is no fault: the connection goes
/// on without, as it does when the client offers nothing.
int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_len, const unsigned char* in,
                unsigned in_len, void*) {
  const auto* ours = static_cast<const std::vector<std::string>*>(SSL_get_ex_data(ssl, alpn_slot()));
  if (ours == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const Bytes offered = std::as_bytes(std::span(in, in_len));
  for (const auto& protocol : *ours) {
    for (std::size_t at = 0; at < offered.size();) {
      const auto length = static_cast<std::size_t>(offered[at]);
      if (at + 1 + length > offered.size()) break;
      if (as_text(offered.subspan(at + 1, length)) == protocol) {
        *out = in + at + 1;
        *out_len = static_cast<unsigned char>(length);
        return SSL_TLSEXT_ERR_OK;
      }
      at += 1 + length;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/// What both legs have in common: TLS 1.2 and later, and no memory for what is idle.
ContextPtr new_context(const SSL_METHOD* method, KeyLogs& logs) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (!logs.files.empty()) {
    SSL_CTX_set_ex_data(context.get(), key_logs_slot(), &logs);
    SSL_CTX_set_keylog_callback(context.get(), log_key);
  }
  return context;
}

ContextPtr server_context(KeyLogs& logs) {
  ContextPtr context = new_context(TLS_server_method(), logs);
  if (!context) return nullptr;
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  // One ticket is enough to resume, and half the handshake's bytes.
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  constexpr unsigned char kSessionContext[] = {'w', 's', 't', 'a', 'p'};
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext);
  return context;
}

Result<ContextPtr> client_context(KeyLogs& logs, const InterceptionOptions& options) {
  ContextPtr context = new_context(TLS_client_method(), logs);
  if (!context) return fail(Errc::openssl, openssl_reason());
  SSL_CTX_set_verify(context.get(), options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (options.upstream_ca) {
    if (SSL_CTX_load_verify_file(context.get(), options.upstream_ca->c_str()) != 1)
      return fail(Errc::bad_file,
                  fmt::format("{}: no certificates to trust ({})", *options.upstream_ca, openssl_reason()));
  } else {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  return context;
}

std::unique_ptr<Channel> new_channel(SSL_CTX* context, Wire& wire, SSL** raw) {
  std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context), SSL_free);
  if (!ssl) return nullptr;
  *raw = ssl.get();
  return std::make_unique<Channel>(std::move(ssl), wire);
}

/// RFC 7301 3.1: each with its length before it.
std::vector<unsigned char> alpn_list(const std::vector<std::string>& protocols) {
  std::vector<unsigned char> list;
  for (const auto& protocol : protocols) {
    list.push_back(static_cast<unsigned char>(protocol.size()));
    list.insert(list.end(), protocol.begin(), protocol.end());
  }
  return list;
}

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

}  // namespace

struct Interception::Parts {
  Parts(Authority given, KeyLogs keys)
      : authority(std::move(given)), logs(std::move(keys)), leaves(authority) {}
  Authority authority;
  KeyLogs logs;
  LeafCache leaves;
  ContextPtr server, client;
};

Interception::Interception(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Interception::Interception(Interception&&) noexcept = default;
Interception& Interception::operator=(Interception&&) noexcept = default;
Interception::~Interception() = default;

const Authority& Interception::authority() const noexcept {
  return parts_->authority;
}

Result<Interception> Interception::make(Authority authority, InterceptionOptions options) {
  KeyLogs logs;
  for (const auto& path : options.key_logs) {
    auto file = KeyLog::open(path);
    if (!file) return std::unexpected(file.error());
    logs.files.push_back(std::move(*file));
  }
  auto parts = std::make_unique<Parts>(std::move(authority), std::move(logs));
  parts->server = server_context(parts->logs);
  if (!parts->server) return fail(Errc::openssl, openssl_reason());
  auto client = client_context(parts->logs, options);
  if (!client) return std::unexpected(client.error());
  parts->client = std::move(*client);
  return Interception(std::move(parts));
}

Result<std::unique_ptr<Channel>> Interception::accept(Wire& wire, const std::string& name,
                                                      std::vector<std::string> other_names,
                                                      std::vector<std::string> alpn, UnixNs now) const {
  const auto leaf = parts_->leaves.get(name, std::move(other_names), now);
  if (!leaf) return std::unexpected(leaf.error());
  SSL* ssl = nullptr;
  auto channel = new_channel(parts_->server.get(), wire, &ssl);
  if (!channel || SSL_use_certificate(ssl, (*leaf)->certificate()) != 1 ||
      SSL_use_PrivateKey(ssl, (*leaf)->key()) != 1)
    return fail(Errc::openssl, openssl_reason());
  SSL_set_ex_data(ssl, alpn_slot(), new std::vector<std::string>(std::move(alpn)));
  SSL_set_accept_state(ssl);
  return channel;
}

Result<std::unique_ptr<Channel>> Interception::connect(Wire& wire, const std::string& host,
                                                       const std::vector<std::string>& alpn) const {
  SSL* ssl = nullptr;
  auto channel = new_channel(parts_->client.get(), wire, &ssl);
  if (!channel) return fail(Errc::openssl, openssl_reason());
  // A name that cannot be set would leave the certificate's names unchecked.
  const bool named = is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1
                                      : SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
                                            SSL_set1_host(ssl, host.c_str()) == 1;
  if (!named) return fail(Errc::openssl, "no server can have the name '" + host + "'");
  const auto list = alpn_list(alpn);
  if (!list.empty()) SSL_set_alpn_protos(ssl, list.data(), static_cast<unsigned>(list.size()));
  SSL_set_connect_state(ssl);
  return channel;
}

}  // namespace wstap::tls
