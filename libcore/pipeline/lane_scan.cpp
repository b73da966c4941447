// SPDX-License-Identifier: Apache-2.0
// Which frames of what came are looked at one by one, and which need not be.
#include "libcore/pipeline/lane.h"
#include "libcore/ws/errors.h"

namespace wstap::pipeline {

using ws::Direction;
using ws::Frame;
using ws::FrameHeader;
using ws::Placement;

void Lane::scan(Turn& turn) {
  Bytes rest = turn.unread;
  Frame frame;
  bool going = true;
  while (going) {
    if (!turn.judged && passes_messages())
      reader_.take_short_messages(
          rest, direction_ == Direction::send, passes_compressed(), [&](const std::byte* end) {
            turn.scratch.ends.push_back(static_cast<std::uint32_t>(end - turn.unread.data()));
          });
    if (editor_ && !turn.judged && is_for_editor(rest)) {
      turn.result.more = turn.frames() != 0;
      if (turn.result.more) break;
      turn.judged = true;
    }
    switch (reader_.next(rest, frame)) {
      case ws::FrameReader::Step::frame: going = admit(turn, frame); break;
      case ws::FrameReader::Step::need_more:
        turn.result.wanted = reader_.wanted();
        going = false;
        break;
      case ws::FrameReader::Step::error: {
        const Error& error = reader_.error();
        turn.result.fault = LaneFault{error.code.message(), error.detail, error.offset,
                                      ws::close_code_for(static_cast<ws::Errc>(error.code.value()))};
        going = false;
        break;
      }
    }
  }
  if (editor_ && turn.frames() == 0) turn.judged = true;
  turn.result.used = turn.unread.size() - rest.size();
  counts_.frames += turn.frames() - turn.own_frames;
  counts_.bytes += turn.result.used;
  if (!turn.result.fault && !muted_ && !turn.result.more && turn.result.delay_ns == 0) check_incomplete(turn);
}

/// Whole messages need no second look: they change no state, and no step has anything to do with them.
bool Lane::passes_messages() const noexcept {
  const auto& message = tracker_.state();
  const bool judged = editor_ && !editor_->stands_by();
  return !looks_at_payload_ && !judged && !muted_ && !message.open && !message.closed &&
         context_.options.max_message_bytes >= ws::kShortPayload;
}

/// Where messages are inflated, those that are compressed are looked at one by one.
bool Lane::passes_compressed() const noexcept {
  return negotiated_.permessage_deflate && !payloads_;
}

/// A whole frame begins `rest` that has to be judged.
bool Lane::is_for_editor(Bytes rest) const noexcept {
  FrameHeader header;
  return decode_header(rest, header) && header.payload_len <= rest.size() - header.header_len &&
         !passes(header);
}

/// It is a message in one frame, as peers write them, with which nobody has anything to do.
bool Lane::passes(const FrameHeader& header) const noexcept {
  if (!passes_messages()) return false;
  return header.fin && ws::is_message_start(header.opcode) &&
         header.masked == (direction_ == Direction::send) &&
         (header.rsv == 0 || (header.rsv == ws::kRsv1 && passes_compressed())) &&
         header.header_len == ws::minimal_header_len(header.payload_len, header.masked) &&
         header.payload_len <= context_.options.max_message_bytes;
}

/// Notes one frame. @return false when it is the last that can be taken.
bool Lane::admit(Turn& turn, const Frame& frame) {
  const Placement placed = tracker_.observe(frame.header, turn.next_sequence());
  const bool usual = placed.anomalies.empty() && placed.message_bytes <= context_.options.max_message_bytes &&
                     frame.header.opcode != ws::kClose && !reads(placed) && !turn.judged && !muted_ &&
                     (verbatim_ || negotiated_.rsv_towards_peer(frame.header) == frame.header.rsv);
  if (!usual) return admit_unusual(turn, frame, placed);
  turn.note(frame);
  return true;
}

/// A frame that is not all here yet may already be known to be unacceptable: waiting for its rest would only
/// let its sender stall.
void Lane::check_incomplete(Turn& turn) {
  FrameHeader header;
  if (!decode_header(turn.unread.subspan(turn.result.used), header)) return;
  std::uint64_t message_bytes = header.payload_len;
  if (header.opcode == ws::kContinuation && tracker_.state().open) message_bytes += tracker_.state().bytes;
  turn.result.fault = fault_of(header, message_bytes, reader_.offset());
}

}  // namespace wstap::pipeline
