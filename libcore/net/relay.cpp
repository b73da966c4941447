// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/relay.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace wstap::net {

using ws::Direction;

namespace {

// After so many turns without a wait, other connections of the worker have theirs.
constexpr int kTurnsInARow = 8;
// A rest smaller than this is copied rather than letting a whole slab wait for a slow receiver.
constexpr std::size_t kCopyBelow = 64 * 1024;
// Less than this is not worth the bookkeeping of the buffer budget.
constexpr std::uint64_t kWorthAccounting = 16 * 1024;
constexpr std::chrono::milliseconds kBudgetPoll{20};
// Frames that a limit holds back are looked at again so often: rules may have been replaced.
constexpr std::chrono::milliseconds kLimitPoll{500};
// So much of a flow with limits is read at once: what is held back is no burden to others, however many flows
// it is of.
constexpr std::size_t kMostOfLimited = kWorthAccounting / 2;
// A rate of thousands a second lets so many pass at a time as come together in this.
constexpr std::chrono::milliseconds kShortestLimit{5};

bool views(Bytes part, Bytes whole) {
  return !part.empty() && part.data() >= whole.data() && part.data() < whole.data() + whole.size();
}

}  // namespace

Relay::Relay(Worker& worker, std::unique_ptr<Transport> client, std::unique_ptr<Transport> server,
             std::unique_ptr<pipeline::Flow> flow, std::array<Buffer, 2> early, RelayOptions options,
             Done done)
    : worker_(worker),
      client_(std::move(client)),
      server_(std::move(server)),
      flow_(std::move(flow)),
      halves_{Half{Direction::send, *client_, *server_, std::move(early[0])},
              Half{Direction::receive, *server_, *client_, std::move(early[1])}},
      options_(options),
      done_(std::move(done)) {}

void Relay::start() {
  last_activity_ns_ = worker_.now();
  flow_->decided_by(weak_from_this());
  for (auto& half : halves_) run(pump(half));
  if (options_.idle_timeout.count() != 0) watch_idleness();
}

void Relay::run(asio::awaitable<void> work) {
  asio::co_spawn(worker_.io(), std::move(work), [self = shared_from_this()](std::exception_ptr failed) {
    if (failed) {
      self->flow_->give_up("internal_error");
      self->end();
    }
    if (--self->running_ == 0) self->finish();
  });
}

asio::awaitable<void> Relay::pump(Half& half) {
  int turns = kTurnsInARow;
  while (!half.from.cancelled()) {
    TurnEnd turn = take_turn(half);
    const auto next = turn.next;
    if (turn.delay_ns != 0) {
      co_await deliver_later(half, turn);
    } else if (turn.blocked) {
      co_await deliver(half, turn);
    } else {
      keep(half, turn);
    }
    if (half.from.cancelled() || next == TurnEnd::Next::over) break;
    if (turn.limit_ns != 0) {
      co_await heed_limit(half, turn.limit_ns);
    } else if (next == TurnEnd::Next::pause) {
      co_await pause(half);
    } else if (next == TurnEnd::Next::park) {
      co_await park(half);
    } else if (next == TurnEnd::Next::wait) {
      turns = kTurnsInARow;
      if (!half.woken) co_await half.from.readable();
    } else if (--turns == 0) {
      turns = kTurnsInARow;
      co_await asio::post(worker_.io(), asio::use_awaitable);
    }
  }
  half.reads = false;
  if (half.from.cancelled()) flow_->keep_unfinished(half.direction, half.inbox.kept());
  if (half.last_words == LastWords::not_yet) co_await say_last_words(half);
  // The other direction goes on; without a reader, only a watch tells that this peer is gone for good.
  if (!half.from.cancelled()) half.from.watch_reset([this, &half] { peer_reset(half); });
}

