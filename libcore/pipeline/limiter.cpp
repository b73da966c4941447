// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/base/units.h"
#include "libcore/ws/frame_header.h"

namespace wstap::pipeline {

struct Tally {
  std::shared_ptr<const Limit> limit;
  Rate upgrades, frames, bytes;
  std::uint64_t spent = 0;                 ///< bytes
  std::optional<std::int64_t> began = {};  ///< with the first upgrade
};

namespace {

// So many hosts are counted by themselves at once. Those of which nothing is to be remembered make room.
constexpr std::size_t kMaxTallies = 65'536;

std::string per_second(double rate, std::string_view what) {
  return fmt::format("{} {} a second", rate, what);
}

LimitHit hit(const Limit& limit, std::string_view bound, std::int64_t wait_ns) {
  return {fmt::format("limit '{}': {}", limit.id, bound), wait_ns};
}

/// A budget that is spent. Whoever asks begins the time, if nobody did before.
std::optional<LimitHit> spent_budget(Tally& tally, std::int64_t now) {
  const Limit& limit = *tally.limit;
  if (!tally.began) tally.began = now;
  if (limit.duration_ns != 0 && now - *tally.began >= limit.duration_ns)
    return hit(limit, fmt::format("its {} are over", format_duration_ns(limit.duration_ns)), kForever);
  if (limit.bytes != 0 && tally.spent >= limit.bytes)
    return hit(limit, fmt::format("a budget of {} bytes is spent", limit.bytes), kForever);
  return std::nullopt;
}

std::optional<LimitHit> in_the_way_of_upgrade(Tally& tally, std::int64_t now) {
  const Limit& limit = *tally.limit;
  if (auto spent = spent_budget(tally, now)) return spent;
  const auto wait_ns = tally.upgrades.wait_ns(limit.upgrades_per_second, now);
  if (wait_ns == 0) return std::nullopt;
  return hit(limit, per_second(limit.upgrades_per_second, "upgrades"), wait_ns);
}

std::optional<LimitHit> in_the_way_of_frame(Tally& tally, std::int64_t now) {
  const Limit& limit = *tally.limit;
  if (auto spent = spent_budget(tally, now)) return spent;
  if (const auto wait_ns = tally.frames.wait_ns(limit.frames_per_second, now); wait_ns != 0)
    return hit(limit, per_second(limit.frames_per_second, "frames"), wait_ns);
  if (const auto wait_ns = tally.bytes.wait_ns(limit.bytes_per_second, now); wait_ns != 0)
    return hit(limit, per_second(limit.bytes_per_second, "bytes"), wait_ns);
  return std::nullopt;
}

/// What is longest in the way of an upgrade, or of a frame.
std::optional<LimitHit> longest_hit(const Tallies& tallies,
                                    std::optional<LimitHit> (*in_the_way)(Tally&, std::int64_t),
                                    std::int64_t now) {
  std::optional<LimitHit> longest;
  for (const auto& tally : tallies)
    if (auto found = in_the_way(*tally, now); found && (!longest || found->wait_ns > longest->wait_ns))
      longest = std::move(found);
  return longest;
}

void count_frame(Tally& tally, std::uint64_t bytes, std::int64_t now) {
  tally.frames.charge(tally.limit->frames_per_second, 1, now);
  tally.bytes.charge(tally.limit->bytes_per_second, bytes, now);
  tally.spent += bytes;
}

void uncount_frame(Tally& tally, std::uint64_t bytes) {
  tally.frames.give_back(tally.limit->frames_per_second, 1);
  tally.bytes.give_back(tally.limit->bytes_per_second, bytes);
  tally.spent -= std::min(tally.spent, bytes);
}

/// Those that count what goes in a direction.
Tallies tallies_for(const Tallies& tallies, ws::Direction direction) {
  Tallies counting;
  std::ranges::copy_if(tallies, std::back_inserter(counting), [direction](const auto& tally) {
    return tally->limit->directions[ws::index(direction)];
  });
  return counting;
}

/// Visits the length of each whole frame, until one is not to be skipped. @return what is behind those that
/// were.
template <class Visit>
Bytes skip_frames(Bytes bytes, Visit visit) {
  ws::FrameHeader header;
  while (ws::decode_header(bytes, header) && header.payload_len <= bytes.size() - header.header_len) {
    if (!visit(header.frame_len())) break;
    bytes = bytes.subspan(static_cast<std::size_t>(header.frame_len()));
  }
  return bytes;
}

}  // namespace

bool Limit::covers(const Destination& to) const noexcept {
  return targets.empty() || std::ranges::any_of(targets, [&](const auto& each) { return each.covers(to); });
}

void Limiter::use(std::vector<Limit> limits) {
  const std::lock_guard guard(lock_);
  limits_.clear();
  for (auto& limit : limits) limits_.push_back(std::make_shared<const Limit>(std::move(limit)));
  std::erase_if(tallies_, [this](const auto& entry) {
    const auto& [key, tally] = entry;
    const auto same =
        std::ranges::find_if(limits_, [&](const auto& limit) { return limit->id == tally->limit->id; });
    if (same == limits_.end() || (*same)->per_host != tally->limit->per_host) return true;
    const auto before = std::exchange(tally->limit, *same);
    if (before->upgrades_per_second != (*same)->upgrades_per_second) tally->upgrades = {};
    if (before->frames_per_second != (*same)->frames_per_second) tally->frames = {};
    if (before->bytes_per_second != (*same)->bytes_per_second) tally->bytes = {};
    return false;
  });
}

/// Since the limiter was made; it never goes back, whatever is done to the machine's clock.
std::int64_t Limiter::elapsed(UnixNs now) {
  if (last_ns_ != 0 && now > last_ns_) elapsed_ns_ += now - last_ns_;
  last_ns_ = now;
  return elapsed_ns_;
}

void Limiter::forget_idle() {
  std::erase_if(tallies_, [this](const auto& entry) {
    const Tally& tally = *entry.second;
    const bool has_budget = tally.limit->bytes != 0 || tally.limit->duration_ns != 0;
    return !has_budget && entry.second.use_count() == 1 && tally.upgrades.is_full(elapsed_ns_) &&
           tally.frames.is_full(elapsed_ns_) && tally.bytes.is_full(elapsed_ns_);
  });
}

/// @return null: too many others are counted.
std::shared_ptr<Tally> Limiter::tally_of(const std::shared_ptr<const Limit>& limit, const Destination& to) {
  auto key = std::pair(limit->id, limit->per_host ? host_and_port(to) : std::string());
  if (const auto found = tallies_.find(key); found != tallies_.end()) return found->second;
  if (tallies_.size() >= kMaxTallies) forget_idle();
  if (tallies_.size() >= kMaxTallies) return nullptr;
  auto made = std::make_shared<Tally>();
  made->limit = limit;
  return tallies_.try_emplace(std::move(key), std::move(made)).first->second;
}

std::optional<LimitHit> Limiter::admit(const Destination& to, UnixNs now) {
  const std::lock_guard guard(lock_);
  const auto time = elapsed(now);
  Tallies tallies;
  for (const auto& limit : limits_) {
    if (!limit->covers(to)) continue;
    tallies.push_back(tally_of(limit, to));
    if (!tallies.back()) return hit(*limit, "too many hosts to count", kForever);
  }
  if (auto found = longest_hit(tallies, in_the_way_of_upgrade, time)) return found;
  for (const auto& tally : tallies) tally->upgrades.charge(tally->limit->upgrades_per_second, 1, time);
  return std::nullopt;
}

FlowLimits Limiter::limits_of(const Destination& to) {
  const std::lock_guard guard(lock_);
  FlowLimits found;
  for (const auto& limit : limits_)
    if (limit->covers(to))
      if (auto tally = tally_of(limit, to)) found.tallies.push_back(std::move(tally));
  return found;
}

void Limiter::forget(const FlowLimits& limits) {
  const std::lock_guard guard(lock_);
  for (const auto direction : {ws::Direction::send, ws::Direction::receive})
    if (const auto& turn = limits.turns[ws::index(direction)])
      for (const auto& tally : tallies_for(limits.tallies, direction)) uncount_frame(*tally, turn->bytes);
}

Passage Limiter::pass(FlowLimits& limits, ws::Direction direction, Bytes unread, UnixNs now) {
  const std::lock_guard guard(lock_);
  const auto time = elapsed(now);
  const auto counting = tallies_for(limits.tallies, direction);
  auto& turn = limits.turns[ws::index(direction)];
  std::optional<LimitHit> found;
  const Bytes rest = skip_frames(unread, [&](std::uint64_t bytes) {
    if (turn) {
      if (time < turn->due) found = LimitHit{turn->reason, turn->due - time};
      if (!found) turn.reset();
      return !found;
    }
    found = longest_hit(counting, in_the_way_of_frame, time);
    if (found && found->wait_ns != kForever) turn = {time + found->wait_ns, bytes, found->reason};
    if (!found || turn)
      for (const auto& tally : counting) count_frame(*tally, bytes, time);
    return !found;
  });
  // What cannot pass need not be read to its end.
  if (!found && !rest.empty()) found = longest_hit(counting, in_the_way_of_frame, time);
  return {found ? unread.size() - rest.size() : unread.size(), std::move(found)};
}

void Limiter::give_back(const FlowLimits& limits, ws::Direction direction, Bytes untaken) {
  if (untaken.empty()) return;
  const std::lock_guard guard(lock_);
  const auto counting = tallies_for(limits.tallies, direction);
  skip_frames(untaken, [&](std::uint64_t bytes) {
    for (const auto& tally : counting) uncount_frame(*tally, bytes);
    return true;
  });
}

}  // namespace wstap::pipeline
