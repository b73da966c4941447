// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace wstap::bench {
namespace {

constexpr int kBacklog = 4096;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd new_socket() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) throw_errno("socket");
  return fd;
}

void send_at_once(const Fd& fd) {
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The one cast that the socket interface demands.
const sockaddr* generic(const sockaddr_in& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

}  // namespace

void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Fd listen_on_loopback(std::uint16_t& port) {
  Fd fd = new_socket();
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(fd.get(), generic(address), length) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
      ::getsockname(fd.get(), const_cast<sockaddr*>(generic(address)), &length) != 0)
    throw_errno("listen");
  port = ntohs(address.sin_port);
  return fd;
}

Fd accept_from(const Fd& listener) {
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() >= 0) {
    send_at_once(fd);
  } else if (errno != EAGAIN && errno != ECONNABORTED) {
    throw_errno("accept");
  }
  return fd;
}

Fd connect_to(std::uint16_t port) {
  Fd fd = new_socket();
  send_at_once(fd);
  const sockaddr_in address = loopback(port);
  if (::connect(fd.get(), generic(address), sizeof address) != 0 && errno != EINPROGRESS)
    throw_errno("connect");
  return fd;
}

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) throw_errno("epoll_create1");
}

void Loop::control(int operation, const Fd& fd, Waiter* waiter, bool write) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? EPOLLOUT : 0U);
  event.data.ptr = waiter;
  if (::epoll_ctl(epoll_.get(), operation, fd.get(), &event) != 0) throw_errno("epoll_ctl");
}

void Loop::watch(const Fd& fd, Waiter& waiter, bool write) {
  control(EPOLL_CTL_ADD, fd, &waiter, write);
}

void Loop::change(const Fd& fd, Waiter& waiter, bool write) {
  control(EPOLL_CTL_MOD, fd, &waiter, write);
}

void Loop::forget(const Fd& fd) {
  control(EPOLL_CTL_DEL, fd, nullptr, false);
}

void Loop::turn(Clock::time_point until) {
  std::array<epoll_event, 256> events;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  if (left.count() <= 0) throw std::runtime_error("timed out");
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(left.count()));
  if (count < 0 && errno != EINTR) throw_errno("epoll_wait");
  for (int i = 0; i < count; ++i) static_cast<Waiter*>(events[static_cast<std::size_t>(i)].data.ptr)->ready();
}

}  // namespace wstap::bench
