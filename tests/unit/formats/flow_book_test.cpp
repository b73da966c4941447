// SPDX-License-Identifier: Apache-2.0
// Recorded bytes turned back into envelopes: the same structure, messages and anomalies that the live proxy
// sees (FRM-5, FRAG-1).
#include "formats/flow_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/deflating_peer.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;
using ws::Anomaly;
using ws::Direction;
using ws::Part;

constexpr std::array<std::uint8_t, 4> kMask = {1, 2, 3, 4};

/// A copy of what a visitor sees, payload included.
struct Seen {
  pipeline::Envelope envelope;
  Buffer raw, payload;

  std::vector<std::string> anomalies() const {
    std::vector<std::string> names;
    envelope.anomalies.for_each([&](const ws::AnomalyInfo& entry) { names.emplace_back(entry.name); });
    return names;
  }
};

class Book : public testing::Test {
 protected:
  std::vector<Seen> visit(test::OwnBurst burst, Depth depth = Depth::payloads) {
    std::vector<Seen> frames;
    book.visit(burst.view(), depth, [&](pipeline::Envelope& envelope, Bytes payload) {
      frames.push_back({envelope, to_buffer(envelope.frame.raw), to_buffer(payload)});
      frames.back().envelope.frame.raw = {};
    });
    return frames;
  }
  /// Anomalies of each frame of one burst.
  std::vector<std::vector<std::string>> anomalies(std::vector<Buffer> frames,
                                                  Direction direction = Direction::receive) {
    std::vector<std::vector<std::string>> names;
    for (const auto& seen : visit({.direction = direction, .frames = std::move(frames)}))
      names.push_back(seen.anomalies());
    return names;
  }
  void open(const std::string& extensions) {
    auto flow = test::plain_flow_opened(1);
    flow.extensions = extensions;
    book.open(flow);
  }

  FlowBook book;
};

TEST_F(Book, FramesHaveTheirIdentity) {
  const auto frames = visit({.flow = 5,
                             .direction = Direction::send,
                             .first_sequence = 40,
                             .time_ns = 99,
                             .frames = {test::client_text("one"), test::client_text("two")}});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].envelope.flow, 5U);
  EXPECT_EQ(frames[1].envelope.sequence, 41U);
  EXPECT_EQ(frames[1].envelope.time_ns, 99);
  EXPECT_EQ(frames[1].envelope.direction, Direction::send);
  EXPECT_EQ(frames[1].raw, test::client_text("two"));
  EXPECT_EQ(frames[1].envelope.verdict, Verdict::forwarded);
}

