// SPDX-License-Identifier: Apache-2.0
// FIL-2: an error says what, where, and what may have been meant.
#include "libcore/filter/errors.h"

#include <gtest/gtest.h>

#include "tests/support/filter_subject.h"

namespace wstap::filter {
namespace {

struct Fault {
  const char* expression;
  Errc code;
  std::uint64_t offset;
  const char* words;  ///< that the text holds
};

class FilterFault : public testing::TestWithParam<Fault> {};
TEST_P(FilterFault, IsSaidWithItsPlace) {
  const Fault& fault = GetParam();
  const auto filter = Filter::compile(fault.expression, test::kVocabulary);
  ASSERT_FALSE(filter) << fault.expression;
  EXPECT_EQ(filter.error().code, fault.code) << fault.expression << ": " << filter.error().text();
  EXPECT_EQ(filter.error().offset, fault.offset) << fault.expression << ": " << filter.error().text();
  EXPECT_NE(filter.error().text().find(fault.words), std::string::npos) << filter.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, FilterFault,
    testing::Values(
        Fault{"", Errc::syntax, 0, "the end where a field"}, Fault{"send and", Errc::syntax, 8, "the end"},
        Fault{"send send", Errc::syntax, 5, "'send' where 'and', 'or' or the end"},
        Fault{"send == true", Errc::syntax, 0, "'dir == send'"},
        Fault{"fin and ping != 1", Errc::syntax, 8, "'opcode == ping'"},
        Fault{"(send", Errc::syntax, 0, "never closed"}, Fault{"send)", Errc::syntax, 4, "')'"},
        Fault{"(send ping)", Errc::syntax, 6, "'ping'"}, Fault{"seq = 5", Errc::syntax, 4, "'=='"},
        Fault{"seq ==", Errc::syntax, 6, "a value"}, Fault{"seq == (", Errc::syntax, 7, "a value"},
        Fault{"\"a\" == seq", Errc::syntax, 0, "a string where a field"},
        Fault{"host == \"a", Errc::syntax, 8, "closing"}, Fault{"seq in 5", Errc::syntax, 7, "a set"},
        Fault{"seq in {}", Errc::syntax, 8, "a value"}, Fault{"seq in {1", Errc::syntax, 9, "'}'"},
        Fault{"seq in {1..}", Errc::syntax, 11, "range"}, Fault{"json", Errc::syntax, 4, "json(\"/name\")"},
        Fault{"json(5)", Errc::syntax, 5, "in quotes"}, Fault{"json(\"/a\"", Errc::syntax, 9, "')'"},
        Fault{"json(\"a\")", Errc::syntax, 5, "begins with '/'"},
        Fault{"json(\"/~2\")", Errc::syntax, 5, "~0 and ~1"}, Fault{"send # x", Errc::syntax, 5, "'#'"},
        Fault{"seq", Errc::syntax, 0, "wants a comparison"},
        Fault{"send and host", Errc::syntax, 9, "host == "}));

INSTANTIATE_TEST_SUITE_P(
    Names, FilterFault,
    testing::Values(Fault{"send and opcodee == text", Errc::unknown_name, 9, "did you mean 'opcode'"},
                    Fault{"sent", Errc::unknown_name, 0, "'sent'"},
                    Fault{"recieve", Errc::unknown_name, 0, "'receive'"},
                    Fault{"opcode == txt", Errc::unknown_name, 10, "did you mean 'text'"},
                    Fault{"verdict == droped", Errc::unknown_name, 11, "'dropped'"},
                    Fault{"anomaly == after_cloes", Errc::unknown_name, 11, "'after_close'"},
                    Fault{"dir == up", Errc::unknown_name, 7, "'up' is not a direction"},
                    Fault{"fin == yes", Errc::unknown_name, 7, "true or false"}));

INSTANTIATE_TEST_SUITE_P(
    Types, FilterFault,
    testing::Values(Fault{"seq contains \"5\"", Errc::wrong_type, 0, "'contains' with 'seq'"},
                    Fault{"host < \"a\"", Errc::wrong_type, 0, "'<' with 'host'"},
                    Fault{"seq == \"5\"", Errc::wrong_type, 7, "a whole number"},
                    Fault{"seq == 1.5", Errc::wrong_type, 7, "whole"},
                    Fault{"seq == 99999999999999999999", Errc::wrong_type, 7, "whole"},
                    Fault{"host == 5", Errc::wrong_type, 8, "text in quotes"},
                    Fault{"opcode == 16", Errc::wrong_type, 10, "16"},
                    Fault{"fin == 2", Errc::wrong_type, 7, "true or false"},
                    Fault{"time > 5", Errc::wrong_type, 7, "in quotes"},
                    Fault{"time > \"noon\"", Errc::wrong_type, 7, "2026-01-31"},
                    Fault{"seq in {9..5}", Errc::wrong_type, 11, "before it begins"},
                    Fault{"opcode in {text..binary}", Errc::wrong_type, 17, "numbers and times"},
                    Fault{"host in {\"a\"..\"b\"}", Errc::wrong_type, 14, "numbers and times"},
                    Fault{"json(\"/a\") == yes", Errc::wrong_type, 14, "without quotes"},
                    Fault{"json(\"/a\") < \"x\"", Errc::wrong_type, 13, "compares numbers"},
                    Fault{"json(\"/a\") == 1x", Errc::wrong_type, 14, "no number of JSON"},
                    Fault{"json(\"/a\") contains 5", Errc::wrong_type, 20, "text in quotes"},
                    Fault{"host matches api", Errc::wrong_type, 13, "in quotes"},
                    Fault{"host matches \"a(\"", Errc::bad_pattern, 13, "missing"}));

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Filter, RefusesWhatIsTooComplex) {
  for (const auto& expression :
       {repeated("(", 200) + "send" + repeated(")", 200), repeated("not ", 200) + "send",
        "send" + repeated(" or send", 2000), "host == \"" + std::string(70'000, 'x') + "\""}) {
    const auto filter = Filter::compile(expression, test::kVocabulary);
    ASSERT_FALSE(filter);
    EXPECT_EQ(filter.error().code, Errc::too_complex);
  }
  EXPECT_TRUE(Filter::compile("send" + repeated(" or send", 999), test::kVocabulary));
  EXPECT_TRUE(Filter::compile(repeated("(", 90) + "send" + repeated(")", 90), test::kVocabulary));
}

TEST(Explain, PutsAMarkUnderThePlace) {
  const std::string expression = "send and opcodee == text";
  const auto filter = Filter::compile(expression, test::kVocabulary);
  EXPECT_EQ(explain(expression, filter.error()),
            "column 10: unknown name: 'opcodee' (did you mean 'opcode'?)\n"
            "  send and opcodee == text\n"
            "           ^");
}

TEST(Explain, CountsCharactersAndShowsNoControls) {
  const std::string expression = "host == \"é\tü\" and x\x1b[2J";
  const Error error{Errc::syntax, "here", expression.find(" and") + 1};
  EXPECT_EQ(explain(expression, error),
            "column 15: cannot be read: here\n"
            "  host == \"é ü\" and x [2J\n"
            "                ^");
}

TEST(Explain, ShowsOfALongExpressionWhatIsAroundThePlace) {
  const std::string expression = repeated("send or ", 100) + "xxxx" + repeated(" or send", 100);
  const auto text = explain(expression, {Errc::unknown_name, "'xxxx'", 800});
  EXPECT_LT(text.size(), 350U);
  const auto second = text.substr(text.find('\n') + 1);
  const auto third = second.substr(second.find('\n') + 1);
  EXPECT_EQ(second.substr(third.find('^'), 4), "xxxx");
  EXPECT_TRUE(explain("", {Errc::syntax, "", 0}).ends_with("\n  \n  ^"));
}

}  // namespace
}  // namespace wstap::filter
