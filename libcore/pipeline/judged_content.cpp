// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/judged_content.h"

#include <algorithm>
#include <utility>

namespace wstap::pipeline {

using ws::InflateState;

namespace {

// A message that is too long, or too slow, is judged in parts, each with so many bytes of the one before it.
constexpr std::size_t kOverlap = 4096;

/// Of a compressed message of which not all has come.
ws::Inflation inflation_of(InflateState state) noexcept {
  return state == InflateState::ok        ? ws::Inflation::done
         : state == InflateState::limited ? ws::Inflation::limited
                                          : ws::Inflation::opaque;
}

}  // namespace

Bytes end_of_judged(Bytes judged) noexcept {
  return judged.last(std::min(judged.size(), kOverlap));
}

void JudgedContent::begin_message(bool whole, const Envelope& first) noexcept {
  inside_ = first.anomalies.has(ws::Anomaly::data_inside_message);
  whole_ = whole;
  joined_ = next_ = Buffer();
  rest_ = false;
  judged_ = 0;
}

void JudgedContent::begin_in_the_middle(bool too_late) {
  if (whole_ && !too_late) return;
  whole_ = false;
  rest_ = true;
  let_go();
}

Bytes JudgedContent::take(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated,
                          bool compressed, bool leaves) {
  if (!next_.empty()) let_go();
  const Bytes content = content_of(envelope, reading, inflated, compressed, leaves);
  if (inside_ && envelope.says != Says::frame) envelope.anomalies.add(ws::Anomaly::data_inside_message);
  return content;
}

Bytes JudgedContent::content_of(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated,
                                bool compressed, bool leaves) {
  const ws::Part part = envelope.placement.part;
  const bool last = ws::ends_message(part), fragment = ws::is_fragment(part);
  open_ = fragment ? !last : open_ && part == ws::Part::none;
  const bool joined = whole_ && fragment && !compressed;
  if (joined) append(joined_, reading.payload);
  if (rest_ && fragment && !(compressed && last)) return rest_of(envelope, reading, inflated, compressed);
  if (whole_ && fragment && !last && leaves) {
    whole_ = false;
    rest_ = true;
    envelope.says = Says::message_so_far;
    if (!compressed) return joined_;
    judged_ = inflated.size();
    envelope.inflation = inflation_of(reading.state);
    return reading.state == InflateState::ok ? inflated : Bytes();
  }
  if (part == ws::Part::whole || (last && (compressed || joined))) envelope.says = Says::message;
  if (compressed && reading.state == InflateState::lost) return {};
  return joined && last ? Bytes(joined_) : reading.payload;
}

/// What a frame adds to a message of which the beginning was judged.
Bytes JudgedContent::rest_of(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated,
                             bool compressed) {
  envelope.says = Says::rest;
  if (!compressed) {
    envelope.judged_before = joined_;
    next_ = joined_;
    append(next_, reading.payload);
    return reading.payload;
  }
  envelope.inflation = inflation_of(reading.state);
  if (reading.state != InflateState::ok) return {};
  const std::size_t before = std::exchange(judged_, inflated.size());
  envelope.judged_before = end_of_judged(inflated.first(before));
  return inflated.subspan(before);
}

void JudgedContent::let_go() {
  if (!next_.empty()) joined_ = std::exchange(next_, {});
  joined_ = rest_ && open_ ? to_buffer(end_of_judged(joined_)) : Buffer();
}

Bytes JudgedContent::take_so_far(Envelope& waiting, Bytes inflated, bool compressed, bool interrupted) {
  whole_ = false;
  rest_ = true;
  judged_ = inflated.size();
  waiting.says = Says::message_so_far;
  if (inside_ || interrupted) waiting.anomalies.add(ws::Anomaly::data_inside_message);
  if (!compressed) return joined_;
  waiting.inflation = ws::Inflation::done;
  return inflated;
}

}  // namespace wstap::pipeline