// FRM-2, FRM-3
TEST_F(Book, PayloadsAreUnmasked) {
  const Buffer binary = test::random_bytes(70'000, 4);
  const auto frames =
      visit({.frames = {wire({.payload = test::bytes("masked"), .mask = kMask}),
                        wire({.opcode = 2, .payload = binary, .mask = kMask}),
                        wire({.payload = test::bytes("bare")}), wire({.payload = {}, .mask = kMask})}});
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(test::text(frames[0].payload), "masked");
  EXPECT_EQ(frames[1].payload, binary);
  EXPECT_EQ(frames[1].envelope.frame.header.payload_len, 70'000U);
  EXPECT_EQ(frames[1].envelope.frame.header.header_len, 14U);
  EXPECT_EQ(test::text(frames[2].payload), "bare");
  EXPECT_TRUE(frames[3].payload.empty());
}

TEST_F(Book, MarksBelongToTheirFrameAlone) {
  test::OwnBurst burst{.frames = std::vector(3, test::client_text("x"))};
  burst.marks = {{1, Verdict::changed, "rule", test::bytes("sent"), {"tag"}}};
  const auto frames = visit(burst);
  EXPECT_EQ(frames[1].envelope.verdict, Verdict::changed);
  EXPECT_EQ(frames[1].envelope.cause, "rule");
  EXPECT_EQ(frames[1].envelope.sent, test::bytes("sent"));
  EXPECT_THAT(frames[1].envelope.tags, ElementsAre("tag"));
  for (const std::size_t i : {0U, 2U}) {
    EXPECT_EQ(frames[i].envelope.verdict, Verdict::forwarded);
    EXPECT_EQ(frames[i].envelope.cause, "");
    EXPECT_FALSE(frames[i].envelope.sent);
    EXPECT_THAT(frames[i].envelope.tags, IsEmpty());
  }
}

TEST_F(Book, WhatAVisitorSettlesStaysWithThatFrame) {
  test::OwnBurst burst{.frames = std::vector(2, test::client_text("x")),
                       .marks = {{0, Verdict::pending, "", {}, {}}}};
  std::vector<Verdict> verdicts;
  book.visit(burst.view(), Depth::headers, [&](pipeline::Envelope& envelope, Bytes) {
    if (envelope.verdict == Verdict::pending) {
      envelope.verdict = Verdict::changed;
      envelope.cause = "reviewer";
      envelope.sent = test::bytes("sent");
    } else {
      EXPECT_EQ(envelope.cause, "");
      EXPECT_FALSE(envelope.sent);
    }
    verdicts.push_back(envelope.verdict);
  });
  EXPECT_THAT(verdicts, ElementsAre(Verdict::changed, Verdict::forwarded));
}

// FRAG-1
TEST_F(Book, FragmentsKnowTheirMessage) {
  const auto frames =
      visit({.direction = Direction::receive,
             .first_sequence = 10,
             .frames = {wire({.payload = test::bytes("a"), .fin = false}), wire({.opcode = 9}),
                        wire({.opcode = 0, .payload = test::bytes("b"), .fin = false}),
                        wire({.opcode = 0, .payload = test::bytes("c")}),
                        wire({.opcode = 2, .payload = test::bytes("d")})}});
  const auto placed = [&](std::size_t i) {
    const auto& p = frames.at(i).envelope.placement;
    return std::tuple(p.part, p.message_opcode, p.message_first, p.message_bytes);
  };
  EXPECT_EQ(placed(0), std::tuple(Part::first, ws::kText, 10U, 1U));
  EXPECT_EQ(placed(1), std::tuple(Part::none, 0, 0U, 0U));
  EXPECT_EQ(placed(2), std::tuple(Part::middle, ws::kText, 10U, 2U));
  EXPECT_EQ(placed(3), std::tuple(Part::last, ws::kText, 10U, 3U));
  EXPECT_EQ(placed(4), std::tuple(Part::whole, ws::kBinary, 14U, 1U));
  for (const auto& frame : frames) EXPECT_THAT(frame.anomalies(), IsEmpty());
}

TEST_F(Book, MessagesReachOverBurstsEachInItsDirection) {
  const auto part = [&](Direction direction, pipeline::Sequence sequence, std::uint8_t opcode, bool fin) {
    const auto mask = direction == Direction::send ? std::optional(kMask) : std::nullopt;
    return visit({.direction = direction,
                  .first_sequence = sequence,
                  .frames = {wire({.opcode = opcode, .fin = fin, .mask = mask})}})[0];
  };
  part(Direction::send, 2, 1, false);
  part(Direction::receive, 3, 2, false);
  const auto sent = part(Direction::send, 4, 0, true);
  EXPECT_EQ(sent.envelope.placement.message_first, 2U);
  EXPECT_EQ(sent.envelope.placement.message_opcode, ws::kText);
  const auto received = part(Direction::receive, 5, 0, true);
  EXPECT_EQ(received.envelope.placement.message_first, 3U);
  EXPECT_EQ(received.envelope.placement.message_opcode, ws::kBinary);
}

// FRM-5
TEST_F(Book, AnomaliesOfHeaders) {
  EXPECT_THAT(anomalies({wire({})}, Direction::send), ElementsAre(ElementsAre("unmasked_from_client")));
  EXPECT_THAT(anomalies({wire({.mask = kMask})}), ElementsAre(ElementsAre("masked_from_server")));
  EXPECT_THAT(anomalies({wire({.opcode = 3})}), ElementsAre(ElementsAre("reserved_opcode")));
  EXPECT_THAT(anomalies({wire({.rsv = 2})}), ElementsAre(ElementsAre("rsv_without_extension")));
  EXPECT_THAT(anomalies({wire({.opcode = 0})}), ElementsAre(ElementsAre("stray_continuation")));
  EXPECT_THAT(anomalies({wire({.length = test::LengthForm::in_64_bits})}),
              ElementsAre(ElementsAre("non_minimal_length")));
  EXPECT_THAT(anomalies({wire({.opcode = 9, .payload = Buffer(126)})}),
              ElementsAre(ElementsAre("control_too_long")));
  EXPECT_THAT(anomalies({wire({.opcode = 10, .fin = false})}),
              ElementsAre(ElementsAre("fragmented_control")));
  EXPECT_THAT(anomalies({wire({.fin = false}), wire({})}),
              ElementsAre(IsEmpty(), ElementsAre("data_inside_message")));
}

TEST_F(Book, AnomaliesOfPayloads) {  // FRM-5
  EXPECT_THAT(anomalies({wire({.payload = test::bytes("\xff")})}), ElementsAre(ElementsAre("text_not_utf8")));
  // A character cut by fragments is whole; one that the message's end cuts is not.
  const Buffer half = test::bytes("\xc3"), rest = test::bytes("\xa4");
  EXPECT_THAT(anomalies({wire({.payload = half, .fin = false}), wire({.opcode = 0, .payload = rest}),
                         wire({.payload = half, .fin = false}), wire({.opcode = 0, .payload = {}})}),
              ElementsAre(IsEmpty(), IsEmpty(), IsEmpty(), ElementsAre("text_not_utf8")));
  EXPECT_THAT(anomalies({wire({.opcode = 8, .payload = test::bytes("x")})}),
              ElementsAre(ElementsAre("close_payload_of_one_byte")));
}

TEST_F(Book, AnomaliesOfClosing) {  // FRM-5
  EXPECT_THAT(
      anomalies({wire({.opcode = 8, .payload = test::hex("03ed ff")}), wire({})}),
      ElementsAre(ElementsAre("close_reason_not_utf8", "forbidden_close_code"), ElementsAre("after_close")));
}

TEST_F(Book, ExtensionsOfTheFlowCount) {
  open("permessage-deflate");
  const auto frames = visit({.direction = Direction::receive,
                             .frames = {wire({.payload = test::bytes("\xff"), .fin = false, .rsv = 4}),
                                        wire({.opcode = 0, .rsv = 4}), wire({.opcode = 9, .rsv = 4})}});
  EXPECT_TRUE(frames[0].envelope.placement.compressed);
  EXPECT_THAT(frames[0].anomalies(), IsEmpty()) << "compressed text is not looked into";
  EXPECT_THAT(frames[1].anomalies(), ElementsAre("rsv1_on_continuation"));
  EXPECT_THAT(frames[2].anomalies(), ElementsAre("rsv1_on_control"));
  open("x-unknown");
  EXPECT_THAT(anomalies({wire({.rsv = 7})}), ElementsAre(IsEmpty()));
}

TEST_F(Book, FramesMadeHereAreInNobodysMessage) {
  test::OwnBurst burst{.direction = Direction::receive,
                       .frames = {wire({.payload = test::bytes("a"), .fin = false}), wire({.opcode = 8}),
                                  wire({.opcode = 0, .payload = test::bytes("\xff")})}};
  burst.marks = {{1, Verdict::synthetic, "shutdown", {}, {}}};
  const auto frames = visit(burst);
  EXPECT_EQ(frames[1].envelope.placement.part, Part::none);
  EXPECT_EQ(frames[2].envelope.placement.part, Part::last);
  EXPECT_THAT(frames[2].anomalies(), ElementsAre("text_not_utf8")) << "and not after_close";
}

TEST_F(Book, ResumedFlowsGoOnInTheirMessages) {  // CAP-5
  auto flow = test::plain_flow_opened(1);
  flow.next_sequence = 10;
  flow.resumed.emplace();
  (*flow.resumed)[1].message = {.open = true, .opcode = ws::kText, .first = 7, .bytes = 100};
  book.open(flow);
  const auto frames = visit({.direction = Direction::receive,
                             .first_sequence = 10,
                             .frames = {wire({.opcode = 0, .payload = test::bytes("\xff")})}});
  EXPECT_EQ(frames[0].envelope.placement.message_first, 7U);
  EXPECT_EQ(frames[0].envelope.placement.message_bytes, 101U);
  EXPECT_THAT(frames[0].anomalies(), IsEmpty()) << "text whose beginning is not here is not judged";
}

TEST_F(Book, AFlowThatIsOpenAlreadyIsOnlyResumed) {  // CAP-5
  book.open(test::plain_flow_opened(1));
  visit({.direction = Direction::receive, .frames = {wire({.payload = test::bytes("a"), .fin = false})}});
  auto again = test::plain_flow_opened(1);
  again.resumed.emplace();
  (*again.resumed)[1].message = {.open = true, .opcode = ws::kText, .first = 2, .bytes = 1};
  book.open(again);
  EXPECT_THAT(anomalies({wire({.opcode = 0, .payload = test::bytes("\xff")})}),
              ElementsAre(ElementsAre("text_not_utf8")));
}

TEST_F(Book, ClosedFlowsAreForgotten) {
  visit({.direction = Direction::receive, .frames = {wire({.fin = false})}});
  book.close(1);
  EXPECT_THAT(anomalies({wire({.opcode = 0})}), ElementsAre(ElementsAre("stray_continuation")));
}

TEST_F(Book, HeadersAreEnoughForMessages) {
  const auto frames = visit({.frames = {wire({.payload = test::bytes("\xff"), .fin = false, .mask = kMask}),
                                        wire({.opcode = 0, .payload = test::bytes("b"), .mask = kMask})}},
                            Depth::headers);
  EXPECT_TRUE(frames[0].payload.empty());
  EXPECT_THAT(frames[0].anomalies(), IsEmpty());
  EXPECT_EQ(frames[1].envelope.placement.part, Part::last);
  EXPECT_EQ(frames[1].envelope.placement.message_first, 2U);
}

TEST_F(Book, WhatHoldsNoHeaderIsBytesAlone) {
  for (const auto* bytes : {"", "81", "817e00", "81ff00000000000000"}) {
    SCOPED_TRACE(bytes);
    const auto frames = visit({.frames = {test::hex(bytes), test::client_text("next")}});
    EXPECT_EQ(frames[0].envelope.frame.header.header_len, 0U);
    EXPECT_EQ(frames[0].payload, test::hex(bytes));
    EXPECT_THAT(frames[0].anomalies(), IsEmpty());
    EXPECT_EQ(test::text(frames[1].payload), "next");
  }
}

// A header may promise more than was recorded: what is there is shown, and not judged.
TEST_F(Book, PayloadsThatAreCutKeepTheirLength) {
  const auto frames = visit({.direction = Direction::receive, .frames = {test::hex("8105 61c3")}});
  EXPECT_EQ(frames[0].envelope.frame.header.payload_len, 5U);
  EXPECT_EQ(frames[0].payload, test::hex("61c3"));
  EXPECT_THAT(frames[0].anomalies(), IsEmpty());
}

// LIM-3: a payload may have been cut to nothing.
TEST_F(Book, PayloadsThatAreCutToNothingSaySo) {
  const auto frames = visit({.direction = Direction::receive, .frames = {test::hex("8105")}});
  EXPECT_TRUE(frames[0].payload.empty());
  EXPECT_EQ(frames[0].envelope.cut_from, 5U);
}

/// Flows, each of which begins compressed messages and does not end them.
class WaitingBook : public Book {
 protected:
  static constexpr std::uint64_t kMost = 4'000'000;
  static constexpr pipeline::FlowId kFlows = 16;
  static constexpr std::size_t kMessage = 900'000;

  WaitingBook() {
    book = FlowBook({ws::Inflating::on, ws::Inflating::on}, {}, kMost);
    for (pipeline::FlowId id = 1; id <= kFlows; ++id) {
      auto flow = test::plain_flow_opened(id);
      flow.extensions = "permessage-deflate";
      book.open(flow);
    }
  }
  Seen say(pipeline::FlowId id, test::WireFrame frame) {
    auto seen = visit({.flow = id, .direction = Direction::receive, .frames = {wire(frame)}});
    EXPECT_LE(book.waiting_bytes(), kMost);
    return seen.at(0);
  }
  void begin(pipeline::FlowId id) {
    say(id, {.opcode = 2, .payload = peers[id].message(Buffer(kMessage)), .fin = false, .rsv = 4});
  }
  ws::Inflation end(pipeline::FlowId id) { return say(id, {.opcode = 0, .payload = {}}).envelope.inflation; }
  Seen whole(pipeline::FlowId id, std::string_view content) {
    return say(id, {.opcode = 2, .payload = peers[id].message(as_bytes(content)), .rsv = 4});
  }

  std::array<test::DeflatingPeer, kFlows + 1> peers;
};

// LIM-4, DEF-5: all messages that wait do so in bounded memory; one that would go beyond is over a bound.
TEST_F(WaitingBook, BoundsWhatItHoldsOfAllFlows) {
  for (pipeline::FlowId id = 1; id < kFlows; ++id) begin(id);
  EXPECT_GT(book.waiting_bytes(), kMost / 2);
  EXPECT_EQ(test::text(whole(kFlows, "reads on").payload), "reads on") << "what does not wait is read";
  int done = 0, limited = 0;
  for (pipeline::FlowId id = 1; id < kFlows; ++id) {
    const auto inflation = end(id);
    done += inflation == ws::Inflation::done;
    limited += inflation == ws::Inflation::limited;
  }
  EXPECT_GE(done, 2);
  EXPECT_EQ(done + limited, 15);
  EXPECT_LT(done, 15);
  EXPECT_EQ(book.waiting_bytes(), 0U);
  for (pipeline::FlowId id = 1; id <= kFlows; ++id) EXPECT_EQ(test::text(whole(id, "next").payload), "next");
  begin(kFlows);
  EXPECT_EQ(end(kFlows), ws::Inflation::done);
}

// LIM-4
TEST_F(WaitingBook, GetsBackWhatFlowsHeld) {
  for (pipeline::FlowId id = 1; id <= kFlows; ++id) begin(id);
  for (pipeline::FlowId id = 1; id <= kFlows; ++id) book.close(id);
  EXPECT_EQ(book.waiting_bytes(), 0U);
  open("permessage-deflate");
  say(1, {.opcode = 2, .payload = test::DeflatingPeer().message(Buffer(kMessage)), .fin = false, .rsv = 4});
  EXPECT_GE(book.waiting_bytes(), kMessage);
  open("permessage-deflate");  // the same number, and another flow
  EXPECT_EQ(book.waiting_bytes(), 0U);
  say(1, {.opcode = 2, .payload = test::DeflatingPeer().message(Buffer(kMessage)), .fin = false, .rsv = 4});
  EXPECT_TRUE(book.take_readers(1));
  EXPECT_EQ(book.waiting_bytes(), 0U);
}

// A large message that is over takes no memory, either.
TEST_F(WaitingBook, KeepsNoRoomForMessagesThatAreOver) {
  const auto content = test::random_bytes(3'000'000, 1);
  EXPECT_EQ(whole(1, as_text(content)).payload, content);
  say(1, {.opcode = 2, .payload = peers[1].message(as_bytes("x")), .fin = false, .rsv = 4});
  EXPECT_LT(book.waiting_bytes(), 2'000'000U);
}

}  // namespace
}  // namespace wstap::formats
