// SPDX-License-Identifier: Apache-2.0
// Frames know their message: which part of it they are, where it began, how long it is so far (FRAG-1).
#include "libcore/ws/message_tracker.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <ostream>
#include <vector>

namespace wstap::ws {
namespace {

FrameHeader frame(std::uint8_t opcode, bool fin, std::uint64_t payload_len, std::uint8_t rsv = 0) {
  return {.fin = fin,
          .rsv = rsv,
          .opcode = opcode,
          .header_len = minimal_header_len(payload_len, false),
          .payload_len = payload_len};
}

MessageTracker tracker(Negotiated negotiated = {}) {
  return {Direction::receive, negotiated};
}

/// What tests compare of a Placement: part, opcode, first sequence, bytes so far.
struct Place {
  Part part = Part::none;
  std::uint8_t opcode = 0;
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;

  bool operator==(const Place&) const = default;
  friend void PrintTo(const Place& place, std::ostream* out) {
    *out << "{part " << static_cast<int>(place.part) << ", opcode " << int{place.opcode} << ", first "
         << place.first << ", bytes " << place.bytes << '}';
  }
};

Place observed(MessageTracker& by, const FrameHeader& header, std::uint64_t sequence) {
  const Placement placed = by.observe(header, sequence);
  return {placed.part, placed.message_opcode, placed.message_first, placed.message_bytes};
}

// FRAG-1
TEST(MessageTracker, AMessageOfOneFrameIsWhole) {
  auto messages = tracker();
  EXPECT_EQ(observed(messages, frame(kText, true, 5), 2), (Place{Part::whole, kText, 2, 5}));
  EXPECT_EQ(observed(messages, frame(kBinary, true, 70000), 3), (Place{Part::whole, kBinary, 3, 70000}));
  EXPECT_FALSE(messages.state().open);
}

// FRAG-1
TEST(MessageTracker, FragmentsAreFirstMiddleAndLastOfOneMessage) {
  auto messages = tracker();
  EXPECT_EQ(observed(messages, frame(kText, false, 5), 2), (Place{Part::first, kText, 2, 5}));
  EXPECT_TRUE(messages.state().open);
  EXPECT_EQ(observed(messages, frame(kContinuation, false, 0), 3), (Place{Part::middle, kText, 2, 5}));
  EXPECT_EQ(observed(messages, frame(kContinuation, false, 200), 7), (Place{Part::middle, kText, 2, 205}));
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 3), 9), (Place{Part::last, kText, 2, 208}));
  EXPECT_FALSE(messages.state().open);
  EXPECT_EQ(observed(messages, frame(kBinary, false, 1), 10), (Place{Part::first, kBinary, 10, 1}));
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 1), 11), (Place{Part::last, kBinary, 10, 2}));
}

// FRAG-1
TEST(MessageTracker, ControlFramesBetweenFragmentsBelongToNoMessage) {
  auto messages = tracker();
  observed(messages, frame(kBinary, false, 5), 2);
  for (const std::uint8_t opcode : {kPing, kPong, kClose}) {
    EXPECT_EQ(observed(messages, frame(opcode, true, 4), 3), Place{});
    EXPECT_TRUE(messages.state().open);
  }
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 1), 6), (Place{Part::last, kBinary, 2, 6}));
}

TEST(MessageTracker, ReservedOpcodesBelongToNoMessageAndEndNone) {
  auto messages = tracker();
  observed(messages, frame(kText, false, 5), 2);
  for (const std::uint8_t opcode : {std::uint8_t{3}, std::uint8_t{7}, std::uint8_t{11}, std::uint8_t{15}})
    EXPECT_EQ(observed(messages, frame(opcode, true, 4), 3), Place{});
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 1), 4), (Place{Part::last, kText, 2, 6}));
}

TEST(MessageTracker, AStrayContinuationBelongsToNoMessageAndOpensNone) {
  auto messages = tracker();
  EXPECT_EQ(observed(messages, frame(kContinuation, false, 9), 2), Place{});
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 9), 3), Place{});
  EXPECT_FALSE(messages.state().open);
  EXPECT_EQ(observed(messages, frame(kText, false, 1), 4), (Place{Part::first, kText, 4, 1}));
}

// FRM-5: data_inside_message. The open one is over, and has no continuations.
TEST(MessageTracker, AWholeMessageInsideAnotherEndsThatOne) {
  auto messages = tracker();
  observed(messages, frame(kText, false, 5), 2);
  const Placement inside = messages.observe(frame(kBinary, true, 7), 3);
  EXPECT_TRUE(inside.anomalies.has(Anomaly::data_inside_message));
  EXPECT_EQ(inside.part, Part::whole);
  EXPECT_EQ(inside.message_first, 3U);
  EXPECT_EQ(inside.message_bytes, 7U);
  EXPECT_FALSE(messages.state().open);
  const Placement behind = messages.observe(frame(kContinuation, true, 1), 4);
  EXPECT_TRUE(behind.anomalies.has(Anomaly::stray_continuation));
  EXPECT_EQ(behind.part, Part::none);
}

