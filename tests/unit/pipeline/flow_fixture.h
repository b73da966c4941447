// SPDX-License-Identifier: Apache-2.0
// One flow in a test's hands: bytes in by direction, and what left, was recorded and was said of it out.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "libcore/pipeline/flow.h"
#include "tests/support/bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/parsed_frame.h"
#include "tests/support/recording_tap.h"
#include "tests/support/wire.h"

namespace wstap::test {

constexpr auto kSend = ws::Direction::send;
constexpr auto kReceive = ws::Direction::receive;
constexpr std::array<std::uint8_t, 4> kClientMask = {0xde, 0xad, 0xbe, 0xef};

/// `frame` as its sender must write it: masked from the client, bare from the server.
inline Buffer proper(ws::Direction direction, WireFrame frame) {
  if (direction == kSend) frame.mask = kClientMask;
  return wire(frame);
}
inline Buffer text_frame(ws::Direction direction, std::string_view payload) {
  return proper(direction, {.opcode = 1, .payload = bytes(payload)});
}

/// The payload of a Close.
inline Buffer close_body(std::uint16_t code, std::string_view reason = {}) {
  Buffer body = {static_cast<std::byte>(code / 256), static_cast<std::byte>(code % 256)};
  append(body, reason);
  return body;
}
inline Buffer close_frame(ws::Direction direction, std::uint16_t code, std::string_view reason = {}) {
  return proper(direction, {.opcode = 8, .payload = close_body(code, reason)});
}

/// A copy of what one turn gave.
struct Took {
  Buffer out;
  std::size_t used = 0;
  std::uint64_t wanted = 0;
  pipeline::Sequence first_sequence = 0;
  bool closed = false;
  std::optional<pipeline::LaneFault> fault;
  std::int64_t delay_ns = 0;
  Buffer delayed;  ///< the end of `out`
};

class FlowTest : public testing::Test {
 protected:
  // To be set before the first use of flow().
  pipeline::FlowOptions options;
  std::string extensions;
  std::vector<std::shared_ptr<pipeline::Step>> steps;
  const pipeline::BufferGauge* gauge = nullptr;
  pipeline::HoldSettings hold_settings;
  bool is_anybody_there = true;  ///< to decide about what is to be held

  RecordingTap tap;
  FixedEntropy entropy;
  FakeClock clock;
  pipeline::Counters counters;
  pipeline::HoldQueue queue;

  pipeline::Flow& flow() {
    if (flow_) return *flow_;
    pipeline::FlowOpened opened;
    opened.id = 7;
    opened.time_ns = clock.now;
    opened.extensions = extensions;
    flow_ = std::make_unique<pipeline::Flow>(
        std::move(opened), pipeline::Pipeline(steps).with(hold_settings),
        pipeline::LaneContext{options, tap, entropy, counters, gauge, is_anybody_there ? &queue : nullptr});
    EXPECT_TRUE(flow_->open());
    return *flow_;
  }

  /// `data` arrives, in a buffer with what was left before. Collects what leaves.
  Took feed(ws::Direction direction, Bytes data) {
    Buffer& unread = unread_[ws::index(direction)];
    append(unread, data);
    Took took;
    for (bool first = true, more = true; more; first = false) {
      const auto turn = flow().take(direction, unread, clock.now, scratch_);
      if (first) took.first_sequence = turn.first_sequence;
      took.used += turn.used;
      took.wanted = turn.wanted;
      took.closed |= turn.closed;
      took.fault = turn.fault;
      took.delay_ns = turn.delay_ns;
      if (turn.delay_ns != 0) took.delayed = to_buffer(turn.out.subspan(turn.delayed_from));
      append(took.out, turn.out);
      unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(turn.used));
      more = turn.more;
    }
    append(left_[ws::index(direction)], took.out);
    return took;
  }
  /// What waits for the rest of its message waits no longer. @param goes_on  the rest may come.
  /// @return what leaves.
  Buffer release(ws::Direction direction, bool goes_on = true) {
    const auto turn = flow().release(direction, clock.now, scratch_, goes_on);
    EXPECT_FALSE(turn.fault);
    return to_buffer(turn.out);
  }
  /// Why the last chore ended the flow.
  std::optional<pipeline::LaneFault> chore_fault;
  /// What may leave though nothing comes, leaves. @return it.
  Buffer chores(ws::Direction direction) {
    Buffer out;
    while (flow().has_chore(direction, clock.now)) {
      const auto turn = flow().do_chore(direction, clock.now, scratch_);
      append(out, turn.out);
      chore_fault = turn.fault;
      if (turn.fault) break;
    }
    append(left_[ws::index(direction)], out);
    return out;
  }
  /// Another flow takes the place of this one, and nothing was recorded.
  void restart() {
    flow_.reset();
    unread_ = left_ = {};
    tap.frames.clear();
  }
  /// The direction's sender ends, with whatever is unread.
  void end(ws::Direction direction, pipeline::StreamEnd how) {
    flow().ended(direction, how, unread_[ws::index(direction)]);
  }

  /// All that left in a direction so far, farewells aside.
  const Buffer& left(ws::Direction direction) const { return left_[ws::index(direction)]; }
  std::vector<ParsedFrame> frames_left(ws::Direction direction) const {
    return parse_frames(left(direction));
  }
  /// What each of them says.
  std::vector<std::string> said(ws::Direction direction) const {
    std::vector<std::string> all;
    for (const auto& frame : frames_left(direction)) all.push_back(text(frame.payload));
    return all;
  }

  /// Takes the Close frames that wstap has to say, if any.
  void say_farewell() {
    auto frames = flow().farewell(clock.now);
    for (std::size_t i = 0; i < 2; ++i)
      if (!frames[i].empty()) farewell_[i] = std::move(frames[i]);
  }
  /// Says farewell, ends the flow, and gives its record.
  pipeline::FlowClosed finish() {
    say_farewell();
    EXPECT_TRUE(flow().finish(clock.now));
    return tap.closed.empty() ? pipeline::FlowClosed{} : tap.closed.back();
  }
  /// The payload of the Close that wstap said in a direction; nothing when it said none.
  std::optional<Buffer> farewell(ws::Direction direction) const {
    const Buffer& frame = farewell_[ws::index(direction)];
    if (frame.empty()) return std::nullopt;
    const auto parsed = parse_frames(frame);
    EXPECT_EQ(parsed.size(), 1U);
    EXPECT_EQ(parsed[0].opcode, 8);
    EXPECT_EQ(parsed[0].mask.has_value(), direction == kSend);
    return parsed[0].payload;
  }

 private:
  pipeline::LaneScratch scratch_;
  std::unique_ptr<pipeline::Flow> flow_;
  std::array<Buffer, 2> unread_, left_, farewell_;
};

}  // namespace wstap::test
