// SPDX-License-Identifier: Apache-2.0
// Plays one side of a script to whoever is at the other end, and compares what comes back (REP-1, REP-2,
// REP-4). Sans-I/O: bytes and the time come in, bytes and what differed go out.
#pragma once

#include <optional>

#include "libcore/base/entropy.h"
#include "libcore/replay/json_difference.h"
#include "libcore/replay/script.h"
#include "libcore/ws/deflater.h"
#include "libcore/ws/frame_reader.h"

namespace wstap::replay {

/// When a line may be said.
enum class Pace : std::uint8_t {
  causal,  ///< when all answers came that came before it in the recording
  time,    ///< so long after the first as in the recording
};
/// What makes an answer the recorded one.
enum class Match : std::uint8_t {
  json,   ///< where both are JSON, the same values; else the same bytes
  exact,  ///< the same bytes
  none,   ///< anything does, and nothing is waited for but its number
};

struct PlayOptions {
  Role role = Role::client;
  Pace pace = Pace::causal;
  double speed = 1;                       ///< of Pace::time; 0: no line waits for its time
  std::int64_t wait_ns = 10'000'000'000;  ///< for an answer
  bool exact = false;                     ///< lines leave as they were on the wire
  Match match = Match::json;
  std::vector<std::string> ignored;             ///< JSON pointers, of Match::json
  std::uint64_t max_frame_bytes = 16U << 20;    ///< of what comes
  std::uint64_t max_message_bytes = 64U << 20;  ///< ... inflated, too
};

/// Something other than in the recording.
struct Finding {
  enum class Kind : std::uint8_t { different, missing, unexpected };
  Kind kind = Kind::different;
  std::optional<std::size_t> line;          ///< of the script, but for what is unexpected
  std::uint8_t opcode = 0;                  ///< of what came
  Buffer got;                               ///< its payload
  std::vector<JsonDifference> differences;  ///< where both are JSON
};

class Player {
 public:
  static constexpr std::size_t kAnyRoom = ~std::size_t{0};
  /// @param script, entropy  outlive it. @param live  what this connection negotiated.
  Player(const Script& script, const ws::Negotiated& live, PlayOptions options, Entropy& entropy);

  /// Takes what came, and says what is due. To be called when something came, and at due().
  /// @param[in,out] unread  advanced past the frames that are whole. @param room  no line is begun behind so
  /// many bytes.
  /// @return what is to be sent. @error what came is no WebSocket frame: one of ws.
  Result<Buffer> turn(Bytes& unread, UnixNs now, std::size_t room = kAnyRoom);
  /// When the next turn is due, though nothing comes; none: never.
  std::optional<UnixNs> due() const noexcept { return due_; }
  /// Nothing more comes.
  void ended();
  /// All is said and answered, or will not be: what turn() gave last is sent, and the connection may end.
  bool over() const noexcept { return over_; }

  const std::vector<Finding>& findings() const noexcept { return findings_; }
  std::size_t said() const noexcept { return said_; }    ///< lines
  std::size_t heard() const noexcept { return heard_; }  ///< messages and Closes

 private:
  void hear(const ws::Frame& frame);
  void hear_close(Bytes payload);
  void check(std::uint8_t opcode, Bytes content, bool readable);
  void say_lines(UnixNs now, std::size_t room);
  bool may_say(std::size_t line, UnixNs now);
  void settle_end(UnixNs now);
  bool waits_in_vain(UnixNs now);
  void miss_until(std::size_t line);
  void say(const Line& line);
  void say_message(const Line& line);
  void say_frame(std::uint8_t opcode, bool fin, std::uint8_t rsv, Bytes payload);
  UnixNs time_of(const Line& line) const noexcept;

  const Script& script_;
  const PlayOptions options_;
  const ws::Negotiated live_;
  Entropy& entropy_;
  ws::FrameReader frames_;
  ws::MessageTracker tracker_;
  ws::MessageReader reader_;
  std::optional<ws::Deflater> deflater_;
  std::vector<std::size_t> expected_;  ///< lines of the other side: messages and Closes
  std::size_t next_ = 0;               ///< line that may be ours to say
  std::size_t answered_ = 0;           ///< of expected_
  std::size_t said_ = 0, heard_ = 0;
  std::uint64_t frames_heard_ = 0;
  Buffer out_, message_;
  std::optional<UnixNs> begun_, waits_since_, due_;
  std::vector<Finding> findings_;
  bool said_close_ = false, heard_close_ = false, over_ = false;
};

}  // namespace wstap::replay
