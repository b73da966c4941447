// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/proxy_core.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "libcore/net/client_session.h"
#include "libcore/net/errors.h"
#include "libcore/net/listening.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptRetry{50};
// Two sockets a connection, and some for files, name lookups and the library.
constexpr std::uint64_t kDescriptorsPerConnection = 2;
constexpr std::uint64_t kSpareDescriptors = 256;

/// @return how many descriptors the process may have, after asking for `wanted`.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

}  // namespace

ProxyCore::ProxyCore(ProxyOptions given, ProxyParts with)
    : options(std::move(given)), parts(with), budget_(options.max_buffered_bytes) {
  for (unsigned i = 0; i < std::max(1U, options.workers); ++i) seats_.emplace_back(parts.clock, budget_);
  dial_options_.timeout = options.dial_timeout;
}

ProxyCore::~ProxyCore() = default;

Result<std::vector<tcp::endpoint>> ProxyCore::listen() {
  const auto wanted = options.max_connections * kDescriptorsPerConnection + kSpareDescriptors;
  const auto allowed = raise_descriptor_limit(wanted);
  if (allowed < wanted)
    log(LogLevel::info,
        fmt::format("only {} descriptors allowed: about {} connections, not {} (raise 'ulimit -n')", allowed,
                    (allowed - kSpareDescriptors) / kDescriptorsPerConnection, options.max_connections));
  std::vector<tcp::endpoint> bound;
  for (const auto& endpoint : options.listen) {
    tcp::acceptor acceptor(seats_.front().worker.io());
    const auto at = open_acceptor(acceptor, endpoint);
    if (!at) return std::unexpected(at.error());
    bound.push_back(*at);
    dial_options_.own_ports.push_back(bound.back().port());
    acceptors_.push_back(std::move(acceptor));
  }
  return bound;
}

bool ProxyCore::run() {
  for (auto& acceptor : acceptors_)
    asio::co_spawn(seats_.front().worker.io(), accept_loop(acceptor), asio::detached);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < seats_.size(); ++i)
    threads.emplace_back([this, i] { seats_[i].worker.io().run(); });
  seats_.front().worker.io().run();
  threads.clear();
  return !cut_ && !failure;
}

void ProxyCore::stop() {
  const bool at_once = stops_.fetch_add(1) != 0;
  if (at_once) cut_ = true;
  asio::post(seats_.front().worker.io(), [this] {
    std::error_code ignored;
    for (auto& acceptor : acceptors_) acceptor.close(ignored);
  });
  for (auto& seat : seats_)
    asio::post(seat.worker.io(), [this, &seat, at_once] { stop_seat(seat, at_once); });
}

void ProxyCore::stop_seat(WorkerSeat& seat, bool at_once) {
  seat.stopping = true;
  for (ClientSession* session : seat.sessions) session->cancel();
  for (Relay* relay : seat.relays) {
    if (at_once) {
      relay->cut();
    } else {
      relay->shut_down();
    }
  }
  seat.busy.reset();
}

void ProxyCore::on_each_seat(const std::function<void(WorkerSeat&)>& work) {
  for (auto& seat : seats_) asio::post(seat.worker.io(), [work, &seat] { work(seat); });
}

