// SPDX-License-Identifier: Apache-2.0
// The heads of frames as they go by (RFC 9113 4.1), in any split of the bytes. nghttp2 ignores many frames
// without a word; they cost work all the same, and are counted here (H2-4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "libcore/base/bytes.h"

namespace wstap::h2 {

enum class FrameType : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
};

struct FrameHead {
  std::uint32_t length = 0;
  FrameType type = FrameType::data;  ///< may be none of the above
  std::uint8_t flags = 0;
};

/// What a frame brings nothing as, in the plural of logs: "PING". Empty: it brings something, or has to be
/// judged by more than its head.
std::string_view idle_kind(const FrameHead& head) noexcept;

class FrameHeads {
 public:
  /// @param preface_bytes  that come before the first frame.
  explicit FrameHeads(std::size_t preface_bytes) noexcept : left_(preface_bytes) {}

  /// Moves `in` behind the head of the next frame; nothing when `in` ends before that.
  std::optional<FrameHead> next(Bytes& in) noexcept;

 private:
  static constexpr std::size_t kHeadBytes = 9;

  std::size_t left_;  ///< of what stands before the next head: a payload, or the preface
  std::array<std::byte, kHeadBytes> head_{};
  std::size_t have_ = 0;  ///< bytes of `head_`
};

}  // namespace wstap::h2
