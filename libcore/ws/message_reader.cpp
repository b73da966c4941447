// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/message_reader.h"

namespace wstap::ws {
namespace {

// Room for a message this large is kept for the next one, where it could be read.
constexpr std::size_t kKeptRoom = std::size_t{1} << 20;

}  // namespace

FrameReading MessageReader::read(const FrameHeader& header, const Placement& placed, Bytes payload,
                                 const Inflater::Beyond& beyond) {
  if (open_ && begins_message(placed.part)) interrupt();
  if (placed.in_compressed()) return read_compressed(placed, payload, beyond);
  FrameReading reading;
  reading.payload = payload;
  reading.anomalies = checker_.check(header, placed, payload);
  return reading;
}

/// A message ended in the middle: with takeover, what is compressed behind it refers to nobody knows what.
void MessageReader::interrupt() {
  if (!inflater_.lost()) why_lost_ = Inflation::opaque;
  inflater_.skip();
  open_ = false;
  cut_ = true;
}

FrameReading MessageReader::read_compressed(const Placement& placed, Bytes payload,
                                            const Inflater::Beyond& beyond) {
  FrameReading reading;
  reading.payload = payload;
  if (inflating_ != Inflating::on) {
    const bool hidden = inflating_ == Inflating::never;
    reading.state = hidden ? InflateState::lost : InflateState::ok;
    if (hidden && ends_message(placed.part)) reading.inflation = Inflation::opaque;
    return reading;
  }
  if (begins_message(placed.part)) {
    trim();
    message_.clear();
    if (message_.capacity() > room_) message_ = Buffer();
    inflater_.begin();
    if (!inflater_.lost()) why_lost_ = Inflation::opaque;
  }
  open_ = !ends_message(placed.part);
  const bool was_lost = inflater_.lost();
  reading.state = inflater_.add(payload, message_, beyond, open_ ? room_ : Inflater::kAnyRoom);
  if (!open_) reading.state = inflater_.end(message_);
  cut_ = reading.state != InflateState::ok;
  reading.corrupt = inflater_.corrupt();
  if (open_) return reading;

  switch (reading.state) {
    case InflateState::ok:
      reading.inflation = Inflation::done;
      reading.payload = message_;
      if (placed.message_opcode == kText && !placed.extended && !is_utf8(message_))
        reading.anomalies.add(Anomaly::text_not_utf8);
      break;
    case InflateState::limited: reading.inflation = Inflation::limited; break;
    case InflateState::lost:
      reading.inflation = why_lost_;
      // What follows a fault is not at fault itself.
      if (!was_lost && reading.corrupt) reading.anomalies.add(Anomaly::invalid_deflate);
      break;
  }
  return reading;
}

void MessageReader::trim() {
  if (cut_ || (!open_ && message_.capacity() > kKeptRoom)) message_ = Buffer();
}

void MessageReader::skip(const Placement& placed) {
  checker_.skip(placed);
  if (!placed.in_compressed()) return;
  inflater_.skip();
  open_ = !ends_message(placed.part);
  cut_ = true;
}

void MessageReader::begin_in_the_middle(bool in_compressed_message, Inflation why) {
  inflater_.skip();
  why_lost_ = why;
  open_ = in_compressed_message;
}

void MessageReader::pass_gap(bool in_compressed_message, Inflation unread) {
  checker_.skip({.part = Part::middle});
  if (unread != Inflation::none) begin_in_the_middle(in_compressed_message, unread);
}

void MessageReader::resume(Bytes window) {
  inflater_.resume(window);
  why_lost_ = Inflation::opaque;
}

}  // namespace wstap::ws