IoResult Relay::read(Half& half, MutableBytes room) {
  if (half.early.empty()) return half.from.try_read(room);
  const std::size_t take = std::min(room.size(), half.early.size());
  std::copy_n(half.early.begin(), take, room.begin());
  half.early.erase(half.early.begin(), half.early.begin() + static_cast<std::ptrdiff_t>(take));
  if (half.early.empty()) half.early = Buffer();
  return {IoStatus::ok, take};
}

/// Reads once and passes on what came. Does not wait.
Relay::TurnEnd Relay::take_turn(Half& half) {
  if (std::exchange(half.woken, false)) return take_chore(half);
  if (half.ended) return take_end(half, *half.ended);
  if (flow_->stalls(half.direction)) return {.next = TurnEnd::Next::park};
  if (!worker_.buffers().may_read(&half)) return {.next = TurnEnd::Next::pause};
  if (std::exchange(half.keeps_frames, false) && !half.inbox.kept().empty()) {
    half.inbox.space(worker_.slab().bytes());
    return take_frames(half, half.inbox.received(0), TurnEnd::Next::again);
  }
  const bool had_early = !half.early.empty();
  MutableBytes room = half.inbox.space(worker_.slab().bytes());
  if (flow_->may_be_limited()) room = room.first(std::min(room.size(), kMostOfLimited));
  const IoResult got = read(half, room);
  switch (got.status) {
    case IoStatus::would_block:
      account(half, 0);  // the inbox may have made room for what did not come
      return {.next = TurnEnd::Next::wait};
    case IoStatus::ok: break;
    default: return take_end(half, got.status);
  }
  const MutableBytes unread = half.inbox.received(got.bytes);
  // A short read emptied the socket: the next one would only say so.
  const bool more = had_early || got.bytes == room.size();
  return take_frames(half, unread, more ? TurnEnd::Next::again : TurnEnd::Next::wait);
}

Relay::TurnEnd Relay::take_frames(Half& half, MutableBytes unread, TurnEnd::Next next) {
  const auto now = worker_.now();
  if (half.deaf) return {.next = next, .unread = unread.last(0), .kept = false};
  const pipeline::LaneTurn turn = flow_->take(half.direction, unread, now, worker_.scratch());
  // What a rate holds back is none of its sender's idleness; what a spent budget does will stay so.
  if (turn.limit_ns != pipeline::kForever || turn.used != 0) last_activity_ns_ = now;
  return send_on(half, turn, unread, next);
}

/// The sender has ended: in order, what waited for more of it, and what is held, leaves first.
Relay::TurnEnd Relay::take_end(Half& half, IoStatus status) {
  TurnEnd end{.next = TurnEnd::Next::over};
  if (status != IoStatus::failed && !half.reset) {
    if (flow_->release_due(half.direction)) {
      end = send_on(half, flow_->release(half.direction, worker_.now(), worker_.scratch(), false), {},
                    end.next);
      end.kept = true;
    }
    if (flow_->holds(half.direction)) {
      const bool first = !std::exchange(half.ended, status);
      end.next = first ? TurnEnd::Next::again : TurnEnd::Next::park;
      return end;
    }
  }
  stream_ended(half, status);
  return end;
}

/// Something leaves though nothing came. What is unread stays with the inbox.
Relay::TurnEnd Relay::take_chore(Half& half) {
  const auto now = worker_.now();
  if (!flow_->has_chore(half.direction, now)) return {.next = TurnEnd::Next::again};
  last_activity_ns_ = now;
  TurnEnd end =
      send_on(half, flow_->do_chore(half.direction, now, worker_.scratch()), {}, TurnEnd::Next::again);
  end.kept = true;
  half.woken = true;  // there may be another
  return end;
}

