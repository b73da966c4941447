// SPDX-License-Identifier: Apache-2.0
// How much may go to a host, or through the proxy: rates and budgets of WebSockets (LIM-5).
#pragma once

#include <array>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/pipeline/rate.h"
#include "libcore/pipeline/scope.h"
#include "libcore/ws/direction.h"

namespace wstap::pipeline {

/// One [[limit]] of a rules file. What is 0 has no bound.
struct Limit {
  std::string id;
  std::vector<TargetPattern> targets;             ///< none: all
  bool per_host = true;                           ///< each host and port by itself; else all together
  std::array<bool, 2> directions = {true, true};  ///< by ws::index: whose frames count
  double upgrades_per_second = 0, frames_per_second = 0, bytes_per_second = 0;
  std::uint64_t bytes = 0;       ///< of frames with their headers, in all
  std::int64_t duration_ns = 0;  ///< from the first upgrade on

  bool covers(const Destination& to) const noexcept;
};

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

/// What a limit stands in the way of.
struct LimitHit {
  std::string reason;        ///< "limit 'crawl': 5 upgrades a second"
  std::int64_t wait_ns = 0;  ///< until it does no more, kForever: until there are other rules

  /// The same in whole seconds; 0: nobody can say.
  std::int64_t retry_after_s() const noexcept {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return wait_ns == kForever ? 0 : (wait_ns + kSecond - 1) / kSecond;
  }
};

/// How much of what came may be taken now.
struct Passage {
  std::size_t bytes = 0;  ///< whole frames; all, when nothing is in the way
  std::optional<LimitHit> hit;
};

/// What one limit has counted, of one host or of all. Its limiter's alone.
struct Tally;
using Tallies = std::vector<std::shared_ptr<Tally>>;

/// What limits know of one flow. Only its limiter writes it.
struct FlowLimits {
  Tallies tallies;  ///< what it counts in; empty: nothing bounds it
  /// By ws::index: the frame that waits was counted when it came, and may pass when its time has come, so
  /// that flows that wait for the same rate have their turns one after the other. None: no frame was.
  struct Turn {
    std::int64_t due = 0;     ///< of elapsed time
    std::uint64_t bytes = 0;  ///< of the frame
    std::string reason;       ///< see LimitHit
  };
  std::array<std::optional<Turn>, 2> turns;
};

/// Thread-safe. Upgrades and flows that no limit covers cost a lookup when they begin, and nothing later.
class Limiter {
 public:
  /// Limits whose ids were there before go on with what they have counted; a rate that changed begins anew.
  void use(std::vector<Limit> limits);

  /// Counts an upgrade, unless a limit is against it: then it must not be passed on.
  std::optional<LimitHit> admit(const Destination& to, UnixNs now);
  FlowLimits limits_of(const Destination& to);
  /// The flow ends, or has other limits: what was counted and did not pass is given back.
  void forget(const FlowLimits& limits);
  /// Counts the frames that may pass. A frame passes while every bound has something left, and counts whole.
  /// @param unread  begins with a frame; one that is not all there passes uncounted, to come again.
  Passage pass(FlowLimits& limits, ws::Direction direction, Bytes unread, UnixNs now);
  /// Frames of what passed were not taken: they do not count.
  void give_back(const FlowLimits& limits, ws::Direction direction, Bytes untaken);

 private:
  std::int64_t elapsed(UnixNs now);
  std::shared_ptr<Tally> tally_of(const std::shared_ptr<const Limit>& limit, const Destination& to);
  void forget_idle();

  std::mutex lock_;
  std::vector<std::shared_ptr<const Limit>> limits_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Tally>> tallies_;  ///< by id and host
  UnixNs last_ns_ = 0;
  std::int64_t elapsed_ns_ = 0;
};

}  // namespace wstap::pipeline
