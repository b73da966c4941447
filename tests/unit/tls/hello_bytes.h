// SPDX-License-Identifier: Apache-2.0
// ClientHellos (RFC 8446 4.1.2) written byte by byte, well-formed or not, in as many records as a test wants.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/bytes.h"

namespace wstap::tls {

inline Buffer big_endian(std::size_t value, std::size_t bytes) {
  Buffer out(bytes);
  for (std::size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<std::byte>(value & 0xff);
  return out;
}

/// `content` with its length before it, in `bytes` bytes.
inline Buffer vector_of(std::size_t bytes, Bytes content) {
  return test::concat({big_endian(content.size(), bytes), content});
}

inline Buffer numbers16(const std::vector<std::uint16_t>& values) {
  Buffer out;
  for (const auto value : values) append(out, big_endian(value, 2));
  return out;
}

using Extension = std::pair<std::uint16_t, Buffer>;

inline Extension server_name(std::string_view name) {
  return {0, vector_of(2, test::concat({test::hex("00"), vector_of(2, as_bytes(name))}))};
}
inline Extension groups(const std::vector<std::uint16_t>& values) {
  return {10, vector_of(2, numbers16(values))};
}
inline Extension point_formats(Bytes values) {
  return {11, vector_of(1, values)};
}
inline Extension signature_algorithms(const std::vector<std::uint16_t>& values) {
  return {13, vector_of(2, numbers16(values))};
}
inline Extension alpn(const std::vector<std::string>& protocols) {
  Buffer list;
  for (const auto& protocol : protocols) append(list, vector_of(1, as_bytes(protocol)));
  return {16, vector_of(2, list)};
}
inline Extension versions(const std::vector<std::uint16_t>& values) {
  return {43, vector_of(1, numbers16(values))};
}

struct HelloBytes {
  std::uint16_t version = 0x0303;
  std::vector<std::uint16_t> ciphers{};
  std::vector<Extension> extensions{};
  Buffer session_id = Buffer(32);

  /// Behind the handshake header, up to the extensions.
  Buffer start() const {
    return test::concat({big_endian(version, 2), Buffer(32, std::byte{0x5a}), vector_of(1, session_id),
                         vector_of(2, numbers16(ciphers)), test::hex("01 00")});
  }
  Buffer extension_list() const {
    Buffer list;
    for (const auto& [type, body] : extensions)
      append(list, test::concat({big_endian(type, 2), vector_of(2, body)}));
    return list;
  }
  /// The body of the handshake message. Without extensions their list is left out (RFC 5246 7.4.1.2).
  Buffer body() const {
    if (extensions.empty()) return start();
    return test::concat({start(), vector_of(2, extension_list())});
  }
};

/// A handshake message of type ClientHello.
inline Buffer message(Bytes body) {
  return test::concat({test::hex("01"), vector_of(3, body)});
}

/// `handshake` in records that carry at most `most` bytes each.
inline Buffer records(Bytes handshake, std::size_t most = 16384) {
  Buffer wire;
  while (!handshake.empty()) {
    const Bytes piece = handshake.first(std::min(most, handshake.size()));
    append(wire, test::concat({test::hex("16 03 01"), vector_of(2, piece)}));
    handshake = handshake.subspan(piece.size());
  }
  return wire;
}

inline Buffer wire(const HelloBytes& hello) {
  return records(message(hello.body()));
}

/// The one that JA4's specification takes for its example, with GREASE where a browser puts it.
inline HelloBytes example_of_ja4() {
  HelloBytes hello{.ciphers = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                               0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035}};
  hello.extensions = {{0x2a2a, {}},
                      {0x001b, test::hex("02 0002")},
                      server_name("a.example"),
                      {0x0033, test::hex("0000")},
                      alpn({"h2", "http/1.1"}),
                      {0x4469, {}},
                      {0x0017, {}},
                      {0x002d, test::hex("01 01")},
                      signature_algorithms({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}),
                      {0x0005, test::hex("01 00000000")},
                      {0x0023, {}},
                      {0x0012, {}},
                      versions({0x3a3a, 0x0304, 0x0303}),
                      {0xff01, test::hex("00")},
                      point_formats(test::hex("00")),
                      groups({0x4a4a, 0x001d, 0x0017, 0x0018}),
                      {0x5a5a, test::hex("00")},
                      {0x0015, Buffer(200)}};
  return hello;
}

}  // namespace wstap::tls
