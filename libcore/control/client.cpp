// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "libcore/control/errors.h"
#include "libcore/control/socket.h"

namespace wstap::control {
namespace {

std::unexpected<Error> system_fault(std::string detail) {
  return fail(std::error_code(errno, std::generic_category()), std::move(detail));
}

/// Waits until `socket` is ready for one of `events`, or `end`. @return those it is ready for; 0: none.
short wait_for(int socket, short events, std::chrono::steady_clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd state{.fd = socket, .events = events, .revents = 0};
    const auto wait = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1'000'000);
    if (::poll(&state, 1, static_cast<int>(wait)) > 0) return state.revents;
    if (left.count() <= 0) return 0;
  }
}

std::unexpected<Error> cannot_connect(const std::string& path) {
  if (errno == ENOENT)
    return system_fault(path + " (no proxy has its control socket there: see --control of the proxy)");
  if (errno == ECONNREFUSED)
    return fail(Errc::connect_failed, path + " (the proxy that made it is gone: start one, or name another)");
  if (errno == EAGAIN) return fail(Errc::timed_out, path + " (the proxy does not accept connections)");
  return system_fault(path);
}

}  // namespace

Result<Client> Client::connect(const std::string& path, const Codec& codec, std::string name,
                               Milliseconds timeout, Milliseconds patience) {
  const auto address = unix_address(path);
  if (!address) return std::unexpected(address.error());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&*address));
  if (::connect(socket.get(), generic, sizeof *address) != 0) return cannot_connect(path);
  const auto peer = peer_identity(socket.get());
  if (!peer) return std::unexpected(peer.error());
  if (peer->uid != ::geteuid())
    return fail(Errc::not_ours, fmt::format("{} (user {} listens there)", path, peer->uid));
  Client client(std::move(socket), codec, path, patience);
  if (auto ok = client.greet(std::move(name), timeout); !ok) return std::unexpected(ok.error());
  return client;
}

Result<void> Client::greet(std::string name, Milliseconds timeout) {
  // A proxy that refuses at once may have closed already: what it said counts then, not that.
  const auto sent = send(Hello{kVersion, std::move(name)});
  if (!sent && sent.error().code != Errc::peer_closed) return std::unexpected(sent.error());
  auto reply = next(Clock::now() + timeout);
  if (!reply) return std::unexpected(reply.error());
  if (!*reply) return fail(Errc::timed_out, path_ + " (it does not answer: is it a wstap proxy that runs?)");
  if (const auto* refusal = std::get_if<Refusal>(&(*reply)->body))
    return fail(Errc::refused, fmt::format("{} ({})", path_, refusal->reason));
  auto* welcome = std::get_if<Welcome>(&(*reply)->body);
  if (welcome == nullptr) return fail(Errc::protocol, path_ + " (is it a wstap proxy?)");
  if (welcome->version != kVersion)
    return fail(Errc::other_version, fmt::format("{} ({} speaks version {}, this wstap version {})", path_,
                                                 welcome->program, welcome->version, kVersion));
  proxy_ = std::move(*welcome);
  return {};
}

Result<std::uint32_t> Client::send(Request::Body request) {
  if (++serial_ == 0) ++serial_;
  const Buffer bytes = codec_->encode(Request{serial_, std::move(request)});
  if (bytes.size() > kMaxRequestBytes)
    return fail(std::make_error_code(std::errc::message_size),
                fmt::format("{} bytes, and a request has at most {}", bytes.size(), kMaxRequestBytes));
  if (auto ok = send_all(bytes); !ok) return std::unexpected(ok.error());
  if (unanswered_++ == 0) waited_ = {};
  return serial_;
}

Result<void> Client::send_all(Bytes bytes) {
  auto end = Clock::now() + patience_;
  while (!bytes.empty()) {
    const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      end = Clock::now() + patience_;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return closed();
    } else if (errno == EAGAIN) {
      // The proxy may wait for us to read before it reads on.
      const short ready = wait_for(socket_.get(), POLLIN | POLLOUT, end);
      if (ready == 0) return fail(Errc::timed_out, path_ + " (the proxy takes nothing)");
      if ((ready & POLLIN) != 0)
        if (auto ok = read_some(); !ok) return ok;
    } else if (errno != EINTR) {
      return system_fault(path_);
    }
  }
  return {};
}

