// SPDX-License-Identifier: Apache-2.0
// Captures for people: one line each, and never a byte that a terminal would act upon (INS-5).
#include "formats/line_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "formats/flow_book.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/sample_capture.h"
#include "tests/support/terminal.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using test::wire;
using ws::Direction;

std::string lines_of(test::OwnBurst burst, bool colour = false, FlowBook book = {}) {
  const LineView view(colour);
  std::string out;
  book.visit(burst.view(), Depth::payloads,
             [&](pipeline::Envelope& envelope, Bytes payload) { view.frame(out, envelope, payload); });
  return out;
}

/// The line of one frame of a server, behind time, id and arrow.
std::string line_of(const Buffer& frame, std::vector<pipeline::Mark> marks = {}) {
  const auto line = lines_of({.direction = Direction::receive, .frames = {frame}, .marks = std::move(marks)});
  return line.substr(line.find("<- ") + 3);
}

TEST(FrameLine, TellsTheEssentials) {  // INS-1
  EXPECT_EQ(lines_of({.flow = 12, .first_sequence = 345, .frames = {test::client_text("Hello")}}),
            "00:00:00.123456  12:345    -> text                5  Hello\n");
  EXPECT_EQ(lines_of({.direction = Direction::receive, .frames = {test::server_text("Hi")}}),
            "00:00:00.123456  1:2       <- text                2  Hi\n");
}

struct Line {
  const char* name;
  Buffer frame;
  const char* expected;
  friend void PrintTo(const Line& row, std::ostream* out) { *out << row.name; }
};
class FrameLines : public testing::TestWithParam<Line> {};

TEST_P(FrameLines, ShowThePayload) {
  EXPECT_EQ(line_of(GetParam().frame), GetParam().expected + std::string("\n"));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, FrameLines,
    testing::Values(
        Line{"Empty", wire({}), "text                0"},
        Line{"Escaped", wire({.payload = test::bytes("a\n\x1b[31m\u009b\\")}),
             R"(text               10  a\n\x1b[31m\u{9b}\\)"},
        Line{"Binary", wire({.opcode = 2, .payload = test::hex("00ff")}), "binary              2  00ff"},
        Line{"BinaryThatIsText", wire({.opcode = 2, .payload = test::bytes("ab")}),
             "binary              2  ab"},
        Line{"First", wire({.payload = test::bytes("ab"), .fin = false}), "text                2 +  ab"},
        Line{"Stray", wire({.opcode = 0}), "continuation        0  ! stray_continuation"},
        Line{"Rsv", wire({.rsv = 3}), "text                0 rsv=3  ! rsv_without_extension"},
        Line{"Reserved", wire({.opcode = 3}), "reserved-0x3        0  ! reserved_opcode"},
        Line{"Close", wire({.opcode = 8, .payload = test::hex("03e8 627965")}),
             "close               5  1000 bye"},
        Line{"CloseWithoutReason", wire({.opcode = 8, .payload = test::hex("03e9")}),
             "close               2  1001"},
        Line{"CloseOfOneByte", wire({.opcode = 8, .payload = test::hex("03")}),
             R"(close               1  ! close_payload_of_one_byte  \x03)"},
        Line{"NoHeader", test::hex("81"), "continuation        0 +  81"}),
    [](const auto& row) { return row.param.name; });

TEST(FrameLine, CutsLongPayloads) {
  EXPECT_EQ(line_of(wire({.payload = Buffer(100, std::byte{'x'})})),
            "text              100  " + std::string(100, 'x') + "\n");
  EXPECT_EQ(line_of(wire({.payload = Buffer(101, std::byte{'x'})})),
            "text              101  " + std::string(100, 'x') + "...\n");
  EXPECT_EQ(line_of(wire({.opcode = 2, .payload = Buffer(26, std::byte{0xff})})),
            "binary             26  " + std::string(50, 'f') + "...\n");
}

