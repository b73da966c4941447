// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/frame_heads.h"

#include <algorithm>

namespace wstap::h2 {
namespace {

constexpr std::uint8_t kAck = 1;        // of SETTINGS
constexpr std::uint8_t kEndStream = 1;  // of DATA

}  // namespace

std::string_view idle_kind(const FrameHead& head) noexcept {
  switch (head.type) {
    case FrameType::data: return head.length == 0 && (head.flags & kEndStream) == 0 ? "empty DATA" : "";
    case FrameType::priority: return "PRIORITY";
    case FrameType::rst_stream: return "RST_STREAM";
    case FrameType::settings: return (head.flags & kAck) == 0 ? "SETTINGS" : "";
    case FrameType::ping: return "PING";
    case FrameType::goaway: return "GOAWAY";
    case FrameType::headers:
    case FrameType::push_promise:
    case FrameType::window_update:
    case FrameType::continuation: return "";
  }
  return "frames of unknown types";
}

std::optional<FrameHead> FrameHeads::next(Bytes& in) noexcept {
  const std::size_t skipped = std::min(left_, in.size());
  left_ -= skipped;
  in = in.subspan(skipped);

  const std::size_t part = std::min(kHeadBytes - have_, in.size());
  std::copy_n(in.begin(), part, head_.begin() + static_cast<std::ptrdiff_t>(have_));
  have_ += part;
  in = in.subspan(part);
  if (have_ < kHeadBytes) return std::nullopt;

  have_ = 0;
  left_ = load_be<std::uint32_t>(head_) >> 8;
  return FrameHead{.length = static_cast<std::uint32_t>(left_),
                   .type = static_cast<FrameType>(head_[3]),
                   .flags = static_cast<std::uint8_t>(head_[4])};
}

}  // namespace wstap::h2
