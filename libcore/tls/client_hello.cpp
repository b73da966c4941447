// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/client_hello.h"

#include <fmt/format.h>

#include "libcore/tls/errors.h"

namespace wstap::tls {
namespace {

constexpr std::size_t kMaxHello = 64 * 1024;
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kHandshakeHeader = 4;

/// Reads numbers and vectors off the front of bytes; remembers when there was too little.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : left_(bytes) {}

  template <class T>
  T number() {
    const Bytes raw = take(sizeof(T));
    return raw.size() == sizeof(T) ? load_be<T>(raw) : T{};
  }
  Bytes take(std::size_t bytes) {
    if (bytes > left_.size()) {
      ok_ = false;
      return {};
    }
    const Bytes taken = left_.first(bytes);
    left_ = left_.subspan(bytes);
    return taken;
  }
  Cursor vector8() { return Cursor(take(number<std::uint8_t>())); }
  Cursor vector16() { return Cursor(take(number<std::uint16_t>())); }
  bool more() const { return ok_ && !left_.empty(); }
  bool ok() const { return ok_; }

 private:
  Bytes left_;
  bool ok_ = true;
};

std::unexpected<Error> bad(const char* why, std::size_t offset = 0) {
  return fail(Errc::not_tls, why, offset);
}

/// The handshake bytes inside the records; nothing while the hello is incomplete.
Result<std::optional<Buffer>> hello_message(Bytes in) {
  Buffer message;
  std::size_t at = 0;
  for (;;) {
    if (message.size() >= kHandshakeHeader) {
      const auto length = load_be<std::uint32_t>(message) & 0xffffff;
      if (message[0] != std::byte{1}) return bad("the first handshake message is no ClientHello", at);
      if (length > kMaxHello) return bad("the ClientHello is too large", at);
      if (message.size() >= kHandshakeHeader + length) {
        message.resize(kHandshakeHeader + length);
        return message;
      }
    }
    const Bytes rest = in.subspan(at);
    if (rest.size() < kRecordHeader) {
      if (!rest.empty() && rest[0] != std::byte{0x16}) return bad("not a handshake record", at);
      return std::nullopt;
    }
    const std::size_t length = load_be<std::uint16_t>(rest.subspan(3));
    if (rest[0] != std::byte{0x16} || rest[1] != std::byte{3}) return bad("not a handshake record", at);
    if (length == 0 || length > 16384 + 256) return bad("bad record length", at);
    const Bytes fragment = rest.subspan(kRecordHeader, std::min(length, rest.size() - kRecordHeader));
    append(message, fragment);
    if (fragment.size() < length) {
      // The message may be complete although its record is not: then OpenSSL would wait as well.
      return std::nullopt;
    }
    at += kRecordHeader + length;
  }
}

template <class T>
std::vector<T> numbers(Cursor list) {
  std::vector<T> values;
  while (list.more()) values.push_back(list.number<T>());
  return values;
}

void read_extension(ClientHello& hello, std::uint16_t type, Cursor body) {
  switch (type) {
    case 0: {  // server_name: the first host_name
      Cursor list = body.vector16();
      while (list.more() && hello.server_name.empty()) {
        const auto kind = list.number<std::uint8_t>();
        const Bytes name = list.take(list.number<std::uint16_t>());
        if (kind == 0) hello.server_name = as_text(name);
      }
      break;
    }
    case 10: hello.groups = numbers<std::uint16_t>(body.vector16()); break;
    case 11: hello.point_formats = numbers<std::uint8_t>(body.vector8()); break;
    case 13: hello.signature_algorithms = numbers<std::uint16_t>(body.vector16()); break;
    case 16: {
      Cursor list = body.vector16();
      while (list.more()) hello.alpn.emplace_back(as_text(list.take(list.number<std::uint8_t>())));
      break;
    }
    case 43: hello.versions = numbers<std::uint16_t>(body.vector8()); break;
    default: break;
  }
}

}  // namespace

Result<std::optional<ClientHello>> parse_client_hello(Bytes so_far) {
  const auto message = hello_message(so_far);
  if (!message) return std::unexpected(message.error());
  if (!*message) {
    if (so_far.size() > kMaxHello) return bad("the ClientHello is too large");
    return std::nullopt;
  }
  Cursor in(Bytes(**message).subspan(kHandshakeHeader));
  ClientHello hello;
  hello.legacy_version = in.number<std::uint16_t>();
  in.take(32);   // random
  in.vector8();  // session id
  hello.ciphers = numbers<std::uint16_t>(in.vector16());
  in.vector8();  // compression methods
  if (in.more()) {
    Cursor extensions = in.vector16();
    while (extensions.more()) {
      const auto type = extensions.number<std::uint16_t>();
      const Bytes body = extensions.take(extensions.number<std::uint16_t>());
      if (!extensions.ok()) return bad("an extension is cut off");
      hello.extensions.push_back(type);
      read_extension(hello, type, Cursor(body));
    }
  }
  if (!in.ok()) return bad("the ClientHello is cut off");
  return hello;
}

}  // namespace wstap::tls
