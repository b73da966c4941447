// SPDX-License-Identifier: Apache-2.0
// What the RFCs forbid and can still be passed on: forwarded, recorded, named on the frame; or the end of the
// flow, where that is asked for (FRM-5).
#include "tests/support/deflating_peer.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::OnAnomaly;
using pipeline::Verdict;
using ws::Anomaly;

struct Row {
  Anomaly anomaly;
  ws::Direction direction;
  Buffer before;  ///< frames that make the next one an anomaly
  Buffer frame;
  std::uint16_t code;  ///< with --on-anomaly close
  const char* extensions = "";
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << ws::info(row.anomaly).name;
}

std::vector<Row> rows() {
  const auto send = [](WireFrame frame) { return proper(kSend, std::move(frame)); };
  const auto receive = [](WireFrame frame) { return proper(kReceive, std::move(frame)); };
  const auto one = bytes("a");
  return {
      {Anomaly::unmasked_from_client, kSend, {}, wire({.payload = one}), 1002},
      {Anomaly::masked_from_server, kReceive, {}, wire({.payload = one, .mask = kClientMask}), 1002},
      {Anomaly::reserved_opcode, kSend, {}, send({.opcode = 3, .payload = one}), 1002},
      {Anomaly::reserved_opcode, kReceive, {}, receive({.opcode = 0xf, .payload = one}), 1002},
      {Anomaly::rsv_without_extension, kSend, {}, send({.payload = one, .rsv = 4}), 1002},
      {Anomaly::rsv_without_extension,
       kReceive,
       {},
       receive({.payload = one, .rsv = 2}),
       1002,
       "permessage-deflate"},
      {Anomaly::rsv1_on_continuation, kReceive, receive({.payload = one, .fin = false}),
       receive({.opcode = 0, .payload = one, .rsv = 4}), 1002, "permessage-deflate"},
      {Anomaly::rsv1_on_control, kSend, {}, send({.opcode = 9, .rsv = 4}), 1002, "permessage-deflate"},
      {Anomaly::stray_continuation, kSend, {}, send({.opcode = 0, .payload = one}), 1002},
      {Anomaly::data_inside_message, kSend, send({.payload = one, .fin = false}), send({.payload = one}),
       1002},
      {Anomaly::non_minimal_length,
       kReceive,
       {},
       receive({.payload = one, .length = LengthForm::in_16_bits}),
       1002},
      {Anomaly::text_not_utf8, kSend, {}, send({.payload = hex("c328")}), 1007},
      {Anomaly::text_not_utf8, kReceive, receive({.payload = hex("e2"), .fin = false}),
       receive({.opcode = 0, .payload = hex("28")}), 1007},
      {Anomaly::close_reason_not_utf8, kSend, {}, send({.opcode = 8, .payload = hex("03e8ff")}), 1007},
      {Anomaly::close_payload_of_one_byte, kReceive, {}, receive({.opcode = 8, .payload = hex("03")}), 1002},
      {Anomaly::forbidden_close_code, kSend, {}, send({.opcode = 8, .payload = close_body(1005)}), 1002},
      {Anomaly::after_close, kSend, close_frame(kSend, 1000), send({.payload = one}), 1002},
  };
}

class AnomalousFrame : public FlowTest, public testing::WithParamInterface<Row> {
 protected:
  AnomalousFrame() {
    extensions = GetParam().extensions;
    steps = {probe_};
  }
  ws::AnomalySet expected() const {
    ws::AnomalySet one;
    one.add(GetParam().anomaly);
    return one;
  }
  std::shared_ptr<ScriptedStep> probe_ = scripted(pipeline::StepKind::plugin_pre);
};

// FRM-5: forwarded, recorded, and named on the frame.
TEST_P(AnomalousFrame, IsForwardedAndNamed) {
  options.forward = pipeline::Forward::verbatim;
  const auto& row = GetParam();
  const auto took = feed(row.direction, concat({row.before, row.frame}));
  EXPECT_FALSE(took.fault);
  EXPECT_EQ(left(row.direction), concat({row.before, row.frame}));
  ASSERT_FALSE(tap.frames.empty());
  EXPECT_EQ(tap.frames.back().raw, row.frame);
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
  ASSERT_EQ(probe_->seen.size(), tap.frames.size());
  EXPECT_EQ(probe_->seen.back().envelope.anomalies, expected());
  for (std::size_t i = 0; i + 1 < probe_->seen.size(); ++i)
    EXPECT_TRUE(probe_->seen[i].envelope.anomalies.empty()) << i;
}

// FRM-5
TEST_P(AnomalousFrame, IsForwardedAnewByDefault) {
  const auto& row = GetParam();
  const auto took = feed(row.direction, concat({row.before, row.frame}));
  EXPECT_FALSE(took.fault);
  EXPECT_EQ(tap.received(row.direction), concat({row.before, row.frame}));
  // What follows a Close is the one that does not leave (FRM-7).
  const std::size_t withheld = row.anomaly == Anomaly::after_close ? 1 : 0;
  EXPECT_EQ(frames_left(row.direction).size(), tap.frames.size() - withheld);
  EXPECT_FALSE(flow().failed());
}

