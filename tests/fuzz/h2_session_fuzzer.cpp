// SPDX-License-Identifier: Apache-2.0
// HTTP/2 sessions of either role, whose user answers, resets, consumes and sends by what comes. The first
// byte picks the role and how the bytes are split; the rest is what the peer says: bytes as they are, or
// steps that become frames. What is told must make sense, and nothing may grow.
#include <algorithm>
#include <cstdlib>

#include "libcore/h2/session.h"
#include "tests/support/h2_frames.h"

using namespace wstap;
using namespace wstap::h2;
namespace frames = wstap::test::h2;

namespace {

constexpr Limits kLimits{.streams = 6,
                         .stream_window = 70'000,
                         .header_list_bytes = 600,
                         .header_fields = 8,
                         .send_bytes = 1'000,
                         .idle_frames = 40,
                         .idle_frames_per_second = 10};
constexpr std::size_t kMostFrame = 16'384;
/// Answers that were not taken: what is written down, with a frame on top, and what nghttp2 keeps behind it.
constexpr std::size_t kMostOutput = 64 * 1024 + kMostFrame + 100 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

class User final : public Events {
 public:
  User(Role role, bool connect_protocol) : role_(role), session_(role, kLimits, *this) {
    session_.start(connect_protocol);
    if (role == Role::client) ask(0);
  }