Relay::TurnEnd Relay::send_on(Half& half, const pipeline::LaneTurn& turn, MutableBytes unread,
                              TurnEnd::Next next) {
  TurnEnd end{.next = next,
              .unsent = turn.delay_ns == 0 ? turn.out : turn.out.first(turn.delayed_from),
              .unread = unread.subspan(turn.used),
              .wanted = turn.wanted,
              .first_sequence = turn.first_sequence,
              .kept = false,
              .delay_ns = turn.delay_ns,
              .limit_ns = turn.limit_ns};
  half.keeps_frames |= turn.more || turn.limit_ns != 0;
  if (turn.more) end.next = TurnEnd::Next::again;
  if (end.delay_ns != 0) {
    end.delayed = turn.out.subspan(turn.delayed_from);
    end.next = TurnEnd::Next::again;  // whole frames may be among what is unread
  }
  if (!end.unsent.empty() && half.to.unsent() == 0) {
    const IoResult put = half.to.try_write(end.unsent);
    end.unsent = end.unsent.subspan(put.bytes);
    if (put.status == IoStatus::failed) {
      end.unsent = {};
      end.delay_ns = 0;
      flow_->undelivered(half.direction, turn.first_sequence);
      receiver_gone(half);
    }
  }
  // To be known before a farewell is said: it leaves behind these frames, not among them.
  end.blocked = !half.writing && (!end.unsent.empty() || half.to.unsent() != 0);
  half.writing |= end.blocked;
  after_frames(half, turn);
  if (flow_->may_hold()) look_after_held();
  watch_chores();
  if (half.deaf) {
    end.unread = end.unread.last(0);
    end.wanted = 0;
  }
  return end;
}

/// What the frames of a turn mean for the flow: a Close starts its timer, a fault ends it.
void Relay::after_frames(Half& half, const pipeline::LaneTurn& turn) {
  if (turn.fault) {
    half.deaf = true;
    say_farewell();
  } else if (turn.closed) {
    const bool still_writing = halves_[0].writing || halves_[1].writing;
    if (farewell_ && flow_->closed_both_ways() && !still_writing) return end();
    if (!std::exchange(closing_, true) && !farewell_) begin_close_timer();
  }
}

void Relay::keep(Half& half, TurnEnd& turn) {
  if (std::exchange(turn.kept, true)) return;
  half.inbox.keep(turn.unread, turn.wanted);
  account(half, 0);
}

void Relay::account(Half& half, std::uint64_t undelivered) {
  half.undelivered = undelivered;
  account(half);
}

void Relay::account(Half& half) {
  const std::uint64_t held = half.inbox.held() + flow_->buffered(half.direction) + half.undelivered;
  const std::uint64_t counts = held < kWorthAccounting ? 0 : held;
  if (counts == half.accounted) return;
  half.accounted = counts;
  worker_.buffers().set(&half, counts);
}

/// What leaves at once leaves, and the rest when its time has come. Meanwhile nothing else of the direction
/// is taken.
asio::awaitable<void> Relay::deliver_later(Half& half, TurnEnd turn) {
  const Buffer now = to_buffer(turn.unsent), later = to_buffer(turn.delayed);
  keep(half, turn);
  half.keeps_frames = true;
  account(half, now.size() + later.size());
  half.reads = false;
  half.writing = true;
  bool there = co_await write_all(half, now);
  if (there) {
    half.writing = true;
    co_await wait(half, std::chrono::nanoseconds(turn.delay_ns));
    last_activity_ns_ = worker_.now();
    there = !half.to.cancelled();
  }
  if (there && !may_depart(half)) {
    half.deaf = true;
    say_farewell();
  } else if (there) {
    there = co_await write_all(half, later);
  }
  if (!there) flow_->undelivered(half.direction, turn.first_sequence);
  half.writing = false;
  half.reads = true;
  account(half, 0);
  if (half.last_words == LastWords::due) co_await say_last_words(half);
}

/// What was delayed leaves now. @return whether it may.
bool Relay::may_depart(Half& half) {
  if (half.departed) return *std::exchange(half.departed, std::nullopt);
  return flow_->leave_delayed(half.direction, worker_.now());
}

/// A reset of the sender ends it, and so does a farewell.
asio::awaitable<void> Relay::wait(Half& half, std::chrono::nanoseconds time) {
  half.from.watch_reset([this, &half] { peer_reset(half); });
  asio::steady_timer timer(worker_.io(), time);
  half.delay = &timer;
  std::error_code ignored;
  if (!half.from.cancelled() && !farewell_)
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  half.delay = nullptr;
  half.from.unwatch_reset();
}

