// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/client_hello.h"

#include <fmt/format.h>

#include "libcore/tls/errors.h"

namespace wstap::tls {
namespace {

constexpr std::size_t kMaxHello = 64 * 1024;
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kHandshakeHeader = 4;

/// Reads numbers and vectors off the front of bytes; remembers when there was too little. A vector that was
/// cut off has failed itself.
class Cursor {
 public:
  explicit Cursor(Bytes bytes, bool ok = true) : left_(bytes), ok_(ok) {}

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
  Cursor vector8() { return vector(number<std::uint8_t>()); }
  Cursor vector16() { return vector(number<std::uint16_t>()); }
  bool more() const { return ok_ && !left_.empty(); }
  bool ok() const { return ok_; }

 private:
  Cursor vector(std::size_t bytes) {
    const Bytes inside = take(bytes);
    return Cursor(inside, ok_);
  }

  Bytes left_;
  bool ok_;
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

/// Each of these reads a whole list. @return false when it is cut off.
template <class T>
bool read_numbers(std::vector<T>& to, Cursor list) {
  while (list.more()) to.push_back(list.number<T>());
  return list.ok();
}

/// RFC 6066 section 3: the first host_name.
bool read_server_name(std::string& to, Cursor list) {
  while (list.more()) {
    const auto kind = list.number<std::uint8_t>();
    const Bytes name = list.take(list.number<std::uint16_t>());
    if (kind == 0 && to.empty()) to = as_text(name);
  }
  return list.ok();
}

/// RFC 7301 3.1.
bool read_protocols(std::vector<std::string>& to, Cursor list) {
  while (list.more()) to.emplace_back(as_text(list.take(list.number<std::uint8_t>())));
  return list.ok();
}

/// @return false when the lengths inside do not add up.
bool read_extension(ClientHello& hello, std::uint16_t type, Cursor body) {
  bool whole = true;
  switch (type) {
    case 0: whole = read_server_name(hello.server_name, body.vector16()); break;
    case 10: whole = read_numbers(hello.groups, body.vector16()); break;
    case 11: whole = read_numbers(hello.point_formats, body.vector8()); break;
    case 13: whole = read_numbers(hello.signature_algorithms, body.vector16()); break;
    case 16: whole = read_protocols(hello.alpn, body.vector16()); break;
    case 43: whole = read_numbers(hello.versions, body.vector8()); break;
    default: return true;
  }
  return whole && !body.more();
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
  if (!read_numbers(hello.ciphers, in.vector16())) return bad("the cipher suites are cut off");
  in.vector8();  // compression methods
  if (in.more()) {
    Cursor extensions = in.vector16();
    while (extensions.more()) {
      const auto type = extensions.number<std::uint16_t>();
      const Bytes body = extensions.take(extensions.number<std::uint16_t>());
      if (!extensions.ok()) return bad("an extension is cut off");
      hello.extensions.push_back(type);
      if (!read_extension(hello, type, Cursor(body))) return bad("a list in an extension does not add up");
    }
  }
  if (!in.ok()) return bad("the ClientHello is cut off");
  if (in.more()) return bad("bytes behind the ClientHello's extensions");
  return hello;
}

}  // namespace wstap::tls
