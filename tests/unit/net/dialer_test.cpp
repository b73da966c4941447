// SPDX-License-Identifier: Apache-2.0
// Connections to upstreams, on this machine only: those that come to be, and why the others do not.
#include "libcore/net/dialer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "libcore/net/errors.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class DialerTest : public testing::Test {
 protected:
  asio::io_context io;
  net::Resolver resolver;

  Result<tcp::socket> dial(std::string host, std::uint16_t port, net::DialOptions options = {}) {
    return run(io, net::dial(resolver, {std::move(host), port}, std::move(options)));
  }
};

struct Listener {
  explicit Listener(asio::io_context& io, int backlog = 16) : acceptor(io) {
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    if (backlog >= 0) acceptor.listen(backlog);
  }
  std::uint16_t port() const { return acceptor.local_endpoint().port(); }
  tcp::acceptor acceptor;
};

TEST_F(DialerTest, ConnectsToAnAddress) {
  Listener listener(io);
  auto socket = dial("127.0.0.1", listener.port());
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(socket->remote_endpoint(), listener.acceptor.local_endpoint());
  EXPECT_EQ(listener.acceptor.accept().remote_endpoint(), socket->local_endpoint());
}

// Of a name's addresses the one that accepts is taken, whatever comes first.
TEST_F(DialerTest, ConnectsToAName) {
  Listener listener(io);
  auto socket = dial("localhost", listener.port());
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(socket->remote_endpoint(), listener.acceptor.local_endpoint());
}

TEST_F(DialerTest, SaysWhoRefused) {
  const Listener bound(io, -1);  // its port is taken, and nobody listens there
  const auto socket = dial("127.0.0.1", bound.port());
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, net::Errc::connect_failed);
  EXPECT_EQ(socket.error().detail,
            fmt::format("127.0.0.1:{0} (127.0.0.1:{0}: Connection refused)", bound.port()));
}

TEST_F(DialerTest, NamesTheHostItCannotResolve) {
  const std::string no_name(300, 'x');
  const auto socket = dial(no_name, 80);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, net::Errc::resolve_failed);
  EXPECT_THAT(socket.error().detail, testing::HasSubstr(no_name));
}

// A listener whose queue is full does not answer any more.
TEST_F(DialerTest, GivesUpInTime) {
  const Listener full(io, 0);
  std::vector<tcp::socket> queue;
  bool answered = true;
  while (answered && queue.size() < 64) {
    auto& next = queue.emplace_back(io);
    answered = false;
    next.async_connect(full.acceptor.local_endpoint(), [&](std::error_code failed) { answered = !failed; });
    io.restart();
    io.run_for(100ms);
  }
  if (answered) GTEST_SKIP() << "this system accepts any number of connections";
  const auto socket = dial("127.0.0.1", full.port(), {.timeout = 50ms});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, net::Errc::timed_out);
  EXPECT_EQ(socket.error().detail, fmt::format("127.0.0.1:{} did not accept within 50 ms", full.port()));
}

/// All the ways of naming this machine, as far as it has them.
std::vector<std::string> own_names() {
  std::vector<std::string> names = {
      "127.0.0.1",
      "127.1.2.3",
      "0.0.0.0",
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "::ffff:0.0.0.0",
      "localhost",
      // What the system's resolver takes for addresses as well:
      "127.1",
      "0",
      "2130706433",
      "0x7f000001",
  };
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return names;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in address{};
    std::memcpy(&address, entry->ifa_addr, sizeof(address));
    const asio::ip::address_v4 own(ntohl(address.sin_addr.s_addr));
    names.push_back(own.to_string());
    names.push_back("::ffff:" + own.to_string());
  }
  freeifaddrs(list);
  return names;
}

// UPG-7: wstap never dials itself, by any address of this host.
TEST_F(DialerTest, DoesNotDialItself) {
  Listener listener(io);
  for (const auto& name : own_names()) {
    SCOPED_TRACE(name);
    const auto socket = dial(name, listener.port(), {.own_ports = {1, listener.port()}});
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, net::Errc::self_dial);
    EXPECT_EQ(socket.error().detail, (net::Target{name, listener.port()}.text()));
  }
  listener.acceptor.non_blocking(true);
  std::error_code none;
  (void)listener.acceptor.accept(none);
  EXPECT_EQ(none, asio::error::would_block) << "somebody was dialled after all";
}

// UPG-7: another port of the same host is somebody else.
TEST_F(DialerTest, DialsItsNeighbours) {
  Listener listener(io);
  const auto other = static_cast<std::uint16_t>(listener.port() ^ 1);
  EXPECT_TRUE(dial("127.0.0.1", listener.port(), {.own_ports = {other}}));
}

TEST(Target, IsWrittenAsInAUrl) {
  EXPECT_EQ((net::Target{"example.com", 443}.text()), "example.com:443");
  EXPECT_EQ((net::Target{"127.0.0.1", 80}.text()), "127.0.0.1:80");
  EXPECT_EQ((net::Target{"::1", 8080}.text()), "[::1]:8080");
}

}  // namespace
}  // namespace wstap::test
