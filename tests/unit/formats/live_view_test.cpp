// SPDX-License-Identifier: Apache-2.0
// Frames shown while they pass (CLI-6), as `inspect` shows them afterwards.
#include "formats/live_view.h"

#include <gtest/gtest.h>

#include <thread>

#include "formats/errors.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

class Live : public testing::Test {
 protected:
  LiveView view(LiveStyle style, FlowBook book = {}) {
    return {style, false,
            [this](std::string_view lines) {
              printed += lines;
              ++prints;
              return read;
            },
            std::move(book)};
  }

  std::string printed;
  int prints = 0;
  bool read = true;
};

/// Tells a tap all that happens to a flow of two frames.
void tell_story(pipeline::Tap& tap) {
  test::OwnBurst burst{.frames = {test::client_text("Hello"), test::client_text("World")}};
  EXPECT_TRUE(tap.flow_opened(test::plain_flow_opened()));
  EXPECT_TRUE(tap.burst(burst.view()));
  EXPECT_TRUE(tap.outcome({.flow = 1, .sequence = 3, .time_ns = test::kSampleTime}));
  EXPECT_TRUE(tap.note({1, test::kSampleTime, "note"}));
  EXPECT_TRUE(tap.flow_closed({.id = 1, .time_ns = test::kSampleTime, .close_code = 1000}));
  EXPECT_TRUE(tap.connection({.id = 2, .start_ns = test::kSampleTime, .reason = "refused"}));
}

// CLI-6: frames, as `inspect` prints them, and what became of those that waited
TEST_F(Live, ShowsLines) {
  auto live = view(LiveStyle::lines);
  tell_story(live);
  EXPECT_EQ(printed, R"(00:00:00.123456  1:2       -> text                5  Hello
00:00:00.123456  1:3       -> text                5  World
00:00:00.123456  1:3       = forwarded
)");
  EXPECT_EQ(prints, 2) << "whole lines, a burst at once";
}

TEST_F(Live, ShowsJson) {
  auto live = view(LiveStyle::json);
  tell_story(live);
  std::vector<std::string> types;
  for (std::size_t at = 0; (at = printed.find("{\"type\":\"", at)) != std::string::npos; ++at)
    types.push_back(printed.substr(at + 9, printed.find('"', at + 9) - at - 9));
  EXPECT_EQ(types, (std::vector<std::string>{"frame", "frame", "outcome"}));
}

TEST_F(Live, ReadsCompressedMessagesAsItIsTold) {  // DEF-7, DEF-8
  auto live = view(LiveStyle::lines, FlowBook({ws::Inflating::never, ws::Inflating::as_bytes}));
  auto flow = test::plain_flow_opened();
  flow.extensions = "permessage-deflate";
  ASSERT_TRUE(live.flow_opened(flow));
  const auto hello = test::hex("f2 48 cd c9 c9 07 00");
  test::OwnBurst sent{.frames = {test::wire({.payload = hello, .rsv = 4, .mask = {{1, 2, 3, 4}}})}};
  test::OwnBurst received{.direction = ws::Direction::receive,
                          .first_sequence = 3,
                          .frames = {test::wire({.payload = hello, .rsv = 4})}};
  ASSERT_TRUE(live.burst(sent.view()));
  ASSERT_TRUE(live.burst(received.view()));
  EXPECT_EQ(printed, R"(00:00:00.123456  1:2       -> text                7 z opaque rsv=4  f248cdc9c90700
00:00:00.123456  1:3       <- text                7 z rsv=4  f248cdc9c90700
)");
}

TEST_F(Live, DerivesWhatInspectWould) {  // FRM-5
  auto live = view(LiveStyle::lines);
  auto flow = test::plain_flow_opened();
  flow.extensions = "permessage-deflate";
  ASSERT_TRUE(live.flow_opened(flow));
  test::OwnBurst one{.direction = ws::Direction::receive,
                     .frames = {test::wire({.payload = test::bytes("ab"), .fin = false, .rsv = 4})}};
  test::OwnBurst two{.direction = ws::Direction::receive,
                     .first_sequence = 3,
                     .frames = {test::wire({.opcode = 0, .payload = test::bytes("c"), .rsv = 4})}};
  ASSERT_TRUE(live.burst(one.view()));
  ASSERT_TRUE(live.burst(two.view()));
  EXPECT_NE(printed.find("text                2 + z rsv=4  6162\n"), std::string::npos) << printed;
  EXPECT_NE(
      printed.find("continuation        1 z opaque rsv=4  ! rsv1_on_continuation invalid_deflate  63\n"),
      std::string::npos)
      << printed;
}

TEST_F(Live, SaysWhenNobodyReads) {  // CLI-1
  auto live = view(LiveStyle::lines);
  read = false;
  test::OwnBurst burst{.frames = {test::client_text("Hello")}};
  const auto told = live.burst(burst.view());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::reader_gone);
}

TEST_F(Live, ManyThreadsMayTell) {
  auto live = view(LiveStyle::lines);
  std::vector<std::thread> workers;
  for (pipeline::FlowId id = 1; id <= 4; ++id) {
    workers.emplace_back([&live, id] {
      EXPECT_TRUE(live.flow_opened(test::plain_flow_opened(id)));
      test::OwnBurst burst{.flow = id, .frames = {test::client_text("Hello")}};
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(live.burst(burst.view()));
      EXPECT_TRUE(live.flow_closed({.id = id}));
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 4 * 50);
}

}  // namespace
}  // namespace wstap::formats
