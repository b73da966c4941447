// SPDX-License-Identifier: Apache-2.0
// Times as text.
#include "formats/rfc3339.h"

#include <gtest/gtest.h>

#include <limits>

namespace wstap::formats {
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

}  // namespace
}  // namespace wstap::formats