/// Nothing of the direction is read meanwhile, so that its sender has to wait as well.
asio::awaitable<void> Relay::heed_limit(Half& half, std::int64_t limit_ns) {
  const std::chrono::nanoseconds time(limit_ns);
  half.reads = false;
  co_await wait(half, std::clamp<std::chrono::nanoseconds>(time, kShortestLimit, kLimitPoll));
  half.reads = true;
}

/// The receiver does not take all: the rest waits in memory of its own, and the worker's slab goes back to
/// work.
asio::awaitable<void> Relay::deliver(Half& half, TurnEnd turn) {
  Slab slab;
  Buffer copy;
  Bytes rest = turn.unsent;
  if (rest.size() < kCopyBelow) {
    copy = to_buffer(rest);
    rest = copy;
    keep(half, turn);
  } else if (views(rest, worker_.slab().bytes())) {
    keep(half, turn);
    slab = std::exchange(worker_.slab(), Slab());
  } else if (views(rest, worker_.scratch().out)) {
    copy = std::exchange(worker_.scratch().out, Buffer());
    keep(half, turn);
  }  // else the inbox holds it, and must not move it before it left
  account(half, slab ? kSlabBytes : copy.size());
  half.reads = false;
  if (!co_await write_all(half, rest)) flow_->undelivered(half.direction, turn.first_sequence);
  half.reads = true;
  keep(half, turn);
  account(half, 0);
  if (half.last_words == LastWords::due) co_await say_last_words(half);
}

/// Waits for the receiver until all is with its kernel; a reset of the sender ends that as well (FRM-8).
/// @return false when the receiver is gone.
asio::awaitable<bool> Relay::write_all(Half& half, Bytes bytes) {
  half.writing = true;
  half.from.watch_reset([this, &half] { peer_reset(half); });
  bool gone = half.to.cancelled();
  while (!gone) {
    const IoResult put = half.to.try_write(bytes);
    bytes = bytes.subspan(put.bytes);
    if (put.status == IoStatus::failed) {
      gone = true;
      receiver_gone(half);
    } else if (bytes.empty() && half.to.unsent() == 0) {
      break;
    } else {
      co_await half.to.writable();
      gone = half.to.cancelled();
    }
  }
  half.from.unwatch_reset();
  half.writing = false;
  co_return !gone;
}

asio::awaitable<void> Relay::say_last_words(Half& half) {
  half.last_words = LastWords::said;
  const Buffer close = std::exchange(half.farewell, Buffer());
  if (!close.empty()) co_await write_all(half, close);
  if (!half.to.cancelled()) {
    half.to.shutdown_send();
    if (half.to.unsent() != 0) co_await write_all(half, {});
  }
  half.writing = false;
}

/// Frames are held, and as many wait behind them as may, or their sender has ended.
asio::awaitable<void> Relay::park(Half& half) {
  half.reads = false;
  half.from.watch_reset([this, &half] { peer_reset(half); });
  asio::steady_timer timer(worker_.io(), asio::steady_timer::time_point::max());
  half.parked = &timer;
  std::error_code ignored;
  if (!half.woken && !half.from.cancelled())
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  half.parked = nullptr;
  half.from.unwatch_reset();
  half.reads = true;
}

asio::awaitable<void> Relay::pause(Half& half) {
  flow_->add_note_once("buffers_limited", {}, worker_.now());
  half.reads = false;
  half.from.watch_reset([this, &half] { peer_reset(half); });
  asio::steady_timer timer(worker_.io());
  while (!worker_.buffers().may_read(&half) && !half.from.cancelled() && !half.woken) {
    timer.expires_after(kBudgetPoll);
    std::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  half.from.unwatch_reset();
  half.reads = true;
}

}  // namespace wstap::net
