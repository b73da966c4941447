// SPDX-License-Identifier: Apache-2.0
// Every kind of record, written and read again: with every field set, and with none.
#include <gtest/gtest.h>

#include "formats/errors.h"
#include "formats/record_decoder.h"
#include "formats/record_encoder.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

/// The record after its way through bytes, if those hold one of the same kind.
template <class Kind>
Kind there_and_back(const Kind& record) {
  const Buffer bytes = encode(record);
  DecoderScratch scratch;
  auto read = decode(bytes, scratch);
  if (!read) throw std::runtime_error(read.error().text());
  return std::get<Kind>(std::move(*read));
}

template <class Kind>
void expect_same(const Kind& record) {
  EXPECT_EQ(test::fields(there_and_back(record)), test::fields(record));
}

TEST(RecordCodec, HeadersComeBack) {
  expect_same(test::full_header());
  expect_same(Header{});
}

TEST(RecordCodec, FlowsOpenedComeBack) {  // FLOW-1
  expect_same(test::full_flow_opened());
  expect_same(pipeline::FlowOpened{});
}

TEST(RecordCodec, EveryUpgradeAnomalyComesBack) {
  for (const auto& entry : ws::all_anomalies()) {
    pipeline::FlowOpened flow;
    flow.anomalies.add(entry.anomaly);
    EXPECT_EQ(there_and_back(flow).anomalies, flow.anomalies) << entry.name;
  }
}

TEST(RecordCodec, FlowsClosedComeBack) {  // FLOW-1
  expect_same(test::full_flow_closed());
  expect_same(pipeline::FlowClosed{});
}

TEST(RecordCodec, ConnectionsComeBack) {  // FLOW-4
  expect_same(test::full_connection());
  expect_same(pipeline::ConnectionRecord{});
}

TEST(RecordCodec, OutcomesComeBack) {
  expect_same(test::full_outcome());
  expect_same(pipeline::Outcome{});
}

TEST(RecordCodec, WindowsComeBack) {  // CAP-5
  expect_same(pipeline::Window{7, ws::Direction::receive, Buffer(32768, std::byte{5})});
  expect_same(pipeline::Window{});
}

TEST(RecordCodec, GapsComeBack) {  // INS-6
  for (const auto unread :
       {ws::Inflation::none, ws::Inflation::limited, ws::Inflation::opaque, ws::Inflation::needs_part})
    expect_same(Gap{7, ws::Direction::receive, {true, true, true, ws::kBinary, 30, 1234}, unread});
  expect_same(Gap{});
}

TEST(RecordCodec, NotesComeBack) {
  expect_same(pipeline::Note{3, test::kSampleTime, "message_limited"});
  expect_same(pipeline::Note{});
}

TEST(RecordCodec, EnumerationsComeBack) {  // FLOW-3
  for (std::size_t i = 0; i < pipeline::kVerdicts; ++i)
    expect_same(pipeline::Outcome{.verdict = static_cast<pipeline::Verdict>(i)});
  for (const auto state :
       {pipeline::FlowState::active, pipeline::FlowState::complete, pipeline::FlowState::error})
    expect_same(pipeline::FlowClosed{.state = state});
  for (const auto began :
       {pipeline::Party::none, pipeline::Party::client, pipeline::Party::server, pipeline::Party::proxy})
    expect_same(pipeline::FlowClosed{.began = began});
  for (const auto kind : {pipeline::ConnectionKind::refused, pipeline::ConnectionKind::failed,
                          pipeline::ConnectionKind::opaque, pipeline::ConnectionKind::blocked})
    expect_same(pipeline::ConnectionRecord{.kind = kind});
}

TEST(RecordCodec, AnEmptySentVersionIsNotNone) {
  expect_same(pipeline::Outcome{.sent = Buffer()});
  EXPECT_TRUE(there_and_back(pipeline::Outcome{.sent = Buffer()}).sent.has_value());
}

TEST(RecordCodec, BurstsComeBackWithTheirMarks) {
  test::OwnBurst burst{.flow = 9,
                       .direction = ws::Direction::receive,
                       .first_sequence = 1ULL << 40,
                       .frames = {test::server_text("a"), test::server_text("bb"), test::server_text("ccc")}};
  burst.marks = {{0, pipeline::Verdict::changed, "rule", test::bytes("sent"), {"one", "two"}},
                 {2, pipeline::Verdict::dropped, "", {}, {}}};
  burst.marks[0].anomalies.add(ws::Anomaly::text_not_utf8);  // LIM-3
  burst.marks[0].anomalies.add(ws::Anomaly::invalid_deflate);
  burst.marks[0].logged = {"noted"};  // SAFE-3
  burst.marks[1].withheld = true;     // SAFE-4
  burst.marks[1].content = test::bytes("what is left");
  burst.marks[1].content_bytes = 40;
  burst.marks[1].redacted = {"hidden", "too"};
  const Buffer bytes = encode(burst.view());
  DecoderScratch scratch;
  const auto read = decode(bytes, scratch);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(test::fields(std::get<pipeline::Burst>(*read)), test::fields(burst.view()));
}

TEST(RecordCodec, ABurstViewsTheMessageItIsIn) {
  test::OwnBurst burst{.frames = {test::server_text("a"), test::server_text("b")}};
  for (const bool marked : {false, true}) {
    if (marked) burst.marks = {{1, pipeline::Verdict::dropped, "", {}, {}}};
    const Buffer bytes = encode(burst.view());
    DecoderScratch scratch;
    const auto read = decode(bytes, scratch);
    ASSERT_TRUE(read);
    const Bytes raw = std::get<pipeline::Burst>(*read).raw;
    EXPECT_GE(raw.data(), bytes.data());
    EXPECT_LE(raw.data() + raw.size(), bytes.data() + bytes.size());
  }
}

// Records beyond the builder's first segment have several; their segment table is longer.
TEST(RecordCodec, LargeRecordsComeBack) {
  for (const std::size_t size : {8'000U, 64'000U, 1'000'000U}) {
    SCOPED_TRACE(size);
    pipeline::FlowOpened flow = test::full_flow_opened();
    flow.facts.request_head = test::random_bytes(size, 1);
    flow.facts.response_head = test::random_bytes(size, 2);
    expect_same(flow);
    const Buffer bytes = encode(flow);
    const auto length = bytes_needed(bytes);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_EQ(*length, bytes.size());
  }
}

TEST(RecordCodec, SomethingElseThanACaptureIsNoHeader) {
  Buffer bytes = encode(test::full_header());
  const auto magic = as_text(bytes).find("wstap capture");
  ASSERT_NE(magic, std::string_view::npos);
  bytes[magic] = std::byte{'W'};
  DecoderScratch scratch;
  const auto read = decode(bytes, scratch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::bad_magic);
}

TEST(RecordCodec, ANewerVersionIsRefusedByItsNumber) {  // CAP-4
  Header header = test::full_header();
  header.version = kFormatVersion + 1;
  const Buffer bytes = encode(header);
  DecoderScratch scratch;
  const auto read = decode(bytes, scratch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::newer_version);
  EXPECT_EQ(read.error().detail, "version 2, this wstap reads up to 1");
}

}  // namespace
}  // namespace wstap::formats