  void hear(Bytes wire) {
    const auto read = session_.receive(wire, now_);
    if (!read) over_ = true;
    require(role_ == Role::client || session_.open_streams() <= kLimits.streams);
    if (over_) require(!session_.receive(wire, now_).has_value());
  }
  void take(std::size_t most) {
    Buffer out;
    session_.take_output(out, most);
    require(out.size() <= most + kMostFrame + 9);
  }
  void take_all() {
    Buffer out;
    for (int turns = 0; session_.wants_write(); ++turns) {
      require(turns < 10'000);
      session_.take_output(out, 1'000);
    }
    require(out.size() <= kMostOutput);
    if (over_) require(session_.over());
  }
  void wait() { now_ += 50'000'000; }
  /// What users do without being told anything.
  void act(std::uint8_t what) {
    const auto stream = static_cast<StreamId>(what >> 4);
    switch (what & 7) {
      case 0: send(stream); break;
      case 1: session_.end(stream); break;
      case 2: session_.end(stream, {{"t", "v"}}); break;
      case 3: give_up(stream); break;
      case 4:
        if (role_ == Role::server) session_.respond(stream, {{":status", "200"}}, (what & 8) != 0);
        break;
      case 5: session_.announce_connect_protocol(); break;
      case 6: consume(stream); break;
      default: what == 0xff ? session_.say_goaway(Code::no_error) : ask(what);
    }
  }

 private:
  struct Known {
    bool ended = false, reset = false, closed = false, given_up = false;
    std::size_t unconsumed = 0;
  };

  Known& open(StreamId id) {
    require(!over_);
    const auto known = streams_.find(id);
    require(known != streams_.end() && !known->second.closed);
    return known->second;
  }
  void settings(const PeerSettings& settings) override {
    require(!over_ && (settings.connect_protocol || !connect_protocol_ || role_ == Role::server));
    connect_protocol_ = settings.connect_protocol;
  }
  void fields(StreamId id, Section section, Fields fields, bool end) override {
    if (role_ == Role::server && section == Section::head) require(streams_.try_emplace(id).second);
    Known& known = open(id);
    require(!known.ended && !known.reset && !known.given_up);
    known.ended = end;
    require(list_size(fields) <= kLimits.header_list_bytes);
    require(fields.size() <= kLimits.header_fields + 5);
    require(section != Section::interim || (role_ == Role::client && !end));
    if (role_ == Role::client || section != Section::head) return;
    require(find(fields, ":method") != nullptr);
    answer(id, fields);
  }
  void data(StreamId id, Bytes bytes) override {
    Known& known = open(id);
    require(!known.ended && !known.reset && !known.given_up && !bytes.empty());
    known.unconsumed += bytes.size();
    require(known.unconsumed <= kLimits.stream_window + kMostFrame);
    if (bytes[0] == std::byte{'r'}) give_up(id);
    if (bytes[0] != std::byte{'k'}) consume(id);
    send(id);
  }
  void ended(StreamId id) override {
    Known& known = open(id);
    require(!std::exchange(known.ended, true) && !known.reset && !known.given_up);
  }
  void reset(StreamId id, std::uint32_t) override {
    Known& known = open(id);
    require(!std::exchange(known.reset, true) && !known.given_up);
  }
  void closed(StreamId id) override {
    open(id).closed = true;
    require(session_.unsent(id) == 0 && session_.send(id, as_bytes("x")) == 0);
  }
  void writable(StreamId id) override {
    require(!open(id).given_up);
    if (++written_ < 200) send(id);
  }
  void goaway(StreamId, std::uint32_t, Bytes debug) override { require(debug.size() <= kMostFrame); }

  void answer(StreamId id, const Fields& head) {
    const std::string path = find(head, ":path") == nullptr ? "" : *find(head, ":path");
    if (path == "/i") session_.respond_interim(id, {{":status", "103"}});
    if (path == "/r") return give_up(id);
    if (path == "/w") return;
    session_.respond(id, {{":status", "200"}, {"x", "y", true}}, path == "/e");
    send(id);
    if (path == "/t") session_.end(id, {{"t", "v"}});
  }
  void ask(std::uint8_t what) {
    const auto id = session_.request(
        {{":method", "POST"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, (what & 8) != 0);
    if (id) require(streams_.try_emplace(*id).second);
  }
  void send(StreamId id) {
    static const Buffer kBytes(700, std::byte{'s'});
    session_.send(id, kBytes);
    require(session_.unsent(id) <= kLimits.send_bytes);
  }
  void give_up(StreamId id) {
    session_.reset(id, Code::cancel);
    if (const auto known = streams_.find(id); known != streams_.end()) known->second.given_up = true;
  }
  void consume(StreamId id) {
    const auto known = streams_.find(id);
    session_.consume(id, 100'000);
    if (known != streams_.end()) known->second.unconsumed = 0;
  }

  Role role_;
  UnixNs now_ = 1'700'000'000'000'000'000;
  bool over_ = false, connect_protocol_ = false;
  int written_ = 0;
  std::map<StreamId, Known> streams_;
  Session session_;
};

/// Cuts up to `most` bytes off the front of `in`.
Bytes cut(Bytes& in, std::size_t most) {
  const Bytes part = in.first(std::min(most, in.size()));
  in = in.subspan(part.size());
  return part;
}
std::uint8_t next(Bytes& in) {
  return in.empty() ? 0 : static_cast<std::uint8_t>(cut(in, 1)[0]);
}

Buffer request_head(std::uint8_t what) {
  static constexpr std::string_view kPaths[] = {"/i", "/r", "/w", "/e", "/t", "/", "/", "/"};
  Buffer head =
      (what & 8) != 0
          ? frames::block({{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}})
          : frames::block({{":method", "POST"}, {":scheme", "https"}});
  append(head, frames::block({{":path", kPaths[what & 7]}, {":authority", "a"}}));
  return head;
}

/// A header section, with up to 15 fields more and perhaps without its end.
Buffer section(std::uint32_t stream, Buffer fields, std::uint8_t more) {
  for (int i = 0; i < (more & 15); ++i) append(fields, frames::literal("x", "y"));
  const unsigned flags =
      (stream >> 7) | ((more & 128) != 0 ? 0U : static_cast<unsigned>(frames::end_headers));
  return frames::frame(frames::headers, flags, stream & 127, fields);
}

/// One step of the peer's: frames that are likely to be understood, and others.
Buffer step(Bytes& in) {
  const auto what = next(in);
  const std::uint32_t stream = next(in);
  switch (what & 7) {
    case 0: return section(stream, request_head(what >> 4), next(in));
    case 1: return section(stream, frames::block({{":status", (what & 8) != 0 ? "103" : "200"}}), next(in));
    case 2: return frames::frame(frames::data, what >> 4, stream, cut(in, next(in)));
    case 3: return frames::frame(frames::data, 0, stream, Buffer(kMostFrame, std::byte{what}));
    case 4: return frames::frame(frames::rst_stream, 0, stream, frames::numbers({what}));
    case 5:
      return frames::frame(frames::window_update, 0, stream,
                           frames::numbers({std::uint32_t{next(in)} << (what >> 3)}));
    case 6: return frames::settings_frame({{static_cast<std::uint16_t>(what >> 3), stream}});
    default: return frames::frame(what >> 3, next(in), stream, cut(in, next(in)));
  }
}

void hear_in_pieces(User& user, Bytes wire, std::size_t piece) {
  while (!wire.empty()) user.hear(cut(wire, piece));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes in = std::as_bytes(std::span(data, size));
  const auto first = next(in);
  const Role role = (first & 1) != 0 ? Role::server : Role::client;
  const std::size_t piece = (first & 2) != 0 ? kMostFrame : 1U + (first >> 4);
  User user(role, (first & 4) != 0);
  if ((first & 8) != 0) {
    hear_in_pieces(user, in, piece);
  } else {
    if (role == Role::server) user.hear(as_bytes(frames::kPreface));
    user.hear(frames::settings_frame());
    while (!in.empty()) {
      switch (const auto what = next(in); what & 7) {
        case 0: user.act(next(in)); break;
        case 1: user.take(std::size_t{what} << 3); break;
        case 2: user.wait(); break;
        case 3: user.take_all(); break;
        default: hear_in_pieces(user, step(in), piece);
      }
    }
  }
  user.take_all();
  return 0;
}
