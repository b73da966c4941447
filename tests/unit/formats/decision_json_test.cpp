// SPDX-License-Identifier: Apache-2.0
// Decisions that programs write (HOLD-3, HOLD-6): what they mean, and what is said of those that mean
// nothing.
#include "formats/decision_json.h"

#include <gtest/gtest.h>

#include "tests/support/terminal.h"

namespace wstap::formats {
namespace {

using Action = pipeline::Review::Action;

pipeline::Review review_of(std::string_view text) {
  const auto decision = read_decision(text);
  if (!decision) {
    ADD_FAILURE() << text << ": " << decision.error().why;
    return {};
  }
  return std::get<pipeline::Review>(decision->wish);
}

pipeline::InjectRequest injection_of(std::string_view text) {
  const auto decision = read_decision(text);
  if (!decision) {
    ADD_FAILURE() << text << ": " << decision.error().why;
    return {};
  }
  return std::get<pipeline::InjectRequest>(decision->wish);
}

/// "ID WHY".
std::string fault_of(std::string_view text, std::optional<pipeline::HeldId> about = {}) {
  const auto decision = read_decision(text, about);
  if (decision) return "none";
  EXPECT_FALSE(test::acts_on_terminal(decision.error().why)) << decision.error().why;
  return decision.error().id + ' ' + decision.error().why;
}

std::string_view text_of(const std::optional<Buffer>& body) {
  return body ? as_text(*body) : std::string_view("none");
}

TEST(Decision, ReleaseAndDropNameTheirItem) {  // HOLD-3
  const auto release = review_of(R"({"id":"1:7","action":"release"})");
  EXPECT_EQ(release.id, (pipeline::HeldId{1, 7}));
  EXPECT_EQ(release.action, Action::release);
  EXPECT_EQ(review_of(R"( {"action":"drop", "id":"4:2"} )").action, Action::drop);
}

TEST(Decision, ModifySaysWhatChanges) {  // HOLD-3
  const auto all =
      review_of(R"({"id":"1:7","action":"modify_and_forward","override_body":"h\u00e9\ud83d\ude00\n",)"
                R"("opcode":"binary","fin":false})");
  EXPECT_EQ(all.action, Action::modify);
  EXPECT_EQ(text_of(all.body), "h\u00e9\U0001f600\n");
  EXPECT_EQ(all.opcode, ws::kBinary);
  EXPECT_EQ(all.fin, false);
  EXPECT_FALSE(all.close_code);

  const auto bytes = review_of(R"({"id":"1:7","action":"modify_and_forward","override_body_b64":"/w=="})");
  EXPECT_EQ(text_of(bytes.body), "\xff");
  EXPECT_FALSE(bytes.opcode);
  EXPECT_EQ(text_of(review_of(R"({"id":"1:7","action":"modify_and_forward","override_body":""})").body), "");

  const auto close =
      review_of(R"({"id":"1:7","action":"modify_and_forward","close_code":4001,"close_reason":"x"})");
  EXPECT_EQ(close.close_code, 4001);
  EXPECT_EQ(close.close_reason, "x");
}

TEST(Decision, RawBytesLeaveAsTheyAre) {  // HOLD-3
  const auto raw = review_of(R"({"id":"1:7","action":"send_raw","raw_b64":"gQA="})");
  EXPECT_EQ(raw.action, Action::send_raw);
  EXPECT_EQ(raw.raw, (Buffer{std::byte{0x81}, std::byte{0}}));
}

TEST(Decision, AnInjectionSaysWhereAndWhat) {  // HOLD-3
  const auto text = injection_of(
      R"({"action":"inject","flow_id":3,"direction":"server_to_client","override_body":"hi","after":"3:9"})");
  EXPECT_EQ(text.flow, 3U);
  EXPECT_EQ(text.direction, ws::Direction::receive);
  EXPECT_EQ(text.opcode, ws::kText);
  EXPECT_EQ(as_text(text.payload), "hi");
  EXPECT_EQ(text.after, (pipeline::HeldId{3, 9}));

  const std::string to_server = R"({"action":"inject","flow_id":3,"direction":"client_to_server",)";
  EXPECT_EQ(injection_of(to_server + R"("override_body_b64":"/w=="})").opcode, ws::kBinary);
  EXPECT_EQ(injection_of(to_server + R"("opcode":"ping"})").opcode, ws::kPing);
  const auto close = injection_of(to_server + R"("close_code":1001,"close_reason":"x"})");
  EXPECT_EQ(close.opcode, ws::kClose);
  EXPECT_EQ(as_text(close.payload), "\x03\xe9x");
  EXPECT_FALSE(close.after);
}

TEST(Decision, AnyIdOfAnInjectionComesBack) {  // HOLD-6
  const auto decision = read_decision(
      R"({"id":"mine","action":"inject","flow_id":3,"direction":"client_to_server","override_body":""})");
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->id, "mine");
}

struct Bad {
  const char *text, *fault;
};
class BadDecisions : public testing::TestWithParam<Bad> {};
TEST_P(BadDecisions, NameTheKeyAndKeepTheId) {  // HOLD-6
  EXPECT_EQ(fault_of(GetParam().text), GetParam().fault);
}
INSTANTIATE_TEST_SUITE_P(
    NoJson, BadDecisions,
    testing::Values(Bad{"", R"( this is no JSON object such as {"id":"1:2","action":"release"})"},
                    Bad{"[]", R"( this is no JSON object such as {"id":"1:2","action":"release"})"},
                    Bad{"release", R"( this is no JSON object such as {"id":"1:2","action":"release"})"},
                    Bad{R"({"id":"1:7","action":)", "1:7 this is no JSON from byte 21 on"},
                    Bad{R"({"id":"1:7","action":"release"}})", "1:7 this is no JSON from byte 31 on"},
                    Bad{R"({"id":"1:7","action":"release",})", "1:7 this is no JSON from byte 31 on"},
                    Bad{"\xef\xbb\xbf{\"id\":\"1:7\",\"action\":\"drop\"}",
                        "1:7 this is no JSON (RFC 8259): a byte order mark, NaN or Infinity"},
                    Bad{"{\"id\":\"1:7\",\"action\":\"drop\",\"override_body\":\"\xff\"}",
                        "1:7 this is not UTF-8"}));
INSTANTIATE_TEST_SUITE_P(
    Keys, BadDecisions,
    testing::Values(
        Bad{R"({"id":"1:7","action":"release","x":1})", "1:7 x: there is no such key"},
        Bad{R"({"overide_body":"x","id":"1:7"})",
            "1:7 overide_body: there is no such key (did you mean 'override_body'?)"},
        Bad{R"({"\u001b[2J":1})", R"( \x1b[2J: there is no such key)"},
        Bad{R"({"id":"1:7","id":"1:8","action":"release"})", "1:8 id: it is there twice"},
        Bad{R"({"action":"release"})", R"( id: which item? ("id":"FLOW:SEQ"))"},
        Bad{R"({"id":"1:7"})", "1:7 action: wanted is release, drop, modify_and_forward, send_raw or inject"},
        Bad{R"({"id":"1:7","action":"modify"})",
            "1:7 action: wanted is release, drop, modify_and_forward, send_raw or inject"},
        Bad{R"({"id":"1:7","action":"release","fin":true})", "1:7 fin: this has no meaning for release"},
        Bad{R"({"id":"1:7","action":"drop","flow_id":1})", "1:7 flow_id: this has no meaning for drop"}));
INSTANTIATE_TEST_SUITE_P(
    Types, BadDecisions,
    testing::Values(
        Bad{R"({"id":7,"action":"release"})", " id: wanted is a short text"},
        Bad{R"({"id":null,"action":"release"})", " id: wanted is a short text"},
        Bad{R"({"id":"7","action":"release"})", "7 id: wanted is FLOW:SEQ, as in 1:2, not '7'"},
        Bad{R"({"id":"1:99999999999999999999","action":"drop"})",
            "1:99999999999999999999 id: wanted is FLOW:SEQ, as in 1:2, not '1:99999999999999999999'"},
        Bad{R"({"id":"1:7","action":["release"]})", "1:7 action: an object or a list has no meaning here"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","fin":"true"})",
            "1:7 fin: wanted is true or false, not \"true\""},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body":1})",
            "1:7 override_body: wanted is a text, not 1"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body":"\ud800"})",
            "1:7 override_body: half of a surrogate pair is no character"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body":"\\\udc00"})",
            "1:7 override_body: half of a surrogate pair is no character"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body_b64":"x"})",
            "1:7 override_body_b64: this is no base64 (RFC 4648, with padding)"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","opcode":"txt"})",
            "1:7 opcode: wanted is text, binary, continuation, close, ping, pong or reserved-0x3, not 'txt'"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","close_code":1e3})",
            "1:7 close_code: wanted is a whole number from 0 to 65535, not 1e3"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","close_code":-1})",
            "1:7 close_code: wanted is a whole number from 0 to 65535, not -1"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","close_code":99999999999999999999999999})",
            "1:7 close_code: wanted is a whole number from 0 to 65535, not 99999999999999999999999999"}));
INSTANTIATE_TEST_SUITE_P(
    Contradictions, BadDecisions,
    testing::Values(
        Bad{R"({"id":"1:7","action":"modify_and_forward"})",
            "1:7 action: modify_and_forward wants override_body, override_body_b64, opcode, fin, close_code "
            "or "
            "close_reason"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body":"a","override_body_b64":"YQ=="})",
            "1:7 override_body_b64: override_body is there as well"},
        Bad{R"({"id":"1:7","action":"modify_and_forward","override_body":"a","close_code":1000})",
            "1:7 close_code: override_body is the whole payload, code and reason included"},
        Bad{R"({"id":"1:7","action":"send_raw"})", "1:7 raw_b64: send_raw wants the bytes that are to leave"},
        Bad{R"({"id":"1:7","action":"send_raw","raw_b64":""})",
            "1:7 raw_b64: nothing would leave (action drop says that)"},
        Bad{R"({"id":"1:7","action":"inject","direction":"client_to_server","override_body":"x"})",
            "1:7 flow_id: inject wants the flow's number"},
        Bad{R"({"action":"inject","flow_id":0,"direction":"client_to_server","override_body":"x"})",
            " flow_id: wanted is a whole number from 1 to 4294967295, not 0"},
        Bad{R"({"action":"inject","flow_id":1,"direction":"send","override_body":"x"})",
            " direction: inject wants client_to_server or server_to_client"},
        Bad{R"({"action":"inject","flow_id":1,"direction":"client_to_server"})",
            " action: inject wants override_body, override_body_b64, close_code or opcode"},
        Bad{R"({"action":"inject","flow_id":1,"direction":"client_to_server","opcode":"text","close_code":1000})",
            " close_code: only a Close has one"},
        Bad{R"({"action":"inject","flow_id":1,"direction":"client_to_server","close_reason":"x"})",
            " close_reason: it goes with close_code"}));

TEST(Decision, DeepNestingIsRefusedLikeAnyOther) {  // HOLD-6
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(fault_of(R"({"id":"1:7","action":)" + deep),
            "1:7 action: an object or a list has no meaning here");
  EXPECT_EQ(fault_of(R"({"action":)" + deep + std::string(deep.size(), ']') + R"(,"id":"1:7"})"),
            "1:7 action: an object or a list has no meaning here");
}

TEST(Decision, WhatIsCutOrHasAnotherByteIsReadOrRefused) {  // HOLD-6
  const std::string good =
      R"({"id":"1:7","action":"modify_and_forward","override_body":"\u00e9\ud83d\ude00","fin":true})";
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(read_decision(std::string_view(good).substr(0, at)));
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = good;
      other[at] = static_cast<char>(byte);
      const auto decision = read_decision(other);
      EXPECT_TRUE(decision || !decision.error().why.empty());
    }
  }
}

