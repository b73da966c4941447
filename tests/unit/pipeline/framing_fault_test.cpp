// SPDX-License-Identifier: Apache-2.0
// What cannot be framed, and what is too long, ends the flow: each fault with its numbers and close codes.
#include <fmt/format.h>

#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

using pipeline::FlowState;
using pipeline::Party;
using pipeline::Verdict;

struct Fault {
  const char* name;  ///< the reason on the flow
  WireFrame frame;   ///< its payload is as long as `announced`, or empty when that is more than came
  std::uint64_t announced;
  std::uint16_t code;
  const char* detail;
};
void PrintTo(const Fault& row, std::ostream* out) {
  *out << row.name;
}

class FramingFault : public FlowTest, public testing::WithParamInterface<std::tuple<Fault, ws::Direction>> {
 protected:
  FramingFault() { options.max_frame_bytes = 1000; }
  const Fault& row() const { return std::get<0>(GetParam()); }
  ws::Direction direction() const { return std::get<1>(GetParam()); }
  Buffer header() const {
    auto frame = row().frame;
    if (direction() == kSend) frame.mask = kClientMask;
    return wire_header(frame, row().announced);
  }
  void expect_ended(std::uint64_t offset) {
    const auto closed = finish();
    EXPECT_EQ(closed.state, FlowState::error);
    EXPECT_EQ(closed.reason, row().name);
    EXPECT_EQ(closed.detail, row().detail);
    EXPECT_EQ(closed.offset, offset);
    EXPECT_EQ(closed.began, Party::proxy);
    EXPECT_EQ(closed.close_code, row().code);
    // The offender is told what it did, the other one to go.
    EXPECT_EQ(farewell(ws::opposite(direction())), close_body(row().code));
    EXPECT_EQ(farewell(direction()), close_body(1001));
  }
};

// FRM-4, LIM-1: known from the header, before a byte of payload came or was allocated for. What came before
// is forwarded and recorded; the unfinished frame's bytes stay on the flow's end.
TEST_P(FramingFault, EndsTheFlowAtItsHeader) {
  const auto before = concat({text_frame(direction(), "fine"), proper(direction(), {.opcode = 9})});
  const auto took = feed(direction(), concat({before, header()}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, row().name);
  EXPECT_EQ(took.fault->close_code, row().code);
  EXPECT_EQ(took.used, before.size());
  EXPECT_EQ(parse_frames(took.out), parse_frames(before));
  EXPECT_EQ(tap.received(direction()), before);
  EXPECT_TRUE(flow().failed());
  expect_ended(before.size());
  EXPECT_EQ(tap.closed[0].unfinished[ws::index(direction())], header());
  EXPECT_TRUE(tap.closed[0].unfinished[ws::index(ws::opposite(direction()))].empty());
}

// FRM-4
TEST_P(FramingFault, IsFoundByteByByte) {
  std::optional<pipeline::LaneFault> found;
  for (const auto byte : header()) {
    EXPECT_FALSE(found) << "before the header was complete";
    found = feed(direction(), Bytes(&byte, 1)).fault;
  }
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, row().name);
  expect_ended(0);
}

// FRM-4: both farewells are recorded, as synthetic, with the reason as their cause.
TEST_P(FramingFault, SaysFarewellOnTheRecord) {
  feed(direction(), header());
  finish();
  ASSERT_EQ(tap.frames.size(), 2U);
  for (const auto& frame : tap.frames) {
    EXPECT_EQ(frame.verdict, Verdict::synthetic);
    EXPECT_EQ(frame.cause, row().name);
    EXPECT_EQ(parse_frames(frame.raw)[0].payload, farewell(frame.direction));
  }
  EXPECT_NE(tap.frames[0].direction, tap.frames[1].direction);
}

