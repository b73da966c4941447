// SPDX-License-Identifier: Apache-2.0
// SAFE-5: cards, addresses and numbers of people, and what only looks like them.
#include "tests/unit/steps/preset_rules.h"

namespace wstap::steps {
namespace {

TEST(CreditCard, IsFoundAtEveryBorder) {
  expect_redacted(
      "credit-card",
      std::vector<Redacts>{
          {"4111111111111111", "[credit-card]"},
          {" 4111111111111111 ", " [credit-card] "},
          {"card:4111111111111111.", "card:[credit-card]."},
          {"4111111111111111\n5555555555554444\r\n", "[credit-card]\n[credit-card]\r\n"},
          {"4111111111111111 5555555555554444", "[credit-card] [credit-card]"},
          {"4111111111111111,378282246310005;30569309025904", "[credit-card],[credit-card];[credit-card]"},
          {R"({"pan":"4111111111111111","cvv":"123"})", R"({"pan":"[credit-card]","cvv":"123"})"},
          {R"({"pan":4111111111111111})", R"({"pan":[credit-card]})"},
          {R"("a\n4111111111111111\tb")", R"("a\n[credit-card]\tb")"},
          {R"("\u00204111111111111111\u0020")", R"("\u0020[credit-card]\u0020")"},
          {R"("\u00a04111111111111111")", R"("\u00a0[credit-card]")"},
          {"card=%204111111111111111&x=1", "card=%20[credit-card]&x=1"},
          {"番号4111111111111111です", "番号[credit-card]です"},
          {"é4111111111111111é", "é[credit-card]é"},
          {"\xff"
           "4111111111111111\xfe",
           "\xff[credit-card]\xfe"},
          {std::string_view("\0"
                            "4111111111111111\0",
                            18),
           std::string_view("\0[credit-card]\0", 15)},
          {"No.4111111111111111", "No.[credit-card]"},
      });
}

TEST(CreditCard, IsFoundInTheWaysItIsWritten) {
  expect_redacted("credit-card",
                  std::vector<Redacts>{
                      {"4111 1111 1111 1111", "[credit-card]"},
                      {"4111-1111-1111-1111", "[credit-card]"},
                      {"4111 1111-1111 1111", "[credit-card]"},
                      {"3782 822463 10005", "[credit-card]"},
                      {"3056 930902 5904", "[credit-card]"},
                      {"4222 2222 2222 2", "[credit-card]"},
                      {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[credit-card]"},
                      {"4111 1111 1111 1111 12/29", "[credit-card] 12/29"},
                      {"4111 1111 1111 1111 737 Main St", "[credit-card] 737 Main St"},
                      {"1234 4111 1111 1111 1111", "1234 [credit-card]"},
                      {"4111 1111 1111 1111 5555 5555 5555 4444", "[credit-card] [credit-card]"},
                      {"4111-1111-1111-1111-x", "[credit-card]-x"},
                  });
}

TEST(CreditCard, IsNotFoundInOtherDigits) {
  expect_untouched("credit-card", std::vector<std::string_view>{
                                      "",
                                      "4",
                                      "411111111111",
                                      "4111111111111112",  // the check digit
                                      "04111111111111111",
                                      "41111111111111110",  // in a longer run
                                      "411111111111111100000000000000000000",
                                      "x4111111111111111",
                                      "4111111111111111x",
                                      "_4111111111111111",
                                      "4111111111111111_",
                                      "0.4111111111111111",
                                      "4111111111111111.5",
                                      "-0.4111111111111111",  // fractions
                                      "1234567890123452",
                                      "0000000000000000",
                                      "9999999999999995",  // nobody's beginning
                                      "1700000000000000",
                                      "1700000000000000000",  // times
                                      "4111  1111  1111  1111",
                                      "4111.1111.1111.1111",
                                      "4111 1111 1111 111x",
                                      "41 11 11 11 11 11 11 11",  // a list of small numbers
                                      "4111\n1111\n1111\n1111",
                                      "d41d8cd98f00b204e9800998ecf8427e",
                                      "550e8400-e29b-41d4-a716-446655440000",
                                      "2024-01-02T03:04:05.678901234Z",
                                      "192.168.100.200:40000",
                                  });
}

TEST(CreditCard, EveryWrongDigitMakesItAnotherNumber) {
  const RuleList rules = preset_rules("credit-card");
  for (std::size_t at = 0; at < 16; ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string number = "5105105105105100";
      const bool same = number[at] == digit;
      number[at] = digit;
      EXPECT_EQ(rules.matches(as_bytes(number)).empty(), !same) << number;
    }
  }
}

TEST(Email, IsFound) {
  expect_redacted("email", std::vector<Redacts>{
                               {"alice@example.com", "[email]"},
                               {"Alice <alice@example.com>, bob@example.org.", "Alice <[email]>, [email]."},
                               {"mailto:alice.b+tag@mail.example.co.jp?x", "mailto:[email]?x"},
                               {R"({"to":"alice@example.com"})", R"({"to":"[email]"})"},
                               {R"("hello\nalice@example.com\n")", R"("hello\n[email]\n")"},
                               {R"("\u003calice@example.com\u003e")", R"("\u003c[email]\u003e")"},
                               {R"("alice\u0040example.com")", R"("[email]")"},
                               {"to=alice%40example.com&cc=b", "to=[email]&cc=b"},
                               {"to=%20alice@example.com", "to=%20[email]"},
                               {"'alice@example.com'", "'[email]'"},
                               {"連絡先はalice@example.comまで", "連絡先は[email]まで"},
                               {"\xff"
                                "alice@example.com\xff",
                                "\xff[email]\xff"},
                               {"a@b.cc", "[email]"},
                               {"a@b.cc\r\nd@e.ff", "[email]\r\n[email]"},
                               {"x@xn--r8jz45g.xn--zckzah", "[email]"},
                               {"https://user:secret@host.example/", "https://user:[email]/"},
                               {"_a-b_@x-y.example", "[email]"},
                               {"me@2x.io", "[email]"},
                               {"a@b.cc@d.ee", "[email]@d.ee"},
                           });
}

TEST(Email, IsNotFound) {
  expect_untouched("email", std::vector<std::string_view>{
                                "",
                                "@",
                                "a@",
                                "@b.cc",
                                "a@b",
                                "a@b.",
                                "a@b.c",
                                "a @b.cc",
                                "a@ b.cc",
                                "a@b.c1",
                                "a@@b.cc",
                                "lodash@4.17.21",
                                "logo@2x.png",
                                "icons/logo@3x.webp",
                                "@media (x)",
                                "@user on site.com",
                                "a@.cc",
                                "foo@bar baz.com",
                                "a@b\n.cc",
                                "a@b.com_",
                            });
}

TEST(MyNumberPreset, IsFound) {
  expect_redacted("japan-my-number",
                  std::vector<Redacts>{
                      {"123456789018", "[my-number]"},
                      {"1234 5678 9018", "[my-number]"},
                      {"1234-5678-9018", "[my-number]"},
                      {R"({"my_number":"123456789018"})", R"({"my_number":"[my-number]"})"},
                      {R"("\n1234-5678-9018")", R"("\n[my-number]")"},
                      {"マイナンバー123456789018です", "マイナンバー[my-number]です"},
                      {"123456789018\n123456789018", "[my-number]\n[my-number]"},
                      {"123456789018 123456789018", "[my-number] [my-number]"},
                      {"123456789018 12", "[my-number] 12"},
                      {"No. 1 1234 5678 9018", "No. 1 [my-number]"},
                      {"1234-5678-9018 1111", "[my-number] 1111"},
                  });
}

TEST(MyNumberPreset, IsNotFound) {
  expect_untouched("japan-my-number", std::vector<std::string_view>{
                                          "",
                                          "123456789012",
                                          "123456789019",
                                          "1234567890180",
                                          "0123456789018",
                                          "x123456789018",
                                          "123456789018x",
                                          "0.123456789018",
                                          "123456789018.5",
                                          "1234 5678-9018",
                                          "1234  5678  9018",
                                          "12345678 9018",
                                          "1234 5678 9018 1234",
                                          "1111 1234 5678 9018",
                                          "1234-5678-9018-1234",
                                          "1111-1234-5678-9018",
                                          "123456789018-1",
                                          "1-123456789018",
                                          "1234\n5678\n9018",
                                      });
}

TEST(Phone, IsFoundInTheWaysItIsWritten) {
  expect_redacted(
      "japan-phone",
      std::vector<Redacts>{
          {"03-1234-5678", "[phone]"},    {"0312345678", "[phone]"},         {"(03)1234-5678", "[phone]"},
          {"(03) 1234-5678", "[phone]"},  {"03(1234)5678", "[phone]"},       {"03 1234 5678", "[phone]"},
          {"045-123-4567", "[phone]"},    {"0463-12-3456", "[phone]"},       {"04992-1-2345", "[phone]"},
          {"090-1234-5678", "[phone]"},   {"09012345678", "[phone]"},        {"090 1234 5678", "[phone]"},
          {"080-1234-5678", "[phone]"},   {"07012345678", "[phone]"},        {"050-1234-5678", "[phone]"},
          {"0120-123-456", "[phone]"},    {"0120123456", "[phone]"},         {"0800-123-4567", "[phone]"},
          {"0570-012-345", "[phone]"},    {"03-12345678", "[phone]"},        {"090-12345678", "[phone]"},
          {"+81-3-1234-5678", "[phone]"}, {"+81312345678", "[phone]"},       {"+81 90 1234 5678", "[phone]"},
          {"+819012345678", "[phone]"},   {"+81 (0)3-1234-5678", "[phone]"}, {"+81-090-1234-5678", "[phone]"},
          {"%2B819012345678", "[phone]"}, {"03－1234－5678", "[phone]"},
      });
}

TEST(Phone, IsFoundAtEveryBorder) {
  expect_redacted("japan-phone", std::vector<Redacts>{
                                     {"電話090-1234-5678まで", "電話[phone]まで"},
                                     {"(03-1234-5678)", "([phone])"},
                                     {"電話（03）1234-5678。", "電話[phone]。"},
                                     {"TEL:03-1234-5678, FAX:03-1234-5679.", "TEL:[phone], FAX:[phone]."},
                                     {R"({"tel":"090-1234-5678"})", R"({"tel":"[phone]"})"},
                                     {R"("\n090-1234-5678\n")", R"("\n[phone]\n")"},
                                     {"tel=%2009012345678", "tel=%20[phone]"},
                                     {"090-1234-5678\n090-1234-5678", "[phone]\n[phone]"},
                                     {"090-1234-5678 090-1234-5678", "[phone] [phone]"},
                                     {"tel:+81-90-1234-5678", "tel:[phone]"},
                                     {"\xff"
                                      "09012345678\xff",
                                      "\xff[phone]\xff"},
                                 });
}

TEST(Phone, IsNotFound) {
  expect_untouched("japan-phone", std::vector<std::string_view>{
                                      "",
                                      "0",
                                      "03-1234-567",
                                      "03-1234-56789",
                                      "090-1234-567",
                                      "031234567",
                                      "090123456789",
                                      "0012345678",
                                      "1234567890",
                                      "x0312345678",
                                      "0312345678x",
                                      "0.0312345678",
                                      "0312345678.5",
                                      "2024-01-02",
                                      "01-02-2024",
                                      "2024-01-02 03:04:05",
                                      "012-34-5678",
                                      "192.168.0.1",
                                      "10.0312345678",
                                      "4111-0312-3456-7890",
                                      "1-03-1234-5678",
                                      "03-1234-5678-1",
                                      "+1-202-555-0123",
                                      "+82-10-1234-5678",
                                      "03\n1234\n5678",
                                      "00000000-0000-0000-0000-000000000000",
                                      "0x0312345678",
                                  });
}

}  // namespace
}  // namespace wstap::steps
