// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "libcore/ws/close.h"
#include "libcore/ws/errors.h"
#include "libcore/ws/frame_writer.h"

namespace wstap::pipeline {

using ws::Anomaly;
using ws::AnomalySet;
using ws::Direction;
using ws::Frame;
using ws::FrameHeader;
using ws::Placement;

/// One call of take(): what the scan found, for record() and encode().
struct Lane::Turn {
  MutableBytes unread;
  UnixNs now;
  LaneScratch& scratch;
  Sequence first_sequence;
  LaneTurn result;
  bool rewrites = false;  ///< some frame leaves with other bytes than it came with
  bool grows = false;     ///< ... and with more of them, so that it cannot be done in place

  std::uint32_t frames() const { return static_cast<std::uint32_t>(scratch.ends.size()); }
  /// To be called before the frame's end is noted.
  Mark& mark(Verdict verdict, std::string cause) {
    rewrites = true;
    return scratch.marks.emplace_back(Mark{frames(), verdict, std::move(cause), {}, {}});
  }
};

namespace {

LaneFault fault(ws::Errc code, std::string detail, std::uint64_t offset) {
  return {ws::name(code), std::move(detail), offset, ws::close_code_for(code)};
}

std::uint16_t close_code_for(AnomalySet anomalies) {
  const bool bad_data = anomalies.has(Anomaly::text_not_utf8) ||
                        anomalies.has(Anomaly::close_reason_not_utf8) ||
                        anomalies.has(Anomaly::invalid_deflate);
  return bad_data ? ws::kInvalidData : ws::kProtocolError;
}

/// Fresh mask keys, drawn some at a time.
class MaskKeys {
 public:
  explicit MaskKeys(Entropy& entropy) noexcept : entropy_(entropy) {}
  /// @param wanted  how many will be asked for at most, this one included.
  ws::MaskKey next(std::size_t wanted) {
    if (used_ == drawn_) {
      drawn_ = std::min(wanted, keys_.size());
      entropy_.fill(std::as_writable_bytes(std::span(keys_).first(drawn_)));
      used_ = 0;
    }
    return keys_[used_++];
  }

