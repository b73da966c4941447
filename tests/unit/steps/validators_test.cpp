// SPDX-License-Identifier: Apache-2.0
// SAFE-4: check digits, against numbers that are published for tests, and everything that one wrong digit
// makes of them.
#include "libcore/steps/validators.h"

#include <gtest/gtest.h>

#include <string>

namespace wstap::steps {
namespace {

// Cards that the networks and payment services publish for tests.
constexpr std::string_view kCards[] = {
    "4111111111111111", "4012888888881881", "4242424242424242", "4222222222222",     // Visa
    "5555555555554444", "5105105105105100", "2223003122003222", "5200828282828210",  // Mastercard
    "378282246310005",  "371449635398431",                                           // American Express
    "30569309025904",   "38520000023237",                                            // Diners Club
    "6011111111111117", "6011000990139424",                                          // Discover
    "3530111333300000", "3566002020360505",                                          // JCB
    "6200000000000005", "6759649826438453",                                          // UnionPay, Maestro
};

TEST(Luhn, HoldsForPublishedNumbers) {
  EXPECT_TRUE(luhn_holds("79927398713"));  // the patent's example, as it is usually given
  for (const auto card : kCards) {
    EXPECT_TRUE(luhn_holds(card)) << card;
    EXPECT_TRUE(has_card_issuer(card)) << card;
  }
}

TEST(Luhn, FindsEveryWrongDigit) {
  for (const std::string_view card : kCards) {
    for (std::size_t at = 0; at < card.size(); ++at) {
      for (char digit = '0'; digit <= '9'; ++digit) {
        std::string wrong(card);
        wrong[at] = digit;
        EXPECT_EQ(luhn_holds(wrong), wrong == card) << wrong;
      }
    }
  }
}

TEST(Luhn, StepsOverGroupingAndTakesNothingElse) {
  EXPECT_TRUE(luhn_holds("4111 1111-1111 1111"));
  EXPECT_FALSE(luhn_holds(""));
  EXPECT_FALSE(luhn_holds("0"));
  EXPECT_FALSE(luhn_holds(" - "));
  EXPECT_FALSE(luhn_holds("4111.1111.1111.1111"));
  EXPECT_FALSE(luhn_holds("411111111111111x"));
  EXPECT_FALSE(luhn_holds(std::string(1000, '0'))) << "longer than any number";
}

TEST(CardIssuer, KnowsBeginningsAndLengths) {
  EXPECT_TRUE(has_card_issuer("4111 1111 1111 1111"));
  EXPECT_FALSE(has_card_issuer("411111111111111")) << "no Visa card has 15 digits";
  EXPECT_TRUE(has_card_issuer("2221000000000009"));
  EXPECT_FALSE(has_card_issuer("2220990000000000"));
  EXPECT_FALSE(has_card_issuer("2721000000000004"));
  EXPECT_FALSE(has_card_issuer("0000000000000000")) << "though its check digit is right";
  EXPECT_FALSE(has_card_issuer("1700000000000000")) << "microseconds since 1970";
  EXPECT_FALSE(has_card_issuer(""));
}

// The sum of the first digits' products leaves 3 when divided by 11.
constexpr std::string_view kMyNumber = "123456789018";

TEST(MyNumber, HoldsWhatTheOrdinanceSays) {
  EXPECT_TRUE(my_number_holds(kMyNumber));
  EXPECT_TRUE(my_number_holds("1234 5678 9018"));
  EXPECT_TRUE(my_number_holds("1234-5678-9018"));
  EXPECT_TRUE(my_number_holds("000000000000")) << "a remainder of 0";
  EXPECT_TRUE(my_number_holds("000000000060")) << "6 * 2 leaves 1";
  EXPECT_TRUE(my_number_holds("100000000005")) << "1 * 6 leaves 6";
  EXPECT_TRUE(my_number_holds("000001000004")) << "1 * 7";
  EXPECT_TRUE(my_number_holds("000010000009")) << "1 * 2: the weights begin again at the seventh digit";
}

TEST(MyNumber, FindsEveryWrongDigit) {
  for (std::size_t at = 0; at < kMyNumber.size(); ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string wrong(kMyNumber);
      wrong[at] = digit;
      EXPECT_EQ(my_number_holds(wrong), wrong == kMyNumber) << wrong;
    }
  }
}

// Both remainders are written 0: the one kind of error that this check digit does not find.
TEST(MyNumber, TakesRemaindersZeroAndOneForEachOther) {
  EXPECT_TRUE(my_number_holds("000000000000"));
  EXPECT_TRUE(my_number_holds("000000000060"));
}

TEST(MyNumber, HasTwelveDigitsAndNothingElse) {
  EXPECT_FALSE(my_number_holds(""));
  EXPECT_FALSE(my_number_holds("12345678901"));
  EXPECT_FALSE(my_number_holds("0123456789018"));
  EXPECT_FALSE(my_number_holds("12345678901x"));
  EXPECT_FALSE(my_number_holds("1234.5678.9018"));
}

}  // namespace
}  // namespace wstap::steps
