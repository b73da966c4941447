// SPDX-License-Identifier: Apache-2.0
// FIL-1: what expressions say of a frame.
#include <gtest/gtest.h>

#include "tests/support/filter_subject.h"

namespace wstap::filter {
namespace {

using test::FilterSubject;

bool matches(const FilterSubject& about, std::string_view expression) {
  const auto filter = Filter::compile(expression, test::kVocabulary);
  if (!filter) {
    ADD_FAILURE() << expression << ": " << filter.error().text();
    return false;
  }
  return filter->matches(about.subject);
}

struct Row {
  const char* expression;
  bool expected;
};

class FilterOfATextFrame : public testing::TestWithParam<Row> {};
TEST_P(FilterOfATextFrame, Says) {
  FilterSubject about;
  about.tags = {"seen", "vip"};
  about.subject.tags = about.tags;
  about.subject.anomalies = 0b10;
  about.subject.cause = "rule:role";
  about.subject.verdict = 1;
  about.subject.rsv = 4;
  about.subject.compressed = true;
  EXPECT_EQ(matches(about, GetParam().expression), GetParam().expected) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, FilterOfATextFrame,
    testing::Values(Row{"flow == 3", true}, Row{"flow != 3", false}, Row{"seq < 7", false},
                    Row{"seq <= 7", true}, Row{"seq > 6", true}, Row{"seq >= 8", false},
                    Row{"rsv == 0x4", true}, Row{"length > 10", true}, Row{"payload.length == 71", true},
                    Row{"flow in {1, 3}", true}, Row{"flow in (1, 2)", false}, Row{"seq in {1, 5..9}", true},
                    Row{"seq in {8..9}", false}, Row{"seq eq 7 and seq ne 8", true},
                    Row{"seq ge 7 and seq le 7 and not seq lt 7 and not seq gt 7", true}));

INSTANTIATE_TEST_SUITE_P(Names, FilterOfATextFrame,
                         testing::Values(Row{"opcode == text", true}, Row{"opcode == 1", true},
                                         Row{"opcode == \"text\"", true}, Row{"opcode != binary", true},
                                         Row{"opcode in {ping, pong}", false},
                                         Row{"opcode in {ping, text}", true}, Row{"dir == send", true},
                                         Row{"dir == client_to_server", true},
                                         Row{"dir == server_to_client", false},
                                         Row{"verdict == changed", true}, Row{"verdict in {dropped}", false},
                                         Row{"websocket.opcode == 1", true}, Row{"websocket.fin == 1", true},
                                         Row{"http.host == \"api.example.com\"", true}));

INSTANTIATE_TEST_SUITE_P(BareWords, FilterOfATextFrame,
                         testing::Values(Row{"text", true}, Row{"binary", false}, Row{"ping", false},
                                         Row{"pong", false}, Row{"close", false}, Row{"continuation", false},
                                         Row{"send", true}, Row{"receive", false}, Row{"fin", true},
                                         Row{"masked", true}, Row{"compressed", true}, Row{"held", false},
                                         Row{"fin == false", false}, Row{"held == false", true},
                                         Row{"fin != true", false}));

INSTANTIATE_TEST_SUITE_P(Logic, FilterOfATextFrame,
                         testing::Values(Row{"text and send", true}, Row{"text && receive", false},
                                         Row{"text or receive", true}, Row{"binary || receive", false},
                                         Row{"not text", false}, Row{"!binary", true},
                                         Row{"not not text", true},
                                         // `and` binds closer than `or`, `not` closer than both.
                                         Row{"text or binary and receive", true},
                                         Row{"(text or binary) and receive", false},
                                         Row{"not binary and text", true}, Row{"not (binary and text)", true},
                                         Row{"not binary or receive", true}, Row{"((((text))))", true}));

INSTANTIATE_TEST_SUITE_P(
    Texts, FilterOfATextFrame,
    testing::Values(Row{"host == \"api.example.com\"", true}, Row{"host contains \"example\"", true},
                    Row{"host matches \"^api\\.\"", true}, Row{"host ~ '^api\\.'", true},
                    Row{"host matches \"(?i)^API\"", true}, Row{"host matches \"^example\"", false},
                    Row{"path == \"/chat/v1\"", true}, Row{"url contains \"token=1\"", true},
                    Row{"host in {\"a\", \"api.example.com\"}", true}, Row{"host != \"x\"", true},
                    Row{"cause == \"rule:role\"", true}, Row{"text contains \"role\"", true},
                    Row{"text and text contains \"user\"", true}, Row{"payload contains \"\\x22user\"", true},
                    Row{"payload matches \"age\\\"?:\\d+\"", true}));

INSTANTIATE_TEST_SUITE_P(Lists, FilterOfATextFrame,
                         testing::Values(Row{"tag", true}, Row{"tag == \"vip\"", true},
                                         Row{"tag == \"other\"", false}, Row{"tag != \"vip\"", false},
                                         Row{"tag != \"other\"", true}, Row{"tag contains \"ee\"", true},
                                         Row{"tag in {\"x\", \"seen\"}", true}, Row{"anomaly", true},
                                         Row{"anomaly == after_close", true},
                                         Row{"anomaly == text_not_utf8", false},
                                         Row{"anomaly != after_close", false},
                                         Row{"anomaly in {text_not_utf8, after_close}", true}));

INSTANTIATE_TEST_SUITE_P(
    Json, FilterOfATextFrame,
    testing::Values(Row{"json(\"/role\") == \"user\"", true}, Row{"json(\"/role\") != \"admin\"", true},
                    Row{"json(\"/role\") contains \"se\"", true},
                    Row{"json(\"/role\") matches \"^us\"", true}, Row{"json(\"/age\") == 42", true},
                    Row{"json(\"/age\") == 42.0", true}, Row{"json(\"/age\") == \"42\"", false},
                    Row{"json(\"/age\") > 41.5", true}, Row{"json(\"/age\") < -1e3", false},
                    Row{"json(\"/age\") in {1, 42}", true}, Row{"json(\"/tags/1\") == \"b\"", true},
                    Row{"json(\"/tags/2\")", false}, Row{"json(\"/tags\")", true},
                    Row{"json(\"/deep/x~1y\") == null", true}, Row{"json(\"/deep/on\") == true", true},
                    Row{"json(\"/deep/on\") == \"true\"", false}, Row{"json(\"\")", true},
                    Row{"json(\"/missing\") != 1", false}, Row{"not json(\"/missing\") == 1", true}));

INSTANTIATE_TEST_SUITE_P(Times, FilterOfATextFrame,
                         testing::Values(Row{"time == \"2026-01-31T12:00:00Z\"", true},
                                         Row{"time >= \"2026-01-31\"", true},
                                         Row{"time < \"2026-01-31T13:00:00+01:00\"", false},
                                         Row{"time in {\"2026-01-31\"..\"2026-02-01\"}", true}));

TEST(Filter, OfAPingLooksAtItsBytes) {
  FilterSubject about;
  about.subject.opcode = 9;
  about.subject.text = false;
  about.say("\xff\x01");
  EXPECT_TRUE(matches(about, "ping and payload == \"\\xff\\x01\""));
  EXPECT_TRUE(matches(about, "payload matches \"^\\xff.$\""));
  EXPECT_FALSE(matches(about, "text contains \"\\x01\""));
}

TEST(Filter, OfACloseReadsCodeAndReason) {
  FilterSubject about;
  EXPECT_FALSE(matches(about, "close.code"));
  EXPECT_FALSE(matches(about, "close.code != 1000"));  // what is not there is not different either
  about.subject.opcode = 8;
  about.subject.text = false;
  about.say("\x03\xe8gone");
  about.subject.close_code = 1000;
  about.subject.close_reason = "gone";
  EXPECT_TRUE(matches(about, "close and close.code == 1000 and text == \"gone\""));
  EXPECT_TRUE(matches(about, "websocket.payload.close.status_code in {1000..1015}"));
}

// DEF-5: what cannot be inflated is not matched.
TEST(Filter, SaysNoOfAPayloadThatNobodyCanRead) {
  FilterSubject about;
  about.subject.payload = std::nullopt;
  for (const char* expression : {"payload", "payload contains \"\"", "payload != \"x\"", "text", "json(\"\")",
                                 "text contains \"a\"", "payload.length >= 0"})
    EXPECT_EQ(matches(about, expression), std::string_view(expression) == "text") << expression;
}

TEST(Filter, TakesJsonOnlyWhole) {
  FilterSubject about;
  about.subject.payload_bytes += 1;  // recorded cut
  EXPECT_FALSE(matches(about, "json(\"/role\")"));
}

// A text that is not UTF-8 is searched nevertheless: nobody gets past a filter by one bad byte.
TEST(Filter, SearchesTextThatIsNotUtf8) {
  FilterSubject about;
  about.say(
      "\xff"
      "drop table \xc3");
  EXPECT_TRUE(matches(about, "text matches \"drop\\s+table\""));
  EXPECT_TRUE(matches(about, "text contains \"drop\""));
}

// FIL-2: rules that name what messages say act on messages.
TEST(Filter, KnowsWhatItReads) {
  const auto reads = [](const char* expression) {
    return Filter::compile(expression, test::kVocabulary)->reads_payload();
  };
  for (const char* expression : {"payload contains \"x\"", "text contains \"x\"", "json(\"/a\") == 1",
                                 "send or not (ping and payload.length > 3)"})
    EXPECT_TRUE(reads(expression)) << expression;
  for (const char* expression :
       {"text", "send and length > 5", "close.code == 1000", "host contains \"payload\""})
    EXPECT_FALSE(reads(expression)) << expression;
  EXPECT_TRUE(Filter::compile("seq > 5 and anomaly", test::kVocabulary)->reads(Field::anomaly));
}

// PIPE-2: a rule that cannot match in a direction of a flow costs nothing there.
TEST(Filter, KnowsWhatItCanNeverMatch) {
  const FilterSubject about;
  const auto may = [&](const char* expression, bool receive) {
    return Filter::compile(expression, test::kVocabulary)->may_match(about.flow, receive);
  };
  EXPECT_TRUE(may("send and text contains \"x\"", false));
  EXPECT_FALSE(may("send and text contains \"x\"", true));
  EXPECT_FALSE(may("host == \"other\" and text", false));
  EXPECT_TRUE(may("host == \"other\" or text", false));
  EXPECT_TRUE(may("not (host == \"other\" and text)", true));
  EXPECT_FALSE(may("text and not host contains \"example\"", true));
  EXPECT_FALSE(may("dir == receive and ping or flow == 4", false));
  EXPECT_TRUE(may("length < 0", false));  // nobody knows yet
}

// ... and neither does one that can match no message.
TEST(Filter, KnowsWhichOpcodesItCanNeverMatch) {
  const FilterSubject about;
  const auto may = [&](const char* expression, std::uint8_t opcode) {
    return Filter::compile(expression, test::kVocabulary)->may_match(about.flow, false, opcode);
  };
  constexpr std::uint8_t kText = 1, kBinary = 2, kPing = 9;
  EXPECT_FALSE(may("ping", kText));
  EXPECT_TRUE(may("ping", kPing));
  EXPECT_FALSE(may("not (text or binary) and length > 5", kBinary));
  EXPECT_TRUE(may("not text and length > 5", kBinary));
  EXPECT_FALSE(may("not fin", kText));
  EXPECT_TRUE(may("fin and payload contains \"x\"", kText));
  EXPECT_FALSE(may("opcode in {ping, pong} and send", kText));
  EXPECT_TRUE(may("ping or host == \"other\" or text contains \"x\"", kText));
}

TEST(Filter, OutlivesItsExpressionAndIsCopied) {
  FilterSubject about;
  auto expression = std::make_unique<std::string>("host contains \"example\" and json(\"/age\") == 42");
  const auto filter = Filter::compile(*expression, test::kVocabulary);
  ASSERT_TRUE(filter);
  expression.reset();
  const Filter copy = *filter;
  EXPECT_TRUE(copy.matches(about.subject));
}

}  // namespace
}  // namespace wstap::filter
