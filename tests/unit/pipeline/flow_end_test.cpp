// SPDX-License-Identifier: Apache-2.0
// How a flow ends: every way in which peers, networks and wstap end one, and what the recording says of it.
#include <sstream>

#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

using pipeline::FlowState;
using pipeline::Party;
using pipeline::StreamEnd;
using pipeline::Verdict;

/// What happens, as words: `c:` the client does it, `s:` the server; the rest is wstap's own decision.
///   close, bare   a Close with code 1000 (client) or 3001 (server), or without payload
///   text, ping    a whole frame;  first: one without FIN;  part: half a frame;  bad: bytes that are no frame
///   eof, cut, reset   the stream ends, ends without close_notify, is reset
struct Row {
  const char* name;
  const char* story;
  FlowState state;
  const char* reason;
  std::uint16_t code;
  Party began;
  const char* notes = "";
  std::uint16_t to_client = 0, to_server = 0;  ///< codes of the Closes wstap sends; 0: none
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.story;
}

class FlowEnds : public FlowTest {
 protected:
  void tell(const std::string& story) {
    std::istringstream words(story);
    for (std::string word; words >> word;) {
      if (word.size() > 2 && word[1] == ':') {
        peer_does(word[0] == 'c' ? kSend : kReceive, word.substr(2));
      } else {
        flow().give_up(word);
        say_farewell();
      }
      // As a relay does: at once, and once.
      if (flow().failed()) say_farewell();
    }
  }

 private:
  void peer_does(ws::Direction direction, const std::string& what) {
    const auto closes =
        direction == kSend ? close_frame(kSend, 1000, "bye") : close_frame(kReceive, 3001, "enough");
    if (what == "close") feed(direction, closes);
    if (what == "bare") feed(direction, proper(direction, {.opcode = 8}));
    if (what == "text") feed(direction, text_frame(direction, "text"));
    if (what == "ping") feed(direction, proper(direction, {.opcode = 9}));
    if (what == "first") feed(direction, proper(direction, {.payload = bytes("beginn"), .fin = false}));
    if (what == "part") feed(direction, Bytes(text_frame(direction, "part")).first(4));
    if (what == "bad") feed(direction, wire_header({.opcode = 2, .length = LengthForm::in_64_bits}, ~0ULL));
    if (what == "eof") end(direction, StreamEnd::eof);
    if (what == "cut") end(direction, StreamEnd::eof_without_close_notify);
    if (what == "reset") end(direction, StreamEnd::reset);
  }
};

std::string joined(const std::vector<std::string>& notes) {
  std::string all;
  for (const auto& note : notes) all += all.empty() ? note : "," + note;
  return all;
}

class FlowEnding : public FlowEnds, public testing::WithParamInterface<Row> {
 protected:
  std::optional<Buffer> body(std::uint16_t code) const {
    return code == 0 ? std::nullopt : std::optional(close_body(code));
  }
};

// FRM-7, FLOW-2
TEST_P(FlowEnding, IsRecorded) {
  const Row& row = GetParam();
  tell(row.story);
  const auto closed = finish();
  EXPECT_EQ(closed.state, row.state) << name(closed.state);
  EXPECT_EQ(closed.reason, row.reason);
  EXPECT_EQ(closed.close_code, row.code);
  EXPECT_EQ(closed.began, row.began) << name(closed.began);
  EXPECT_EQ(joined(closed.notes), row.notes);
  EXPECT_EQ(farewell(kReceive), body(row.to_client));
  EXPECT_EQ(farewell(kSend), body(row.to_server));
}

constexpr auto kOk = FlowState::complete;
constexpr auto kBad = FlowState::error;
constexpr auto kClient = Party::client;
constexpr auto kServer = Party::server;
constexpr auto kWstap = Party::proxy;

