// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/control_desk.h"

#include <algorithm>

namespace wstap::net {

namespace {

/// One question to all workers, and what they said so far.
struct Injection {
  Injection(pipeline::InjectRequest what, std::size_t workers,
            control::Port::Done<pipeline::ReviewAnswer> tell)
      : request(std::move(what)), unasked(workers), done(std::move(tell)) {}

  pipeline::InjectRequest request;
  std::atomic<std::size_t> unasked;
  std::atomic<bool> found{false};
  control::Port::Done<pipeline::ReviewAnswer> done;
};

struct Listing {
  Listing(std::size_t workers, control::Port::Done<std::vector<control::FlowSummary>> tell)
      : unasked(workers), done(std::move(tell)) {}

  std::mutex lock;
  std::vector<control::FlowSummary> flows;
  std::size_t unasked;
  control::Port::Done<std::vector<control::FlowSummary>> done;
};

}  // namespace

void ControlDesk::inject(pipeline::InjectRequest request, Done<pipeline::ReviewAnswer> done) {
  auto asked = std::make_shared<Injection>(std::move(request), core_.seats(), std::move(done));
  core_.on_each_seat([asked](WorkerSeat& seat) {
    const auto relay = std::ranges::find_if(
        seat.relays, [&](const Relay* each) { return each->flow_id() == asked->request.flow; });
    if (relay != seat.relays.end()) {
      asked->found = true;
      asked->done((*relay)->inject(asked->request));
    }
    if (asked->unasked.fetch_sub(1) == 1 && !asked->found)
      asked->done({.result = pipeline::ReviewAnswer::Result::late, .reason = "no such flow is open"});
  });
}

void ControlDesk::flows(Done<std::vector<control::FlowSummary>> done) {
  auto listing = std::make_shared<Listing>(core_.seats(), std::move(done));
  core_.on_each_seat([listing](WorkerSeat& seat) {
    std::vector<control::FlowSummary> flows;
    for (const Relay* relay : seat.relays) relay->add_to(flows.emplace_back());
    const std::lock_guard guard(listing->lock);
    std::ranges::move(flows, std::back_inserter(listing->flows));
    if (--listing->unasked != 0) return;
    std::ranges::sort(listing->flows, {}, &control::FlowSummary::id);
    listing->done(std::move(listing->flows));
  });
}

control::Stats ControlDesk::stats() const {
  control::Stats stats;
  const auto& counters = core_.counters;
  stats.flows = counters.flows;
  stats.frames = counters.frames;
  stats.bytes = counters.bytes;
  stats.frames_unmasked = counters.frames_unmasked;
  stats.bytes_inflated = counters.bytes_inflated;
  core_.holds.add_to(stats);
  return stats;
}

}  // namespace wstap::net