// FRM-5: data_inside_message. Continuations belong to the message that began last.
TEST(MessageTracker, AFragmentedMessageInsideAnotherTakesItsPlace) {
  auto messages = tracker();
  observed(messages, frame(kText, false, 5), 2);
  const Placement inside = messages.observe(frame(kBinary, false, 7), 3);
  EXPECT_TRUE(inside.anomalies.has(Anomaly::data_inside_message));
  EXPECT_EQ(inside.part, Part::first);
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 1), 4), (Place{Part::last, kBinary, 3, 8}));
  EXPECT_TRUE(messages.observe(frame(kContinuation, true, 1), 5).anomalies.has(Anomaly::stray_continuation));
}

TEST(MessageTracker, Rsv1MakesAMessageCompressedToItsLastFrame) {
  auto messages = tracker({.permessage_deflate = true});
  EXPECT_TRUE(messages.observe(frame(kText, true, 5, kRsv1), 2).compressed);
  EXPECT_FALSE(messages.observe(frame(kText, true, 5), 3).compressed);
  EXPECT_TRUE(messages.observe(frame(kText, false, 5, kRsv1), 4).compressed);
  EXPECT_FALSE(messages.observe(frame(kPing, true, 5), 5).compressed);
  EXPECT_TRUE(messages.observe(frame(kContinuation, false, 5), 6).compressed);
  EXPECT_TRUE(messages.observe(frame(kContinuation, true, 5), 7).compressed);
  EXPECT_FALSE(messages.observe(frame(kText, false, 5), 8).compressed);
  EXPECT_FALSE(messages.observe(frame(kContinuation, true, 5, kRsv1), 9).compressed);
}

TEST(MessageTracker, Rsv1MeansNothingWithoutDeflate) {
  auto plain = tracker();
  EXPECT_FALSE(plain.observe(frame(kText, true, 5, kRsv1), 2).compressed);
  auto unknown = tracker({.unknown_extension = true});
  EXPECT_FALSE(unknown.observe(frame(kText, true, 5, kRsv1), 2).compressed);
}

TEST(MessageTracker, CountsMessagesBeyond32Bits) {
  auto messages = tracker();
  observed(messages, frame(kBinary, false, 0xffffffff), 2);
  EXPECT_EQ(observed(messages, frame(kContinuation, false, 0xffffffff), 3),
            (Place{Part::middle, kBinary, 2, 0x1fffffffe}));
}

// FRM-7: a Close ends its direction, whatever comes between.
TEST(MessageTracker, EverythingBehindACloseIsMarkedAndStillPlaced) {
  auto messages = tracker();
  observed(messages, frame(kText, false, 5), 2);
  EXPECT_FALSE(messages.state().closed);
  EXPECT_FALSE(messages.observe(frame(kClose, true, 2), 3).anomalies.has(Anomaly::after_close));
  EXPECT_TRUE(messages.state().closed);
  for (const std::uint8_t opcode :
       std::initializer_list<std::uint8_t>{kContinuation, kPing, kText, kClose, 5})
    EXPECT_TRUE(messages.observe(frame(opcode, true, 2), 4).anomalies.has(Anomaly::after_close))
        << int{opcode};
  EXPECT_TRUE(messages.state().closed);
}

TEST(MessageTracker, PlacesFragmentsBehindAClose) {
  auto messages = tracker();
  observed(messages, frame(kClose, true, 0), 2);
  EXPECT_EQ(observed(messages, frame(kText, false, 5), 3), (Place{Part::first, kText, 3, 5}));
  EXPECT_EQ(observed(messages, frame(kContinuation, true, 5), 4), (Place{Part::last, kText, 3, 10}));
  EXPECT_TRUE(messages.state().closed);
}

TEST(MessageTracker, ACopyContinuesWhereTheOriginalStood) {
  auto original = tracker();
  observed(original, frame(kText, false, 5), 2);
  auto copy = original;
  EXPECT_EQ(observed(copy, frame(kContinuation, true, 1), 3), (Place{Part::last, kText, 2, 6}));
  EXPECT_TRUE(original.state().open);
}

TEST(MessageTracker, AStateRestoredElsewhereContinuesThere) {
  auto original = tracker({.permessage_deflate = true});
  original.observe(frame(kText, false, 5, kRsv1), 2);
  auto other = tracker({.permessage_deflate = true});
  other.restore(original.state());
  EXPECT_EQ(observed(other, frame(kContinuation, false, 1), 3), (Place{Part::middle, kText, 2, 6}));
  EXPECT_TRUE(other.observe(frame(kContinuation, true, 1), 4).compressed);
}

}  // namespace
}  // namespace wstap::ws
