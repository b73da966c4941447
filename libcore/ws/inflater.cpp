// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/inflater.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "libcore/ws/zlib_stream.h"

namespace wstap::ws {
namespace {

constexpr int kRawDeflate = -15;
constexpr int kBlockBoundary = 128;  // in z_stream::data_type, behind the end of a block
constexpr std::size_t kLargestWindow = std::size_t{1} << 15;

/// Grows by doubling, but never takes more memory than `room`, into which all of it fits.
void append_within(Buffer& out, Bytes data, std::uint64_t room) {
  const std::size_t needed = out.size() + data.size();
  if (needed > out.capacity())
    out.reserve(
        static_cast<std::size_t>(std::clamp<std::uint64_t>(2 * std::uint64_t{out.capacity()}, needed, room)));
  append(out, data);
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
    start();
  } else if (!context_takeover_) {
    inflateReset(stream_.get());
    final_block_ = false;
  }
}

void Inflater::start() {
  std::unique_ptr<z_stream_s, Deleter> fresh(new z_stream_s{});
  if (inflateInit2(fresh.get(), kRawDeflate) != Z_OK) throw std::bad_alloc();
  stream_ = std::move(fresh);
  final_block_ = false;
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

InflateState Inflater::add(Bytes payload, Buffer& out, const Beyond& beyond, std::uint64_t room) {
  if (state_ == InflateState::lost) return state_;
  compressed_ += payload.size();
  return run(payload, Z_SYNC_FLUSH, {out, beyond, room});
}

InflateState Inflater::end(Buffer& out) {
  if (state_ == InflateState::lost) return state_;
  // Not every sender writes the empty block of an empty message, and one that ended with a final block has no
  // tail.
  if (compressed_ == 0 || final_block_) return state_;
  const Beyond none;
  run(kMessageTail, Z_BLOCK, {out, none, kAnyRoom});  // so that zlib says where it stands
  const bool between_blocks = final_block_ || (stream_ && (stream_->data_type & kBlockBoundary) != 0);
  return state_ != InflateState::lost && !between_blocks ? lose(true) : state_;
}

/// A block that says it is the last ends zlib's stream, not the message: what it said can still be referred
/// to.
bool Inflater::go_on_behind_final_block() {
  std::array<Bytef, kLargestWindow> window;
  uInt length = window.size();
  final_block_ = false;
  return inflateGetDictionary(stream_.get(), window.data(), &length) == Z_OK &&
         inflateReset(stream_.get()) == Z_OK &&
         inflateSetDictionary(stream_.get(), window.data(), length) == Z_OK;
}

Buffer Inflater::window() const {
  if (!stream_ || !context_takeover_) return {};
  Buffer window(kLargestWindow);
  uInt length = kLargestWindow;
  if (inflateGetDictionary(stream_.get(), zlib_bytes(window.data()), &length) != Z_OK) return {};
  window.resize(length);
  return window;
}

void Inflater::resume(Bytes window) {
  start();
  const Bytes last = window.last(std::min(window.size(), kLargestWindow));
  inflateSetDictionary(stream_.get(), zlib_bytes(last.data()), static_cast<uInt>(last.size()));
  lost_for_good_ = false;
  state_ = InflateState::ok;
}

InflateState Inflater::run(Bytes input, int flush, const Sink& sink) {
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
    give(Bytes(room).first(room.size() - stream_->avail_out), sink);
    if (inflated_ > limits_.work_bytes) return lose(false);
    final_block_ = result == Z_STREAM_END;
    more = !input.empty() || (stream_->avail_out == 0 && !final_block_);
  }
  return state_;
}

void Inflater::give(Bytes inflated, const Sink& sink) {
  inflated_ += inflated.size();
  const bool too_much = inflated_ > limits_.message_bytes ||
                        (inflated_ > limits_.free_bytes && inflated_ / limits_.ratio > compressed_) ||
                        sink.out.size() + inflated.size() > sink.room;
  if (too_much) state_ = InflateState::limited;
  if (state_ == InflateState::ok) return append_within(sink.out, inflated, sink.room);
  if (sink.beyond) sink.beyond(inflated);
}

}  // namespace wstap::ws