const Fault kFaults[] = {
    {"length_top_bit",
     {.opcode = 2, .length = LengthForm::in_64_bits},
     1ULL << 63,
     1002,
     "payload_len=0x8000000000000000"},
    {"frame_too_big", {.opcode = 2}, 1001, 1009, "payload_len=1001 limit=1000"},
    {"frame_too_big",
     {.opcode = 0, .length = LengthForm::in_64_bits},
     1ULL << 62,
     1009,
     "payload_len=4611686018427387904 limit=1000"},
    {"control_too_long", {.opcode = 9}, 126, 1002, "payload_len=126 limit=125"},
    {"control_too_long", {.opcode = 8}, 126, 1002, "payload_len=126 limit=125"},
    {"fragmented_control", {.opcode = 10, .fin = false}, 3, 1002, "opcode=pong"},
};
std::string fault_name(const testing::TestParamInfo<FramingFault::ParamType>& row) {
  const auto& [fault, direction] = row.param;
  return fmt::format("{}_{}_{}", row.index, fault.name, name(direction));
}
INSTANTIATE_TEST_SUITE_P(Each, FramingFault,
                         testing::Combine(testing::ValuesIn(kFaults), testing::Values(kSend, kReceive)),
                         fault_name);

using ControlFault = FlowTest;

