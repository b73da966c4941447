// SPDX-License-Identifier: Apache-2.0
// The other end of a control socket, for commands: blocking, one thread (HOLD-6).
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "libcore/base/descriptor.h"
#include "libcore/control/port.h"

namespace wstap::control {

class Client {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Connects and says hello. @param name  by which other reviewers know this one. @param codec  outlives it.
  /// @param timeout  of the hello. @param patience  with a proxy that takes nothing, or owes an answer and
  /// says nothing.
  /// @error std::errc::no_such_file_or_directory: nothing is at `path`; connect_failed: nobody listens there
  /// any more; not_ours; other_version; refused: the proxy says why; timed_out, protocol, peer_closed: it
  /// does not answer as a proxy does; the system's own. Details say what to do.
  static Result<Client> connect(const std::string& path, const Codec& codec, std::string name,
                                Milliseconds timeout = Milliseconds(5000),
                                Milliseconds patience = Milliseconds(30'000));

  const Welcome& proxy() const noexcept { return proxy_; }
  /// To be polled for reading, after receive(0) gave nothing.
  int descriptor() const noexcept { return socket_.get(); }

  /// @return the serial that comes back with what answers it.
  /// @error std::errc::message_size: it is too large for any proxy; peer_closed; timed_out: nothing could be
  /// sent.
  Result<std::uint32_t> send(Request::Body request);
  /// The next reply, or event. None: there was none in time.
  /// @error peer_closed; protocol; timed_out: nothing came, though an answer is due. Nothing is to be
  /// expected behind any of them.
  Result<std::optional<Reply>> receive(Milliseconds timeout);
  /// How long poll() may wait before receive() should be called though nothing came; -1: for ever. To be
  /// called just before: only time in which somebody waits counts.
  int patience_ms() noexcept;
  /// Sends, and waits for what answers it; what else comes meanwhile is for receive(). All parts of Items are
  /// put together.
  /// @error as both; refused: with the proxy's reason; timed_out.
  Result<Reply> ask(Request::Body request, Milliseconds timeout = Milliseconds(30'000));

 private:
  using Clock = std::chrono::steady_clock;
  Client(Descriptor socket, const Codec& codec, std::string path, Milliseconds patience)
      : socket_(std::move(socket)), codec_(&codec), path_(std::move(path)), patience_(patience) {}

  Result<void> greet(std::string name, Milliseconds timeout);
  Result<void> send_all(Bytes bytes);
  Result<std::optional<Reply>> take();
  Result<std::optional<Reply>> next(Clock::time_point end);
  void note_answered(const Reply& reply);
  Result<void> read_some();
  std::unexpected<Error> closed() const;
  std::unexpected<Error> does_not_answer() const;

  Descriptor socket_;
  const Codec* codec_;
  std::string path_;
  Milliseconds patience_;
  Welcome proxy_;
  std::uint32_t serial_ = 0;
  Buffer received_;
  std::size_t taken_ = 0;
  std::deque<Reply> aside_;  ///< came while something else was waited for
  std::size_t unanswered_ = 0;
  // Where something is not answered:
  Clock::duration waited_{};                       ///< so long, and nothing came
  std::optional<Clock::time_point> polled_since_;  ///< ... and more, by whoever polls
  Clock::time_point heard_;                        ///< when something did
};

}  // namespace wstap::control
