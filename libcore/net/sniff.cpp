// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/sniff.h"

#include <algorithm>

namespace wstap::net {
namespace {

constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kLongestMethod = 24;

/// A method in capitals, a space, and the start of a target that HTTP knows: path, asterisk, or URL.
/// CONNECT's authority begins with anything.
Opening sniff_request_line(std::string_view text) noexcept {
  const auto is_method_char = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; };
  const auto method_end = std::find_if_not(text.begin(), text.end(), is_method_char);
  const auto length = static_cast<std::size_t>(method_end - text.begin());
  if (length > kLongestMethod) return Opening::other;
  if (method_end == text.end()) return Opening::need_more;
  if (length == 0 || *method_end != ' ') return Opening::other;
  const auto target = text.substr(length + 1);
  if (target.empty()) return Opening::need_more;
  if (text.substr(0, length) == "CONNECT" || target[0] == '/' || target[0] == '*') return Opening::http1;
  for (const std::string_view scheme : {"http", "ws"}) {
    const auto common = std::min(scheme.size(), target.size());
    if (target.substr(0, common) != scheme.substr(0, common)) continue;
    return common < scheme.size() ? Opening::need_more : Opening::http1;
  }
  return Opening::other;
}

}  // namespace

Opening sniff(Bytes first) noexcept {
  // Blank lines before a request mean nothing (RFC 9112 2.2).
  while (!first.empty() && (first[0] == std::byte{'\r'} || first[0] == std::byte{'\n'}))
    first = first.subspan(1);
  if (first.empty()) return Opening::need_more;
  if (first[0] == std::byte{5}) return Opening::socks5;
  if (first[0] == std::byte{0x16}) {
    if (first.size() < 2) return Opening::need_more;
    return first[1] == std::byte{3} ? Opening::tls : Opening::other;
  }
  const auto text = as_text(first.first(std::min<std::size_t>(first.size(), 32)));
  const auto common = std::min(text.size(), kH2Preface.size());
  if (text.substr(0, common) == kH2Preface.substr(0, common))
    return common == kH2Preface.size() ? Opening::h2_preface : Opening::need_more;
  return sniff_request_line(text);
}

bool begins_with_settings(Bytes first) noexcept {
  constexpr std::size_t kFrameHead = 9, kSetting = 6, kMostSettings = 32;
  if (first.size() < kFrameHead) return false;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(first[at]); };
  const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
  const bool of_connection = (byte(5) | byte(6) | byte(7) | byte(8)) == 0;
  return length % kSetting == 0 && length <= kMostSettings * kSetting && byte(3) == 4 && byte(4) == 0 &&
         of_connection;
}

}  // namespace wstap::net
