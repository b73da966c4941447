// SPDX-License-Identifier: Apache-2.0
// A flow in which frames are held, and a reviewer in a test's hands.
#pragma once

#include "libcore/pipeline/frame_subject.h"
#include "libcore/steps/intercept.h"
#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {

class HoldTest : public FlowTest {
 protected:
  using Review = pipeline::Review;
  using Result = pipeline::ReviewAnswer::Result;

  /// What a filter picks is held. To be called before the first use of flow().
  void hold(std::string_view expression, bool pauses_flow = false) {
    auto filter = filter::Filter::compile(expression, pipeline::vocabulary());
    ASSERT_TRUE(filter) << filter.error().text();
    rules_.push_back({"rule", std::move(*filter), pauses_flow});
    std::erase(steps, intercept_);
    intercept_ = std::make_shared<steps::Intercept>(rules_);
    steps.push_back(intercept_);
  }
  pipeline::Flow& held_flow() {
    flow().decided_by(reviewed_);
    return flow();
  }

  std::vector<pipeline::HeldItemPtr> items() const { return queue.items(); }
  std::uint64_t turned_away() const {
    pipeline::HoldStats stats;
    queue.add_to(stats);
    return stats.turned_away;
  }
  /// Of each item, what it says.
  std::vector<std::string> held() const {
    std::vector<std::string> all;
    for (const auto& item : items()) all.push_back(text(item->payload));
    return all;
  }
  pipeline::ReviewAnswer decide(Review review) {
    review.id.flow = 7;
    if (review.by.empty()) review.by = "ann";
    pipeline::ReviewAnswer answer;
    bool answered = false;
    queue.review(std::move(review), [&](pipeline::ReviewAnswer given) {
      answer = std::move(given);
      answered = true;
    });
    EXPECT_TRUE(answered);
    return answer;
  }
  pipeline::ReviewAnswer release(pipeline::Sequence sequence) { return decide({.id = {7, sequence}}); }
  pipeline::ReviewAnswer drop(pipeline::Sequence sequence) {
    return decide({.id = {7, sequence}, .action = Review::Action::drop});
  }
  pipeline::ReviewAnswer modify(pipeline::Sequence sequence, std::string_view body) {
    return decide({.id = {7, sequence}, .action = Review::Action::modify, .body = bytes(body)});
  }
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time);
    flow().expire(clock.now);
  }

  const pipeline::Outcome* outcome_of(pipeline::Sequence sequence) const {
    for (const auto& outcome : tap.outcomes)
      if (outcome.sequence == sequence) return &outcome;
    return nullptr;
  }
  /// "dropped reviewer:ann"
  std::string became(pipeline::Sequence sequence) const {
    const auto* outcome = outcome_of(sequence);
    if (outcome == nullptr) return "nothing";
    return std::string(name(outcome->verdict)) + " " + outcome->cause;
  }

 private:
  /// Decides on the flow's own thread, at once.
  class Party final : public pipeline::HoldParty {
   public:
    explicit Party(HoldTest& test) : test_(test) {}
    void review(std::shared_ptr<HoldParty>, Review review,
                std::function<void(pipeline::ReviewAnswer)> done) override {
      done(test_.flow().review(review, test_.clock.now));
    }
    void room(std::shared_ptr<HoldParty>) override { test_.flow().claim_room(test_.clock.now); }

   private:
    HoldTest& test_;
  };

  std::vector<steps::HoldRule> rules_;
  std::shared_ptr<pipeline::Step> intercept_;
  std::shared_ptr<pipeline::HoldParty> reviewed_ = std::make_shared<Party>(*this);
};

}  // namespace wstap::test