// Close seen both ways: complete, whatever follows. Code and reason are of whoever began.
const Row kClosedBothWays[] = {
    {"ByTheClient", "c:close s:close s:eof c:eof", kOk, "", 1000, kClient},
    {"ByTheServer", "s:close c:close s:eof c:eof", kOk, "", 3001, kServer},
    {"WithoutCodes", "c:bare s:bare c:eof s:eof", kOk, "", 1005, kClient},
    {"BareAnswer", "s:close c:bare c:eof s:eof", kOk, "", 3001, kServer},
    {"BareBeginning", "c:bare s:close c:eof s:eof", kOk, "", 1005, kClient},
    {"ThenClientReset", "c:close s:close c:reset", kOk, "", 1000, kClient},
    {"ThenServerReset", "c:close s:close s:reset", kOk, "", 1000, kClient},
    {"ThenPart", "c:close s:close c:part c:eof", kOk, "", 1000, kClient},
    {"ThenNoFrame", "c:close s:close s:bad s:eof", kOk, "", 1000, kClient},
    {"ThenMore", "c:close s:close c:text s:first s:eof", kOk, "", 1000, kClient},
    {"InsideMessages", "c:first s:first s:close c:close s:eof", kOk, "", 3001, kServer},
    {"TlsCutOff", "c:close s:close s:cut c:eof", kOk, "", 1000, kClient, "tls_truncated"},
    {"TlsCutOffTwice", "c:close s:close s:cut c:cut", kOk, "", 1000, kClient, "tls_truncated,tls_truncated"},
    {"NeverEnded", "c:close s:close close_timeout", kOk, "", 1000, kClient},
    {"ThenShutdown", "c:close s:close shutdown", kOk, "", 1000, kClient},
    {"ThenIdle", "c:close s:close idle_timeout", kOk, "", 1000, kClient},
    {"HalfClosedBefore", "c:close c:eof s:text s:close s:eof", kOk, "", 1000, kClient},
};

// Close seen one way only.
const Row kClosedOneWay[] = {
    {"ServerEof", "c:close s:eof", kOk, "", 1000, kClient},
    {"ClientEof", "s:close c:eof", kOk, "", 3001, kServer},
    {"BothEof", "c:close c:eof s:eof", kOk, "", 1000, kClient},
    {"ServerCut", "c:close s:cut", kOk, "", 1000, kClient, "tls_truncated"},
    {"ClientUnanswered", "c:close close_timeout", kOk, "", 1000, kClient, "close_unanswered"},
    {"ServerUnanswered", "s:close c:text close_timeout", kOk, "", 3001, kServer, "close_unanswered"},
    {"UnansweredInsideAMessage", "c:first s:close close_timeout", kOk, "", 3001, kServer, "close_unanswered"},
    {"PartBehindIt", "c:close c:part c:eof s:eof", kOk, "", 1000, kClient},
    {"MessageBehindIt", "c:close c:first c:eof s:eof", kOk, "", 1000, kClient},
    {"InsideItsOwnMessage", "c:first c:close c:eof s:eof", kOk, "", 1000, kClient},
    {"ClientReset", "c:close c:reset", kBad, "reset", 1000, kClient},
    {"ServerReset", "c:close s:reset", kBad, "reset", 1000, kClient},
    {"ResetAfterEof", "c:close s:eof c:reset", kBad, "reset", 1000, kClient},
    {"AnswerCutInAFrame", "c:close s:part s:eof", kBad, "aborted", 1000, kClient, "", 1001},
    {"AnswerCutInAMessage", "c:close s:first s:eof", kBad, "message_unfinished", 1000, kClient, "", 1001},
    {"NoFrameBehindIt", "c:close c:bad", kBad, "length_top_bit", 1000, kClient, "", 1002},
    {"NoFrameForAnswer", "c:close s:bad", kBad, "length_top_bit", 1000, kClient, "", 1001},
    {"Shutdown", "c:close shutdown", kOk, "shutdown", 1000, kClient, "", 1001},
    {"ShutdownAfterTheServers", "s:close shutdown", kOk, "shutdown", 3001, kServer, "", 0, 1001},
    {"Idle", "c:close idle_timeout", kBad, "idle_timeout", 1000, kClient, "", 1001},
};

