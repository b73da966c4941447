// SPDX-License-Identifier: Apache-2.0
// LIM-3: what is recorded of payloads that are longer than may be recorded, and what readers make of it.
#include "formats/payload_cutter.h"

#include "formats/json_view.h"
#include "formats/line_view.h"
#include "formats/message_book.h"
#include "tests/unit/formats/cut_fixture.h"

namespace wstap::formats {
namespace {

using test::bytes;
using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;
using ws::Direction;

// LIM-3: the header says how long the frame was.
TEST_F(CutPayloads, KeepTheirHeaders) {
  open();
  const Buffer longer = wire({.payload = bytes("more than ten bytes")});
  record({wire({.payload = bytes("short")}), longer, wire({.payload = bytes("exactly 10")})});
  const auto frames = shown();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].payload, "short");
  EXPECT_EQ(frames[0].cut_from, 0U);
  EXPECT_EQ(frames[1].raw, to_buffer(Bytes(longer).first(2 + kKept)));
  EXPECT_EQ(frames[1].payload, "more than ");
  EXPECT_EQ(frames[1].cut_from, 19U);
  EXPECT_EQ(frames[2].payload, "exactly 10");
}

// LIM-3: what was sent instead is cut as well, in the frame's record and in its outcome.
TEST_F(CutPayloads, AreCutInWhatWasSentInstead) {
  open();
  const Buffer sent = wire({.payload = bytes("something else of some length")});
  record({wire({.payload = bytes("a")}), wire({.payload = bytes("b")})},
         {{0, pipeline::Verdict::changed, "rule", sent, {}}, {1, pipeline::Verdict::pending, "", {}, {}}});
  ASSERT_TRUE(writer->outcome({1, 3, 0, pipeline::Verdict::changed, "rule", sent}));
  const Buffer kept = to_buffer(Bytes(sent).first(2 + kKept));
  EXPECT_EQ(test::records_of<pipeline::Outcome>(path).at(0).sent, kept);
  auto reader = CaptureReader::open(path);
  for (;;) {
    auto record = reader->next();
    ASSERT_TRUE(record && *record);
    const auto* burst = std::get_if<pipeline::Burst>(&**record);
    if (burst == nullptr) continue;
    EXPECT_EQ(burst->marks[0].sent, kept);
    break;
  }
}

TEST_F(CutPayloads, AreCutInWhatNeverBecameAFrame) {
  open();
  const Buffer begun = to_buffer(Bytes(wire({.payload = Buffer(100)})).first(50));
  ASSERT_TRUE(writer->flow_closed({.id = 1, .unfinished = {begun, bytes("x")}}));
  const auto closed = test::records_of<pipeline::FlowClosed>(path);
  EXPECT_EQ(closed.at(0).unfinished[0].size(), 2 + kKept);
  EXPECT_EQ(closed.at(0).unfinished[1], bytes("x"));
}

// LIM-3: behind a cut, compressed messages are stored inflated, since nothing else would tell what they say.
TEST_F(CutPayloads, LeaveCompressedMessagesReadable) {
  open("permessage-deflate");
  say("hello");
  say("incompressible: qwertzuiop");
  say("hello");
  say("hello, hello, hello, hello");
  EXPECT_THAT(payloads(), ElementsAre("hello", "incompress", "hello", "hello, hel"));
  const auto frames = shown();
  EXPECT_EQ(frames[1].cut_from, 26U);
  EXPECT_EQ(frames[2].cut_from, 0U);
  EXPECT_EQ(frames[3].cut_from, 26U) << "of what it says";
  for (const auto& frame : frames) {
    EXPECT_EQ(frame.inflation, ws::Inflation::done);
    EXPECT_TRUE(frame.anomalies.empty());
  }
}

TEST_F(CutPayloads, StoreNothingTwice) {
  open("permessage-deflate");
  say("hello");
  const auto before = writer->bytes_written();
  say("hello");
  EXPECT_LT(writer->bytes_written() - before, 80U) << "no mark";
}

