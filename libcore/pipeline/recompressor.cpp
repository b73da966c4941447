// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/recompressor.h"

#include <algorithm>
#include <utility>

namespace wstap::pipeline {

ws::Deflater& Recompressor::deflater() {
  if (!deflater_) deflater_.emplace(parameters_);
  return *deflater_;
}

Buffer Recompressor::message(Bytes content) {
  Buffer out;
  deflater().begin();
  deflater().add(content, out);
  deflater().end(out);
  return out;
}

void Recompressor::stream(ws::InflatedPart inflated, Bytes beyond, std::uint64_t room) {
  if (!std::exchange(streaming_, true)) {
    fed_ = 0;
    overflowed_ = false;
    deflater().begin();
  }
  const std::size_t known = std::max(fed_, inflated.offset) - inflated.offset;
  feed(inflated.bytes.subspan(std::min(known, inflated.bytes.size())), room);
  fed_ = inflated.offset + inflated.bytes.size();
  feed(beyond, room);
}

void Recompressor::feed(Bytes content, std::uint64_t room) {
  // What cannot leave is not worth memory.
  overflowed_ |= streamed_.size() > room;
  if (!overflowed_) deflater().add(content, streamed_);
}

Buffer Recompressor::take_streamed(bool last) {
  if (last) {
    deflater().end(streamed_);
    streaming_ = false;
  } else {
    deflater().flush(streamed_);
  }
  return std::exchange(streamed_, Buffer());
}

void Recompressor::drop_streamed() {
  if (!std::exchange(streaming_, false)) return;
  streamed_ = Buffer();
  deflater().forget();
}

}  // namespace wstap::pipeline
