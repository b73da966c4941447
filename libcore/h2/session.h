// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection, as a client or as a server (RFC 9113, with extended CONNECT, RFC 8441): bytes in,
// events out, and bytes out. Sans-I/O, without a clock of its own; used by one thread. Nothing in it grows
// without bound, whatever the peer sends or does not read (H2-4).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/base/result.h"
#include "libcore/h2/field.h"

struct nghttp2_session;

namespace wstap::h2 {

using StreamId = std::int32_t;

enum class Role : std::uint8_t { server, client };

/// Of one side; what wstap announces of itself, and what bounds the peer.
struct Limits {
  std::uint32_t streams = 256;                  ///< that are open at a time (MAX_CONCURRENT_STREAMS)
  std::uint32_t stream_window = 256 * 1024;     ///< bytes that a stream's peer may send ahead
  std::uint32_t header_list_bytes = 64 * 1024;  ///< of a header section, by RFC 9113 6.5.2
  std::uint32_t header_fields = 200;            ///< ... and their number, but for pseudo-header fields
  std::size_t send_bytes = 128 * 1024;          ///< of a stream's, that wait for the peer's window
  std::uint32_t idle_frames = 1'000;            ///< that bring nothing (PING, RST_STREAM, ...), at a time
  std::uint32_t idle_frames_per_second = 100;   ///< ... and over time
};

/// What the peer announced (RFC 9113 6.5.2, RFC 8441 3); its defaults until then.
struct PeerSettings {
  bool connect_protocol = false;
  std::uint32_t streams = 0xffffffff;
  std::uint32_t header_list_bytes = 0xffffffff;
};

/// Codes of RST_STREAM and GOAWAY that wstap itself uses (RFC 9113 section 7).
enum class Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  refused_stream = 7,
  cancel = 8,
  connect_error = 10,
  enhance_your_calm = 11,
};
/// "CANCEL"; of codes that RFC 9113 does not know "code 77".
std::string code_name(std::uint32_t code);

enum class Section : std::uint8_t {
  head,     ///< of a request, or the final one of a response
  interim,  ///< a response of 1xx
  trailers,
};

/// Told by Session::receive, in the order in which things came; what happens when something leaves, by
/// take_output as well: reset(), closed(), writable(), refused(). It may call the session, but for receive()
/// and take_output(). After ended() and reset() nothing more comes of that direction, and nothing at all once
/// receive() has failed.
class Events {
 public:
  virtual ~Events() = default;
  /// The peer's settings came, the first ones or others.
  virtual void settings(const PeerSettings& settings) = 0;
  /// @param end  nothing follows in this direction; ended() is not told as well.
  virtual void fields(StreamId stream, Section section, Fields fields, bool end) = 0;
  /// Counts against the stream's window until it is consumed. `bytes` is valid during the call.
  virtual void data(StreamId stream, Bytes bytes) = 0;
  virtual void ended(StreamId stream) = 0;
  /// The peer gave the stream up, or what it sent of it is malformed and the session did.
  virtual void reset(StreamId stream, std::uint32_t code) = 0;
  /// It is over in both directions, and was told of before: the id means nothing any more. Also told of
  /// streams that a GOAWAY of the peer says it has not looked at, after reset() with REFUSED_STREAM.
  virtual void closed(StreamId stream) = 0;
  /// There is room in the stream's send buffer again, after send() took less than it was given; or all of it
  /// has left.
  virtual void writable(StreamId stream) = 0;
  /// A request that was never told of: the session has answered it, or reset its stream. @param why  a
  /// literal
  virtual void refused(StreamId /*stream*/, std::string_view /*why*/) {}
  /// The peer opens no streams of ours any more, but for those up to `last` (RFC 9113 6.8).
  virtual void goaway(StreamId last, std::uint32_t code, Bytes debug) = 0;
};

class Session {
 public:
  /// @param events  outlives it.
  Session(Role role, const Limits& limits, Events& events);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// To be called once, before anything else: the preface of a client, and SETTINGS.
  /// @param connect_protocol  of a server: extended CONNECT is understood (RFC 8441 3).
  /// @param streams  of a server: fewer than its limit, where what stands behind it takes no more.
  void start(bool connect_protocol, std::optional<std::uint32_t> streams = std::nullopt);
  /// Of a server: extended CONNECT is understood from now on. It can never be taken back.
  void announce_connect_protocol();

  /// @error by RFC 9113, what the peer did; flooded: it did too much of nothing. The connection is over then:
  /// what take_output() still gives, a GOAWAY, is to be sent.
  Result<void> receive(Bytes bytes, UnixNs now);

  /// Appends what is to be sent to `out`, at most about `most` bytes at a time (whole frames, so up to one
  /// frame more). Nothing is appended when there is nothing to send now.
  void take_output(Buffer& out, std::size_t most);
  /// Something is to be sent.
  bool wants_write() const noexcept;
  /// Neither side will say anything any more.
  bool over() const noexcept;

  // Of a client.
  /// Opens a stream. Until the peer allows as many (MAX_CONCURRENT_STREAMS) it waits inside.
  /// @error too_many_streams: ids are used up, or the peer said GOAWAY.
  Result<StreamId> request(const Fields& head, bool end);

  // Of a server.
  void respond(StreamId stream, const Fields& head, bool end);
  void respond_interim(StreamId stream, const Fields& head);

  // Of both. Unknown streams, and those whose direction has ended, are left alone.
  /// @return how many of `bytes` were taken; fewer than given: Events::writable says when there is room.
  std::size_t send(StreamId stream, Bytes bytes);
  /// Bytes that were taken, and did not leave by take_output() yet.
  std::size_t unsent(StreamId stream) const noexcept;
  /// Behind what was sent nothing follows, but these.
  void end(StreamId stream, const Fields& trailers = {});
  void reset(StreamId stream, Code code);
  /// So many bytes of data() went on: the peer may send as many more.
  void consume(StreamId stream, std::size_t bytes);
  /// No new streams of the peer are taken. The ones that are open go on.
  void say_goaway(Code code);

  std::size_t open_streams() const noexcept;
  const PeerSettings& peer() const noexcept;

 private:
  struct Stream;
  struct Callbacks;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wstap::h2
