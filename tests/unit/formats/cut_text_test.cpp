// SPDX-License-Identifier: Apache-2.0
// LIM-3: text is cut between characters, and what the whole of a payload showed is recorded with what is left
// of it.
#include <algorithm>

#include "formats/json_view.h"
#include "formats/line_view.h"
#include "formats/message_book.h"
#include "formats/payload_cutter.h"
#include "tests/unit/formats/cut_fixture.h"

namespace wstap::formats {
namespace {

using test::bytes;
using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;
using ws::Direction;

constexpr std::array<std::uint8_t, 4> kMask = {0x37, 0xfa, 0x21, 0x3d};

class CutText : public CutPayloads {
 protected:
  /// What is recorded of the payload of each frame.
  std::vector<std::string> kept(std::vector<Buffer> frames) {
    record(std::move(frames));
    return payloads();
  }
  std::vector<std::string_view> anomalies_of(std::size_t frame) {
    std::vector<std::string_view> names;
    shown().at(frame).anomalies.for_each([&](const ws::AnomalyInfo& entry) { names.push_back(entry.name); });
    return names;
  }
};

TEST_F(CutText, EndsBetweenCharacters) {
  open();
  EXPECT_THAT(
      kept({wire({.payload = bytes("123456789\xc3\xa4")}), wire({.payload = bytes("12345678\xe2\x82\xac")}),
            wire({.payload = bytes("12345678\xf0\x9f\x98\x80")}),
            wire({.payload = bytes("1234567\xe2\x82\xac!")})}),
      ElementsAre("123456789", "12345678", "12345678", "1234567\xe2\x82\xac"));
  for (const auto& frame : shown()) EXPECT_TRUE(frame.anomalies.empty());
  EXPECT_EQ(shown()[0].cut_from, 11U);
}

// At every place in the mask.
TEST_F(CutText, EndsBetweenCharactersThatAreMasked) {
  open();
  for (std::size_t ascii = 6; ascii <= 10; ++ascii) {
    const auto text = std::string(ascii, 'x') + "\xf0\x9f\x98\x80\xf0\x9f\x98\x80";
    record({wire({.payload = bytes(text), .mask = kMask})});
    EXPECT_EQ(payloads().back(), std::string(ascii, 'x') + (ascii == 6 ? "\xf0\x9f\x98\x80" : "")) << ascii;
  }
}

TEST_F(CutText, IsTextInFragmentsToo) {
  open();
  EXPECT_THAT(
      kept({wire({.payload = bytes("\xc3"), .fin = false}), wire({.opcode = 0,
                                                                  .payload = bytes("\xa4"
                                                                                   "12345678\xc3\xa4")})}),
      ElementsAre("\xc3",
                  "\xa4"
                  "12345678"));
}

TEST_F(CutText, IsCutInACloseReason) {
  open();
  EXPECT_THAT(kept({wire({.opcode = 8,
                          .payload = bytes("\x03\xe8"
                                           "1234567\xc3\xa4")})}),
              ElementsAre("\x03\xe8"
                          "1234567"));
}

TEST_F(CutText, IsCutInWhatWasSentInstead) {
  open();
  const Buffer sent = wire({.payload = bytes("123456789\xc3\xa4")});
  record({wire({.payload = bytes("a")})}, {{0, pipeline::Verdict::pending, "rule", sent, {}}});
  ASSERT_TRUE(writer->outcome({1, 2, 0, pipeline::Verdict::changed, "rule", sent}));
  EXPECT_EQ(test::records_of<pipeline::Outcome>(path).at(0).sent->size(), 2U + 9U);
  test::each_frame({path}, [](const pipeline::Envelope& envelope, Bytes) {
    ASSERT_TRUE(envelope.sent);
    EXPECT_EQ(envelope.sent->size(), 2U + 9U);
  });
}

TEST_F(CutText, IsCutInCompressedMessages) {
  open("permessage-deflate");
  say("\xc3\xa4incompressible: qwertzuiop");
  say("123456789\xc3\xa4");
  EXPECT_THAT(payloads(), ElementsAre("\xc3\xa4incompre", "123456789"));
  EXPECT_EQ(shown()[1].cut_from, 11U);
}

TEST_F(CutText, IsNothingElse) {
  open();
  EXPECT_THAT(kept({wire({.opcode = 2, .payload = bytes("123456789\xc3\xa4")}),
                    wire({.payload = bytes(std::string(12, '\x80'))})}),
              ElementsAre("123456789\xc3", std::string(10, '\x80')))
      << "binary, and what is no UTF-8";
}

// LIM-3: one character may be more than may be recorded.
TEST_F(CutText, MayBeCutToNothing) {
  write({.max_payload_bytes = 1});
  open();
  EXPECT_THAT(kept({wire({.payload = bytes("\xc3\xa4")})}), ElementsAre(""));
  EXPECT_EQ(shown()[0].cut_from, 2U);
}

using CutAnomalies = CutText;

// FRM-5: what readers cannot find any more is said.
TEST_F(CutAnomalies, AreRecorded) {
  open();
  record({wire({.payload = bytes("a text that is none\xff")}),
          wire({.payload = bytes("a long text that is one")}),
          wire({.opcode = 8,
                .payload = bytes("\x03\xed"
                                 "a long reason\xff")})});
  EXPECT_THAT(anomalies_of(0), ElementsAre("text_not_utf8"));
  EXPECT_THAT(anomalies_of(1), IsEmpty());
  EXPECT_THAT(anomalies_of(2), ElementsAre("close_reason_not_utf8", "forbidden_close_code"));
  EXPECT_THAT(marks_of(path), ElementsAre(2U));
}

// ... where they are found, which may be behind the frame that is cut, or in it, behind others that are not.
TEST_F(CutAnomalies, AreRecordedOfFragments) {
  open();
  record({wire({.payload = bytes("a long beginning"), .fin = false}),
          wire({.opcode = 0, .payload = bytes("\xff")})});
  record({wire({.payload = bytes("\xc3"), .fin = false})});
  record({wire({.opcode = 0, .payload = bytes("a long end that is wrong at once")})});
  EXPECT_THAT(anomalies_of(0), IsEmpty());
  EXPECT_THAT(anomalies_of(1), ElementsAre("text_not_utf8"));
  EXPECT_THAT(anomalies_of(2), IsEmpty());
  EXPECT_THAT(anomalies_of(3), ElementsAre("text_not_utf8"));
}

TEST_F(CutAnomalies, AreRecordedOfCompressedMessages) {
  open("permessage-deflate; server_no_context_takeover");
  test::DeflatingPeer alone({.takeover = false});
  record({wire({.payload = alone.message(bytes("incompressible: qwertzuiop\xff")), .rsv = 4})});
  record({wire({.payload = Buffer(30, std::byte{0xff}), .rsv = 4})});
  EXPECT_THAT(anomalies_of(0), ElementsAre("text_not_utf8"));
  EXPECT_THAT(anomalies_of(1), ElementsAre("invalid_deflate"));
}

// What can be found by reading is not said as well.
TEST_F(CutAnomalies, AreRecordedOnlyWhereTheyAreLost) {
  open("permessage-deflate");
  say("\xff");
  record({wire({.payload = bytes("\xff")}), wire({.opcode = 9, .payload = bytes("a long ping"), .rsv = 4})});
  EXPECT_THAT(marks_of(path), ElementsAre(0U, 0U));
  EXPECT_THAT(anomalies_of(0), ElementsAre("text_not_utf8"));
  EXPECT_THAT(anomalies_of(1), ElementsAre("text_not_utf8"));
  EXPECT_THAT(anomalies_of(2), ElementsAre("rsv1_on_control"));
}

TEST_F(CutAnomalies, AreShownByEveryView) {
  open();
  record({wire({.payload = bytes("a text that is none\xff")})});
  std::string lines, json, raw, full, message;
  JsonView as_json({}, JsonDetail::readable);
  MessageBook messages([&](const Message& each) { structured_view(message, each); });
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
    LineView(false).frame(lines, envelope, payload);
    as_json.frame(json, envelope, payload);
    raw_view(raw, envelope, payload);
    structured_view(full, envelope, payload);
    messages.take(envelope, payload);
  });
  for (const auto& text : {lines, json, raw, full, message})
    EXPECT_NE(text.find("text_not_utf8"), std::string::npos) << text;
}