// FRM-5: --on-anomaly close: 1007 for UTF-8, else 1002; the frame is recorded and does not leave.
TEST_P(AnomalousFrame, EndsTheFlowIfAsked) {
  options.on_anomaly = OnAnomaly::close;
  const auto& row = GetParam();
  const auto took = feed(row.direction, concat({row.before, row.frame}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, ws::info(row.anomaly).name);
  EXPECT_EQ(took.fault->close_code, row.code);
  EXPECT_EQ(took.fault->offset, row.before.size());
  EXPECT_EQ(tap.frames.back().raw, row.frame);
  EXPECT_EQ(tap.frames.back().verdict, Verdict::dropped);
  EXPECT_EQ(tap.frames.back().cause, "on_anomaly");
  EXPECT_EQ(frames_left(row.direction), parse_frames(row.before));
  const auto closed = finish();
  EXPECT_EQ(closed.state, pipeline::FlowState::error);
  EXPECT_EQ(closed.reason, ws::info(row.anomaly).name);
  EXPECT_EQ(farewell(ws::opposite(row.direction)), close_body(row.code));
}

INSTANTIATE_TEST_SUITE_P(Each, AnomalousFrame, testing::ValuesIn(rows()), [](const auto& row) {
  return std::to_string(row.index) + "_" + std::string(ws::info(row.param.anomaly).name);
});

using Anomalies = FlowTest;

// FRM-5: all of a frame's, by name.
TEST_F(Anomalies, AreAllNamed) {
  options.on_anomaly = OnAnomaly::close;
  const auto took = feed(kSend, wire({.opcode = 0, .payload = bytes("x"), .rsv = 2}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "unmasked_from_client,rsv_without_extension,stray_continuation");
}

// FRM-5: payloads are looked at for this, also when no step wants them.
TEST_F(Anomalies, AreSoughtInPayloadsIfAsked) {
  const auto bad = proper(kReceive, {.payload = hex("c328")});
  EXPECT_FALSE(feed(kReceive, bad).fault);
  EXPECT_EQ(counters.frames_unmasked.load(), 0U);

  options.on_anomaly = OnAnomaly::close;
  pipeline::LaneScratch scratch;
  pipeline::Flow strict({.id = 1}, pipeline::Pipeline(), {options, tap, entropy, counters});
  Buffer again = bad;
  const auto turn = strict.take(kReceive, again, 0, scratch);
  ASSERT_TRUE(turn.fault);
  EXPECT_EQ(turn.fault->close_code, 1007);
  EXPECT_EQ(counters.frames_unmasked.load(), 1U);
}

// FRM-5: of a compressed message it is what it says that is judged, and whether it can be read at all.
TEST_F(Anomalies, AreSoughtInWhatCompressedTextSays) {
  extensions = "permessage-deflate";
  options.on_anomaly = OnAnomaly::close;
  DeflatingPeer peer;
  EXPECT_FALSE(feed(kSend, proper(kSend, {.payload = peer.message(bytes("fine")), .rsv = 4})).fault);
  EXPECT_EQ(counters.bytes_inflated.load(), 4U);
  const auto took = feed(kSend, proper(kSend, {.payload = peer.message(hex("c328")), .rsv = 4}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "text_not_utf8");
  EXPECT_EQ(took.fault->close_code, 1007);

  const auto corrupt = feed(kReceive, proper(kReceive, {.opcode = 2, .payload = hex("ffffff"), .rsv = 4}));
  ASSERT_TRUE(corrupt.fault);
  EXPECT_EQ(corrupt.fault->reason, "invalid_deflate");
  EXPECT_EQ(corrupt.fault->close_code, 1007);
}

// FRM-6: what is text to RFC 6455 may be something else to an extension that wstap does not know.
TEST_F(Anomalies, AreNotSoughtUnderAnUnknownExtension) {
  options.on_anomaly = OnAnomaly::close;
  for (const char* accepted : {"x-unknown", "x-unknown, permessage-deflate"}) {
    pipeline::LaneScratch scratch;
    pipeline::Flow flow({.id = 1, .extensions = accepted}, pipeline::Pipeline(),
                        {options, tap, entropy, counters});
    DeflatingPeer peer;
    for (auto frame : {proper(kReceive, {.payload = hex("fffe"), .rsv = 2}),
                       proper(kReceive, {.payload = peer.message(hex("fffe")), .rsv = 6})})
      EXPECT_FALSE(flow.take(kReceive, frame, 0, scratch).fault) << accepted;
  }
}

TEST_F(Anomalies, DoNotEndAnOrderlyFlow) {
  options.on_anomaly = OnAnomaly::close;
  const auto stream =
      concat({proper(kReceive, {.payload = hex("e282"), .fin = false}),
              proper(kReceive, {.opcode = 9, .payload = hex("ff")}),
              proper(kReceive, {.opcode = 0, .payload = hex("ac")}),
              proper(kReceive, {.opcode = 2, .payload = hex("c328")}), close_frame(kReceive, 1000, "bye")});
  EXPECT_FALSE(feed(kReceive, stream).fault);
  EXPECT_EQ(left(kReceive), stream);
}

}  // namespace
}  // namespace wstap::test
