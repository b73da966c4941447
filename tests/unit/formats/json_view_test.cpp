// SPDX-License-Identifier: Apache-2.0
// Captures as JSON Lines: which members, in which order, with what in them (INS-1).
#include "formats/json_view.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "formats/flow_book.h"
#include "tests/support/sample_capture.h"
#include "tests/support/terminal.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using test::wire;
using ws::Direction;

/// The lines of all frames of a burst.
std::string frames_as_json(test::OwnBurst burst, JsonDetail detail = JsonDetail::readable,
                           std::string_view capture = "x.wstap", FlowBook book = {}) {
  JsonView view(capture, detail);
  std::string out;
  book.visit(burst.view(), Depth::payloads,
             [&](pipeline::Envelope& envelope, Bytes payload) { view.frame(out, envelope, payload); });
  return out;
}

/// The line of one frame that a server sent, from its opcode on.
std::string tail_of(const Buffer& frame, std::vector<pipeline::Mark> marks = {},
                    JsonDetail detail = JsonDetail::readable) {
  const auto line =
      frames_as_json({.direction = Direction::receive, .frames = {frame}, .marks = std::move(marks)}, detail);
  return line.substr(line.find("\"opcode\""));
}

TEST(JsonFrame, HasTheseMembersInThisOrder) {  // INS-1
  EXPECT_EQ(frames_as_json({.frames = {test::client_text("Hello")}}),
            R"({"type":"frame","capture":"x.wstap","flow":1,"seq":2,"time":"2026-01-01T00:00:00.123456789Z",)"
            R"("dir":"send","opcode":"text","fin":true,"rsv":0,"masked":true,"mask":"37fa213d","length":5,)"
            R"("compressed":false,"payload":"Hello","verdict":"forwarded"})"
            "\n");
}

TEST(JsonFrame, WithoutMaskHasNone) {
  EXPECT_EQ(frames_as_json({.direction = Direction::receive, .frames = {test::server_text("Hi")}}),
            R"({"type":"frame","capture":"x.wstap","flow":1,"seq":2,"time":"2026-01-01T00:00:00.123456789Z",)"
            R"("dir":"receive","opcode":"text","fin":true,"rsv":0,"masked":false,"length":2,)"
            R"("compressed":false,"payload":"Hi","verdict":"forwarded"})"
            "\n");
}

TEST(JsonFrame, WithoutCaptureNamesNone) {
  EXPECT_TRUE(frames_as_json({.frames = {test::client_text("")}}, JsonDetail::readable, "")
                  .starts_with(R"({"type":"frame","flow":1,)"));
}

TEST(JsonFrame, NamesTheCaptureThatIsShown) {
  JsonView view("one", JsonDetail::readable);
  view.set_capture("two\n");
  std::string out;
  view.note(out, {0, 0, "x"});
  EXPECT_EQ(out, R"({"type":"note","capture":"two\n","time":"1970-01-01T00:00:00.000000000Z","text":"x"})"
                 "\n");
  out.clear();
  view.set_capture("\xff");
  view.note(out, {0, 0, "x"});
  EXPECT_TRUE(out.starts_with(R"({"type":"note","capture_b64":"/w==",)")) << out;
}

TEST(JsonFrame, EachHasItsOwnLineAndTime) {
  JsonView view("", JsonDetail::readable);
  std::string out;
  FlowBook book;
  for (const UnixNs time : {UnixNs{0}, UnixNs{0}, UnixNs{1}, UnixNs{0}}) {
    test::OwnBurst burst{.time_ns = time, .frames = {test::client_text("")}};
    book.visit(burst.view(), Depth::payloads,
               [&](pipeline::Envelope& envelope, Bytes payload) { view.frame(out, envelope, payload); });
  }
  std::vector<std::string> times;
  for (std::size_t at = 0; (at = out.find("\"time\":\"", at)) != std::string::npos; ++at)
    times.push_back(out.substr(at + 8, 30));
  EXPECT_EQ(times,
            (std::vector<std::string>{"1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00.000000000Z",
                                      "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000000000Z"}));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4);
}

struct Shown {
  const char* name;
  Buffer frame;
  const char* expected;  ///< from "length" on
  friend void PrintTo(const Shown& row, std::ostream* out) { *out << row.name; }
};
class JsonPayload : public testing::TestWithParam<Shown> {};

