// SPDX-License-Identifier: Apache-2.0
// An open WebSocket between two transports: two half-relays that wait, read, record and write (FRM-7, FRM-8).
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "libcore/net/transport.h"
#include "libcore/net/worker.h"
#include "libcore/pipeline/flow.h"
#include "libcore/ws/inbox.h"

namespace wstap::net {

struct RelayOptions {
  // 0: for ever
  std::chrono::milliseconds close_timeout{10'000};    ///< from the first Close to the end of the connection
  std::chrono::milliseconds idle_timeout{0};          ///< without a byte in either direction
  std::chrono::milliseconds farewell_timeout{5'000};  ///< for peers to end after wstap said Close
};

/// Owns itself: it lives as long as one of its coroutines or timers does. One thread, but for what a
/// HoldParty is told.
class Relay : public std::enable_shared_from_this<Relay>, public pipeline::HoldParty {
 public:
  /// Told once, when the flow's end was recorded or could not be.
  using Done = std::function<void(Relay&, const Result<void>&)>;

  /// @param early  bytes that were read behind the upgrade's heads, by ws::index of the direction they travel
  /// in.
  Relay(Worker& worker, std::unique_ptr<Transport> client, std::unique_ptr<Transport> server,
        std::unique_ptr<pipeline::Flow> flow, std::array<Buffer, 2> early, RelayOptions options, Done done);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start();
  /// Says Close 1001 to both and ends within the farewell timeout (FRM-7).
  void shut_down();
  /// Ends now, in the middle of whatever goes on.
  void cut();
  /// It did not end by itself: its farewell took too long, or cut() came first.
  bool was_cut() const noexcept { return cut_; }

  // Any thread.
  void review(std::shared_ptr<pipeline::HoldParty> self, pipeline::Review review,
              std::function<void(pipeline::ReviewAnswer)> done) override;
  void room(std::shared_ptr<pipeline::HoldParty> self) override;
  // The worker's.
  pipeline::ReviewAnswer inject(pipeline::InjectRequest request);
  pipeline::FlowId flow_id() const noexcept { return flow_->id(); }
  /// What is to be told of the flow.
  void add_to(pipeline::FlowSummary& summary) const;

 private:
  /// How a direction ends towards its receiver: wstap's own Close, if there is one to say, and the end of the
  /// stream.
  enum class LastWords : std::uint8_t {
    not_yet,
    due,   ///< as soon as what is being written has left
    said,  ///< ... or being said; nothing may follow
  };
  /// One direction: who sends, who receives, and what is between them.
  struct Half {
    ws::Direction direction;
    Transport& from;
    Transport& to;
    Buffer early;
    ws::Inbox inbox;
    Buffer farewell;  ///< a Close, first of the last words
    LastWords last_words = LastWords::not_yet;
    bool reads = true;          ///< its pump comes back to the sender without waiting for anything else
    bool writing = false;       ///< something is on its way to the receiver, or about to be
    bool deaf = false;          ///< what still comes is read and thrown away: it cannot be framed
    bool keeps_frames = false;  ///< the inbox may have whole frames, which were not taken
    asio::steady_timer* delay = nullptr;   ///< runs while something leaves later
    std::optional<bool> departed;          ///< ... whose leaving is recorded already: whether it may
    asio::steady_timer* parked = nullptr;  ///< ... while nothing is read, since frames are held
    std::optional<IoStatus> ended;         ///< the sender has; what is held is not gone yet
    bool woken = false;                    ///< there may be something to do though nothing comes
    bool reset = false;                    ///< a write to the sender found that it had reset the connection
    std::uint64_t undelivered = 0;         ///< bytes that wait for the receiver, outside inbox and flow
    std::uint64_t accounted = 0;           ///< bytes that count against the buffer budget
  };
  /// What one turn left to do.
  struct TurnEnd {
    enum class Next : std::uint8_t { again, wait, pause, park, over } next = Next::again;
    Bytes unsent;          ///< encoded frames the receiver's kernel did not take
    bool blocked = false;  ///< there is something to deliver: `unsent`, or what the transport holds
    Bytes unread;          ///< an incomplete frame
    std::uint64_t wanted = 0;
    pipeline::Sequence first_sequence = 0;
    bool kept = true;  ///< the inbox has `unread` already, or there is none
    Bytes delayed;     ///< what leaves `delay_ns` later
    std::int64_t delay_ns = 0;
    std::int64_t limit_ns = 0;  ///< so long nothing more may be taken (LIM-5)
  };

  Half& opposite(const Half& half) { return halves_[ws::index(ws::opposite(half.direction))]; }
  void run(asio::awaitable<void> work);
  asio::awaitable<void> pump(Half& half);
  TurnEnd take_turn(Half& half);
  TurnEnd take_frames(Half& half, MutableBytes unread, TurnEnd::Next next);
  TurnEnd take_end(Half& half, IoStatus status);
  TurnEnd take_chore(Half& half);
  TurnEnd send_on(Half& half, const pipeline::LaneTurn& turn, MutableBytes unread, TurnEnd::Next next);
  IoResult read(Half& half, MutableBytes room);
  void keep(Half& half, TurnEnd& turn);
  asio::awaitable<void> deliver(Half& half, TurnEnd turn);
  asio::awaitable<void> deliver_later(Half& half, TurnEnd turn);
  bool may_depart(Half& half);
  asio::awaitable<void> wait(Half& half, std::chrono::nanoseconds time);
  asio::awaitable<void> heed_limit(Half& half, std::int64_t limit_ns);
  asio::awaitable<bool> write_all(Half& half, Bytes bytes);
  asio::awaitable<void> say_last_words(Half& half);
  asio::awaitable<void> pause(Half& half);
  asio::awaitable<void> park(Half& half);
  void wake(Half& half);
  void look_after_held();
  void stream_ended(Half& half, IoStatus status);
  void receiver_gone(Half& half);
  void peer_reset(Half& half);
  void say_farewell();
  void after_frames(Half& half, const pipeline::LaneTurn& turn);
  void start_timer(std::chrono::milliseconds patience, const char* reason);
  void watch_idleness();
  void watch_chores();
  void begin_chores();
  void begin_close_timer();
  void resolve_held();
  void account(Half& half);
  void account(Half& half, std::uint64_t undelivered);
  void end();
  void finish();

  Worker& worker_;
  std::unique_ptr<Transport> client_, server_;
  std::unique_ptr<pipeline::Flow> flow_;
  std::array<Half, 2> halves_;
  RelayOptions options_;
  Done done_;
  std::unique_ptr<asio::steady_timer> timer_;  ///< of the closing handshake, later of the farewell
  std::unique_ptr<asio::steady_timer> idle_;
  std::unique_ptr<asio::steady_timer> chores_;  ///< of frames that wait, and of Pings while some are held
  UnixNs chores_at_ = 0;                        ///< 0: it does not run
  UnixNs last_activity_ns_ = 0;
  unsigned running_ = 2;  ///< coroutines: the pumps, and those that say farewell; with the last the flow ends
  bool closing_ = false;  ///< a Close went by
  bool close_timer_due_ = false;  ///< ... and its timer begins when nothing is held any more
  bool shutting_down_ = false;    ///< as soon as what was held has left
  bool farewell_ = false;         ///< wstap ends the flow itself
  bool cut_ = false;
};

}  // namespace wstap::net
