// SPDX-License-Identifier: Apache-2.0
// Text over fragments, and Close payloads: where a fault is reported, and where nothing may be.
#include "libcore/ws/payload_checker.h"

#include <gtest/gtest.h>

#include "libcore/ws/close.h"
#include "tests/support/bytes.h"
#include "tests/support/naive_utf8.h"

namespace wstap::ws {
namespace {

using test::hex;

/// One direction: frames go through a tracker to the checker.
class Checked {
 public:
  explicit Checked(Negotiated negotiated = {}) : tracker_(Direction::receive, negotiated) {}

  AnomalySet frame(std::uint8_t opcode, bool fin, Bytes payload, std::uint8_t rsv = 0) {
    const FrameHeader header = header_of(opcode, fin, payload.size(), rsv);
    return checker_.check(header, tracker_.observe(header, ++sequence_), payload);
  }
  bool bad_text(std::uint8_t opcode, bool fin, Bytes payload, std::uint8_t rsv = 0) {
    return frame(opcode, fin, payload, rsv).has(Anomaly::text_not_utf8);
  }
  void skip(std::uint8_t opcode, bool fin, std::size_t size) {
    checker_.skip(tracker_.observe(header_of(opcode, fin, size, 0), ++sequence_));
  }

 private:
  static FrameHeader header_of(std::uint8_t opcode, bool fin, std::size_t size, std::uint8_t rsv) {
    return {.fin = fin,
            .rsv = rsv,
            .opcode = opcode,
            .header_len = minimal_header_len(size, false),
            .payload_len = size};
  }

  MessageTracker tracker_;
  PayloadChecker checker_;
  std::uint64_t sequence_ = 1;
};

// FRM-5
TEST(PayloadChecker, ValidTextCutAnywhereIntoThreeFragmentsIsFine) {
  const Buffer text = test::bytes("aé漢🙂z");
  for (std::size_t one = 0; one <= text.size(); ++one) {
    for (std::size_t two = one; two <= text.size(); ++two) {
      Checked flow;
      EXPECT_FALSE(flow.bad_text(kText, false, Bytes(text).first(one)));
      EXPECT_FALSE(flow.bad_text(kContinuation, false, Bytes(text).subspan(one, two - one)));
      EXPECT_FALSE(flow.bad_text(kContinuation, true, Bytes(text).subspan(two))) << one << ' ' << two;
    }
  }
}

// FRM-5
TEST(PayloadChecker, ABadByteIsReportedOnceOnTheFragmentThatHoldsIt) {
  const Buffer text = hex("61 c3a9 ff 62 63");
  constexpr std::size_t kBad = 3;
  for (std::size_t one = 0; one <= text.size(); ++one) {
    for (std::size_t two = one; two <= text.size(); ++two) {
      Checked flow;
      EXPECT_EQ(flow.bad_text(kText, false, Bytes(text).first(one)), kBad < one);
      EXPECT_EQ(flow.bad_text(kContinuation, false, Bytes(text).subspan(one, two - one)),
                kBad >= one && kBad < two);
      EXPECT_EQ(flow.bad_text(kContinuation, true, Bytes(text).subspan(two)), kBad >= two)
          << one << ' ' << two;
    }
  }
}

// FRM-5
TEST(PayloadChecker, ACharacterLeftOpenIsReportedOnTheLastFragment) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kContinuation, false, hex("82")));
  EXPECT_TRUE(flow.bad_text(kContinuation, true, {}));
}

TEST(PayloadChecker, TheNextMessageIsJudgedAfresh) {
  Checked flow;
  EXPECT_TRUE(flow.bad_text(kText, false, hex("ff")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ff")));
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("82ac")));
  EXPECT_FALSE(flow.bad_text(kText, false, hex("c3")));
  EXPECT_TRUE(flow.bad_text(kContinuation, true, hex("ff")));
}