TEST_P(JsonPayload, IsTextOrBase64) {  // INS-1
  const auto line = tail_of(GetParam().frame);
  EXPECT_EQ(line.substr(line.find("\"length\"")), GetParam().expected + std::string("}\n"));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, JsonPayload,
    testing::Values(
        Shown{"EmptyText", wire({}), R"("length":0,"compressed":false,"payload":"","verdict":"forwarded")"},
        Shown{"Utf8", wire({.payload = test::bytes("\u00e9\"\n")}),
              R"("length":4,"compressed":false,"payload":"é\"\n","verdict":"forwarded")"},
        Shown{"NotUtf8", wire({.payload = test::bytes("a\xff")}),
              R"("length":2,"compressed":false,"payload_b64":"Yf8=","verdict":"forwarded",)"
              R"("anomalies":[{"name":"text_not_utf8","section":"RFC 6455 8.1"}])"},
        Shown{"Binary", wire({.opcode = 2, .payload = test::bytes("text")}),
              R"("length":4,"compressed":false,"payload_b64":"dGV4dA==","verdict":"forwarded")"},
        Shown{"Ping", wire({.opcode = 9, .payload = test::bytes("p")}),
              R"("length":1,"compressed":false,"payload_b64":"cA==","verdict":"forwarded")"},
        Shown{"FirstFragment", wire({.payload = test::bytes("a"), .fin = false}),
              R"("length":1,"compressed":false,"payload":"a","verdict":"forwarded","message":2)"},
        Shown{"Close", wire({.opcode = 8, .payload = test::hex("03e8 627965")}),
              R"("length":5,"compressed":false,"payload":"bye","verdict":"forwarded",)"
              R"("close_code":1000,"close_reason":"bye")"},
        Shown{"CloseWithoutReason", wire({.opcode = 8, .payload = test::hex("03e8")}),
              R"("length":2,"compressed":false,"payload":"","verdict":"forwarded","close_code":1000)"},
        Shown{"CloseWithoutCode", wire({.opcode = 8}),
              R"("length":0,"compressed":false,"payload":"","verdict":"forwarded")"},
        Shown{"CloseOfOneByte", wire({.opcode = 8, .payload = test::hex("03")}),
              R"("length":1,"compressed":false,"payload_b64":"Aw==","verdict":"forwarded",)"
              R"("anomalies":[{"name":"close_payload_of_one_byte","section":"RFC 6455 5.5.1"}])"},
        Shown{"CloseNotUtf8", wire({.opcode = 8, .payload = test::hex("03e8 ff")}),
              R"("length":3,"compressed":false,"payload_b64":"A+j/","verdict":"forwarded",)"
              R"("close_code":1000,"close_reason_b64":"/w==",)"
              R"("anomalies":[{"name":"close_reason_not_utf8","section":"RFC 6455 5.5.1"}])"},
        Shown{
            "Cut", test::hex("8105 6162"),
            R"("length":5,"compressed":false,"payload":"ab","verdict":"forwarded","payload_length":2,"cut_from":5)"}),
    [](const auto& row) { return row.param.name; });

TEST(JsonFrame, CompressedTextThatDoesNotInflateIsBytes) {  // FRM-5
  FlowBook book;
  auto flow = test::plain_flow_opened(1);
  flow.extensions = "permessage-deflate";
  book.open(flow);
  const auto line = frames_as_json(
      {.direction = Direction::receive, .frames = {wire({.payload = test::bytes("abc"), .rsv = 4})}},
      JsonDetail::readable, "x.wstap", std::move(book));
  EXPECT_NE(line.find(R"("rsv":4,"masked":false,"length":3,"compressed":true,"payload_b64":"YWJj")"),
            std::string::npos)
      << line;
}

TEST(JsonFrame, MarksFollowTheVerdict) {  // INS-1, FLOW-3
  EXPECT_EQ(
      tail_of(wire({.payload = test::bytes("a")}),
              {{0, Verdict::changed, "rule-1", test::hex("81 01 62"), {"one", "two"}}}),
      R"("opcode":"text","fin":true,"rsv":0,"masked":false,"length":1,"compressed":false,"payload":"a",)"
      R"("verdict":"changed","sent_b64":"gQFi","cause":"rule-1","tags":["one","two"]})"
      "\n");
}

TEST(JsonFrame, TellsWhyAMessageIsNotInflated) {  // DEF-5, DEF-7
  JsonView view("", JsonDetail::readable);
  for (const auto inflation : {ws::Inflation::limited, ws::Inflation::opaque, ws::Inflation::needs_part}) {
    const auto mark = ",\"" + std::string(ws::name(inflation)) + "\":true";
    pipeline::Envelope envelope;
    envelope.inflation = inflation;
    std::string out;
    view.frame(out, envelope, {});
    EXPECT_NE(out.find(mark), std::string::npos) << out;

    Message message;
    message.inflation = inflation;
    view.message(out = {}, message);
    EXPECT_NE(out.find(mark), std::string::npos) << out;
  }
}