// FRM-4: a whole frame that ends the flow is recorded, and does not leave; nor does what follows it.
TEST_F(ControlFault, IsRecordedWhenTheFrameIsWhole) {
  const auto before = text_frame(kSend, "fine");
  const auto bad = proper(kSend, {.opcode = 9, .payload = Buffer(126)});
  const auto after = text_frame(kSend, "behind it");
  const auto took = feed(kSend, concat({before, bad, after}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->offset, before.size());
  EXPECT_EQ(parse_frames(took.out), parse_frames(before));
  ASSERT_EQ(tap.frames.size(), 2U);
  EXPECT_EQ(tap.frames[1].raw, bad);
  EXPECT_EQ(tap.frames[1].verdict, Verdict::dropped);
  EXPECT_EQ(tap.frames[1].cause, "control_too_long");
  EXPECT_EQ(finish().unfinished[0], after);
}

// FRM-4: the parser only reports them; in verbatim mode they pass.
TEST_F(ControlFault, PassesVerbatim) {
  options.forward = pipeline::Forward::verbatim;
  const auto stream = concat({proper(kSend, {.opcode = 9, .payload = Buffer(126)}),
                              proper(kSend, {.opcode = 10, .payload = bytes("x"), .fin = false}),
                              close_frame(kSend, 1000, std::string(200, 'r'))});
  EXPECT_EQ(feed(kSend, stream).out, stream);
  EXPECT_FALSE(flow().failed());
  EXPECT_EQ(tap.frames.size(), 3U);
  EXPECT_EQ(finish().close_code, 1000);
}

// FRM-5: a reserved control opcode is an anomaly, not a fault, however long.
TEST_F(ControlFault, IsNotAReservedOpcode) {
  const auto took = feed(kSend, proper(kSend, {.opcode = 0xb, .payload = Buffer(126), .fin = false}));
  EXPECT_FALSE(took.fault);
  EXPECT_EQ(parse_frames(took.out).size(), 1U);
}

using Unfinished = FlowTest;

// FRM-4: frames behind a fault are not taken: they stay with the unfinished bytes, up to what a record holds.
TEST_F(Unfinished, IsCutWhereARecordEnds) {
  options.max_frame_bytes = 1;
  const auto header = wire_header({.opcode = 2, .mask = kClientMask}, 100);
  feed(kSend, concat({header, Buffer(16U << 20)}));
  const auto closed = finish();
  EXPECT_EQ(closed.unfinished[0].size(), 15U << 20);
  EXPECT_THAT(closed.notes, testing::ElementsAre("unfinished_cut"));
}

using FrameLimit = FlowTest;

// LIM-1: the payload counts, both directions; one byte more is too much.
TEST_F(FrameLimit, IsTheLongestPayloadThatPasses) {
  options.max_frame_bytes = 70'000;
  for (const auto direction : {kSend, kReceive}) {
    const auto most = proper(direction, {.opcode = 2, .payload = Buffer(70'000)});
    EXPECT_FALSE(feed(direction, most).fault);
    EXPECT_EQ(tap.frames.back().raw, most);
  }
  const auto took = feed(kReceive, proper(kReceive, {.opcode = 2, .payload = Buffer(70'001)}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "frame_too_big");
}

// LIM-1
TEST(FrameLimitDefault, Is16MiB) {
  EXPECT_EQ(pipeline::FlowOptions().max_frame_bytes, 16ULL << 20);
  EXPECT_EQ(pipeline::FlowOptions().max_message_bytes, 64ULL << 20);
}

class MessageLimit : public FlowTest, public testing::WithParamInterface<ws::Direction> {
 protected:
  MessageLimit() { options.max_message_bytes = 10; }
  Buffer fragment(std::uint8_t opcode, std::size_t size, bool fin = false) const {
    return proper(GetParam(), {.opcode = opcode, .payload = Buffer(size), .fin = fin});
  }
};

// LIM-2: mark forwards everything and notes the message once, in however many turns it comes.
TEST_P(MessageLimit, MarkForwardsAndNotesOnce) {
  const auto stream =
      concat({fragment(2, 10), fragment(0, 0), fragment(0, 1), fragment(0, 1), fragment(0, 1, true)});
  for (const std::byte one : stream) EXPECT_FALSE(feed(GetParam(), Bytes(&one, 1)).fault);
  EXPECT_EQ(frames_left(GetParam()), parse_frames(stream));
  EXPECT_FALSE(flow().failed());
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text, "message_limited: message of frame 2 is over 10 bytes");
}

// LIM-2, LIM-4: on the flow's end each kind of limit is listed once, however many messages it hit.
TEST_P(MessageLimit, IsListedAtTheFlowsEnd) {
  for (int i = 0; i < 3; ++i) feed(GetParam(), fragment(2, 11, true));
  EXPECT_EQ(tap.notes.size(), 3U);
  ASSERT_TRUE(flow().finish(clock.now));
  EXPECT_THAT(tap.closed[0].notes, testing::ElementsAre("message_limited"));
}

// LIM-2: each message by itself; control frames between its fragments do not count.
TEST_P(MessageLimit, CountsEachMessageAlone) {
  const auto ping = proper(GetParam(), {.opcode = 9, .payload = Buffer(100)});
  feed(GetParam(), concat({fragment(2, 6), ping, fragment(0, 4, true), fragment(1, 10, true)}));
  EXPECT_TRUE(tap.notes.empty());
  feed(GetParam(), fragment(2, 11, true));
  EXPECT_EQ(tap.notes.size(), 1U);
}

// LIM-2: close tells the sender 1009 and the other 1001, and the flow ends in error.
TEST_P(MessageLimit, CloseEndsTheFlow) {
  options.on_message_limit = pipeline::OnMessageLimit::close;
  const auto before = concat({fragment(2, 6), fragment(0, 4)});
  const auto took = feed(GetParam(), concat({before, fragment(0, 1, true)}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(parse_frames(took.out), parse_frames(before));
  const auto closed = finish();
  EXPECT_EQ(closed.state, FlowState::error);
  EXPECT_EQ(closed.reason, "message_too_big");
  EXPECT_EQ(closed.detail, "message_bytes=11 limit=10");
  EXPECT_EQ(closed.offset, before.size());
  EXPECT_EQ(farewell(ws::opposite(GetParam())), close_body(1009));
  EXPECT_EQ(farewell(GetParam()), close_body(1001));
}

// LIM-2: a fragment that will pass the limit is not waited for.
TEST_P(MessageLimit, CloseDoesNotWaitForTheRest) {
  options.on_message_limit = pipeline::OnMessageLimit::close;
  feed(GetParam(), fragment(2, 6));
  const auto announced = fragment(0, 5);
  const auto took = feed(GetParam(), Bytes(announced).first(announced.size() - 5));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "message_too_big");
  EXPECT_EQ(took.fault->close_code, 1009);
}

INSTANTIATE_TEST_SUITE_P(BothWays, MessageLimit, testing::Values(kSend, kReceive),
                         [](const auto& row) { return std::string(ws::name(row.param)); });

}  // namespace
}  // namespace wstap::test
