// SPDX-License-Identifier: Apache-2.0
#include "libcore/replay/script.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/replay/errors.h"

namespace wstap::replay {

using pipeline::Envelope;
using pipeline::Verdict;
using ws::Direction;

namespace {

std::unexpected<Error> unusable(Errc why, const Envelope& envelope) {
  return fail(why, fmt::format("frame {}:{}", envelope.flow, envelope.sequence));
}

}  // namespace

ScriptWriter::ScriptWriter(pipeline::FlowOpened flow, Options options)
    : options_(options),
      script_{std::move(flow), {}},
      sides_{Side(Direction::send, script_.flow.negotiated()),
             Side(Direction::receive, script_.flow.negotiated())} {}

/// What was never there for the other side, or only for wstap's own ends, is not played.
bool ScriptWriter::counts(const Envelope& envelope, bool ours) const noexcept {
  const std::uint8_t opcode = envelope.frame.header.opcode;
  // Whoever plays answers the Pings that it gets; exactly what left includes what answered those of then.
  if (opcode == ws::kPong && !(ours && options_.exact)) return false;
  if (!ours || options_.as_received) return !pipeline::made_here(envelope.verdict);
  switch (envelope.verdict) {
    case Verdict::forwarded:
    case Verdict::changed:
    case Verdict::truncated:
    case Verdict::injected: return true;
    case Verdict::synthetic: return opcode == ws::kClose;
    default: return false;
  }
}

Result<void> ScriptWriter::take(const Envelope& envelope, Bytes payload) {
  if (script_.flow.resumed) return unusable(Errc::no_beginning, envelope);
  Spoken spoken;
  spoken.ours = (envelope.direction == Direction::send) == (options_.role == Role::client);
  if (!counts(envelope, spoken.ours)) return {};
  const bool as_left = spoken.ours && !options_.as_received && envelope.sent.has_value();
  spoken.as_came = !as_left && !pipeline::made_here(envelope.verdict);
  spoken.frame.raw = as_left ? Bytes(*envelope.sent) : envelope.frame.raw;
  if (!decode_header(spoken.frame.raw, spoken.frame.header)) return unusable(Errc::not_recorded, envelope);
  Side& side = sides_[ws::index(envelope.direction)];
  spoken.placed = side.tracker.observe(spoken.frame.header, envelope.sequence);
  Line& line = line_of(side, spoken, envelope);
  line.frames.push_back(spoken.frame.header.payload_len);
  if (spoken.ours) append(line.raw, spoken.frame.raw);
  return read(side, line, spoken, envelope, payload);
}

Line& ScriptWriter::line_of(Side& side, const Spoken& spoken, const Envelope& envelope) {
  const ws::Part part = spoken.placed.part;
  // Exactly what left may have had Pings among a message's frames.
  const bool alone = options_.exact && spoken.ours;
  const bool goes_on = !alone && (part == ws::Part::middle || part == ws::Part::last);
  const std::size_t at = goes_on ? side.open.value() : script_.lines.size();
  if (!goes_on)
    script_.lines.push_back({.ours = spoken.ours,
                             .sequence = envelope.sequence,
                             .time_ns = envelope.time_ns,
                             .opcode = spoken.frame.header.opcode});
  if (spoken.placed.in_message() && !alone) {
    side.open = ws::ends_message(part) ? std::nullopt : std::optional(at);
    script_.lines[at].finished = ws::ends_message(part);
  }
  return script_.lines[at];
}

/// Puts in the line what the frame adds to it.
Result<void> ScriptWriter::read(Side& side, Line& line, const Spoken& spoken, const Envelope& envelope,
                                Bytes payload) {
  const ws::Frame& frame = spoken.frame;
  const bool there = frame.raw.size() == frame.header.frame_len();
  Buffer own;
  ws::FrameReading reading;
  if (there) {
    own = unmasked_payload(frame);
    reading = side.reader.read(frame.header, spoken.placed, own);
  } else {
    side.reader.skip(spoken.placed);
  }
  if (options_.exact && spoken.ours) return there ? Result<void>() : unusable(Errc::not_recorded, envelope);
  const bool told = spoken.as_came && !envelope.withheld && envelope.cut_from == 0;
  if (!spoken.placed.in_compressed()) {
    if (!there && !told) return unusable(Errc::not_recorded, envelope);
    append(line.payload, there ? reading.payload : payload);
    return {};
  }
  if (!ws::ends_message(spoken.placed.part)) return {};
  if (reading.inflation == ws::Inflation::done) {
    line.payload = to_buffer(reading.payload);
  } else if (told && envelope.inflation == ws::Inflation::done) {
    line.payload = to_buffer(payload);
  } else {
    return unusable(there ? Errc::not_readable : Errc::not_recorded, envelope);
  }
  return {};
}

Script ScriptWriter::finish() {
  // What never got its end is no message: nobody can say what it was, and it cannot be expected.
  std::erase_if(script_.lines, [](const Line& line) { return !line.finished; });
  return std::move(script_);
}

}  // namespace wstap::replay
