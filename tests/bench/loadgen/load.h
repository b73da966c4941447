// SPDX-License-Identifier: Apache-2.0
// The load: clients and the server they reach, both ends of every connection in one thread, so that one core
// of the machine is the load's and the others are the proxy's.
#pragma once

#include <list>
#include <optional>
#include <string>

#include "tests/bench/loadgen/work.h"

namespace wstap::bench {

/// What a measurement found; 0 where it does not apply.
struct Outcome {
  std::uint64_t wall_ns = 0;
  std::uint64_t cpu_ns = 0;  ///< of the load itself
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;  ///< on the wire, both ways, one leg
  std::uint64_t p50_ns = 0, p99_ns = 0;
};

struct OpenOrder {
  std::uint16_t port = 0;
  unsigned connections = 1;
  bool tls = false;
  bool http2 = false;
};

struct TrafficOrder {
  std::size_t payload_bytes = 0;
  std::uint64_t to_server = 0, to_client = 0;  ///< frames on each connection; of an echo the rounds
  std::size_t per_write = 0;
  Check check = Check::ends;
};

/// Every member that measures throws when something is not as it should be, or takes too long.
class Load {
 public:
  /// @param tls  null: no TLS.
  Load(const TlsSettings* tls, std::chrono::seconds patience);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::uint16_t plain_port() const noexcept { return acceptors_.front().port; }
  std::uint16_t tls_port() const noexcept { return acceptors_.back().port; }

  /// Makes connections, by way of whatever listens at the port, and keeps them.
  Outcome open(const OpenOrder& order);
  /// Both ends of every connection send what they are told at once.
  Outcome flood(const TrafficOrder& order);
  /// Every client sends a frame, waits for its echo, sends the next.
  Outcome echo(const TrafficOrder& order);
  /// Opens and closes `count` connections, order.connections at a time.
  Outcome set_up(const OpenOrder& order, std::uint64_t count);
  /// Closes all connections with a closing handshake.
  Outcome close();
  /// Drops all connections, whatever state they are in.
  void abandon() { ends_.clear(); }

 private:
  struct Acceptor final : Waiter {
    Acceptor(Load& owner, bool with_tls);
    void ready() override;
    Load& load;
    bool tls;
    std::uint16_t port = 0;
    Fd listener;
  };
  class Stopwatch;

  void begin_one(const OpenOrder& order);
  std::size_t count(Role role, bool (End::*is)() const noexcept) const;
  void assign_closing();
  void sweep();
  /// Serves until `done()`, or throws when the patience is over.
  template <class Done>
  void serve(Done done);

  const TlsSettings* tls_;
  std::chrono::seconds patience_;
  Loop loop_;
  std::list<Acceptor> acceptors_;  ///< plain, TLS
  std::list<End> ends_;
  Buffer room_;
};

}  // namespace wstap::bench
