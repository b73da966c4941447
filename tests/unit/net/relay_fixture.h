// SPDX-License-Identifier: Apache-2.0
// A relay between two pipes, with a tap that remembers: a client and a server in a test's hands.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/net/relay.h"
#include "tests/support/bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/parsed_frame.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/recording_tap.h"
#include "tests/support/wire.h"

namespace wstap::test {

constexpr auto kSend = ws::Direction::send;
constexpr auto kReceive = ws::Direction::receive;
constexpr std::array<std::uint8_t, 4> kClientMask = {0x01, 0x23, 0x45, 0x67};

inline Buffer from_client(std::uint8_t opcode, Buffer payload, bool fin = true) {
  return wire({.opcode = opcode, .payload = std::move(payload), .fin = fin, .mask = kClientMask});
}
inline Buffer from_server(std::uint8_t opcode, Buffer payload, bool fin = true) {
  return wire({.opcode = opcode, .payload = std::move(payload), .fin = fin});
}
/// The payload of a Close without reason.
inline Buffer close_body(std::uint16_t code) {
  return {static_cast<std::byte>(code / 256), static_cast<std::byte>(code % 256)};
}

/// One relay with its two peers and its own recording, on a worker that others may use as well.
class RelaySession {
 public:
  // To be set before start().
  net::RelayOptions options;
  pipeline::FlowOptions flow_options;
  std::array<Buffer, 2> early;
  std::vector<std::shared_ptr<pipeline::Step>> steps;
  std::vector<pipeline::Limit> limits;
  pipeline::HoldSettings hold_settings;
  bool keeps = false;  ///< the transports take more than their peers have room for, as TLS does

  RecordingTap tap;
  pipeline::HoldQueue queue;
  PipePeer client, server;
  int times_done = 0;
  bool was_cut = false, end_recorded = false;

  RelaySession(net::Worker& worker, FakeClock& clock)
      : client(worker.io()), server(worker.io()), worker_(worker), clock_(clock) {}

  void start() {
    pipeline_.replace(pipeline::Pipeline(steps, {}, std::nullopt, limits).with(hold_settings));
    auto flow = std::make_unique<pipeline::Flow>(
        pipeline::FlowOpened{.id = 1, .time_ns = clock_.now}, pipeline_,
        pipeline::LaneContext{flow_options, tap, entropy_, counters_, nullptr, &queue});
    ASSERT_TRUE(flow->open());
    relay_ = std::make_shared<net::Relay>(worker_, client.transport(keeps), server.transport(keeps),
                                          std::move(flow), std::move(early), options,
                                          [this](net::Relay& relay, const Result<void>& recorded) {
                                            ++times_done;
                                            was_cut = relay.was_cut();
                                            end_recorded = recorded.has_value();
                                          });
    relay_->start();
    settle();
  }
  net::Relay& relay() { return *relay_; }
  void settle() { test::settle(worker_.io()); }
  bool done() const { return times_done != 0; }

  /// Sends, and lets the relay do with it what it can.
  void client_sends(Bytes bytes) {
    client.send(bytes);
    settle();
  }
  void server_sends(Bytes bytes) {
    server.send(bytes);
    settle();
  }
  /// Takes all that comes to a peer, which has room for so much at once from now on.
  Buffer drain(PipePeer& peer, std::size_t window = 10'000) {
    peer.set_window(window);
    Buffer all;
    for (settle(); peer.waiting() != 0; settle()) append(all, peer.receive());
    return all;
  }

  /// The end as it was recorded; the test fails when it was not, or when something was left behind.
  pipeline::FlowClosed closed() {
    EXPECT_EQ(times_done, 1);
    EXPECT_EQ(tap.closed.size(), 1U);
    EXPECT_EQ(worker_.buffers().budget().total(), 0U) << "bytes are still accounted for";
    const std::weak_ptr<net::Relay> alive = relay_;
    relay_.reset();
    settle();
    EXPECT_TRUE(alive.expired()) << "something keeps the relay";
    EXPECT_TRUE(client.gone() && server.gone());
    return tap.closed.empty() ? pipeline::FlowClosed{} : tap.closed[0];
  }

 private:
  net::Worker& worker_;
  FakeClock& clock_;
  FixedEntropy entropy_;
  pipeline::Counters counters_;
  pipeline::CurrentPipeline pipeline_;
  std::shared_ptr<net::Relay> relay_;
};

class RelayTest : public testing::Test {
 protected:
  explicit RelayTest(std::uint64_t budget_bytes = 1U << 30) : budget(budget_bytes) {}

  FakeClock clock;
  net::BufferBudget budget;
  net::Worker worker{clock, budget};
  RelaySession session{worker, clock};
  PipePeer& client = session.client;
  PipePeer& server = session.server;
  RecordingTap& tap = session.tap;

  bool run_until(std::function<bool()> done) { return test::run_until(worker.io(), done); }
};

}  // namespace wstap::test
