// SPDX-License-Identifier: Apache-2.0
// Buffers on loan: one worker uses one, until somebody takes it along.
#include "libcore/net/slab.h"

#include <gtest/gtest.h>

#include "libcore/net/worker.h"
#include "tests/support/fake_clock.h"

namespace wstap::test {
namespace {

using net::Slab;

TEST(SlabPool, LendsWhatCameBack) {
  net::SlabPool pool;
  const std::byte* first = nullptr;
  {
    Slab slab = pool.take();
    ASSERT_TRUE(slab);
    EXPECT_EQ(slab.bytes().size(), net::kSlabBytes);
    first = slab.bytes().data();
  }
  EXPECT_EQ(pool.take().bytes().data(), first);
}

TEST(SlabPool, LendsEachSlabOnce) {
  net::SlabPool pool;
  Slab one = pool.take();
  Slab other = pool.take();
  EXPECT_NE(one.bytes().data(), other.bytes().data());
}

TEST(SlabPool, TakesAnyNumberBack) {
  net::SlabPool pool;
  std::vector<Slab> many;
  for (int i = 0; i < 20; ++i) many.push_back(pool.take());
  many.clear();
  EXPECT_TRUE(pool.take());
}

TEST(Slab, MovesItsMemory) {
  net::SlabPool pool;
  Slab slab = pool.take();
  const auto* memory = slab.bytes().data();
  Slab moved = std::move(slab);
  EXPECT_EQ(moved.bytes().data(), memory);
  Slab assigned;
  EXPECT_FALSE(assigned);
  assigned = std::move(moved);
  EXPECT_EQ(assigned.bytes().data(), memory);
}

TEST(WorkerSlab, IsTheSameUntilSomebodyTakesItAlong) {
  FakeClock clock;
  net::BufferBudget budget(1);
  net::Worker worker(clock, budget);
  const auto* first = worker.slab().bytes().data();
  EXPECT_EQ(worker.slab().bytes().data(), first);
  EXPECT_NE(worker.cipher_in().data(), first);
  EXPECT_NE(worker.cipher_in().data(), worker.cipher_out().data());
  {
    const Slab taken = std::exchange(worker.slab(), Slab());
    EXPECT_NE(worker.slab().bytes().data(), first);
  }
  const Slab second = std::exchange(worker.slab(), Slab());
  EXPECT_EQ(worker.slab().bytes().data(), first) << "what came back is used again";
}

}  // namespace
}  // namespace wstap::test
