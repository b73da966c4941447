// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/message_reader.h"

namespace wstap::ws {
namespace {

// Room for a message this large is kept for the next one.
constexpr std::size_t kKeptRoom = std::size_t{1} << 20;

}  // namespace

FrameReading MessageReader::read(const FrameHeader& header, const Placement& placed, Bytes payload) {
  if (placed.compressed && placed.part != Part::none) return read_compressed(placed, payload);
  FrameReading reading;
  reading.payload = payload;
  reading.anomalies = checker_.check(header, placed, payload);
  return reading;
}

FrameReading MessageReader::read_compressed(const Placement& placed, Bytes payload) {
  FrameReading reading;
  reading.payload = payload;
  if (begins_message(placed.part)) {
    if (message_.capacity() > kKeptRoom) message_ = Buffer();
    message_.clear();
    compressed_bytes_ = 0;
    inflater_.begin();
  }
  compressed_bytes_ += payload.size();
  const bool was_lost = inflater_.lost();
  inflater_.add(payload, message_);
  if (!ends_message(placed.part)) return reading;

  const InflateState state = inflater_.end(message_);
  reading.compressed_bytes = compressed_bytes_;
  switch (state) {
    case InflateState::ok:
      reading.inflation = Inflation::done;
      reading.payload = message_;
      if (placed.message_opcode == kText && !is_utf8(message_)) reading.anomalies.add(Anomaly::text_not_utf8);
      break;
    case InflateState::limited: reading.inflation = Inflation::limited; break;
    case InflateState::lost:
      reading.inflation = Inflation::unreadable;
      // What follows a fault is not at fault itself.
      if (!was_lost && inflater_.corrupt()) reading.anomalies.add(Anomaly::invalid_deflate);
      break;
  }
  return reading;
}

void MessageReader::skip(const Placement& placed) {
  checker_.skip(placed);
  if (placed.compressed && placed.part != Part::none) inflater_.skip();
}

}  // namespace wstap::ws