TEST(PayloadChecker, ControlFramesBetweenFragmentsAreNoPartOfTheText) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_TRUE(flow.frame(kPing, true, hex("ff")).empty());
  EXPECT_FALSE(flow.bad_text(kContinuation, false, hex("82")));
  EXPECT_TRUE(flow.frame(kClose, true, hex("03e8 ff")).has(Anomaly::close_reason_not_utf8));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ac")));
}

TEST(PayloadChecker, BinaryIsNeverText) {
  Checked flow;
  EXPECT_TRUE(flow.frame(kBinary, true, hex("ff")).empty());
  EXPECT_TRUE(flow.frame(kBinary, false, hex("ff")).empty());
  EXPECT_TRUE(flow.frame(kContinuation, true, hex("ff")).empty());
  EXPECT_TRUE(flow.frame(5, true, hex("ff")).empty());
}

TEST(PayloadChecker, CompressedTextIsNotLookedInto) {
  Checked flow({.permessage_deflate = true});
  EXPECT_FALSE(flow.bad_text(kText, true, hex("ff"), kRsv1));
  EXPECT_FALSE(flow.bad_text(kText, false, hex("ff"), kRsv1));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ff")));
  EXPECT_TRUE(flow.bad_text(kText, true, hex("ff")));
}

// data_inside_message: the open text is over, and what seems to continue it is text of nobody's.
TEST(PayloadChecker, AWholeTextInsideAnotherIsJudgedByItself) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kText, true, test::bytes("fine")));
  EXPECT_TRUE(flow.bad_text(kText, true, hex("ff")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ff")));
}

TEST(PayloadChecker, AFragmentedMessageInsideATextTakesItsPlace) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kBinary, false, hex("ff")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ff")));

  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("82ac")));
}

TEST(PayloadChecker, AMessageWithASkippedFragmentIsNotJudged) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  flow.skip(kContinuation, false, 1);
  EXPECT_FALSE(flow.bad_text(kContinuation, false, hex("ff")));
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("ff")));
  EXPECT_TRUE(flow.bad_text(kText, true, hex("ff")));
}

TEST(PayloadChecker, ASkippedFirstFragmentIsNoStart) {
  Checked flow;
  flow.skip(kText, false, 1);
  EXPECT_FALSE(flow.bad_text(kContinuation, true, hex("82ac")));
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  EXPECT_TRUE(flow.bad_text(kContinuation, true, hex("82"))) << "the next message is judged again";
}

TEST(PayloadChecker, SkippingAControlFrameLeavesTheOpenTextAlone) {
  Checked flow;
  EXPECT_FALSE(flow.bad_text(kText, false, hex("e2")));
  flow.skip(kPing, true, 3);
  EXPECT_FALSE(flow.bad_text(kContinuation, false, hex("82")));
  EXPECT_TRUE(flow.bad_text(kContinuation, true, hex("ff")));
}

// FRM-5
TEST(CheckClose, EveryCodeThatMayNotBeSentIsForbidden) {
  for (unsigned code = 0; code <= 0xffff; ++code) {
    const Buffer payload = {static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xff)};
    AnomalySet expected;
    if (!may_be_sent(static_cast<std::uint16_t>(code))) expected.add(Anomaly::forbidden_close_code);
    ASSERT_EQ(check_close(payload), expected) << code;
  }
}

// FRM-5
TEST(CheckClose, OneByteIsItsOwnAnomalyAndNoCode) {
  AnomalySet expected;
  expected.add(Anomaly::close_payload_of_one_byte);
  for (unsigned byte = 0; byte < 256; ++byte)
    EXPECT_EQ(check_close(Buffer{static_cast<std::byte>(byte)}), expected);
}

TEST(CheckClose, CodeAndReasonAreJudgedApart) {
  EXPECT_TRUE(check_close({}).empty());
  EXPECT_TRUE(check_close(hex("03e8 e282ac")).empty());
  AnomalySet both;
  both.add(Anomaly::forbidden_close_code);
  both.add(Anomaly::close_reason_not_utf8);
  EXPECT_EQ(check_close(hex("03ee e282")), both);
}

}  // namespace
}  // namespace wstap::ws
