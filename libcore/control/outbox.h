// SPDX-License-Identifier: Apache-2.0
// What a control server has to say to one client, made into bytes only when these can be sent.
#pragma once

#include <deque>
#include <functional>

#include "libcore/control/watched_events.h"

namespace wstap::control {

/// Answers go first, in the order in which they were added, then events. Items are asked for when it is their
/// turn, so that a client which does not read keeps none in memory that is settled long since.
class Outbox {
 public:
  /// @param changed  as WatchedEvents's.
  Outbox(const Port& port, const Codec& codec, std::function<void()> changed)
      : port_(port), codec_(codec), watch_(std::move(changed)) {}

  void add(Reply reply) { answers_.emplace_back(std::move(reply)); }
  /// Items: of these, those that still wait when they are told.
  void add_items(std::uint32_t serial, std::vector<HeldId> ids) {
    answers_.emplace_back(Listing{serial, std::move(ids), 0});
  }
  WatchedEvents& watch() noexcept { return watch_; }

  /// What to send next: one large message, or some small ones. Empty: there is nothing.
  Buffer next();
  /// Answers that have not been made into bytes.
  std::size_t answers() const noexcept { return answers_.size(); }

 private:
  struct Listing {
    std::uint32_t serial = 0;
    std::vector<HeldId> ids;
    std::size_t told = 0;
  };
  std::optional<Reply> next_reply();
  Reply next_part(Listing& listing);
  Buffer encoded(const Reply& reply) const;

  const Port& port_;
  const Codec& codec_;
  std::deque<std::variant<Reply, Listing>> answers_;
  WatchedEvents watch_;
};

}  // namespace wstap::control
