// SPDX-License-Identifier: Apache-2.0
// What all connections of one proxy share. Internal to libcore/net.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "libcore/net/proxy.h"
#include "libcore/net/relay.h"
#include "libcore/net/resolver.h"
#include "libcore/net/stream.h"
#include "libcore/pipeline/current_pipeline.h"
#include "libcore/pipeline/hold_queue.h"
#include "libcore/pipeline/tap_list.h"

namespace wstap::net {

class ClientSession;
class ProxyCore;

/// Counts one client connection for as long as it lives, whoever has it.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(std::atomic<std::uint64_t>& count) : count_(&count) { count.fetch_add(1); }
  ConnectionSlot(ConnectionSlot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot() {
    if (count_ != nullptr) count_->fetch_sub(1);
  }

 private:
  std::atomic<std::uint64_t>* count_;
};
/// Shared by all that came over the connection.
using ConnectionSlotPtr = std::shared_ptr<ConnectionSlot>;

/// One worker and the connections it was given. Everything but the constructor runs on its thread.
struct WorkerSeat {
  WorkerSeat(Clock& clock, BufferBudget& budget) : worker(clock, budget), busy(worker.io().get_executor()) {}

  Worker worker;
  asio::executor_work_guard<asio::io_context::executor_type> busy;
  std::unordered_set<ClientSession*> sessions;
  std::unordered_set<Relay*> relays;
  bool stopping = false;
};

class ProxyCore {
 public:
  ProxyCore(ProxyOptions given, ProxyParts with);
  ~ProxyCore();

  Result<std::vector<asio::ip::tcp::endpoint>> listen();
  bool run();
  void stop();

  pipeline::FlowId new_flow_id() noexcept { return next_flow_.fetch_add(1, std::memory_order_relaxed); }
  UnixNs now() { return parts.clock.now_ns(); }
  void log(LogLevel level, std::string_view text) {
    if (parts.log.wants(level)) parts.log.line(level, text);
  }
  /// TCP to a target, dialled as the options say.
  asio::awaitable<Result<Stream>> connect(Target target);
  /// Records what never became a WebSocket (FLOW-4), and was over just now.
  void record(pipeline::ConnectionKind kind, pipeline::ConnectionFacts facts, UnixNs start_ns,
              std::string reason, std::array<std::uint64_t, 2> bytes = {});
  /// Where a flow is recorded: nowhere, if it is none of those that the rules want to have recorded. Decided
  /// when it opens.
  pipeline::Tap& tap_for(const pipeline::FlowNames& flow);
  /// Recording does not work (CAP-3): nothing passes any more, and run() ends.
  void recording_failed(const Error& error);
  /// Opens a flow, and records that. @param opened  without id and time. @return null: it could not be
  /// recorded.
  std::unique_ptr<pipeline::Flow> open_flow(WorkerSeat& seat, pipeline::FlowOpened opened);
  /// Starts relaying an open flow on its worker.
  /// @param slot  of the client's connection, which others may share.
  void start_relay(WorkerSeat& seat, ConnectionSlotPtr slot, Stream client, Stream server,
                   std::unique_ptr<pipeline::Flow> flow);

  /// Runs a session's coroutine on its worker. @param session  kept meanwhile. @param client  whose it is,
  /// for the log.
  void run_session(WorkerSeat& seat, asio::awaitable<void> work, std::shared_ptr<void> session,
                   const std::string& client);
  /// Runs on every worker's thread.
  void on_each_seat(const std::function<void(WorkerSeat&)>& work);
  std::size_t seats() const noexcept { return seats_.size(); }

  const ProxyOptions options;
  const ProxyParts parts;
  pipeline::CurrentPipeline pipeline;
  pipeline::HoldQueue holds;
  pipeline::Counters counters;
  std::optional<Error> failure;  ///< written under failure_lock_, read after run()

 private:
  asio::awaitable<void> accept_loop(asio::ip::tcp::acceptor& acceptor);
  asio::awaitable<void> wait_for_room();
  void start_session(asio::ip::tcp::socket socket, std::size_t seat);
  void stop_seat(WorkerSeat& seat, bool at_once);

  BufferBudget budget_;
  pipeline::TapList nowhere_;
  std::deque<WorkerSeat> seats_;
  std::vector<asio::ip::tcp::acceptor> acceptors_;
  DialOptions dial_options_;
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<pipeline::FlowId> next_flow_{1};
  std::atomic<unsigned> stops_{0};
  std::atomic<bool> cut_{false};  ///< some connection did not end by itself
  std::size_t next_seat_ = 0;
  std::mutex failure_lock_;
  // Joined before the event loops go: its threads post to them.
  Resolver resolver_;
};

}  // namespace wstap::net
