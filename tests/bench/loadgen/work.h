// SPDX-License-Identifier: Apache-2.0
// What is measured, seen from one end of a connection: floods, echoes, and the end of it all.
#pragma once

#include <vector>

#include "tests/bench/loadgen/end.h"
#include "tests/bench/loadgen/frames.h"

namespace wstap::bench {

struct FloodOrder {
  std::uint64_t frames = 0;    ///< to be sent by this end; 0: it only receives
  std::uint64_t expected = 0;  ///< ... and received
  std::size_t per_write = 0;   ///< frames in one write; 0: as many as there are in a block
  Check check = Check::ends;
};

/// Sends as much as the kernel takes, and takes what comes.
class FloodWork final : public Work {
 public:
  /// @param room  to read into; shared by all ends.
  /// @param[in,out] unfinished  counted down once this end has sent and received everything.
  FloodWork(const Block& sent, const Block& received, FloodOrder order, MutableBytes room,
            unsigned& unfinished);
  void go(Stream& stream) override;
  bool wants_to_write() const override { return sent_ < to_send_; }

 private:
  void receive(Stream& stream);
  void send(Stream& stream);
  Bytes next_piece() const;

  const Block& block_;
  Checker checker_;
  const FloodOrder order_;
  const std::uint64_t to_send_, to_receive_;  ///< bytes
  std::uint64_t sent_ = 0;
  MutableBytes room_;
  unsigned& unfinished_;
  bool finished_ = false;
};

/// Sends a frame, waits for its echo, and so on.
class AskWork final : public Work {
 public:
  /// @param[out] round_trips_ns  of every round, in order.
  AskWork(const Block& sent, const Block& echoed, std::uint64_t rounds,
          std::vector<std::uint32_t>& round_trips_ns, unsigned& unfinished);
  void go(Stream& stream) override;

 private:
  void ask(Stream& stream);

  const Block& block_;
  const std::size_t echo_bytes_;
  Checker checker_;
  const std::uint64_t rounds_;
  std::uint64_t asked_ = 0;
  Loop::Clock::time_point asked_at_;
  std::vector<std::uint32_t>& round_trips_ns_;
  unsigned& unfinished_;
};

/// Echoes masked frames of one length, unmasked.
class EchoWork final : public Work {
 public:
  EchoWork(const Block& asked, const Block& echoed) : asked_(asked), echoed_(echoed) {}
  void go(Stream& stream) override;

 private:
  void echo(Bytes frame, Buffer& answers) const;

  const Block& asked_;
  const Block& echoed_;
  Buffer partial_;
};

/// The closing handshake, and the end of the stream. The server's end waits for the client to begin.
class CloseWork final : public Work {
 public:
  explicit CloseWork(Role role) : role_(role) {}
  void go(Stream& stream) override;

 private:
  void send(Stream& stream);

  Role role_;
  bool sent_ = false;
  Buffer received_;
};

}  // namespace wstap::bench
