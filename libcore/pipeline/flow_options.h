// SPDX-License-Identifier: Apache-2.0
// How frames are passed on, and what bounds them: one immutable value for all flows of a proxy.
#pragma once

#include <atomic>
#include <cstdint>

namespace wstap::pipeline {

enum class Forward : std::uint8_t {
  reencode,  ///< each frame written anew: own masks, minimal length, no stray RSV bits
  verbatim,  ///< the original bytes of every frame that nothing changed
};
enum class OnAnomaly : std::uint8_t { pass, close };
enum class OnMessageLimit : std::uint8_t { mark, close };

struct FlowOptions {
  Forward forward = Forward::reencode;
  OnAnomaly on_anomaly = OnAnomaly::pass;
  OnMessageLimit on_message_limit = OnMessageLimit::mark;
  std::uint64_t max_frame_bytes = 16U << 20;    ///< payload of one frame (LIM-1)
  std::uint64_t max_message_bytes = 64U << 20;  ///< payload of one message (LIM-2)
};

/// What the pipeline did, over all flows. Relaxed counters: exact in sum, read at any time.
struct Counters {
  std::atomic<std::uint64_t> flows{0};
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> bytes{0};  ///< of frames, as received
  std::atomic<std::uint64_t> frames_unmasked{
      0};  ///< payloads made readable for a step or a check; Close bodies aside
  std::atomic<std::uint64_t> bytes_inflated{0};
};

}  // namespace wstap::pipeline