/// A burst as a cutter is given it.
pipeline::Burst cut(PayloadCutter& cutter, const pipeline::Burst& burst) {
  cutter.open(test::plain_flow_opened(burst.flow));
  return cutter.cut(burst);
}

// What is recorded whole is not copied.
TEST(PayloadCutter, ReturnsABurstThatStaysAsItIs) {
  PayloadCutter cutter(kKept, FlowBook());
  test::OwnBurst own{.frames = {wire({.payload = bytes("short")}), wire({.payload = bytes("exactly 10")}),
                                wire({.payload = bytes("a"), .fin = false}), wire({.opcode = 0})}};
  own.marks = {{1, pipeline::Verdict::changed, "rule", bytes("sent"), {}}};
  const auto burst = own.view();
  const auto recorded = cut(cutter, burst);
  EXPECT_EQ(recorded.raw.data(), burst.raw.data());
  EXPECT_EQ(recorded.ends.data(), burst.ends.data());
  EXPECT_EQ(recorded.marks.data(), burst.marks.data());
}

// ... and what is not, is the same up to there.
TEST(PayloadCutter, KeepsWhatIsBeforeAndBehindACut) {
  PayloadCutter cutter(kKept, FlowBook());
  const auto whole = wire({.payload = bytes("short")});
  const auto longer = wire({.payload = bytes("more than ten bytes")});
  test::OwnBurst own{.frames = {whole, whole, longer, whole, whole}};
  own.marks = {{0, pipeline::Verdict::dropped, "first", {}, {"tag"}},
               {3, pipeline::Verdict::dropped, "second", {}, {}}};
  const auto recorded = cut(cutter, own.view());
  test::OwnBurst expected{.frames = {whole, whole, to_buffer(Bytes(longer).first(2 + kKept)), whole, whole},
                          .marks = own.marks};
  EXPECT_EQ(test::fields(recorded), test::fields(expected.view()));
}

