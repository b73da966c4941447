// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/load.h"

#include <algorithm>
#include <ctime>

namespace wstap::bench {
namespace {

constexpr std::size_t kRoom = 128 * 1024;
// More would overrun the queues of listeners.
constexpr unsigned kOpeningAtOnce = 64;

std::uint64_t cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t percentile(std::vector<std::uint32_t>& sorted, unsigned percent) {
  return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * percent / 100];
}

}  // namespace

class Load::Stopwatch {
 public:
  Outcome read() const {
    Outcome outcome;
    outcome.wall_ns =
        static_cast<std::uint64_t>(std::chrono::nanoseconds(Loop::Clock::now() - started_).count());
    outcome.cpu_ns = cpu_ns() - cpu_;
    return outcome;
  }

 private:
  Loop::Clock::time_point started_ = Loop::Clock::now();
  std::uint64_t cpu_ = cpu_ns();
};

Load::Acceptor::Acceptor(Load& owner, bool with_tls)
    : load(owner), tls(with_tls), listener(listen_on_loopback(port)) {
  load.loop_.watch(listener, *this, false);
}

void Load::Acceptor::ready() {
  for (Fd fd = accept_from(listener); fd.get() >= 0; fd = accept_from(listener)) {
    End& end = load.ends_.emplace_back(load.loop_, std::move(fd), Role::server, tls ? load.tls_ : nullptr);
    end.assign(std::make_unique<CloseWork>(Role::server));
  }
}

Load::Load(const TlsSettings* tls, std::chrono::seconds patience)
    : tls_(tls), patience_(patience), room_(kRoom) {
  acceptors_.emplace_back(*this, false);
  if (tls_ != nullptr) acceptors_.emplace_back(*this, true);
}

template <class Done>
void Load::serve(Done done) {
  const auto until = Loop::Clock::now() + patience_;
  while (!done()) {
    loop_.turn(until);
    sweep();
  }
}

/// Ends that are over go, but not while the loop may still speak to them.
void Load::sweep() {
  ends_.remove_if([](const End& end) { return end.over(); });
}

void Load::begin_one(const OpenOrder& order) {
  ends_.emplace_back(loop_, connect_to(order.port), Role::client, order.tls ? tls_ : nullptr, order.http2);
}

std::size_t Load::count(Role role, bool (End::*is)() const noexcept) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(ends_, [&](const End& end) { return end.role() == role && (end.*is)(); }));
}

Outcome Load::open(const OpenOrder& order) {
  const Stopwatch watch;
  for (unsigned opened = 0; opened < order.connections;) {
    const unsigned now = std::min(kOpeningAtOnce, order.connections - opened);
    for (unsigned i = 0; i < now; ++i) begin_one(order);
    opened += now;
    serve([&] { return count(Role::client, &End::open) == opened; });
  }
  return watch.read();
}

Outcome Load::flood(const TrafficOrder& order) {
  const Block from_client(order.payload_bytes, Role::client), from_server(order.payload_bytes, Role::server);
  const FloodOrder client{order.to_server, order.to_client, order.per_write, order.check};
  const FloodOrder server{order.to_client, order.to_server, order.per_write, order.check};
  auto unfinished = static_cast<unsigned>(ends_.size());
  for (End& end : ends_) {
    const bool is_client = end.role() == Role::client;
    end.assign(std::make_unique<FloodWork>(is_client ? from_client : from_server,
                                           is_client ? from_server : from_client, is_client ? client : server,
                                           room_, unfinished));
  }
  const Stopwatch watch;
  for (End& end : ends_) end.start();
  serve([&] { return unfinished == 0; });
  Outcome outcome = watch.read();
  const std::uint64_t connections = ends_.size() / 2;
  outcome.frames = connections * (order.to_server + order.to_client);
  outcome.bytes = connections *
                  (order.to_server * from_client.frame_bytes() + order.to_client * from_server.frame_bytes());
  assign_closing();
  return outcome;
}

Outcome Load::echo(const TrafficOrder& order) {
  const Block asked(order.payload_bytes, Role::client), echoed(order.payload_bytes, Role::server);
  std::vector<std::uint32_t> round_trips_ns;
  auto unfinished = static_cast<unsigned>(ends_.size() / 2);
  const std::uint64_t rounds = order.to_server;
  round_trips_ns.reserve(unfinished * rounds);
  for (End& end : ends_) {
    if (end.role() == Role::server) {
      end.assign(std::make_unique<EchoWork>(asked, echoed));
    } else {
      end.assign(std::make_unique<AskWork>(asked, echoed, rounds, round_trips_ns, unfinished));
    }
  }
  const Stopwatch watch;
  for (End& end : ends_)
    if (end.role() == Role::client) end.start();
  serve([&] { return unfinished == 0; });
  Outcome outcome = watch.read();
  outcome.frames = 2 * round_trips_ns.size();
  outcome.bytes = round_trips_ns.size() * (asked.frame_bytes() + echoed.frame_bytes());
  std::ranges::sort(round_trips_ns);
  outcome.p50_ns = percentile(round_trips_ns, 50);
  outcome.p99_ns = percentile(round_trips_ns, 99);
  assign_closing();
  return outcome;
}

Outcome Load::set_up(const OpenOrder& order, std::uint64_t count_wanted) {
  const Stopwatch watch;
  std::uint64_t begun = 0;
  serve([&] {
    std::uint64_t under_way = 0;
    for (End& end : ends_) {
      if (end.role() == Role::server) continue;
      ++under_way;
      if (end.open() && !end.busy()) end.begin(std::make_unique<CloseWork>(Role::client));
    }
    for (; begun < count_wanted && under_way < order.connections; ++begun, ++under_way) begin_one(order);
    return begun == count_wanted && ends_.empty();
  });
  return watch.read();
}

void Load::assign_closing() {
  for (End& end : ends_)
    end.assign(end.role() == Role::server ? std::make_unique<CloseWork>(Role::server) : nullptr);
}

Outcome Load::close() {
  const Stopwatch watch;
  for (End& end : ends_)
    if (end.role() == Role::client) end.begin(std::make_unique<CloseWork>(Role::client));
  serve([&] { return ends_.empty(); });
  return watch.read();
}

}  // namespace wstap::bench
