// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <stdexcept>

namespace wstap::ws {
namespace {

constexpr int kRawDeflate = -15;
constexpr int kBlockBoundary = 128;  // in z_stream::data_type, behind the end of a block
// What senders cut off the end of every message (RFC 7692 7.2.1).
constexpr std::array<std::byte, 4> kTail = {std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

/// zlib's own type for what it only reads is not const.
Bytef* zlib_bytes(const std::byte* bytes) {
  return static_cast<Bytef*>(const_cast<void*>(static_cast<const void*>(bytes)));
}

}  // namespace

void Inflater::Deleter::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

Inflater::Inflater(bool context_takeover, InflateLimits limits)
    : context_takeover_(context_takeover), limits_(limits) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::begin() {
  state_ = lost_for_good_ ? InflateState::lost : InflateState::ok;
  compressed_ = inflated_ = 0;
  corrupt_ = false;
  if (lost_for_good_) return;
  if (!stream_) {
    std::unique_ptr<z_stream_s, Deleter> fresh(new z_stream_s{});
    if (inflateInit2(fresh.get(), kRawDeflate) != Z_OK) throw std::bad_alloc();
    stream_ = std::move(fresh);
  } else if (!context_takeover_) {
    inflateReset(stream_.get());
    final_block_ = false;
  }
}

InflateState Inflater::lose(bool corrupt) {
  corrupt_ = corrupt;
  state_ = InflateState::lost;
  if (context_takeover_) {
    lost_for_good_ = true;
    stream_.reset();
  }
  return state_;
}

void Inflater::skip() {
  begin();
  lose(false);
}

InflateState Inflater::add(Bytes payload, Buffer& out) {
  if (state_ == InflateState::lost) return state_;
  compressed_ += payload.size();
  return run(payload, Z_SYNC_FLUSH, out);
}

InflateState Inflater::end(Buffer& out) {
  if (state_ == InflateState::lost) return state_;
  // Not every sender writes the empty block of an empty message, and one that ended with a final block has no
  // tail.
  if (compressed_ == 0 || final_block_) return state_;
  run(kTail, Z_BLOCK, out);  // so that zlib says where it stands
  const bool between_blocks = final_block_ || (stream_ && (stream_->data_type & kBlockBoundary) != 0);
  return state_ != InflateState::lost && !between_blocks ? lose(true) : state_;
}

/// A block that says it is the last ends zlib's stream, not the message: what it said can still be referred
/// to.
bool Inflater::go_on_behind_final_block() {
  std::array<Bytef, std::size_t{1} << 15> window;
  uInt length = window.size();
  final_block_ = false;
  return inflateGetDictionary(stream_.get(), window.data(), &length) == Z_OK &&
         inflateReset(stream_.get()) == Z_OK &&
         inflateSetDictionary(stream_.get(), window.data(), length) == Z_OK;
}

InflateState Inflater::run(Bytes input, int flush, Buffer& out) {
  std::array<std::byte, 32 * 1024> room;
  bool more = true;
  while (more) {
    if (final_block_) {
      if (input.empty()) break;
      if (!go_on_behind_final_block()) return lose(true);
    }
    const std::size_t part = std::min<std::size_t>(input.size(), std::numeric_limits<uInt>::max());
    stream_->next_in = zlib_bytes(input.data());
    stream_->avail_in = static_cast<uInt>(part);
    stream_->next_out = zlib_bytes(room.data());
    stream_->avail_out = room.size();
    const int result = inflate(stream_.get(), flush);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return lose(true);
    input = input.subspan(part - stream_->avail_in);
    give(Bytes(room).first(room.size() - stream_->avail_out), out);
    if (inflated_ > limits_.work_bytes) return lose(false);
    final_block_ = result == Z_STREAM_END;
    more = !input.empty() || (stream_->avail_out == 0 && !final_block_);
  }
  return state_;
}

void Inflater::give(Bytes inflated, Buffer& out) {
  inflated_ += inflated.size();
  const bool too_much = inflated_ > limits_.message_bytes ||
                        (inflated_ > limits_.free_bytes && inflated_ / limits_.ratio > compressed_);
  if (too_much) state_ = InflateState::limited;
  if (state_ == InflateState::ok) append(out, inflated);
}

}  // namespace wstap::ws
