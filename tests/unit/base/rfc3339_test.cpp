// SPDX-License-Identifier: Apache-2.0
// Times as text.
#include "libcore/base/rfc3339.h"

#include <gtest/gtest.h>

#include <limits>

namespace wstap {
namespace {

// INS-1: UTC, always nine digits.
TEST(Rfc3339, WritesTimes) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(rfc3339(1'767'225'600'123'456'789), "2026-01-01T00:00:00.123456789Z");
  EXPECT_EQ(rfc3339(1'709'251'199'999'999'999), "2024-02-29T23:59:59.999999999Z");
  EXPECT_EQ(rfc3339(4'107'542'400'000'000'000), "2100-03-01T00:00:00.000000000Z");
}

TEST(Rfc3339, WritesTimesBefore1970) {
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(rfc3339(-1'000'000'000), "1969-12-31T23:59:59.000000000Z");
}

TEST(Rfc3339, WritesAnyTimeThereIs) {
  EXPECT_EQ(rfc3339(std::numeric_limits<UnixNs>::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(rfc3339(std::numeric_limits<UnixNs>::min()), "1677-09-21T00:12:43.145224192Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
  for (const UnixNs time : {UnixNs{0}, UnixNs{1}, UnixNs{-1}, UnixNs{1'767'225'600'123'456'789},
                            UnixNs{1'709'251'199'999'999'999}, UnixNs{-2'000'000'000'000'000'001}})
    EXPECT_EQ(parse_rfc3339(rfc3339(time)), time);
}

TEST(Rfc3339, ReadsWhatPeopleWrite) {
  constexpr UnixNs kDay = 1'769'817'600'000'000'000, kSecond = 1'000'000'000;
  EXPECT_EQ(parse_rfc3339("2026-01-31"), kDay);
  EXPECT_EQ(parse_rfc3339("2026-01-31T12:00"), kDay + 43'200 * kSecond);
  EXPECT_EQ(parse_rfc3339("2026-01-31t12:00:01.5z"), kDay + 43'201 * kSecond + kSecond / 2);
  EXPECT_EQ(parse_rfc3339("2026-01-31 12:00:01"), kDay + 43'201 * kSecond);
  EXPECT_EQ(parse_rfc3339("2026-01-31T12:00:00+01:30"), kDay + (43'200 - 5'400) * kSecond);
  EXPECT_EQ(parse_rfc3339("2026-01-31T12:00-01:30"), kDay + (43'200 + 5'400) * kSecond);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-1-31", "2026-01-31T", "2026-01-31T24:00",
        "2026-01-31T12:00:", "2026-01-31T12:00:00.", "2026-01-31T12:00:00.1234567890",
        "2026-01-31T12:00:00Zx", "2026-01-31T12:00+1:00", "9999-12-31", "-026-01-31", "+026-01-31"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

}  // namespace
}  // namespace wstap
