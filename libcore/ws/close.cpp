// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/close.h"

#include "libcore/base/utf8.h"

namespace wstap::ws {
namespace {

std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kLongestReason) return reason;
  std::size_t end = kLongestReason;
  while (end > 0 && continues_character(reason[end])) --end;
  return reason.substr(0, end);
}

}  // namespace

CloseBody parse_close(Bytes payload) noexcept {
  if (payload.size() < 2) return {};
  return {load_be<std::uint16_t>(payload), payload.subspan(2)};
}

Buffer close_payload(std::uint16_t code, std::string_view reason) {
  Buffer payload(2);
  store_be(code, MutableBytes(payload));
  append(payload, cut_reason(reason));
  return payload;
}

bool may_be_sent(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace wstap::ws