/// The line of a compressed message's only frame.
std::string compressed_line(Buffer payload) {
  FlowBook book;
  auto flow = test::plain_flow_opened(1);
  flow.extensions = "permessage-deflate";
  book.open(flow);
  return lines_of(
      {.direction = Direction::receive, .frames = {wire({.payload = std::move(payload), .rsv = 4})}}, false,
      std::move(book));
}

TEST(FrameLine, ShowsWhatACompressedMessageSays) {  // DEF-2
  const auto line = compressed_line(test::hex("f2 48 cd c9 c9 07 00"));
  EXPECT_NE(line.find("text                7 z rsv=4  Hello\n"), std::string::npos) << line;
}

TEST(FrameLine, ShowsTheBytesOfWhatDoesNotInflate) {  // FRM-5
  const auto line = compressed_line(test::bytes("abc"));
  EXPECT_NE(line.find("text                3 z opaque rsv=4  ! invalid_deflate  616263\n"), std::string::npos)
      << line;
}

TEST(FrameLine, TellsOfABoundThatWasHit) {  // DEF-5
  test::DeflatingPeer peer({.level = 9});
  const auto line = compressed_line(peer.message(Buffer(3'000'000)));
  EXPECT_NE(line.find(" z inflate_limited rsv=4  "), std::string::npos) << line;
}

TEST(FrameLine, TellsWhyAMessageIsNotInflated) {  // DEF-5, DEF-7
  for (const auto inflation : {ws::Inflation::limited, ws::Inflation::opaque, ws::Inflation::needs_part}) {
    pipeline::Envelope envelope;
    envelope.inflation = inflation;
    std::string out;
    LineView(false).frame(out, envelope, {});
    EXPECT_NE(out.find(fmt::format(" {}\n", ws::name(inflation))), std::string::npos) << out;

    Message message;
    message.compressed = true;
    message.inflation = inflation;
    LineView(false).message(out = {}, message);
    EXPECT_NE(out.find(fmt::format(" z {}\n", ws::name(inflation))), std::string::npos) << out;
  }
}

TEST(FrameLine, TellsWhyItWasNotChanged) {  // DEF-5, FRM-6
  EXPECT_EQ(line_of(wire({.payload = test::bytes("a")}),
                    {{0, Verdict::forwarded, "edit_refused:unknown_extension", {}, {}}}),
            "text                1  forwarded (edit_refused:unknown_extension)  a\n");
  Message message;
  message.cause = "edit_refused:opaque";
  std::string out;
  LineView(false).message(out, message);
  EXPECT_NE(out.find("  forwarded (edit_refused:opaque)"), std::string::npos) << out;
}

TEST(FrameLine, TellsWhatBecameOfIt) {  // FLOW-3
  EXPECT_EQ(line_of(wire({.payload = test::bytes("a")}), {{0, Verdict::dropped, "rule\x1b", {}, {}}}),
            "text                1  dropped (rule\\x1b)  a\n");
  EXPECT_EQ(line_of(wire({}), {{0, Verdict::pending, "", {}, {}}}), "text                0  pending\n");
}

TEST(FrameLine, HasColoursWhenAskedFor) {
  const auto line =
      lines_of({.frames = {test::client_text("Hello")}, .marks = {{0, Verdict::dropped, "", {}, {}}}}, true);
  EXPECT_EQ(line,
            "\x1b[2m00:00:00.123456\x1b[0m  1:2       \x1b[32m-> text        \x1b[0m        5  "
            "\x1b[33mdropped\x1b[0m  Hello\n");
}

TEST(FlowLine, TellsTheEssentials) {
  const LineView view(false);
  std::string out;
  const auto closed = test::full_flow_closed();
  view.flow(out, test::full_flow_opened(), &closed);
  EXPECT_EQ(
      out,
      "00:00:00.123456  7         error     wss://example.com/chat?q=\"x\"  [chat]  -> 10 frames 1000 bytes  "
      "<- 20 frames 2000 bytes  close 1009 'too \\xff big' by server  frame_too_big (payload_len=2 limit=1)  "
      "tls_truncated  close_unanswered  ! wrong_accept\n");
  out.clear();
  view.flow(out, test::plain_flow_opened(), nullptr);
  EXPECT_EQ(out, "00:00:00.123456  1         active    ws://example.com/\n");
  out.clear();
  const pipeline::FlowClosed so_far{.state = pipeline::FlowState::active, .counts = {{{1, 10}, {2, 20}}}};
  view.flow(out, test::plain_flow_opened(), &so_far);
  EXPECT_EQ(
      out,
      "00:00:00.123456  1         active    ws://example.com/  -> 1 frames 10 bytes  <- 2 frames 20 bytes\n");
}

