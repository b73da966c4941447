// SPDX-License-Identifier: Apache-2.0
// Reads the compressed messages of one direction (RFC 7692 7.2.2). Bounded in memory and work, whatever
// comes.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "libcore/base/bytes.h"

struct z_stream_s;

namespace wstap::ws {

struct InflateLimits {
  std::uint64_t message_bytes = std::uint64_t{64} << 20;  ///< inflated; what is beyond it is not given out
  std::uint64_t ratio = 200;  ///< inflated to compressed bytes; counts from free_bytes on
  std::uint64_t free_bytes = std::uint64_t{1}
                             << 20;  ///< inflated bytes of a message that any ratio may reach
  std::uint64_t work_bytes = std::uint64_t{1}
                             << 30;  ///< inflated, of a message; beyond it the direction is lost
};

enum class InflateState : std::uint8_t {
  ok,
  limited,  ///< the message is over a bound: no more of it is given out, messages after it are read again
  lost,     ///< corrupt, or too much work: with context takeover nothing that follows can be read either
};

/// One direction. Messages are given in order, each as begin(), any number of add(), end(); control frames
/// and uncompressed messages between them are of no concern. Memory: some 40 KiB from the first message on.
class Inflater {
 public:
  /// @param context_takeover  as agreed on; the window is always the largest, which reads every smaller one.
  Inflater(bool context_takeover, InflateLimits limits);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  /// Takes what `out` does not get because the message is over a bound, in pieces, up to work_bytes.
  using Beyond = std::function<void(Bytes)>;
  static constexpr std::uint64_t kAnyRoom = std::numeric_limits<std::uint64_t>::max();

  void begin();
  /// Reads the payload of a frame and appends what it inflates to.
  /// @param room  bytes of memory that `out` may take: a message that needs more is over a bound.
  InflateState add(Bytes payload, Buffer& out, const Beyond& beyond = {}, std::uint64_t room = kAnyRoom);
  /// The message has ended. `out` holds all of it if every call said ok.
  InflateState end(Buffer& out);
  /// A message could not be presented: with context takeover what follows cannot be read.
  void skip();

  /// Between messages: what the next one may refer to, up to 32 KiB. Empty without takeover, and when lost.
  Buffer window() const;
  /// Between messages: goes on where another inflater of this direction stood, lost or not.
  void resume(Bytes window);

  /// Nothing can be read any more.
  bool lost() const noexcept { return lost_for_good_; }
  /// The current message is lost because it does not inflate.
  bool corrupt() const noexcept { return corrupt_; }

 private:
  struct Deleter {
    void operator()(z_stream_s* stream) const noexcept;
  };
  /// Where inflated bytes go.
  struct Sink {
    Buffer& out;
    const Beyond& beyond;
    std::uint64_t room;
  };
  InflateState lose(bool corrupt);
  InflateState run(Bytes input, int flush, const Sink& sink);
  void start();
  bool go_on_behind_final_block();
  void give(Bytes inflated, const Sink& sink);

  bool context_takeover_;
  InflateLimits limits_;
  std::unique_ptr<z_stream_s, Deleter> stream_;
  InflateState state_ = InflateState::ok;  ///< of the current message
  bool lost_for_good_ = false;
  bool corrupt_ = false;
  bool final_block_ = false;                     ///< the last block that was read said it was the last
  std::uint64_t compressed_ = 0, inflated_ = 0;  ///< bytes of the current message
};

}  // namespace wstap::ws
