// SPDX-License-Identifier: Apache-2.0
// What a Session is made of. session_input.cpp is what nghttp2 calls while it reads, session_output.cpp while
// it writes; what users ask for stands there as well, or in session.cpp.
#pragma once

#include <exception>
#include <set>
#include <string>
#include <vector>

#include "libcore/h2/frame_heads.h"
#include "libcore/h2/idle_gauge.h"
#include "libcore/h2/send_queue.h"
#include "libcore/h2/session.h"

struct nghttp2_session_callbacks;

namespace wstap::h2 {

struct Session::Stream {
  explicit Stream(const Limits& limits) noexcept : out(limits.send_bytes) {}

  SendQueue out;
  Fields trailers;             ///< what follows the last of `out`
  std::size_t unconsumed = 0;  ///< bytes that were told
  bool waiting = false;        ///< a request whose head has not left
  bool answered = false;       ///< a request that nghttp2 has the final head for
  bool ending = false;         ///< nothing is added to `out`
  bool starved = false;        ///< nghttp2 found `out` empty, and asks no more until it is told to
  bool short_of_room = false;  ///< send() took less than it was given
  bool roomy = false;          ///< stands in State::roomy
  bool peer_ended = false;
  bool gone = false;  ///< the user gave it up, or was told that the peer did
};

struct Session::State {
  State(Role role_, const Limits& limits_, Events& events_);

  /// The header section that is coming in. There is one at a time: nothing may stand between the frames of
  /// one (RFC 9113 4.3).
  struct Incoming {
    StreamId stream = 0;
    Fields fields;
    std::size_t bytes = 0;
    std::size_t count = 0;   ///< of fields, but for pseudo-header fields
    bool too_large = false;  ///< `fields` is no more
  };
  /// A stream that nghttp2 has forgotten, while the user has not been told.
  struct Closing {
    StreamId stream;
    std::optional<std::uint32_t> reset;  ///< to be told before
  };
  /// A request that the user never heard of.
  struct Refusal {
    StreamId stream;
    std::string_view why;  ///< a literal
  };
  struct Writing {
    Buffer* out = nullptr;
    std::size_t begin = 0;  ///< of `out`
    std::size_t most = 0;   ///< bytes from there on
    bool data_too = false;  ///< or only what does not count against windows
    bool full() const { return out->size() - begin >= most; }
  };

  /// WINDOW_UPDATE frames that are as they should be, for each stream and for each DATA frame that was sent.
  static constexpr std::uint64_t kUpdatesEach = 2;

  // What nghttp2 calls.
  void head_begins();
  void section_begins(StreamId stream);
  int field(std::string_view name, std::string_view value, bool never_indexed);
  void section_ends(bool end);
  void data(StreamId stream, Bytes bytes);
  void data_ends(StreamId stream, bool end, bool nothing);
  void peer_resets(StreamId stream, std::uint32_t code);
  void settings_came();
  void goaway_came(StreamId last, std::uint32_t code, Bytes debug);
  void closes(StreamId stream, std::uint32_t code);
  long give(StreamId stream, std::size_t most, std::uint32_t& flags);
  int write_data(StreamId stream, Bytes head, std::size_t length);
  void head_left(StreamId stream, bool request);
  void head_did_not_leave(StreamId stream, bool request, int why);
  void reset_left(StreamId stream);
  void goaway_left(std::uint32_t code, Bytes reason);

  // What the rest is made of.
  Stream* find(StreamId stream);
  /// What comes in is a request's head, and no trailers.
  bool reads_request() const;
  void refuse();
  /// Submits the final head of a response; the bytes of its stream follow, if it has not ended.
  void answer(StreamId stream, const Fields& head, bool end);
  /// Counts what brings nothing. What is one too much ends the connection when nghttp2 is done with its turn.
  void charge(std::string_view kind);
  /// There is something to be sent of a stream.
  void feed(StreamId id, Stream& stream);
  /// @return how many of `bytes` may be read.
  std::size_t count_frames(Bytes bytes);
  void read(Bytes bytes);
  /// Lets nghttp2 write up to `most` bytes.
  void write(Buffer& out, std::size_t most, bool data_too);
  /// Writes down what answers the peer, so that it is known what nghttp2 thinks of what came, which it says
  /// in no other way than by a GOAWAY.
  void write_answers();
  /// Ends the connection for what was counted.
  void end_if_due();
  void fail(Errc code, Code said, std::string detail);
  void tell();

  struct Deleter {
    void operator()(nghttp2_session* session) const noexcept;
  };

  const Role role;
  const Limits limits;
  Events& events;
  std::unique_ptr<nghttp2_session, Deleter> nghttp2;
  PeerSettings peer;
  bool connect_protocol = false;  ///< was announced

  std::map<StreamId, Stream> streams;  ///< that the user knows
  std::set<StreamId> refused;          ///< that the user does not: their requests were too large
  std::size_t waiting = 0;             ///< requests that nghttp2 keeps until the peer allows them
  Incoming incoming;
  bool head_begun = false;  ///< a HEADERS frame began, and is not known to be good for anything

  Writing writing;
  Buffer pending;                 ///< was written, and not taken
  std::size_t pending_taken = 0;  ///< of `pending`, from the front
  std::size_t own_goaways = 0;    ///< on their way
  std::vector<StreamId> roomy;    ///< to be told
  std::vector<Closing> closing;   ///< to be told
  std::vector<Refusal> refusals;

  FrameHeads heads;
  IdleGauge gauge;
  UnixNs now = 0;
  std::uint64_t window_updates = 0;  ///< that the peer has reason to send
  bool pushed = false;
  std::string_view flood;  ///< what there was too much of; empty: nothing

  bool no_http2 = false;  ///< nghttp2 says that what came first is none
  std::optional<Error> failed;
  std::exception_ptr thrown;  ///< by Events, and not passed on through nghttp2 yet
};

/// What nghttp2 is given to call. Members, so that they know the State.
struct Session::Callbacks {
  static constexpr int kFailed = -902;  ///< NGHTTP2_ERR_CALLBACK_FAILURE

  static void of_input(nghttp2_session_callbacks* callbacks);
  static void of_output(nghttp2_session_callbacks* callbacks);

  /// Calls `act` with the State that is `user`. nghttp2 is C: nothing may be thrown through it.
  template <class Act>
  static auto guarded(void* user, const Act& act) noexcept -> decltype(act(std::declval<State&>())) {
    State& state = *static_cast<State*>(user);
    try {
      return act(state);
    } catch (...) {
      state.thrown = std::current_exception();
      return kFailed;
    }
  }
};

/// Throws what a result of nghttp2's says of us: no memory, or a mistake.
void check(long result);

}  // namespace wstap::h2
