// SPDX-License-Identifier: Apache-2.0
// What a TCP connection tells about its peer without being read.
#include "libcore/net/tcp_transport.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <asio/write.hpp>

#include "libcore/net/listening.h"
#include "tests/support/pipe_transport.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;

class TcpTransportTest : public testing::Test {
 protected:
  void SetUp() override {
    tcp::acceptor acceptor(io);
    const auto bound = open_acceptor(acceptor, {asio::ip::address_v4::loopback(), 0});
    ASSERT_TRUE(bound.has_value()) << bound.error().text();
    peer.connect(*bound);
    transport.emplace(acceptor.accept());
    transport->watch_reset([this] { ++resets; });
  }

  asio::io_context io;
  tcp::socket peer{io};
  std::optional<TcpTransport> transport;
  int resets = 0;
};

// FRM-8
TEST_F(TcpTransportTest, SeesAResetWithoutReading) {
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();
  EXPECT_TRUE(test::run_until(io, [&] { return resets == 1; }));
}

// FRM-7, FRM-8: the kernel wakes who waits for errors then, too
TEST_F(TcpTransportTest, TakesTheOrderlyEndOfBothDirectionsForNoReset) {
  asio::write(peer, asio::buffer("still unread", 12));
  peer.shutdown(tcp::socket::shutdown_send);
  transport->shutdown_send();
  Buffer room(64);
  EXPECT_TRUE(test::run_until(io, [&] {
    char byte = 0;
    return ::recv(peer.native_handle(), &byte, 1, MSG_DONTWAIT) == 0;
  }));
  io.restart();
  io.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(resets, 0);
  EXPECT_EQ(transport->try_read(room).bytes, 12U);
  EXPECT_EQ(transport->try_read(room).status, IoStatus::eof);
}

}  // namespace
}  // namespace wstap::net
