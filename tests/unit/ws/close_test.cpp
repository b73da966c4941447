// SPDX-License-Identifier: Apache-2.0
// Close codes and payloads (RFC 6455 5.5.1, 7.4).
#include "libcore/ws/close.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

#include "libcore/ws/utf8.h"
#include "tests/support/bytes.h"

namespace wstap::ws {
namespace {

using test::hex;
using test::repeated;
using test::text;

// RFC 6455 7.4.1 and 7.4.2; 1012 to 1014 were registered later.
TEST(CloseCode, MayBeSentIsATable) {
  const std::pair<int, int> allowed[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
  for (int code = 0; code <= 65535; ++code) {
    bool expected = false;
    for (const auto& [first, last] : allowed) expected = expected || (code >= first && code <= last);
    ASSERT_EQ(may_be_sent(static_cast<std::uint16_t>(code)), expected) << code;
  }
}

TEST(CloseCode, NamesHaveTheNumbersOfTheRegistry) {
  EXPECT_EQ(kNormal, 1000);
  EXPECT_EQ(kGoingAway, 1001);
  EXPECT_EQ(kProtocolError, 1002);
  EXPECT_EQ(kNoStatus, 1005);
  EXPECT_EQ(kAbnormal, 1006);
  EXPECT_EQ(kInvalidData, 1007);
  EXPECT_EQ(kPolicyViolation, 1008);
  EXPECT_EQ(kTooBig, 1009);
}

TEST(ParseClose, ReadsCodeAndReason) {
  const Buffer payload = hex("03e9 627965");
  const CloseBody body = parse_close(payload);
  EXPECT_EQ(body.code, 1001);
  EXPECT_EQ(text(body.reason), "bye");
  EXPECT_EQ(body.reason.data(), payload.data() + 2);
}

TEST(ParseClose, ACodeAloneHasNoReason) {
  const Buffer payload = hex("ffff");
  EXPECT_EQ(parse_close(payload).code, 65535);
  EXPECT_TRUE(parse_close(payload).reason.empty());
}

TEST(ParseClose, LessThanTwoBytesAreNoCode) {
  EXPECT_EQ(parse_close({}).code, std::nullopt);
  const Buffer one = hex("03");
  EXPECT_EQ(parse_close(one).code, std::nullopt);
  EXPECT_TRUE(parse_close(one).reason.empty());
}

TEST(ParseClose, KeepsAReasonThatIsNotUtf8) {
  const Buffer payload = hex("03e8 ff");
  EXPECT_EQ(to_hex(parse_close(payload).reason), "ff");
}

TEST(ClosePayload, IsTheCodeInNetworkOrderAndTheReason) {
  EXPECT_EQ(to_hex(close_payload(1000, "")), "03e8");
  EXPECT_EQ(to_hex(close_payload(0x1234, "ok")), "12346f6b");
}

TEST(ClosePayload, AReasonOf123BytesFits) {
  const std::string reason(123, 'r');
  EXPECT_EQ(text(close_payload(1000, reason)).substr(2), reason);
}

TEST(ClosePayload, ALongerReasonIsCutBetweenTwoCharacters) {
  EXPECT_EQ(close_payload(1000, std::string(124, 'r')).size(), 125U);
  for (const std::string_view character : {"é", "漢", "🙂"}) {
    for (std::size_t before = 0; before < 4; ++before) {
      const std::string reason = std::string(before, 'r') + repeated(character, 200);
      const Buffer payload = close_payload(1000, reason);
      const std::size_t fitting = (123 - before) / character.size();
      EXPECT_EQ(text(Bytes(payload).subspan(2)), reason.substr(0, before + fitting * character.size()));
      EXPECT_TRUE(is_utf8(Bytes(payload).subspan(2))) << character << before;
    }
  }
}

TEST(ClosePayload, AReasonWithoutAnyStartOfACharacterIsCutToNothing) {
  EXPECT_EQ(close_payload(1000, std::string(200, '\x80')).size(), 2U);
}

TEST(ClosePayload, ReadsBackAsWritten) {
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{0, 999, 1000, 4999, 65535}) {
    const Buffer payload = close_payload(code, "grund: ü");
    EXPECT_EQ(parse_close(payload).code, code);
    EXPECT_EQ(text(parse_close(payload).reason), "grund: ü");
  }
}

}  // namespace
}  // namespace wstap::ws
