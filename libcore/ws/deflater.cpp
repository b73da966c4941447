// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/deflater.h"

#include <algorithm>
#include <limits>
#include <new>

#include "libcore/ws/zlib_stream.h"

namespace wstap::ws {
namespace {

// zlib has no 8-bit window for raw deflate. With 9 bits it keeps 262 bytes of the window to look ahead, so
// that no distance exceeds 250: within 8 bits (DEF-1).
constexpr int kSmallestWindow = 9;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kStep = std::size_t{16} * 1024;

}  // namespace

void Deflater::Deleter::operator()(z_stream_s* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

Deflater::Deflater(DeflateParameters parameters) : context_takeover_(parameters.context_takeover) {
  std::unique_ptr<z_stream_s, Deleter> fresh(new z_stream_s{});
  const int window = std::max<int>(parameters.window_bits, kSmallestWindow);
  if (deflateInit2(fresh.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  stream_ = std::move(fresh);
}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

void Deflater::begin() {
  if (!context_takeover_) forget();
}

void Deflater::forget() {
  deflateReset(stream_.get());
}

void Deflater::add(Bytes content, Buffer& out) {
  run(content, Z_NO_FLUSH, out);
}

void Deflater::flush(Buffer& out) {
  run({}, Z_SYNC_FLUSH, out);
}

void Deflater::end(Buffer& out) {
  const std::size_t before = out.size();
  run({}, Z_SYNC_FLUSH, out);
  if (out.size() - before >= kMessageTail.size()) {
    out.resize(out.size() - kMessageTail.size());
  } else {
    out.push_back(std::byte{0});  // nothing new since the last flush: an empty block (RFC 7692 7.2.3.6)
  }
}

void Deflater::run(Bytes input, int flush, Buffer& out) {
  do {
    const std::size_t part = std::min<std::size_t>(input.size(), std::numeric_limits<uInt>::max());
    stream_->next_in = zlib_bytes(input.data());
    stream_->avail_in = static_cast<uInt>(part);
    input = input.subspan(part);
    do {
      const std::size_t written = out.size();
      out.resize(written + kStep);
      stream_->next_out = zlib_bytes(out.data() + written);
      stream_->avail_out = kStep;
      deflate(stream_.get(), input.empty() ? flush : Z_NO_FLUSH);
      out.resize(written + kStep - stream_->avail_out);
    } while (stream_->avail_out == 0);
  } while (!input.empty());
}

}  // namespace wstap::ws
