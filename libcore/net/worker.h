// SPDX-License-Identifier: Apache-2.0
// One thread's share of the proxy: its event loop, its buffers, its masks. Connections stay with the worker
// that was given them, so nothing here is locked.
#pragma once

#include <asio/io_context.hpp>

#include "libcore/base/clock.h"
#include "libcore/net/buffer_budget.h"
#include "libcore/net/slab.h"
#include "libcore/pipeline/lane.h"
#include "libcore/tls/openssl_entropy.h"

namespace wstap::net {

class Worker {
 public:
  Worker(Clock& clock, BufferBudget& budget) : clock_(clock), buffers_(budget) {}

  asio::io_context& io() noexcept { return io_; }
  /// The slab for the turn that is running now. Nothing in it survives a suspension, unless the turn takes it
  /// along.
  Slab& slab();
  /// For the ciphertext of a turn: one for what comes in, one for what goes out.
  MutableBytes cipher_in();
  MutableBytes cipher_out();
  pipeline::LaneScratch& scratch() noexcept { return scratch_; }
  Entropy& entropy() noexcept { return entropy_; }
  UnixNs now() { return clock_.now_ns(); }
  BudgetShare& buffers() noexcept { return buffers_; }

 private:
  // Slabs outlive everything that may hold one: coroutines are destroyed with the event loop.
  SlabPool pool_;
  Slab slab_, cipher_in_, cipher_out_;
  pipeline::LaneScratch scratch_;
  tls::OpensslEntropy entropy_;
  Clock& clock_;
  BudgetShare buffers_;
  asio::io_context io_{1};
};

}  // namespace wstap::net