// No Close at all.
const Row kNotClosed[] = {
    {"ClientEof", "c:text c:eof s:eof", kOk, "", 1006, kClient},
    {"ServerEof", "s:text s:eof c:eof", kOk, "", 1006, kServer},
    {"OneEofOnly", "s:eof", kOk, "", 1006, kServer},
    {"ClientCut", "c:cut s:eof", kOk, "", 1006, kClient, "tls_truncated"},
    {"EofInAClientsMessage", "c:first c:ping c:eof", kBad, "message_unfinished", 1006, kClient, "", 1002,
     1001},
    {"EofInAClientsFrame", "c:part c:eof", kBad, "aborted", 1006, kClient, "", 1002, 1001},
    {"EofInAServersFrame", "s:part s:eof", kBad, "aborted", 1006, kServer, "", 1001, 1002},
    {"EofInAServersMessage", "s:first s:eof", kBad, "message_unfinished", 1006, kServer, "", 1001, 1002},
    {"EofInAFrameOfAMessage", "c:first c:part c:eof", kBad, "aborted", 1006, kClient, "", 1002, 1001},
    {"CutInAFrame", "s:part s:cut", kBad, "aborted", 1006, kServer, "tls_truncated", 1001, 1002},
    {"EofInTheOthersMessage", "c:first s:eof", kOk, "", 1006, kServer},
    {"SecondEofInAMessage", "s:eof c:first c:eof", kBad, "message_unfinished", 1006, kServer, "", 0, 1001},
    {"ClientReset", "c:text c:reset", kBad, "reset", 1006, kClient},
    {"ServerReset", "s:reset", kBad, "reset", 1006, kServer},
    {"ResetInAFrame", "c:part c:reset", kBad, "reset", 1006, kClient},
    {"ResetInAMessage", "s:first s:reset", kBad, "reset", 1006, kServer},
    {"EofThenReset", "c:eof s:reset", kBad, "reset", 1006, kClient},
    {"EofThenItsOwnReset", "c:eof c:reset", kBad, "reset", 1006, kClient},
    {"NoFrame", "s:bad", kBad, "length_top_bit", 1002, kWstap, "", 1001, 1002},
    {"NoFrameThenClose", "c:bad s:close s:eof", kBad, "length_top_bit", 1002, kWstap, "", 1002, 1001},
    {"Idle", "idle_timeout", kBad, "idle_timeout", 1001, kWstap, "", 1001, 1001},
    {"IdleThenClosed", "idle_timeout c:close s:close", kBad, "idle_timeout", 1001, kWstap, "", 1001, 1001},
    {"InternalError", "c:text internal_error", kBad, "internal_error", 1001, kWstap, "", 1001, 1001},
};

// wstap's own shutdown: complete, whatever the peers make of it.
const Row kShutdown[] = {
    {"Silent", "shutdown", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"Answered", "shutdown c:close s:close c:eof s:eof", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"InsideAMessage", "c:first shutdown c:eof", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"InsideAFrame", "s:part shutdown s:eof", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"ThenReset", "shutdown c:reset s:reset", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"ThenNoFrame", "shutdown s:bad", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"Twice", "shutdown shutdown", kOk, "shutdown", 1001, kWstap, "", 1001, 1001},
    {"HalfClosedBefore", "c:eof shutdown", kOk, "shutdown", 1006, kClient, "", 1001},
    {"AfterAReset", "c:reset shutdown", kBad, "reset", 1006, kClient},
};

constexpr auto kName = [](const auto& row) { return std::string(row.param.name); };
INSTANTIATE_TEST_SUITE_P(ClosedBothWays, FlowEnding, testing::ValuesIn(kClosedBothWays), kName);
INSTANTIATE_TEST_SUITE_P(ClosedOneWay, FlowEnding, testing::ValuesIn(kClosedOneWay), kName);
INSTANTIATE_TEST_SUITE_P(NotClosed, FlowEnding, testing::ValuesIn(kNotClosed), kName);
INSTANTIATE_TEST_SUITE_P(Shutdown, FlowEnding, testing::ValuesIn(kShutdown), kName);