 private:
  Entropy& entropy_;
  std::array<ws::MaskKey, 64> keys_;
  std::size_t used_ = 0, drawn_ = 0;
};

std::string names(AnomalySet anomalies) {
  std::string text;
  anomalies.for_each([&](const ws::AnomalyInfo& entry) {
    if (!text.empty()) text += ',';
    text += entry.name;
  });
  return text;
}

}  // namespace

Lane::Lane(const FlowOpened& flow, Direction direction, const Plan& plan, LaneContext context)
    : flow_(flow.id),
      direction_(direction),
      negotiated_(flow.negotiated()),
      plan_(plan),
      context_(context),
      verbatim_(context.options.forward == Forward::verbatim || negotiated_.unknown_extension),
      looks_at_payload_(plan.reads_payload || context.options.on_anomaly == OnAnomaly::close),
      reader_(context.options.max_frame_bytes),
      tracker_(direction, negotiated_) {}

LaneTurn Lane::take(MutableBytes unread, UnixNs now, std::atomic<Sequence>& sequences, LaneScratch& scratch) {
  scratch.ends.clear();
  scratch.marks.clear();
  Turn turn{unread, now, scratch, sequences.load(std::memory_order_relaxed), {}};
  turn.result.first_sequence = turn.first_sequence;
  scan(turn);
  if (scratch.ends.empty()) return std::move(turn.result);

  sequences.fetch_add(turn.frames(), std::memory_order_relaxed);
  if (auto recorded = record(turn); !recorded) {
    // Unrecorded frames do not leave (CAP-3).
    turn.result.fault = LaneFault{"capture_failed", recorded.error().text(), 0, 0};
    return std::move(turn.result);
  }
  turn.result.out = encode(turn);
  return std::move(turn.result);
}

void Lane::scan(Turn& turn) {
  Bytes rest = turn.unread;
  Frame frame;
  bool going = true;
  while (going) {
    if (takes_short_messages())
      reader_.take_short_messages(rest, direction_ == Direction::send, [&](const std::byte* end) {
        turn.scratch.ends.push_back(static_cast<std::uint32_t>(end - turn.unread.data()));
      });
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
  turn.result.used = turn.unread.size() - rest.size();
  counts_.frames += turn.frames();
  counts_.bytes += turn.result.used;
  if (!turn.result.fault && !muted_) check_incomplete(turn);
}

/// Short whole messages need no second look: they change no state, hit no limit, and no step wants to see
/// them.
bool Lane::takes_short_messages() const noexcept {
  const auto& message = tracker_.state();
  return !looks_at_payload_ && plan_.empty() && !muted_ && !message.open && !message.closed &&
         context_.options.max_message_bytes >= ws::kShortPayload;
}

/// Notes one frame. @return false when it is the last that can be taken.
bool Lane::admit(Turn& turn, const Frame& frame) {
  const Placement placed = tracker_.observe(frame.header, turn.first_sequence + turn.frames());
  const bool usual = placed.anomalies.empty() && placed.message_bytes <= context_.options.max_message_bytes &&
                     frame.header.opcode != ws::kClose && !looks_at_payload_ && plan_.empty() && !muted_ &&
                     (verbatim_ || rsv_towards_peer(frame.header) == frame.header.rsv);
  const bool go_on = usual || admit_unusual(turn, frame, placed);
  turn.scratch.ends.push_back(
      static_cast<std::uint32_t>(frame.raw.data() + frame.raw.size() - turn.unread.data()));
  return go_on;
}

bool Lane::admit_unusual(Turn& turn, const Frame& frame, const Placement& placed) {
  const std::uint64_t offset = reader_.offset() - frame.raw.size();
  AnomalySet anomalies = placed.anomalies;
  if (looks_at_payload_) anomalies.add(look_at_payload(turn, frame, placed));
  if (!verbatim_) {
    if (frame.header.masked != (direction_ == Direction::send) || anomalies.has(Anomaly::non_minimal_length))
      turn.rewrites = true;
    if (direction_ == Direction::send && !frame.header.masked) turn.grows = true;
  }
  if (auto found = muted_ ? std::nullopt : fault_of(frame.header, placed.message_bytes, offset)) {
    turn.mark(Verdict::dropped, found->reason);
    turn.result.fault = std::move(found);
    return false;
  }
  if (context_.options.on_anomaly == OnAnomaly::close && !anomalies.empty() && !muted_) {
    turn.mark(Verdict::dropped, "on_anomaly");
    turn.result.fault = LaneFault{names(anomalies), {}, offset, close_code_for(anomalies)};
    return false;
  }
  const std::uint64_t limit = context_.options.max_message_bytes;
  if (placed.message_bytes > limit && placed.message_bytes - frame.header.payload_len <= limit)
    limited_.push_back(placed.message_first);
  if (frame.header.opcode == ws::kClose && !close_) {
    note_close(frame);
    turn.result.closed = true;
  }
  if (muted_) {
    turn.mark(Verdict::dropped, *muted_);
    return true;
  }
  if (anomalies.has(Anomaly::after_close) && !verbatim_) {
    turn.mark(Verdict::dropped, std::string(ws::info(Anomaly::after_close).name));
    return true;
  }
  run_steps(turn, frame, placed, anomalies);
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

std::optional<LaneFault> Lane::fault_of(const FrameHeader& header, std::uint64_t message_bytes,
                                        std::uint64_t offset) const {
  // In verbatim mode peers see each other's bytes as they are, and may make of them what they like.
  if (ws::is_control(header.opcode) && !ws::is_reserved(header.opcode) && !verbatim_) {
    if (header.payload_len > 125)
      return fault(ws::Errc::control_too_long, fmt::format("payload_len={} limit=125", header.payload_len),
                   offset);
    if (!header.fin)
      return fault(ws::Errc::fragmented_control, fmt::format("opcode={}", ws::opcode_name(header.opcode)),
                   offset);
  }
  if (!ws::is_control(header.opcode) && context_.options.on_message_limit == OnMessageLimit::close &&
      message_bytes > context_.options.max_message_bytes)
    return fault(ws::Errc::message_too_big,
                 fmt::format("message_bytes={} limit={}", message_bytes, context_.options.max_message_bytes),
                 offset);
  return std::nullopt;
}

void Lane::note_close(const Frame& frame) {
  // At most 125 bytes matter; a longer Close only gets here in verbatim mode.
  Buffer body = to_buffer(frame.payload().first(std::min<std::size_t>(frame.payload().size(), 125)));
  ws::mask_in_place(body, frame.header.mask);
  const ws::CloseBody close = ws::parse_close(body);
  close_ =
      std::make_unique<CloseSeen>(close.code.value_or(ws::kNoStatus), std::string(as_text(close.reason)));
}

AnomalySet Lane::look_at_payload(Turn& turn, const Frame& frame, const Placement& placed) {
  turn.scratch.payload.resize(frame.payload().size());
  ws::mask_into(turn.scratch.payload.data(), frame.payload(), frame.header.mask);
  context_.counters.frames_unmasked.fetch_add(1, std::memory_order_relaxed);
  return checker_.check(frame.header, placed, turn.scratch.payload);
}

void Lane::run_steps(Turn& turn, const Frame& frame, const Placement& placed, AnomalySet anomalies) {
  Envelope envelope{.flow = flow_,
                    .sequence = turn.first_sequence + turn.frames(),
                    .time_ns = turn.now,
                    .direction = direction_,
                    .frame = frame,
                    .placement = placed,
                    .anomalies = anomalies};
  // What a step put in the frame's place is what the next step sees.
  Buffer replacement;
  Bytes payload = plan_.reads_payload ? Bytes(turn.scratch.payload) : Bytes();
  Verdict verdict = Verdict::forwarded;
  std::string cause;
  for (const auto& step : plan_.steps) {
    Decision decision = step->judge(envelope, payload);
    if (decision.kind == Decision::Kind::go_on) continue;
    verdict = decision.verdict;
    cause = std::move(decision.cause);
    if (decision.kind == Decision::Kind::drop) {
      turn.mark(verdict, std::move(cause));
      return;
    }
    replacement = std::move(decision.payload);
    payload = replacement;
    envelope.frame.header.payload_len = replacement.size();
    envelope.frame.header.fin = decision.header.fin;
    envelope.frame.header.rsv = decision.header.rsv;
    envelope.frame.header.opcode = decision.header.opcode;
  }
  if (verdict != Verdict::forwarded) {
    mark_changed(turn, envelope.frame.header, payload, verdict, std::move(cause));
  } else if (!verbatim_ && rsv_towards_peer(frame.header) != frame.header.rsv) {
    Buffer same = to_buffer(frame.payload());
    ws::mask_in_place(same, frame.header.mask);
    mark_changed(turn, frame.header, same, Verdict::changed, "reencode");
  }
}

void Lane::mark_changed(Turn& turn, const FrameHeader& header, Bytes payload, Verdict verdict,
                        std::string cause) {
  FrameHeader sent = header;
  sent.rsv = verbatim_ ? header.rsv : rsv_towards_peer(header);
  sent.masked = direction_ == Direction::send;
  if (sent.masked) sent.mask = new_mask();
  turn.grows = true;
  turn.mark(verdict, std::move(cause)).sent = ws::make_frame(sent, payload);
}

Result<void> Lane::record(Turn& turn) {
  context_.counters.frames.fetch_add(turn.frames(), std::memory_order_relaxed);
  context_.counters.bytes.fetch_add(turn.result.used, std::memory_order_relaxed);
  return context_.tap.burst({.flow = flow_,
                             .direction = direction_,
                             .first_sequence = turn.first_sequence,
                             .time_ns = turn.now,
                             .raw = turn.unread.first(turn.result.used),
                             .ends = turn.scratch.ends,
                             .marks = turn.scratch.marks});
}

Bytes Lane::encode(Turn& turn) {
  const bool remask = direction_ == Direction::send && !verbatim_;
  if (!remask && !turn.rewrites) return turn.unread.first(turn.result.used);
  if (!turn.grows) return {turn.unread.data(), encode_into(turn, turn.unread.data())};

  std::size_t room = turn.result.used + turn.frames() * std::size_t{4};
  for (const auto& mark : turn.scratch.marks) room += mark.sent ? mark.sent->size() : 0;
  if (turn.scratch.out.size() < room) turn.scratch.out.resize(room);
  return {turn.scratch.out.data(), encode_into(turn, turn.scratch.out.data())};
}

/// Writes what leaves to `to`, which may be the start of the frames themselves. @return the bytes written.
std::size_t Lane::encode_into(const Turn& turn, std::byte* to) {
  const std::byte* const start = to;
  const bool masks = direction_ == Direction::send;
  MaskKeys keys(context_.entropy);
  auto mark = turn.scratch.marks.begin();
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < turn.frames(); ++i) {
    const std::uint32_t end = turn.scratch.ends[i];
    const Bytes raw = turn.unread.subspan(begin, end - begin);
    begin = end;
    if (mark != turn.scratch.marks.end() && mark->frame == i) {
      const Mark& marked = *mark++;
      if (!marked.sent) continue;  // it does not leave
      std::memcpy(to, marked.sent->data(), marked.sent->size());
      to += marked.sent->size();
    } else if (verbatim_) {
      std::memmove(to, raw.data(), raw.size());
      to += raw.size();
    } else if (masks && ws::is_short_masked(raw)) {
      to += ws::remask_short(raw, keys.next(turn.frames() - i), to);
    } else {
      Frame frame{{}, raw};
      decode_header(raw, frame.header);
      to += ws::rewrite_frame(frame, rsv_towards_peer(frame.header),
                              masks ? std::optional(keys.next(turn.frames() - i)) : std::nullopt, to);
    }
  }
  return static_cast<std::size_t>(to - start);
}

/// RSV1 survives where permessage-deflate gives it a meaning, and nothing else does (FRM-6).
std::uint8_t Lane::rsv_towards_peer(const FrameHeader& header) const noexcept {
  const bool may_compress = negotiated_.permessage_deflate && ws::is_message_start(header.opcode);
  return may_compress ? header.rsv & ws::kRsv1 : 0;
}

ws::MaskKey Lane::new_mask() {
  ws::MaskKey key;
  context_.entropy.fill(key);
  return key;
}

}  // namespace wstap::pipeline