TEST(JsonFrame, TellsWhyItWasNotChanged) {  // DEF-5, FRM-6
  const auto tail = tail_of(wire({}), {{0, Verdict::forwarded, "edit_refused:opaque", {}, {}}});
  EXPECT_NE(tail.find(R"("verdict":"forwarded","cause":"edit_refused:opaque"})"), std::string::npos) << tail;
}

TEST(JsonFrame, LosslessHasTheRawBytes) {  // INS-1
  EXPECT_EQ(
      tail_of(wire({.payload = test::bytes("a"), .fin = false}),
              {{0, Verdict::changed, "rule-1", test::hex("81 01 62"), {"t"}}}, JsonDetail::lossless),
      R"("opcode":"text","fin":false,"rsv":0,"masked":false,"length":1,"compressed":false,"payload":"a",)"
      R"("verdict":"changed","raw_b64":"AQFh","sent_b64":"gQFi","cause":"rule-1","tags":["t"],"message":2})"
      "\n");
}

TEST(JsonFrame, EveryVerdictHasItsName) {  // FLOW-3
  for (std::size_t i = 0; i < pipeline::kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_NE(tail_of(wire({}), {{0, verdict, "", {}, {}}})
                  .find("\"verdict\":\"" + std::string(pipeline::name(verdict)) + "\""),
              std::string::npos);
  }
}

TEST(JsonFrame, BytesWithoutHeaderAreShown) {
  EXPECT_EQ(tail_of(test::hex("81")),
            R"("opcode":"continuation","fin":false,"rsv":0,"masked":false,"length":0,"compressed":false,)"
            R"("payload_b64":"gQ==","verdict":"forwarded","payload_length":1})"
            "\n");
}

std::string flow_as_json(const pipeline::FlowOpened& opened, const pipeline::FlowClosed* closed) {
  std::string out;
  JsonView("", JsonDetail::readable).flow(out, opened, closed);
  return out;
}

constexpr const char* kFactsInJson =
    R"("url":"wss://example.com/chat?q=\"x\"","client":{"address":"127.0.0.1:51234","http_version":"HTTP/1.1",)"
    R"("tls":{"version":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256","alpn":"http/1.1","sni":"example.com",)"
    R"("ja3":"ja3","ja4":"ja4"}},"server":{"address":"[::1]:443","http_version":"HTTP/1.0",)"
    R"("tls":{"version":"TLSv1.2","cipher":"TLS_AES_256_GCM_SHA384","alpn":"h2","sni":"sni","ja3":"ja3s",)"
    R"("ja4":"ja4s","certificate":{"subject":"CN=example.com","issuer":"CN=Example CA",)"
    R"("not_before":"2023-11-14T22:13:20.000000000Z","not_after":"2027-01-15T08:00:00.000000000Z",)"
    R"("sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
    R"("names":["example.com","*.example.com","::1"]}}},)"
    R"("request_head_b64":"R0VUIC9jaGF0IEhUVFAvMS4xDQpIb3N0OiBleGFtcGxlLmNvbQ0KWC1PZGQ6IP8NCg0K",)"
    R"("response_head":"HTTP/1.1 101 Switching\r\nX-Nul: \u0000\r\n\r\n")";

TEST(JsonFlow, CountsSoFar) {
  const pipeline::FlowClosed so_far{.state = pipeline::FlowState::active, .counts = {{{1, 10}, {2, 20}}}};
  const auto alone = flow_as_json(test::plain_flow_opened(), nullptr);
  EXPECT_EQ(flow_as_json(test::plain_flow_opened(), &so_far),
            alone.substr(0, alone.rfind('}')) +
                R"(,"send":{"frames":1,"bytes":10},"receive":{"frames":2,"bytes":20}})"
                "\n");
}

TEST(JsonFlow, HasAllThatIsKnownOfIt) {  // FLOW-1, TLS-4
  const auto closed = test::full_flow_closed();
  EXPECT_EQ(
      flow_as_json(test::full_flow_opened(), &closed),
      R"({"type":"flow","flow":7,"protocol":"WebSocket","kind":"bidirectional","state":"error",)"
      R"("start":"2026-01-01T00:00:00.123456789Z",)" +
          std::string(kFactsInJson) +
          R"(,"subprotocol":"chat","extensions":"permessage-deflate; client_no_context_takeover",)"
          R"("anomalies":[{"name":"wrong_accept","section":"RFC 6455 4.2.2"}],"resumed_at":41,)"
          R"("end":"2026-01-01T00:00:00.123456790Z","reason":"frame_too_big",)"
          R"("detail":"payload_len=2 limit=1","offset":1234567890123,"began":"server","close_code":1009,)"
          R"("close_reason_b64":"dG9vIP8gYmln",)"
          R"("send":{"frames":10,"bytes":1000,"unfinished_b64":"aGFsZg==","undelivered_from":5},)"
          R"("receive":{"frames":20,"bytes":2000,"unfinished_b64":"b3RoZXIgaGFsZg==","undelivered_from":0},)"
          R"("notes":["tls_truncated","close_unanswered"]})"
          "\n");
}

