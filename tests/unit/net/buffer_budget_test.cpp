// SPDX-License-Identifier: Apache-2.0
// The bound on all buffered bytes (LIM-4): who has to pause when it is reached, and that somebody never has.
#include "libcore/net/buffer_budget.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace wstap::net {
namespace {

class Budget : public testing::Test {
 protected:
  BufferBudget budget_{100};
  BudgetShare one_{budget_}, two_{budget_};
  std::array<int, 4> holder_{};
  const void* a_ = &holder_[0];
  const void* b_ = &holder_[1];
  const void* c_ = &holder_[2];
  const void* nobody_ = &holder_[3];
};

TEST_F(Budget, CountsTheBytesOfAllSharesTogether) {
  one_.set(a_, 10);
  two_.set(b_, 20);
  EXPECT_EQ(budget_.total(), 30U);
  one_.set(a_, 4);
  EXPECT_EQ(budget_.total(), 24U);
  one_.set(a_, 0);
  two_.set(b_, 0);
  EXPECT_EQ(budget_.total(), 0U);
}

TEST_F(Budget, SettingTheSameOrForgettingTheUnknownChangesNothing) {
  one_.set(a_, 10);
  one_.set(a_, 10);
  one_.set(nobody_, 0);
  EXPECT_EQ(budget_.total(), 10U);
}

TEST_F(Budget, TheSameHolderInTwoSharesIsTwoHolders) {
  one_.set(a_, 10);
  two_.set(a_, 20);
  one_.set(a_, 0);
  EXPECT_EQ(budget_.total(), 20U);
}

// LIM-4
TEST_F(Budget, EverybodyReadsUpToTheLimit) {
  one_.set(a_, 40);
  one_.set(b_, 60);
  EXPECT_FALSE(budget_.exceeded());
  EXPECT_TRUE(one_.may_read(a_));
  EXPECT_TRUE(one_.may_read(b_));
  one_.set(b_, 61);
  EXPECT_TRUE(budget_.exceeded());
}

// LIM-4: whoever was chosen comes to its end; nobody else grows meanwhile.
TEST_F(Budget, PastTheLimitOneHolderAndNewcomersReadOn) {
  one_.set(a_, 30);
  one_.set(b_, 20);
  one_.set(c_, 60);
  EXPECT_TRUE(one_.may_read(c_));
  one_.set(c_, 90);
  EXPECT_FALSE(one_.may_read(a_));
  EXPECT_FALSE(one_.may_read(b_));
  EXPECT_TRUE(one_.may_read(c_));
  EXPECT_TRUE(one_.may_read(nobody_));
}

TEST_F(Budget, TheNextIsChosenWhenTheFirstHoldsNothing) {
  one_.set(a_, 90);
  one_.set(b_, 90);
  one_.set(c_, 60);
  EXPECT_TRUE(one_.may_read(c_));
  one_.set(c_, 0);
  EXPECT_TRUE(one_.may_read(b_));
  EXPECT_FALSE(one_.may_read(a_));
  one_.set(c_, 10);
  EXPECT_FALSE(one_.may_read(c_)) << "it had its turn";
}

TEST_F(Budget, EachShareHasOneThatReadsOn) {
  one_.set(a_, 90);
  two_.set(b_, 20);
  two_.set(c_, 10);
  EXPECT_TRUE(one_.may_read(a_));
  EXPECT_TRUE(two_.may_read(b_));
  EXPECT_FALSE(two_.may_read(c_));
}

TEST_F(Budget, BelowTheLimitEverybodyReadsAgainAndNobodyIsPreferredLater) {
  one_.set(a_, 70);
  one_.set(b_, 40);
  EXPECT_TRUE(one_.may_read(b_));
  EXPECT_FALSE(one_.may_read(a_));
  one_.set(b_, 10);
  EXPECT_FALSE(budget_.exceeded());
  EXPECT_TRUE(one_.may_read(a_));
  one_.set(a_, 120);
  EXPECT_TRUE(one_.may_read(a_));
  EXPECT_FALSE(one_.may_read(b_));
}

TEST_F(Budget, SharesMayBeUsedByDifferentThreadsAtOnce) {
  const auto work = [this](BudgetShare& share, const void* holder) {
    for (std::uint64_t i = 1; i <= 1000; ++i) share.set(holder, i);
    share.set(holder, 7);
  };
  std::thread other(work, std::ref(two_), b_);
  work(one_, a_);
  other.join();
  EXPECT_EQ(budget_.total(), 14U);
}

}  // namespace
}  // namespace wstap::net
