// SPDX-License-Identifier: Apache-2.0
// Listening addresses as users type them, and what becomes of a port that is taken.
#include "libcore/net/listening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include "libcore/net/errors.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;
using testing::HasSubstr;

TEST(ParseEndpoint, TakesAddressesAndLocalhost) {
  const std::pair<const char*, const char*> rows[] = {
      {"127.0.0.1:8080", "127.0.0.1 8080"}, {"0.0.0.0:80", "0.0.0.0 80"}, {":8080", "0.0.0.0 8080"},
      {"localhost:9000", "127.0.0.1 9000"}, {"[::1]:0", "::1 0"},         {"[::]:65535", ":: 65535"}};
  for (const auto& [text, expected] : rows) {
    SCOPED_TRACE(text);
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint.has_value()) << endpoint.error().text();
    EXPECT_EQ(endpoint->address().to_string() + " " + std::to_string(endpoint->port()), expected);
  }
}

TEST(ParseEndpoint, RefusesEverythingElseAndNamesIt) {
  for (const char* text : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1: 80", "example.com:80", "256.0.0.1:80", "[::1:80",
                           "::1]:80", "[::1]", "[]:80", "http://127.0.0.1:80"}) {
    SCOPED_TRACE(text);
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint.has_value());
    EXPECT_EQ(endpoint.error().code, Errc::bad_address);
    EXPECT_THAT(endpoint.error().detail, HasSubstr("'" + std::string(text) + "'"));
  }
}

tcp::endpoint loopback() {
  return {asio::ip::address_v4::loopback(), 0};
}

TEST(OpenAcceptor, ResolvesPortZeroAndListens) {
  asio::io_context io;
  tcp::acceptor acceptor(io);
  const auto bound = open_acceptor(acceptor, loopback());
  ASSERT_TRUE(bound.has_value()) << bound.error().text();
  EXPECT_NE(bound->port(), 0);
  tcp::socket client(io);
  std::error_code failed;
  client.connect(*bound, failed);
  EXPECT_FALSE(failed) << failed.message();
}

TEST(OpenAcceptor, NamesThePortThatIsTaken) {
  asio::io_context io;
  tcp::acceptor first(io);
  const auto bound = open_acceptor(first, loopback());
  ASSERT_TRUE(bound.has_value()) << bound.error().text();
  tcp::acceptor second(io);
  const auto refused = open_acceptor(second, *bound);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::address_in_use);
  EXPECT_THAT(refused.error().detail, HasSubstr("127.0.0.1:" + std::to_string(bound->port())));
}

TEST(OpenAcceptor, NamesTheAddressThatThisMachineDoesNotHave) {
  asio::io_context io;
  tcp::acceptor acceptor(io);
  const tcp::endpoint documentation(asio::ip::make_address("192.0.2.1"), 0);
  const auto refused = open_acceptor(acceptor, documentation);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, std::errc::address_not_available);
  EXPECT_THAT(refused.error().detail, HasSubstr("192.0.2.1"));
}

}  // namespace
}  // namespace wstap::net