TEST(Decision, WhoKnowsTheItemNeedNotBeTold) {  // HOLD-6: --exec
  const pipeline::HeldId about{1, 7};
  const auto decision = read_decision(R"({"action":"drop"})", about);
  ASSERT_TRUE(decision);
  EXPECT_EQ(std::get<pipeline::Review>(decision->wish).id, about);
  EXPECT_TRUE(read_decision(R"({"id":"1:7","action":"drop"})", about));
  EXPECT_EQ(fault_of(R"({"id":"1:8","action":"drop"})", about), "1:8 id: the item is 1:7");
  EXPECT_EQ(fault_of(R"({"action":"inject","flow_id":1})", about),
            "1:7 action: wanted is release, drop, modify_and_forward or send_raw");
  EXPECT_EQ(fault_of("no", about), R"(1:7 this is no JSON object such as {"id":"1:2","action":"release"})");
}

TEST(Decision, LongIdsDoNotComeBack) {
  const auto bad = fault_of(R"({"action":"drop","id":")" + std::string(kLongestId + 1, '1') + R"("})");
  EXPECT_EQ(bad, " id: wanted is a short text");
}

TEST(Opcode, IsKnownByItsName) {
  EXPECT_EQ(opcode_of("text"), ws::kText);
  EXPECT_EQ(opcode_of("reserved-0xf"), 15);
  EXPECT_FALSE(opcode_of("Text"));
}

}  // namespace
}  // namespace wstap::formats