TEST(OtherLines, TellTheEssentials) {
  const LineView view(false);
  std::string out;
  view.connection(out, test::full_connection());
  view.outcome(out, test::full_outcome());
  view.outcome(out, {});
  view.note(out, {3, 0, "something\n"});
  view.note(out, {0, 0, "of all"});
  EXPECT_EQ(out,
            "00:00:00.123456  8         opaque    wss://example.com/chat?q=\"x\"  passthrough\n"
            "00:00:00.123456  7:12      = changed (reviewer)  logged (logged)  logged (too)  #tag\n"
            "00:00:00.000000  0:0       = forwarded\n"
            "00:00:00.000000  3         # something\\n\n"
            "00:00:00.000000            # of all\n");
}

/// Text of anything: controls, half characters, C1 and whole ones.
std::string noise(std::mt19937& engine) {
  std::string text;
  for (std::size_t i = engine() % 40; i > 0; --i) {
    switch (engine() % 4) {
      case 0: text += static_cast<char>(engine() % 0x20); break;
      case 1: text += static_cast<char>(engine() % 256); break;
      case 2: text += {'\xc2', static_cast<char>(0x80 + engine() % 0x20)}; break;
      default: text += "x\u6f22";
    }
  }
  return text;
}

// Whatever peers say, in whichever place it is shown.
TEST(AllViews, NeverActOnATerminal) {  // INS-5
  std::mt19937 engine(11);
  const LineView view(false);
  const auto expect_harmless = [](const std::string& out) {
    EXPECT_FALSE(test::acts_on_terminal(out)) << testing::PrintToString(out);
  };
  for (int i = 0; i < 2000; ++i) {
    auto frame = test::random_frame(engine, 10);
    frame.payload = test::bytes(noise(engine));
    frame.length = test::LengthForm::shortest;
    test::OwnBurst burst{.frames = {wire(frame)}};
    burst.marks = {{0, Verdict::changed, noise(engine), test::bytes(noise(engine)), {noise(engine)}}};
    FlowBook book;
    book.visit(burst.view(), Depth::payloads, [&](pipeline::Envelope& envelope, Bytes payload) {
      std::string out;
      view.frame(out, envelope, payload);
      ASSERT_EQ(out.find('\n'), out.size() - 1) << "a line is a line";
      raw_view(out, envelope, payload);
      structured_view(out, envelope, payload);
      expect_harmless(out);
    });

    auto opened = test::full_flow_opened();
    opened.subprotocol = opened.extensions = opened.facts.url = opened.facts.server.address = noise(engine);
    opened.facts.request_head = test::bytes(noise(engine) + "\r\n" + noise(engine));
    opened.facts.server.tls->sni = opened.facts.server.tls->certificate->subject = noise(engine);
    auto closed = test::full_flow_closed();
    closed.reason = closed.detail = closed.close_reason = noise(engine);
    closed.notes = {noise(engine)};
    auto connection = test::full_connection();
    connection.reason = connection.facts.url = noise(engine);
    std::string out;
    view.flow(out, opened, &closed);
    view.connection(out, connection);
    view.outcome(out, {.cause = noise(engine)});
    view.note(out, {1, 0, noise(engine)});
    structured_view(out, opened, &closed);
    structured_view(out, connection);
    head_view(out, opened.facts.request_head);
    raw_view(out, opened.facts.request_head);
    expect_harmless(out);
  }
}

}  // namespace
}  // namespace wstap::formats
