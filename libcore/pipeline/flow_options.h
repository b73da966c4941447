// SPDX-License-Identifier: Apache-2.0
// How frames are passed on, and what bounds them: one immutable value for all flows of a proxy.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

enum class Forward : std::uint8_t {
  reencode,  ///< each frame written anew: own masks, minimal length, no stray RSV bits
  verbatim,  ///< the original bytes of every frame that nothing changed
};
enum class OnAnomaly : std::uint8_t { pass, close };
enum class OnMessageLimit : std::uint8_t { mark, close };
/// When compressed payloads are inflated while they pass (DEF-7).
enum class InflateWhen : std::uint8_t {
  wanted,  ///< where a step of the flow's plan wants payloads, or may alter them
  always,
  never,  ///< compressed payloads are opaque: no step reads or alters them
};
/// What a message ends with that is dropped when some of it has left (PIPE-5).
enum class DropOpen : std::uint8_t { truncate, close };

struct FlowOptions {
  Forward forward = Forward::reencode;
  OnAnomaly on_anomaly = OnAnomaly::pass;
  OnMessageLimit on_message_limit = OnMessageLimit::mark;
  std::uint64_t max_frame_bytes = 16U << 20;    ///< payload of one frame (LIM-1)
  std::uint64_t max_message_bytes = 64U << 20;  ///< payload of one message, inflated too (LIM-2)
  InflateWhen inflate = InflateWhen::wanted;
  std::uint64_t inflate_work_bytes = std::uint64_t{1} << 30;  ///< inflated, of one message (DEF-5)
  std::array<bool, 2> reads_deflate = {true, true};           ///< by ws::index: `--deflate` (DEF-8)
  /// Fragments wait no longer than this for the rest of their message (SAFE-2).
  std::int64_t max_wait_ns = 30'000'000'000;
  DropOpen drop_open = DropOpen::truncate;
  bool force_edit = false;  ///< edit data frames although an unknown extension gives them their meaning
};

/// How far compressed messages are inflated while they pass.
inline ws::InflateLimits inflate_limits(const FlowOptions& options) noexcept {
  ws::InflateLimits limits;
  limits.message_bytes = options.max_message_bytes;
  limits.work_bytes = options.inflate_work_bytes;
  return limits;
}

/// What is made of them where they are read, by ws::index (DEF-7, DEF-8).
inline std::array<ws::Inflating, 2> inflating(const FlowOptions& options) noexcept {
  const auto wanted = options.inflate == InflateWhen::never ? ws::Inflating::never : ws::Inflating::on;
  std::array<ws::Inflating, 2> each{};
  for (std::size_t i = 0; i < each.size(); ++i)
    each[i] = options.reads_deflate[i] ? wanted : ws::Inflating::as_bytes;
  return each;
}

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
