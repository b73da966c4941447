// SPDX-License-Identifier: Apache-2.0
// What reviewers reach of a running proxy (HOLD-6): what is held in all of its flows, and the flows on their
// workers.
#pragma once

#include "libcore/net/proxy_core.h"

namespace wstap::net {

class ControlDesk final : public control::Port {
 public:
  using AskRules = std::function<control::Rules(bool reload)>;

  /// @param core  outlives it. @param rules  tells of the rules in force, or reads them again; any thread may
  /// call it.
  ControlDesk(ProxyCore& core, AskRules rules) : core_(core), rules_(std::move(rules)) {}

  std::vector<pipeline::HeldItemPtr> items() const override { return core_.holds.items(); }
  pipeline::HeldItemPtr item(pipeline::HeldId id) const override { return core_.holds.item(id); }
  void review(pipeline::Review review, Done<pipeline::ReviewAnswer> done) override {
    core_.holds.review(std::move(review), std::move(done));
  }
  void inject(pipeline::InjectRequest request, Done<pipeline::ReviewAnswer> done) override;
  void flows(Done<std::vector<control::FlowSummary>> done) override;
  void rules(bool reload, Done<control::Rules> done) override { done(rules_(reload)); }
  control::Stats stats() const override;
  std::vector<pipeline::HeldItemPtr> watch(pipeline::HoldWatcher& watcher) override {
    return core_.holds.watch(watcher);
  }
  void unwatch(pipeline::HoldWatcher& watcher) override { core_.holds.unwatch(watcher); }

 private:
  ProxyCore& core_;
  AskRules rules_;
};

}  // namespace wstap::net
