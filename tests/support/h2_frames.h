// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames put together by hand, right and wrong ones (RFC 9113 section 6), and header blocks without
// any compression (RFC 7541 6.2.2).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "libcore/base/bytes.h"

namespace wstap::test::h2 {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation
};
enum Flag : std::uint8_t {
  none = 0,
  ack = 1,
  end_stream = 1,
  end_headers = 4,
  padded = 8,
  with_priority = 32
};

/// @param length  that the frame says it has; the payload's by default.
inline Buffer frame(std::uint8_t type, unsigned flags, std::uint32_t stream, Bytes payload = {},
                    std::int64_t length = -1) {
  Buffer out(9);
  store_be(static_cast<std::uint32_t>(length < 0 ? payload.size() : static_cast<std::size_t>(length)) << 8,
           out);
  out[3] = static_cast<std::byte>(type);
  out[4] = static_cast<std::byte>(flags);
  store_be(stream, MutableBytes(out).subspan(5));
  append(out, payload);
  return out;
}
inline Buffer frame(std::uint8_t type, unsigned flags, std::uint32_t stream, std::string_view payload) {
  return frame(type, flags, stream, as_bytes(payload));
}

/// A payload of numbers of 32 bits.
inline Buffer numbers(std::initializer_list<std::uint32_t> values) {
  Buffer out;
  for (const auto value : values) {
    std::array<std::byte, 4> bytes;
    store_be(value, bytes);
    append(out, Bytes(bytes));
  }
  return out;
}

inline Buffer settings_frame(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> entries = {}) {
  Buffer payload;
  for (const auto& [id, value] : entries) {
    std::array<std::byte, 6> entry;
    store_be(id, entry);
    store_be(value, MutableBytes(entry).subspan(2));
    append(payload, Bytes(entry));
  }
  return frame(settings, none, 0, payload);
}

/// A string that is not compressed (RFC 7541 5.1, 5.2).
inline Buffer hpack_string(std::string_view text) {
  Buffer out;
  if (text.size() < 127) {
    out.push_back(static_cast<std::byte>(text.size()));
  } else {
    out.push_back(std::byte{127});
    std::size_t rest = text.size() - 127;
    for (; rest >= 128; rest >>= 7) out.push_back(static_cast<std::byte>(rest % 128 + 128));
    out.push_back(static_cast<std::byte>(rest));
  }
  append(out, text);
  return out;
}
/// A field with a new name. @param first  0: not indexed, 0x10: never, 0x40: put into the table.
inline Buffer literal(std::string_view name, std::string_view value, std::uint8_t first = 0) {
  Buffer out = {std::byte{first}};
  append(out, hpack_string(name));
  append(out, hpack_string(value));
  return out;
}
inline Buffer block(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  Buffer out;
  for (const auto& [name, value] : fields) append(out, literal(name, value));
  return out;
}

inline Buffer get_block() {
  return block({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a.test"}});
}
/// A complete request.
inline Buffer get(std::uint32_t stream) {
  return frame(headers, end_stream | end_headers, stream, get_block());
}

}  // namespace wstap::test::h2
