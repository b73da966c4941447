// SPDX-License-Identifier: Apache-2.0
// PIPE-4: frames and flows as filters see them.
#include "libcore/pipeline/frame_subject.h"

#include <gtest/gtest.h>

#include "libcore/ws/close.h"

namespace wstap::pipeline {
namespace {

class SubjectOfFrame : public testing::Test {
 protected:
  bool matches(std::string_view expression) {
    const auto filter = filter::Filter::compile(expression, vocabulary());
    EXPECT_TRUE(filter) << expression << (filter ? "" : filter.error().text());
    return filter && filter->matches(subject_of(envelope, payload, names.subject()));
  }
  FlowNames names{3, "wss://example.com/chat", ""};
  Envelope envelope;
  Bytes payload;
};

TEST_F(SubjectOfFrame, HasTheNamesOfTheProgram) {
  envelope.frame.header.opcode = ws::kPing;
  envelope.direction = ws::Direction::receive;
  envelope.verdict = Verdict::swallowed;
  envelope.anomalies.add(ws::Anomaly::after_close);
  envelope.anomalies.add(ws::Anomaly::wrong_accept);
  envelope.cause = "keepalive";
  envelope.tags = {"x"};
  for (const char* expression :
       {"ping", "receive", "dir == server_to_client", "verdict == swallowed", "anomaly == after_close",
        "anomaly == wrong_accept", "not anomaly == text_not_utf8", "cause == \"keepalive\"", "tag == \"x\"",
        "flow == 3"})
    EXPECT_TRUE(matches(expression)) << expression;
  // Every name of each is known.
  for (const auto& entry : ws::all_anomalies()) matches("anomaly == " + std::string(entry.name));
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode)
    matches("opcode == " + std::string(ws::opcode_name(opcode)));
  for (std::size_t i = 0; i < kVerdicts; ++i)
    matches("verdict == " + std::string(name(static_cast<Verdict>(i))));
}

TEST_F(SubjectOfFrame, SaysTextOfTextOnly) {
  payload = as_bytes("hello");
  envelope.frame.header.opcode = ws::kContinuation;
  envelope.placement.part = ws::Part::last;
  envelope.placement.message_opcode = ws::kText;
  EXPECT_TRUE(matches("text contains \"ell\" and payload.length == 5"));
  envelope.placement.message_opcode = ws::kBinary;
  EXPECT_FALSE(matches("text contains \"ell\""));
  EXPECT_TRUE(matches("payload contains \"ell\""));
}

// DEF-5, DEF-8
TEST_F(SubjectOfFrame, HidesWhatCannotBeInflated) {
  payload = as_bytes("hello");
  envelope.frame.header.opcode = ws::kText;
  envelope.placement.part = ws::Part::whole;
  envelope.placement.message_opcode = ws::kText;
  envelope.placement.compressed = true;
  for (const auto inflation : {ws::Inflation::limited, ws::Inflation::opaque, ws::Inflation::needs_part}) {
    envelope.inflation = inflation;
    EXPECT_FALSE(matches("payload")) << name(inflation);
  }
  envelope.inflation = ws::Inflation::done;
  EXPECT_TRUE(matches("text == \"hello\" and compressed"));
  envelope.inflation = ws::Inflation::none;  // shown as the bytes they are
  EXPECT_TRUE(matches("payload == \"hello\" and not text == \"hello\""));
  payload = as_bytes("3");  // ... and not as JSON that nobody wrote
  EXPECT_TRUE(matches("payload and not json(\"\")"));
}

TEST_F(SubjectOfFrame, ReadsACloseBody) {
  const Buffer body = ws::close_payload(4000, "bye");
  payload = body;
  envelope.frame.header.opcode = ws::kClose;
  EXPECT_TRUE(matches("close and close.code == 4000 and text == \"bye\""));
  payload = payload.first(1);
  EXPECT_FALSE(matches("close.code or text == \"\""));
}

TEST_F(SubjectOfFrame, KnowsHowLongACutPayloadWas) {
  payload = as_bytes("hel");
  envelope.frame.header.payload_len = envelope.cut_from = 5;
  EXPECT_TRUE(matches("length == 5 and payload.length == 5 and payload == \"hel\""));
}

}  // namespace
}  // namespace wstap::pipeline