// FRM-7: the reason is kept as received, and cut off nowhere.
TEST_F(FlowEnds, WithTheReasonOfWhoeverBegan) {
  tell("s:close c:close");
  EXPECT_EQ(finish().close_reason, "enough");
}

// FRM-7: a Close ends its direction; what follows is recorded and dropped.
TEST_F(FlowEnds, WithTheFirstCloseOfADirection) {
  tell("c:text c:close c:text c:close s:text");
  const auto sent = tap.frames_of(kSend);
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[1].verdict, Verdict::forwarded);
  for (std::size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(sent[i].verdict, Verdict::dropped);
    EXPECT_EQ(sent[i].cause, "after_close");
  }
  EXPECT_EQ(frames_left(kSend).size(), 2U);
  EXPECT_EQ(frames_left(kReceive).size(), 1U) << "the other direction goes on";
  feed(kSend, close_frame(kSend, 1011, "no: failed"));
  const auto closed = finish();
  EXPECT_EQ(closed.close_code, 1000);
  EXPECT_EQ(closed.close_reason, "bye");
}

// FRM-4: the unfinished frame's bytes stay on the flow's end, with where they began.
TEST_F(FlowEnds, WithWhatWasUnfinished) {
  tell("s:text s:part s:eof");
  flow().keep_unfinished(kReceive, {});  // as a relay does that gives up its memory
  const auto closed = finish();
  EXPECT_EQ(closed.unfinished[1], to_buffer(Bytes(text_frame(kReceive, "part")).first(4)));
  EXPECT_EQ(closed.offset, text_frame(kReceive, "text").size());
  EXPECT_EQ(closed.detail, "received=4");
}

// After its farewell wstap passes nothing on, not even in verbatim mode behind a Close.
TEST_F(FlowEnds, WithNothingBehindTheFarewell) {
  options.forward = pipeline::Forward::verbatim;
  tell("c:close shutdown");
  const auto before = left(kSend);
  tell("c:text s:text s:close");
  EXPECT_EQ(left(kSend), before);
  EXPECT_TRUE(left(kReceive).empty());
  ASSERT_GE(tap.frames.size(), 5U);
  for (std::size_t i = tap.frames.size() - 3; i < tap.frames.size(); ++i) {
    EXPECT_EQ(tap.frames[i].verdict, Verdict::dropped);
    EXPECT_EQ(tap.frames[i].cause, "shutdown");
  }
}

// What would end another flow is then no more than one frame that is dropped.
TEST_F(FlowEnds, WithNoFaultsBehindTheFarewell) {
  options.on_anomaly = pipeline::OnAnomaly::close;
  tell("shutdown");
  const auto too_long = proper(kSend, {.opcode = 9, .payload = Buffer(126)});
  EXPECT_FALSE(feed(kSend, Bytes(too_long).first(8)).fault);
  EXPECT_FALSE(feed(kSend, Bytes(too_long).subspan(8)).fault);
  EXPECT_FALSE(feed(kReceive, wire({.opcode = 3, .mask = kClientMask})).fault);
  ASSERT_EQ(tap.frames.size(), 4U);
  for (std::size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(tap.frames[i].verdict, Verdict::dropped);
    EXPECT_EQ(tap.frames[i].cause, "shutdown");
  }
}

// A frame that could not be delivered marks where delivery ended, the earliest one.
TEST_F(FlowEnds, WithTheFirstFrameThatWasNotDelivered) {
  flow().undelivered(kSend, 9);
  flow().undelivered(kSend, 5);
  flow().undelivered(kSend, 7);
  const auto closed = finish();
  EXPECT_EQ(closed.undelivered_from[0], 5U);
  EXPECT_FALSE(closed.undelivered_from[1]);
}

}  // namespace
}  // namespace wstap::test