// LIM-3, CAP-1: contents must fit into the burst's record, however much a few bytes inflate to.
TEST_F(CutPayloads, StoreNoMoreThanARecordHolds) {
  write({.max_payload_bytes = 1'000'000});
  open("permessage-deflate");
  record({wire({.opcode = 2, .payload = server.message(test::random_bytes(1'100'000, 1)), .rsv = 4})});
  std::vector<Buffer> frames;
  for (int i = 0; i < 40; ++i)
    frames.push_back(wire({.opcode = 2, .payload = server.message(Buffer(1'000'000)), .rsv = 4}));
  record(std::move(frames));
  const auto all = shown();
  ASSERT_EQ(all.size(), 41U);
  EXPECT_EQ(all[1].payload.size(), 1'000'000U);
  EXPECT_LT(all[40].payload.size(), 1'000'000U);
  EXPECT_EQ(all[40].cut_from, 1'000'000U);
}

// LIM-4: what waits to be stored inflated is bounded over all flows.
TEST_F(CutPayloads, WaitInBoundedMemory) {
  write({.max_payload_bytes = kKept, .max_waiting_bytes = 100'000});
  open("permessage-deflate");
  const auto payload = server.message(test::random_bytes(200'000, 1));
  record({wire({.opcode = 2, .payload = payload, .fin = false, .rsv = 4})});
  record({wire({.opcode = 0, .payload = {}})});
  say("read again: 1234567890");
  const auto all = shown();
  EXPECT_EQ(all[1].inflation, ws::Inflation::opaque) << "as much as its reader can tell";
  EXPECT_EQ(all[2].payload, "read again");
}

}  // namespace
}  // namespace wstap::formats