Result<std::optional<Reply>> Client::receive(Milliseconds timeout) {
  if (polled_since_) waited_ += Clock::now() - *std::exchange(polled_since_, std::nullopt);
  if (!aside_.empty()) {
    std::optional<Reply> reply(std::move(aside_.front()));
    aside_.pop_front();
    return reply;
  }
  const auto end = Clock::now() + timeout;
  for (;;) {
    const auto begun = Clock::now();
    auto reply = next(unanswered_ == 0 ? end : std::min(end, begun + (patience_ - waited_)));
    if (!reply || *reply) return reply;
    waited_ += Clock::now() - std::max(begun, heard_);
    if (unanswered_ != 0 && waited_ >= patience_) return does_not_answer();
    if (Clock::now() >= end) return reply;
  }
}

int Client::patience_ms() noexcept {
  if (unanswered_ == 0) return -1;
  polled_since_ = Clock::now();
  const auto left = std::chrono::ceil<Milliseconds>(patience_ - waited_);
  return static_cast<int>(std::max<Milliseconds::rep>(left.count(), 0));
}

Result<Reply> Client::ask(Request::Body request, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  const auto serial = send(std::move(request));
  if (!serial) return std::unexpected(serial.error());
  std::vector<HeldItemPtr> items;
  for (;;) {
    auto reply = next(end);
    if (!reply) return std::unexpected(reply.error());
    if (!*reply) return does_not_answer();
    if ((*reply)->serial != *serial) {
      aside_.push_back(**std::move(reply));
      continue;
    }
    if (const auto* refusal = std::get_if<Refusal>(&(*reply)->body))
      return fail(Errc::refused, refusal->reason);
    auto* part = std::get_if<Items>(&(*reply)->body);
    if (part == nullptr) return **std::move(reply);
    std::ranges::move(part->items, std::back_inserter(items));
    if (!part->more) return Reply{*serial, Items{std::move(items)}};
  }
}

Result<std::optional<Reply>> Client::next(Clock::time_point end) {
  for (;;) {
    auto reply = take();
    if (!reply || *reply) return reply;
    if (wait_for(socket_.get(), POLLIN, end) == 0) return std::nullopt;
    if (auto ok = read_some(); !ok) return std::unexpected(ok.error());
  }
}

/// A reply that is there already.
Result<std::optional<Reply>> Client::take() {
  for (;;) {
    auto taken = codec_->take_reply(Bytes(received_).subspan(taken_));
    if (!taken) return fail(Errc::protocol, fmt::format("{} ({})", path_, taken.error().text()));
    if (!*taken) return std::nullopt;
    taken_ += (*taken)->used;
    if (taken_ == received_.size()) {
      received_ = {};
      taken_ = 0;
    }
    // Events of later versions are none of ours.
    Reply& reply = (*taken)->message;
    note_answered(reply);
    if (reply.serial == 0 && std::holds_alternative<Unknown>(reply.body)) continue;
    return std::optional(std::move(reply));
  }
}

void Client::note_answered(const Reply& reply) {
  const auto* part = std::get_if<Items>(&reply.body);
  const bool is_answer = reply.serial != 0 && (part == nullptr || !part->more);
  if (is_answer && unanswered_ != 0) --unanswered_;
}

/// There is something to be read.
Result<void> Client::read_some() {
  std::array<std::byte, 64 * 1024> room;
  const auto got = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (got == 0 || (got < 0 && errno == ECONNRESET)) return closed();
  if (got < 0) return errno == EAGAIN || errno == EINTR ? Result<void>() : system_fault(path_);
  heard_ = Clock::now();
  waited_ = {};
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  append(received_, Bytes(room).first(static_cast<std::size_t>(got)));
  return {};
}

std::unexpected<Error> Client::does_not_answer() const {
  return fail(Errc::timed_out, path_ + " (the proxy does not answer)");
}

std::unexpected<Error> Client::closed() const {
  return fail(Errc::peer_closed, path_ + " (the proxy has ended, or does not want this client)");
}

}  // namespace wstap::control