TEST(JsonFlow, ThatIsOpenHasNoEnd) {  // FLOW-1
  EXPECT_EQ(flow_as_json(test::plain_flow_opened(), nullptr),
            R"({"type":"flow","flow":1,"protocol":"WebSocket","kind":"bidirectional","state":"active",)"
            R"("start":"2026-01-01T00:00:00.123456789Z","url":"ws://example.com/","client":{},"server":{}})"
            "\n");
}

TEST(JsonFlow, NotesThatAreNotUtf8AreMadePrintable) {
  pipeline::FlowClosed closed;
  closed.notes = {"unknown_extension: \xff\x1b"};
  EXPECT_NE(
      flow_as_json(test::plain_flow_opened(), &closed).find(R"("notes":["unknown_extension: \\xff\\x1b"])"),
      std::string::npos);
}

TEST(JsonFlow, HeadsAreShownAlone) {
  JsonView view("", JsonDetail::readable);
  std::string out;
  view.head(out, test::full_flow_opened(), 0);
  view.head(out, test::full_flow_opened(), 1);
  EXPECT_EQ(out, R"({"type":"head","flow":7,"seq":0,"dir":"send",)"
                 R"("head_b64":"R0VUIC9jaGF0IEhUVFAvMS4xDQpIb3N0OiBleGFtcGxlLmNvbQ0KWC1PZGQ6IP8NCg0K"})"
                 "\n"
                 R"({"type":"head","flow":7,"seq":1,"dir":"receive",)"
                 R"("head":"HTTP/1.1 101 Switching\r\nX-Nul: \u0000\r\n\r\n"})"
                 "\n");
}

TEST(JsonView, ShowsConnections) {  // FLOW-4
  std::string out;
  JsonView("", JsonDetail::readable).connection(out, test::full_connection());
  EXPECT_EQ(out, R"({"type":"connection","flow":8,"kind":"opaque","start":"2026-01-01T00:00:00.123456789Z",)"
                 R"("end":"2026-01-01T00:00:00.123456794Z","reason":"passthrough",)" +
                     std::string(kFactsInJson) + R"(,"bytes_sent":100,"bytes_received":200})" + "\n");
}

TEST(JsonView, ShowsOutcomesAndNotes) {
  std::string out;
  JsonView view("", JsonDetail::readable);
  view.outcome(out, test::full_outcome());
  view.outcome(out, {});
  view.note(out, {3, 0, "a\"b"});
  EXPECT_EQ(
      out,
      R"({"type":"outcome","flow":7,"seq":12,"time":"2026-01-01T00:00:00.123456791Z","verdict":"changed",)"
      R"("cause":"reviewer","sent_b64":"gQF5","safety_logged":true,"tags":["tag"]})"
      "\n"
      R"({"type":"outcome","flow":0,"seq":0,"time":"1970-01-01T00:00:00.000000000Z","verdict":"forwarded"})"
      "\n"
      R"({"type":"note","flow":3,"time":"1970-01-01T00:00:00.000000000Z","text":"a\"b"})"
      "\n");
}

// Whatever peers send: lines of valid JSON that give the bytes back, and nothing a terminal acts upon.
TEST(JsonView, IsValidAndHarmlessForAnyFrames) {  // INS-5
  std::mt19937 engine(7);
  auto noise = [seed = 0U](std::size_t size) mutable { return test::text(test::random_bytes(size, ++seed)); };
  for (int i = 0; i < 3000; ++i) {
    test::OwnBurst burst{.direction = i % 2 == 0 ? Direction::send : Direction::receive,
                         .frames = {wire(test::random_frame(engine, 100))}};
    if (i % 5 == 0) burst.marks = {{0, Verdict::changed, noise(9), burst.frames[0], {noise(5)}}};
    const auto line = frames_as_json(burst, JsonDetail::lossless, noise(4));
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
    ASSERT_FALSE(document.HasParseError()) << line;
    EXPECT_EQ(from_base64(document["raw_b64"].GetString()), burst.frames[0]);
    ASSERT_EQ(line.find('\n'), line.size() - 1);
    ASSERT_FALSE(test::acts_on_terminal(line)) << line;
  }
}

}  // namespace
}  // namespace wstap::formats
