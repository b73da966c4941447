// SPDX-License-Identifier: Apache-2.0
// What sessions are made of, each by itself: fields, names of codes, heads of frames, the gauge, send queues.
#include <gtest/gtest.h>

#include "libcore/h2/errors.h"
#include "libcore/h2/field.h"
#include "libcore/h2/frame_heads.h"
#include "libcore/h2/idle_gauge.h"
#include "libcore/h2/send_queue.h"
#include "libcore/h2/session.h"
#include "tests/support/bytes.h"
#include "tests/support/h2_frames.h"

namespace wstap::h2 {
namespace {

namespace frames = wstap::test::h2;
using wstap::test::bytes;
using wstap::test::random_bytes;
using wstap::test::text;

constexpr UnixNs kSecond = 1'000'000'000;

TEST(Fields, AreFoundByNameTheFirstOneFirst) {
  const Fields fields = {{":path", "/"}, {"a", "1"}, {"a", "2"}};
  EXPECT_EQ(*find(fields, "a"), "1");
  EXPECT_EQ(*find(fields, ":path"), "/");
  EXPECT_EQ(find(fields, "b"), nullptr);
}

TEST(Fields, CountThirtyTwoBytesMoreThanTheyHave) {
  EXPECT_EQ(list_size({}), 0U);
  EXPECT_EQ(list_size({{"ab", "cde"}, {"f", ""}}), 5U + 32 + 1 + 32);
}

TEST(CodeName, IsTheRfcsOrANumber) {
  EXPECT_EQ(code_name(0), "NO_ERROR");
  EXPECT_EQ(code_name(static_cast<std::uint32_t>(Code::cancel)), "CANCEL");
  EXPECT_EQ(code_name(static_cast<std::uint32_t>(Code::enhance_your_calm)), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(code_name(13), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(code_name(14), "code 14");
}

TEST(Errors, SayWhatHappened) {
  EXPECT_EQ(Error(Errc::flooded, "too many PING").text(),
            "too many HTTP/2 frames that bring nothing: too many PING");
  EXPECT_STREQ(category().name(), "h2");
}

TEST(FrameHeads, AreSeenInAnySplit) {
  Buffer wire = bytes("preface!");
  append(wire, frames::frame(frames::data, frames::end_stream, 1, "some bytes"));
  append(wire, frames::frame(frames::ping, 0, 0, "12345678"));
  append(wire, frames::frame(0xfa, 0x80, 5, random_bytes(70'000, 1)));
  append(wire, frames::frame(frames::settings, frames::ack, 0));
  for (std::size_t piece = 1; piece < 40; ++piece) {
    FrameHeads heads(8);
    std::string seen;
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      Bytes in = Bytes(wire).subspan(at, std::min(piece, wire.size() - at));
      while (const auto head = heads.next(in))
        seen += std::to_string(static_cast<int>(head->type)) + ":" + std::to_string(head->length) + ":" +
                std::to_string(head->flags) + " ";
      EXPECT_TRUE(in.empty());
    }
    EXPECT_EQ(seen, "0:10:1 6:8:0 250:70000:128 4:0:1 ") << piece;
  }
}

// H2-4
TEST(FrameHeads, H2_4_TellWhatBringsNothing) {
  const auto kind = [](std::uint8_t type, std::uint8_t flags, std::uint32_t length) {
    return idle_kind({.length = length, .type = static_cast<FrameType>(type), .flags = flags});
  };
  EXPECT_EQ(kind(frames::data, 0, 0), "empty DATA");
  EXPECT_EQ(kind(frames::data, 0, 1), "");
  EXPECT_EQ(kind(frames::data, frames::end_stream, 0), "");
  EXPECT_EQ(kind(frames::headers, 0, 0), "");
  EXPECT_EQ(kind(frames::priority, 0, 5), "PRIORITY");
  EXPECT_EQ(kind(frames::rst_stream, 0, 4), "RST_STREAM");
  EXPECT_EQ(kind(frames::settings, 0, 6), "SETTINGS");
  EXPECT_EQ(kind(frames::settings, frames::ack, 0), "");
  EXPECT_EQ(kind(frames::ping, 0, 8), "PING");
  EXPECT_EQ(kind(frames::ping, frames::ack, 8), "PING");
  EXPECT_EQ(kind(frames::goaway, 0, 8), "GOAWAY");
  EXPECT_EQ(kind(frames::continuation, 0, 8), "");
  EXPECT_EQ(kind(10, 0, 0), "frames of unknown types");
}

// H2-4
TEST(IdleGauge, H2_4_LetsSoManyPassAtATimeAndOverTime) {
  IdleGauge gauge(10, 5);
  UnixNs now = 1'000 * kSecond;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(gauge.take(now));
  EXPECT_FALSE(gauge.take(now));
  now += kSecond;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(gauge.take(now));
  EXPECT_FALSE(gauge.take(now));
  now += 1'000 * kSecond;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(gauge.take(now)) << "it holds no more than at first";
  EXPECT_FALSE(gauge.take(now));
}

TEST(IdleGauge, AClockThatIsSetBackGivesNothingAway) {
  IdleGauge gauge(1, 1);
  EXPECT_TRUE(gauge.take(1'000 * kSecond));
  EXPECT_FALSE(gauge.take(10 * kSecond));
  EXPECT_FALSE(gauge.take(10 * kSecond));
  EXPECT_TRUE(gauge.take(11 * kSecond)) << "it goes on from there";
}

TEST(SendQueue, GivesOutWhatItTookAndNeverHoldsMore) {
  const Buffer data = random_bytes(100'000, 2);
  SendQueue queue(1'000);
  std::size_t in = 0;
  Buffer out;
  for (std::uint32_t turn = 1; out.size() < data.size(); ++turn) {
    in += queue.add(Bytes(data).subspan(in, std::min<std::size_t>(data.size() - in, turn * 37 % 1'500)));
    EXPECT_LE(queue.size(), 1'000U);
    EXPECT_EQ(queue.size(), in - out.size());
    const std::size_t part = std::min<std::size_t>(queue.size(), turn * 53 % 900);
    append(out, queue.first(part));
    queue.drop_first(part);
  }
  EXPECT_EQ(out, data);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, TakesNothingWhenItIsFull) {
  SendQueue queue(4);
  EXPECT_EQ(queue.add(bytes("abcdef")), 4U);
  EXPECT_EQ(queue.add(bytes("x")), 0U);
  queue.drop_first(1);
  EXPECT_EQ(queue.add(bytes("xyz")), 1U);
  EXPECT_EQ(text(queue.first(4)), "bcdx");
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace wstap::h2
