// SPDX-License-Identifier: Apache-2.0
// Each thing that RFC 6455 and 7692 forbid, as bytes on the wire, is found on the frame that does it, alone,
// and under its section (FRM-5).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "libcore/ws/payload_checker.h"
#include "tests/support/bytes.h"
#include "tests/support/inbox_reader.h"

namespace wstap::ws {
namespace {

using enum Direction;
using enum Anomaly;

constexpr Negotiated kPlain{};
constexpr Negotiated kDeflate{.permessage_deflate = true};
constexpr Negotiated kUnknown{.unknown_extension = true};

struct Row {
  const char* name;
  Direction direction;
  Negotiated negotiated;
  std::string wire;  ///< frames in hex; the last one is meant
  Anomaly anomaly;
  const char* section;

  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

/// The anomalies of each frame of `wire`, as a recording relay and its reader see them together.
std::vector<AnomalySet> anomalies_in(Bytes wire, Direction direction, Negotiated negotiated) {
  test::InboxReader reader(1 << 20, 64);
  reader.feed(wire);
  EXPECT_TRUE(reader.inbox().kept().empty()) << "the row ends inside a frame";

  MessageTracker tracker(direction, negotiated);
  PayloadChecker checker;
  std::vector<AnomalySet> found;
  for (const Buffer& raw : reader.frames()) {
    FrameHeader header;
    EXPECT_TRUE(decode_header(raw, header));
    Buffer payload = to_buffer(Bytes(raw).subspan(header.header_len));
    mask_in_place(payload, header.mask);
    const Placement placed = tracker.observe(header, found.size());
    found.push_back(placed.anomalies);
    found.back().add(checker.check(header, placed, payload));
  }
  return found;
}

std::vector<std::string_view> names(AnomalySet set) {
  std::vector<std::string_view> found;
  set.for_each([&](const AnomalyInfo& entry) { found.push_back(entry.name); });
  return found;
}

std::string zeros(std::size_t count) {
  return test::repeated("00", count);
}

const Row kRows[] = {
    {"UnmaskedText", send, kPlain, "81 01 61", unmasked_from_client, "RFC 6455 5.1"},
    {"UnmaskedPing", send, kPlain, "89 00", unmasked_from_client, "RFC 6455 5.1"},
    {"MaskedText", receive, kPlain, "81 81 01020304 60", masked_from_server, "RFC 6455 5.1"},
    {"MaskedWithAKeyOfZeros", receive, kPlain, "82 80 00000000", masked_from_server, "RFC 6455 5.1"},
    {"ReservedDataOpcode", receive, kPlain, "83 00", reserved_opcode, "RFC 6455 5.2"},
    {"LastReservedDataOpcode", receive, kPlain, "87 00", reserved_opcode, "RFC 6455 5.2"},
    {"ReservedControlOpcode", receive, kPlain, "8b 00", reserved_opcode, "RFC 6455 5.2"},
    {"LastReservedControlOpcode", receive, kPlain, "8f 00", reserved_opcode, "RFC 6455 5.2"},
    {"Rsv1OnText", receive, kPlain, "c1 00", rsv_without_extension, "RFC 6455 5.2"},
    {"Rsv1OnPing", receive, kPlain, "c9 00", rsv_without_extension, "RFC 6455 5.2"},
    {"Rsv2UnderDeflate", receive, kDeflate, "a2 00", rsv_without_extension, "RFC 6455 5.2"},
    {"Rsv3UnderDeflate", receive, kDeflate, "92 00", rsv_without_extension, "RFC 6455 5.2"},
    {"Rsv2BesideRsv1OfACompressedMessage", receive, kDeflate, "e2 00", rsv_without_extension, "RFC 6455 5.2"},
    {"Rsv1OnContinuation", receive, kDeflate, "42 00  c0 00", rsv1_on_continuation, "RFC 7692 6.1"},
    {"Rsv1OnPong", receive, kDeflate, "ca 00", rsv1_on_control, "RFC 7692 6.1"},
    {"Rsv1OnClose", receive, kDeflate, "c8 00", rsv1_on_control, "RFC 7692 6.1"},
    {"ContinuationFirst", receive, kPlain, "80 00", stray_continuation, "RFC 6455 5.4"},
    {"ContinuationWithoutFin", receive, kPlain, "00 00", stray_continuation, "RFC 6455 5.4"},
    {"ContinuationAfterTheLast", receive, kPlain, "02 00  80 00  80 00", stray_continuation, "RFC 6455 5.4"},
    {"ContinuationAfterAWhole", receive, kPlain, "82 00  80 00", stray_continuation, "RFC 6455 5.4"},
    {"TextInsideAMessage", receive, kPlain, "02 00  81 00", data_inside_message, "RFC 6455 5.4"},
    {"FragmentInsideAMessage", receive, kPlain, "01 00  89 00  00 00  02 00", data_inside_message,
     "RFC 6455 5.4"},
    {"EmptyIn16Bits", receive, kPlain, "82 7e 0000", non_minimal_length, "RFC 6455 5.2"},
    {"OneByteIn64Bits", receive, kPlain, "82 7f 0000000000000001 00", non_minimal_length, "RFC 6455 5.2"},
    {"MaskedIn64Bits", send, kPlain, "82 ff 0000000000000001 01020304 00", non_minimal_length,
     "RFC 6455 5.2"},
    {"LongLengthOnAPing", receive, kPlain, "89 7e 0000", non_minimal_length, "RFC 6455 5.2"},
    {"PingOf126", receive, kPlain, "89 7e 007e" + zeros(126), control_too_long, "RFC 6455 5.5"},
    {"PongOf65536", receive, kPlain, "8a 7f 0000000000010000" + zeros(65536), control_too_long,
     "RFC 6455 5.5"},
    {"PingWithoutFin", receive, kPlain, "09 00", fragmented_control, "RFC 6455 5.5"},
    {"CloseWithoutFin", receive, kPlain, "08 00", fragmented_control, "RFC 6455 5.5"},
    {"TextOfABadByte", receive, kPlain, "81 01 ff", text_not_utf8, "RFC 6455 8.1"},
    {"MaskedTextOfABadByte", send, kPlain, "81 81 01020304 fe", text_not_utf8, "RFC 6455 8.1"},
    {"TextOfASurrogate", receive, kPlain, "81 03 eda080", text_not_utf8, "RFC 6455 8.1"},
    {"TextCutInACharacter", receive, kPlain, "81 02 e282", text_not_utf8, "RFC 6455 8.1"},
    {"FragmentsCutInACharacter", receive, kPlain, "01 01 e2  80 01 82", text_not_utf8, "RFC 6455 8.1"},
    {"BadByteInAMiddleFragment", receive, kPlain, "01 01 61  00 01 ff", text_not_utf8, "RFC 6455 8.1"},
    {"TextUncompressedUnderDeflate", receive, kDeflate, "81 01 ff", text_not_utf8, "RFC 6455 8.1"},
    {"ReasonOfABadByte", receive, kPlain, "88 03 03e8 ff", close_reason_not_utf8, "RFC 6455 5.5.1"},
    {"ReasonCutInACharacter", send, kPlain, "88 84 00000000 03e8 e282", close_reason_not_utf8,
     "RFC 6455 5.5.1"},
    {"CloseOfOneByte", receive, kPlain, "88 01 03", close_payload_of_one_byte, "RFC 6455 5.5.1"},
    {"Code999", receive, kPlain, "88 02 03e7", forbidden_close_code, "RFC 6455 7.4"},
    {"Code1005", receive, kPlain, "88 02 03ed", forbidden_close_code, "RFC 6455 7.4"},
    {"Code5000", receive, kPlain, "88 02 1388", forbidden_close_code, "RFC 6455 7.4"},
    {"TextAfterClose", receive, kPlain, "88 00  81 00", after_close, "RFC 6455 5.5.1"},
    {"PingAfterClose", receive, kPlain, "88 00  89 00", after_close, "RFC 6455 5.5.1"},
    {"SecondClose", receive, kPlain, "88 00  88 00", after_close, "RFC 6455 5.5.1"},
    {"RestOfAMessageAfterClose", receive, kPlain, "01 00  88 00  80 00", after_close, "RFC 6455 5.5.1"},
};

class FrameAnomaly : public testing::TestWithParam<Row> {};

// FRM-5
TEST_P(FrameAnomaly, IsFoundAloneOnTheFrameThatDoesIt) {
  const Row& row = GetParam();
  const auto found = anomalies_in(test::hex(row.wire), row.direction, row.negotiated);
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(names(found.back()), testing::ElementsAre(info(row.anomaly).name));
  EXPECT_EQ(info(row.anomaly).section, row.section);
  for (std::size_t i = 0; i + 1 < found.size(); ++i) EXPECT_THAT(names(found[i]), testing::IsEmpty()) << i;
}

INSTANTIATE_TEST_SUITE_P(Frm5, FrameAnomaly, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

// FRM-5: the two that no frame shows here belong to inflating and to the opening handshake.
TEST(FrameAnomalies, EveryOneThatFramesCanShowHasARow) {
  std::set<Anomaly> shown = {invalid_deflate, extension_not_offered, wrong_accept};
  for (const auto& row : kRows) shown.insert(row.anomaly);
  EXPECT_EQ(shown.size(), all_anomalies().size());
}

TEST(FrameAnomalies, AreAllListedWhenOneFrameDoesSeveral) {
  const auto found = anomalies_in(test::hex("88 00  78 fe 0001 00000000 03"), receive, kPlain);
  EXPECT_THAT(names(found.at(1)),
              testing::ElementsAre("masked_from_server", "rsv_without_extension", "non_minimal_length",
                                   "fragmented_control", "close_payload_of_one_byte", "after_close"));
}

TEST(FrameAnomalies, Rsv1MeansNothingOnAReservedOpcodeEvenUnderDeflate) {
  for (const char* wire : {"c3 00", "cb 00"}) {
    const auto found = anomalies_in(test::hex(wire), receive, kDeflate);
    EXPECT_THAT(names(found.at(0)), testing::ElementsAre("reserved_opcode", "rsv_without_extension")) << wire;
  }
}

struct Clean {
  const char* name;
  Direction direction;
  Negotiated negotiated;
  const char* wire;

  friend void PrintTo(const Clean& row, std::ostream* out) { *out << row.name; }
};

class CleanFrames : public testing::TestWithParam<Clean> {};

// FRM-5: and nothing else is reported.
TEST_P(CleanFrames, HaveNoAnomaly) {
  const auto found = anomalies_in(test::hex(GetParam().wire), GetParam().direction, GetParam().negotiated);
  ASSERT_FALSE(found.empty());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_THAT(names(found[i]), testing::IsEmpty()) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Frm5, CleanFrames,
    testing::Values(
        Clean{"ExamplesOfRfc6455", receive, kPlain,
              "81 05 48656c6c6f  01 03 48656c  80 02 6c6f  89 05 48656c6c6f"},
        Clean{"MaskedExamplesOfRfc6455", send, kPlain,
              "81 85 37fa213d 7f9f4d5158  8a 85 37fa213d 7f9f4d5158"},
        Clean{"ControlFramesBetweenFragments", receive, kPlain,
              "01 01 e2  89 01 ff  00 01 82  8a 01 ff  80 01 ac"},
        Clean{"CloseInsideAMessage", receive, kPlain, "01 01 61  88 02 03e8"},
        Clean{"CloseWithoutPayload", receive, kPlain, "88 00"},
        Clean{"CloseWithTheGreatestPrivateCode", receive, kPlain, "88 05 1387 e282ac"},
        Clean{"BinaryThatIsNotUtf8", receive, kPlain, "82 01 ff  02 01 ff  80 01 ff"},
        Clean{"EmptyTextFragments", receive, kPlain, "01 00  00 00  80 00"},
        Clean{"CompressedMessages", receive, kDeflate, "c1 07 f248cdc9c90700  41 03 f248cd  80 04 c9c90700"},
        Clean{"UncompressedUnderDeflate", receive, kDeflate, "81 01 61  c1 01 00  81 01 62"},
        Clean{"AnyRsvUnderAnUnknownExtension", receive, kUnknown, "f1 01 61  71 01 61  f0 01 61  f9 00"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace wstap::ws
