// SPDX-License-Identifier: Apache-2.0
// Writes the compressed messages of one direction (RFC 7692 7.2.1). It is made where the first message is
// altered, and starts empty there: what the peer's window holds of before is never referred to (DEF-4).
#pragma once

#include <memory>

#include "libcore/base/bytes.h"
#include "libcore/ws/deflate_parameters.h"

struct z_stream_s;

namespace wstap::ws {

/// One direction. Messages are written in order, each as begin(), any number of add() and flush(), end().
/// Memory: 14 KiB to 260 KiB, by the window.
class Deflater {
 public:
  /// Stays within the agreed window: no reference goes back further than 2^window_bits bytes.
  explicit Deflater(DeflateParameters parameters);
  ~Deflater();
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;

  void begin();
  /// Appends what `content` becomes, as far as the compressor lets go of it.
  void add(Bytes content, Buffer& out);
  /// Appends what it still holds: the peer can read all that was added, and the message goes on.
  void flush(Buffer& out);
  /// Appends the rest of the message, without the tail that its receiver puts there.
  void end(Buffer& out);
  /// What was written will not reach the peer: nothing may refer to it any more.
  void forget();

 private:
  struct Deleter {
    void operator()(z_stream_s* stream) const noexcept;
  };
  void run(Bytes input, int flush, Buffer& out);

  bool context_takeover_;
  std::unique_ptr<z_stream_s, Deleter> stream_;
};

}  // namespace wstap::ws
