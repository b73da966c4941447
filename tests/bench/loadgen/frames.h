// SPDX-License-Identifier: Apache-2.0
// The frames that are sent, made once, and the check that they arrived. Written without libcore/ws on
// purpose: a load generator that shared the proxy's code would share its faults.
#pragma once

#include <cstdint>
#include <string>

#include "libcore/base/bytes.h"
#include "tests/bench/loadgen/stream.h"

namespace wstap::bench {

/// Text frames of one length, ready to be sent over and over: the fixed cost of a load generator is what is
/// left when there is nothing to make. Payloads are JSON of one object each, ASCII, no two in a block alike.
class Block {
 public:
  /// @param from  a client's frames are masked, all with the same key.
  Block(std::size_t payload_bytes, Role from);

  Bytes wire() const noexcept { return wire_; }
  std::size_t frame_bytes() const noexcept { return frame_bytes_; }
  std::size_t header_bytes() const noexcept { return frame_bytes_ - payload_bytes_; }
  std::size_t payload_bytes() const noexcept { return payload_bytes_; }
  std::size_t frames() const noexcept { return wire_.size() / frame_bytes_; }
  bool masked() const noexcept { return masked_; }
  /// What frame `index` says, unmasked.
  Bytes payload(std::size_t index) const noexcept {
    return Bytes(payloads_).subspan(index * payload_bytes_, payload_bytes_);
  }

 private:
  std::size_t payload_bytes_;
  std::size_t frame_bytes_ = 0;
  bool masked_;
  Buffer wire_;
  Buffer payloads_;
};

/// How closely what arrives is looked at.
enum class Check : std::uint8_t {
  all,    ///< every byte
  ends,   ///< headers, and of long payloads the first and the last bytes
  count,  ///< how many bytes there are
};

/// Follows a stream that must be a block's frames over and over, whatever their masks.
class Checker {
 public:
  Checker(const Block& expected, Check check) : expected_(expected), check_(check) {}
  /// @error std::runtime_error says which frame differs, and in what.
  void feed(Bytes bytes);
  void count(std::size_t bytes) noexcept { bytes_ += bytes; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void check_frame(Bytes frame);
  void check_payload(Bytes frame, Bytes expected, std::size_t from, std::size_t to) const;
  [[noreturn]] void differs(const char* what) const;

  const Block& expected_;
  Check check_;
  std::uint64_t bytes_ = 0;
  std::uint64_t frames_ = 0;
  std::size_t index_ = 0;  ///< of the next frame, in the block
  Buffer partial_;         ///< the beginning of the next frame
};

}  // namespace wstap::bench
