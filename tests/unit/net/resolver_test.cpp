// SPDX-License-Identifier: Apache-2.0
// Host names to addresses. Only names that this machine knows by itself: tests ask no name server.
#include "libcore/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/net/errors.h"
#include "libcore/net/tcp_transport.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;

class ResolverTest : public testing::Test {
 protected:
  Result<std::vector<std::string>> resolve(std::string host) {
    const auto found = run(io, resolver.resolve(std::move(host), 80, std::chrono::steady_clock::now() + 30s));
    if (!found) return std::unexpected(found.error());
    std::vector<std::string> texts;
    for (const auto& endpoint : *found) texts.push_back(net::to_string(endpoint));
    return texts;
  }
  asio::io_context io;
  net::Resolver resolver;
};

TEST_F(ResolverTest, TakesLiteralsAsTheyAre) {
  EXPECT_THAT(*resolve("192.0.2.7"), testing::ElementsAre("192.0.2.7:80"));
  EXPECT_THAT(*resolve("2001:db8::1"), testing::ElementsAre("[2001:db8::1]:80"));
  EXPECT_THAT(*resolve("::ffff:127.0.0.1"), testing::ElementsAre("[::ffff:127.0.0.1]:80"));
}

TEST_F(ResolverTest, KnowsThisMachine) {
  const auto found = resolve("localhost");
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_THAT(*found, testing::Contains(testing::AnyOf("127.0.0.1:80", "[::1]:80")));
}

// What the system takes for an address without being one in the usual form.
TEST_F(ResolverTest, KnowsOldWaysOfWritingAddresses) {
  EXPECT_THAT(*resolve("127.1"), testing::ElementsAre("127.0.0.1:80"));
}

TEST_F(ResolverTest, NamesWhatItCannotResolve) {
  const std::string no_name(300, 'x');  // longer than a name may be, so that nobody is asked
  const auto found = resolve(no_name);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, net::Errc::resolve_failed);
  EXPECT_THAT(found.error().detail, testing::StartsWith(no_name + ": "));
  EXPECT_GT(found.error().detail.size(), no_name.size() + 2);
}

// Lookups that nobody waits for any more end with the resolver, not with a crash.
TEST_F(ResolverTest, MayBeAskedByWhoGoesAway) {
  for (int i = 0; i < 20; ++i) {
    asio::io_context gone;
    net::Resolver short_lived;
    Started<Result<net::Resolver::Endpoints>> asking(
        gone, short_lived.resolve("localhost", 80, std::chrono::steady_clock::now() + 30s));
    gone.poll();
  }
}

}  // namespace
}  // namespace wstap::test
