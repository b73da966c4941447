// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/errors.h"

#include <openssl/err.h>

namespace wstap::tls {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::handshake_failed: return "TLS handshake failed";
      case Errc::not_trusted: return "certificate not trusted";
      case Errc::not_tls: return "not a TLS handshake";
      case Errc::bad_file: return "cannot use";
      case Errc::key_permissions: return "private key is readable by others";
      case Errc::mismatch: return "certificate and key do not fit";
      case Errc::openssl: return "OpenSSL";
      case Errc::refused: return "the peer ended the TLS handshake";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

std::string openssl_reason(std::string otherwise) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return otherwise;
  // OpenSSL has no text for what the system said: the reason is an errno.
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return otherwise;
}

}  // namespace wstap::tls