// Without takeover only the cut message needs it.
TEST_F(CutPayloads, ConcernOneMessageWithoutTakeover) {
  open("permessage-deflate; server_no_context_takeover");
  test::DeflatingPeer alone({.takeover = false});
  record({wire({.payload = alone.message(bytes("incompressible: qwertzuiop")), .rsv = 4})});
  record({wire({.payload = alone.message(bytes("hello")), .rsv = 4})});
  EXPECT_THAT(payloads(), ElementsAre("incompress", "hello"));
  EXPECT_THAT(marks_of(path), ElementsAre(1U, 0U));
}

// A message is as incomplete as any of its frames.
TEST_F(CutPayloads, CountForTheirMessage) {
  open("permessage-deflate");
  const Buffer payload = server.message(bytes("incompressible: qwertzuiop"));
  const Bytes all = payload;
  record({wire({.payload = to_buffer(all.first(12)), .fin = false, .rsv = 4})});
  record({wire({.opcode = 0, .payload = to_buffer(all.subspan(12, 5)), .fin = false})});
  record({wire({.opcode = 0, .payload = to_buffer(all.subspan(17))})});
  const auto frames = shown();
  EXPECT_EQ(frames[0].cut_from, 12U);
  EXPECT_EQ(frames[2].payload, "incompress");
}

// CAP-5: what the writer inflates anyway makes later parts readable alone.
TEST_F(CutPayloads, ComeWithWindowsInLaterParts) {
  const std::string other = folder / "y.wstap";
  writer = std::move(
      *CaptureWriter::open({.path = other, .rotate_ns = 1'000'000'000, .max_payload_bytes = 100}, clock));
  open("permessage-deflate");
  say("referred to");
  clock.advance(std::chrono::seconds(2));
  say("referred to");
  EXPECT_THAT(payloads_of(part_path(other, 2)), ElementsAre("referred to"));
}

// What was cut and could not be inflated is not taken for what it says.
TEST_F(CutPayloads, AreOpaqueWhereTheyDoNotInflate) {
  open("permessage-deflate");
  record({wire({.payload = Buffer(30, std::byte{0xff}), .rsv = 4})});
  const auto frames = shown();
  EXPECT_EQ(frames[0].inflation, ws::Inflation::opaque);
  EXPECT_EQ(frames[0].cut_from, 30U);
}

// DEF-7: `--inflate never` holds here as well.
TEST_F(CutPayloads, AreNotInflatedIfThatIsForbidden) {
  writer = std::move(*CaptureWriter::open({.path = folder / "y.wstap",
                                           .max_payload_bytes = kKept,
                                           .inflating = {ws::Inflating::never, ws::Inflating::never}},
                                          clock));
  open("permessage-deflate");
  say("incompressible: qwertzuiop");
  for (const auto& burst : marks_of(folder / "y.wstap")) EXPECT_EQ(burst, 0U);
}

// Every view says so.
TEST_F(CutPayloads, AreMarkedWhereTheyAreShown) {
  open("permessage-deflate");
  say("incompressible: qwertzuiop");
  record({wire({.payload = bytes("more than "), .fin = false}),
          wire({.opcode = 0, .payload = bytes("ten in two.")})});
  std::string out;
  const LineView lines(false);
  JsonView json({}, JsonDetail::readable);
  MessageBook messages([&](const Message& message) {
    lines.message(out, message);
    json.message(out, message);
    structured_view(out, message);
  });
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
    if (envelope.sequence == 2) {
      lines.frame(out, envelope, payload);
      json.frame(out, envelope, payload);
      structured_view(out, envelope, payload);
    }
    messages.take(envelope, payload);
  });
  const auto count = [&](std::string_view text) {
    int found = 0;
    for (auto at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) ++found;
    return found;
  };
  for (const char* mark : {" cut from ", "\"cut_from\":", "cut from: "}) {
    EXPECT_EQ(count(std::string(mark) + "26"), 2) << "a frame and its message: " << out;
    EXPECT_EQ(count(std::string(mark) + "21"), 1) << "a message in two frames: " << out;
  }
  EXPECT_EQ(count("inflated length: 26\n"), 2) << "all of it, not what was recorded: " << out;
}

// Invalid text is found in what was stored, too.
TEST_F(CutPayloads, AreJudgedByWhatTheySaid) {
  open("permessage-deflate");
  say("incompressible: qwertzuiop");
  say("\xff");
  EXPECT_TRUE(shown()[1].anomalies.has(ws::Anomaly::text_not_utf8));
}

}  // namespace
}  // namespace wstap::formats
