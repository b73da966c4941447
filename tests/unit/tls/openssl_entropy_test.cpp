// SPDX-License-Identifier: Apache-2.0
// OpenSSL's random bytes, given out in blocks: all of them, and each once (FRM-6).
#include "libcore/tls/openssl_entropy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/bytes.h"

namespace wstap::tls {
namespace {

constexpr std::size_t kBlock = 4096;

/// `total` bytes, drawn `at_a_time`.
Buffer drawn(OpensslEntropy& entropy, std::size_t total, std::size_t at_a_time) {
  Buffer all(total);
  for (std::size_t at = 0; at < total; at += at_a_time)
    entropy.fill(MutableBytes(all).subspan(at, std::min(at_a_time, total - at)));
  return all;
}

/// No run of 8 bytes occurs twice, at whatever distance: by chance that is one in 10^9 for this much.
bool repeats(const Buffer& data) {
  std::set<std::uint64_t> seen;
  for (std::size_t at = 0; at + 8 <= data.size(); ++at)
    if (!seen.insert(load_be<std::uint64_t>(Bytes(data).subspan(at))).second) return true;
  return false;
}

// FRM-6
TEST(OpensslEntropy, GivesOutEachByteOnceOverManyBlocks) {
  for (const std::size_t at_a_time : {1, 3, 4, 1000}) {
    OpensslEntropy entropy;
    EXPECT_FALSE(repeats(drawn(entropy, 4 * kBlock, at_a_time))) << at_a_time;
  }
}

TEST(OpensslEntropy, FillsRequestsOfAnySizeAroundABlock) {
  for (const std::size_t size : {kBlock - 1, kBlock, kBlock + 1, 5 * kBlock}) {
    OpensslEntropy entropy;
    Buffer first(3);  // so that the block is not fresh
    entropy.fill(first);
    EXPECT_FALSE(repeats(drawn(entropy, size, size))) << size;
  }
}

TEST(OpensslEntropy, ALargeRequestDoesNotDisturbTheBlock) {
  OpensslEntropy entropy;
  Buffer all = drawn(entropy, 100, 4);
  append(all, drawn(entropy, 2 * kBlock, 2 * kBlock));
  append(all, drawn(entropy, 2 * kBlock, 4));
  EXPECT_FALSE(repeats(all));
}

TEST(OpensslEntropy, WritesTheRequestedBytesOnly) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4}, kBlock, kBlock + 7}) {
    OpensslEntropy entropy;
    Buffer guarded(size + 32, std::byte{0xa5});
    entropy.fill(MutableBytes(guarded).subspan(16, size));
    const auto is_guard = [](std::byte byte) { return byte == std::byte{0xa5}; };
    EXPECT_TRUE(std::all_of(guarded.begin(), guarded.begin() + 16, is_guard)) << size;
    EXPECT_TRUE(std::all_of(guarded.end() - 16, guarded.end(), is_guard)) << size;
  }
}

TEST(OpensslEntropy, TwoSourcesDiffer) {
  OpensslEntropy one;
  OpensslEntropy other;
  EXPECT_NE(drawn(one, 16, 4), drawn(other, 16, 4));
}

TEST(OpensslEntropy, AllByteValuesOccurAboutEquallyOften) {
  OpensslEntropy entropy;
  std::map<std::byte, int> counts;
  for (const auto byte : drawn(entropy, 256 * 1000, 4)) ++counts[byte];
  ASSERT_EQ(counts.size(), 256U);
  // 1000 each with a deviation of 32: half of that or twice as much never happens by chance.
  for (const auto& [byte, count] : counts) {
    EXPECT_GT(count, 500) << static_cast<int>(byte);
    EXPECT_LT(count, 2000) << static_cast<int>(byte);
  }
}

}  // namespace
}  // namespace wstap::tls
