// SPDX-License-Identifier: Apache-2.0
// One spelling for every address, so that no rule about it is got around by another.
#include "libcore/base/address.h"

#include <gtest/gtest.h>

namespace wstap {
namespace {

struct Row {
  const char *written, *canonical;
};
class CanonicalAddress : public testing::TestWithParam<Row> {};
TEST_P(CanonicalAddress, IsTheUsualSpelling) {
  EXPECT_EQ(canonical_address(GetParam().written), GetParam().canonical);
}
INSTANTIATE_TEST_SUITE_P(All, CanonicalAddress,
                         testing::Values(Row{"127.0.0.1", "127.0.0.1"}, Row{"127.1", "127.0.0.1"},
                                         Row{"2130706433", "127.0.0.1"}, Row{"0x7F000001", "127.0.0.1"},
                                         Row{"0x7f.1", "127.0.0.1"}, Row{"0177.0.0.01", "127.0.0.1"},
                                         Row{"::ffff:127.0.0.1", "127.0.0.1"},
                                         Row{"::FFFF:7f00:1", "127.0.0.1"}, Row{"0:0:0:0:0:0:0:1", "::1"},
                                         Row{"::0001", "::1"}, Row{"FE80::0:1", "fe80::1"},
                                         Row{"0", "127.0.0.1"}, Row{"0.0.0.0", "127.0.0.1"}, Row{"::", "::1"},
                                         Row{"::ffff:0.0.0.0", "127.0.0.1"}));

TEST(CanonicalAddressOfAName, IsNone) {
  for (const char* name : {"", "localhost", "example.com", "127.0.0.1.example.com", "127.0.0.256",
                           "1.2.3.4.5", "0x", "08", "127.0.0.1 x", ":::", "fe80::1%lo", "*", "127.*", "1..2"})
    EXPECT_EQ(canonical_address(name), std::nullopt) << name;
}

}  // namespace
}  // namespace wstap
