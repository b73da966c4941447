// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/outlet.h"

#include <algorithm>
#include <utility>

namespace wstap::pipeline {

using ws::Frame;
using ws::FrameHeader;

namespace {

LaneFault too_big(std::string_view what) {
  return {kTooBig, std::string(what), 0, ws::kTooBig};
}

}  // namespace

void Outlet::forward(Turn& turn, const Frame& frame, std::string cause) {
  auto stripped = egress_.forward(frame, turn.scratch.out);
  if (stripped) {
    turn.mark(Verdict::changed, "reencode").sent = std::move(stripped);
  } else if (!cause.empty()) {
    turn.mark(Verdict::forwarded, std::move(cause));
  }
  turn.note(frame);
}

void Outlet::send(Turn& turn, const Frame& in_place_of, const FrameHeader& header, Bytes payload,
                  Verdict verdict, std::string cause) {
  turn.mark(verdict, std::move(cause)).sent = egress_.send(header, payload, turn.scratch.out);
  turn.note(in_place_of);
}

void Outlet::send_exact(Turn& turn, const Frame& in_place_of, Buffer bytes, Verdict verdict,
                        std::string cause) {
  drop_waiting(turn, Verdict::dropped, cause);
  egress_.send_exact(bytes, turn.scratch.out);
  turn.mark(verdict, std::move(cause)).sent = std::move(bytes);
  turn.note(in_place_of);
}

void Outlet::drop(Turn& turn, const Frame& frame, Verdict verdict, const std::string& cause) {
  turn.mark(verdict, cause);
  turn.note(frame);
}

void Outlet::keep(Turn& turn, const Frame& frame, std::string refused) {
  if (waiting_.empty()) waits_since_ = turn.now;
  waiting_.add(turn, frame, std::move(refused));
}

void Outlet::forward_message(Turn& turn, const Frame& frame, std::string cause) {
  waiting_.forward(turn, egress_);
  forward(turn, frame, std::move(cause));
}

void Outlet::drop_message(Turn& turn, const Frame& frame, Verdict verdict, const std::string& cause) {
  drop_waiting(turn, verdict, cause);
  recompressor_.drop_streamed();
  drop(turn, frame, verdict, cause);
}

std::optional<LaneFault> Outlet::write_message(Turn& turn, const Frame& frame, const FrameHeader& header,
                                               Bytes payload, Verdict verdict, const std::string& cause) {
  const auto pieces = waiting_.in_frames(payload, &frame);
  if (!fit(pieces)) {
    auto fault = too_big(cause);
    drop_message(turn, frame, Verdict::dropped, fault.reason);
    return fault;
  }
  FrameHeader last{.fin = header.fin, .opcode = ws::kContinuation};
  if (waiting_.empty()) last = header;
  waiting_.send(turn, egress_, pieces, header.opcode, verdict, cause);
  send(turn, frame, last, pieces.back(), verdict, cause);
  return std::nullopt;
}

std::optional<LaneFault> Outlet::compress_message(Turn& turn, const Frame& frame, FrameHeader header,
                                                  Bytes content, Verdict verdict, const std::string& cause) {
  header.rsv = ws::kRsv1;
  return write_message(turn, frame, header, recompressor_.message(content), verdict, cause);
}

std::optional<LaneFault> Outlet::stream_message(Turn& turn, const Frame& frame, bool last,
                                                ws::InflatedPart inflated) {
  recompressor_.stream(inflated, {}, room());
  const Buffer payload = recompressor_.take_streamed(last);
  const auto pieces = waiting_.in_frames(payload, &frame);
  if (recompressor_.overflowed() || !fit(pieces)) {
    auto fault = too_big(kRecompressed);
    drop_message(turn, frame, Verdict::dropped, fault.reason);
    return fault;
  }
  waiting_.send(turn, egress_, pieces, 0, Verdict::changed, kRecompressed);
  send(turn, frame, frame.header, pieces.back(), Verdict::changed, kRecompressed);
  return std::nullopt;
}

void Outlet::truncate_waiting(Turn& turn, Verdict verdict, const std::string& cause) {
  waiting_.replace(turn, verdict, Verdict::truncated, cause,
                   egress_.send(kEndOfMessage, {}, turn.scratch.out));
}

void Outlet::replace_waiting(Turn& turn, Buffer bytes, Verdict verdict, const std::string& cause) {
  egress_.send_exact(bytes, turn.scratch.out);
  waiting_.replace(turn, Verdict::dropped, verdict, cause, std::move(bytes));
}

bool Outlet::write_waiting(Turn& turn, Bytes payload, std::uint8_t opcode, const std::string& cause) {
  const auto pieces = waiting_.in_frames(payload, nullptr);
  const bool fits = fit(pieces);
  fits ? waiting_.send(turn, egress_, pieces, opcode, Verdict::changed, cause)
       : waiting_.drop(turn, Verdict::dropped, kTooBig);
  return fits;
}

bool Outlet::stream_waiting(Turn& turn, ws::InflatedPart inflated) {
  recompressor_.stream(inflated, {}, room());
  const Buffer payload = recompressor_.take_streamed(false);
  const bool left = !recompressor_.overflowed() && write_waiting(turn, payload, 0, kRecompressed);
  if (left) return true;
  drop_waiting(turn, Verdict::dropped, kTooBig);
  recompressor_.drop_streamed();
  return false;
}

bool Outlet::put(Turn& turn, NewFrame& frame) {
  if (egress_.closed()) return false;
  frame.header.rsv = 0;
  const Buffer sent = egress_.send(frame.header, frame.payload, turn.scratch.out);
  turn.note_own(sent, frame.verdict, std::move(frame.cause));
  return true;
}

bool Outlet::fit(const std::vector<Bytes>& pieces) const noexcept {
  return std::ranges::all_of(pieces, [&](Bytes piece) { return piece.size() <= max_frame_bytes_; });
}

}  // namespace wstap::pipeline