asio::awaitable<void> ProxyCore::wait_for_room() {
  asio::steady_timer timer(seats_.front().worker.io());
  if (connections_ >= options.max_connections)
    log(LogLevel::warning,
        fmt::format("limit hit: {} connections (--max-connections); new ones wait", connections_));
  while (connections_ >= options.max_connections && stops_ == 0) {
    timer.expires_after(kAcceptRetry);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> ProxyCore::accept_loop(tcp::acceptor& acceptor) {
  while (stops_ == 0) {
    co_await wait_for_room();
    const std::size_t seat = next_seat_++ % seats_.size();
    std::error_code failed;
    tcp::socket socket = co_await acceptor.async_accept(seats_[seat].worker.io(),
                                                        asio::redirect_error(asio::use_awaitable, failed));
    if (stops_ != 0 || failed == asio::error::operation_aborted) co_return;
    if (failed) {
      // Out of descriptors, or a client that was gone already: neither is a reason to stop listening.
      log(LogLevel::warning, fmt::format("cannot accept: {}", failed.message()));
      asio::steady_timer timer(seats_.front().worker.io(), kAcceptRetry);
      co_await timer.async_wait(asio::use_awaitable);
      continue;
    }
    start_session(std::move(socket), seat);
  }
}

void ProxyCore::start_session(tcp::socket socket, std::size_t index) {
  WorkerSeat& seat = seats_[index];
  auto start = [this, &seat, slot = std::make_shared<ConnectionSlot>(connections_),
                socket = std::move(socket)]() mutable {
    if (seat.stopping) return;
    std::make_shared<ClientSession>(*this, seat, std::move(slot), std::move(socket))->start();
  };
  if (index == 0) return start();
  asio::post(seat.worker.io(), std::move(start));
}

asio::awaitable<Result<Stream>> ProxyCore::connect(Target target) {
  auto socket = co_await dial(resolver_, std::move(target), dial_options_);
  if (!socket) co_return std::unexpected(socket.error());
  Stream stream;
  stream.io = std::make_unique<TcpTransport>(std::move(*socket));
  co_return stream;
}

void ProxyCore::run_session(WorkerSeat& seat, asio::awaitable<void> work, std::shared_ptr<void> session,
                            const std::string& client) {
  asio::co_spawn(seat.worker.io(), std::move(work),
                 [this, session = std::move(session), client](std::exception_ptr failed) {
                   if (!failed) return;
                   try {
                     std::rethrow_exception(failed);
                   } catch (const std::exception& fault) {
                     log(LogLevel::error, fmt::format("{}: internal error: {}", client, fault.what()));
                   }
                 });
}

void ProxyCore::record(pipeline::ConnectionKind kind, pipeline::ConnectionFacts facts, UnixNs start_ns,
                       std::string reason, std::array<std::uint64_t, 2> bytes) {
  const pipeline::ConnectionRecord record{.id = new_flow_id(),
                                          .start_ns = start_ns,
                                          .end_ns = now(),
                                          .kind = kind,
                                          .facts = std::move(facts),
                                          .reason = std::move(reason),
                                          .bytes = bytes};
  if (auto ok = tap_for(pipeline::FlowNames(record)).connection(record); !ok) recording_failed(ok.error());
}

pipeline::Tap& ProxyCore::tap_for(const pipeline::FlowNames& flow) {
  if (pipeline.get().pipeline->records(flow)) return parts.tap;
  return nowhere_;
}

void ProxyCore::recording_failed(const Error& error) {
  {
    const std::lock_guard lock(failure_lock_);
    if (failure) return;
    failure = error;
  }
  stop();
}

std::unique_ptr<pipeline::Flow> ProxyCore::open_flow(WorkerSeat& seat, pipeline::FlowOpened opened) {
  opened.id = new_flow_id();
  opened.time_ns = now();
  pipeline::Tap& tap = tap_for(pipeline::FlowNames(opened));
  auto flow = std::make_unique<pipeline::Flow>(
      std::move(opened), pipeline,
      pipeline::LaneContext{options.flow, tap, seat.worker.entropy(), counters,
                            &seat.worker.buffers().budget(), &holds});
  if (const auto recorded = flow->open(); !recorded) {
    recording_failed(recorded.error());
    return nullptr;
  }
  return flow;
}

void ProxyCore::start_relay(WorkerSeat& seat, ConnectionSlotPtr slot, Stream client, Stream server,
                            std::unique_ptr<pipeline::Flow> flow) {
  auto done = [this, &seat, slot = std::move(slot)](Relay& relay, const Result<void>& recorded) {
    seat.relays.erase(&relay);
    // What a flow left undone long ago is no part of how the proxy stops (CLI-2).
    if (relay.was_cut() && seat.stopping) cut_ = true;
    if (!recorded) recording_failed(recorded.error());
  };
  std::array<Buffer, 2> early = {std::move(client.unread), std::move(server.unread)};
  for (Buffer& bytes : early) bytes.shrink_to_fit();  // it stays as long as the flow
  // Watches of the handshake that never saw anything end here, rather than with the flow.
  client.io->interrupt();
  server.io->interrupt();
  const auto relay =
      std::make_shared<Relay>(seat.worker, std::move(client.io), std::move(server.io), std::move(flow),
                              std::move(early), options.relay, std::move(done));
  seat.relays.insert(relay.get());
  relay->start();
  if (seat.stopping) relay->shut_down();
}

}  // namespace wstap::net
