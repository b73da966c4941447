// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/lane.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/pipeline/reencode.h"
#include "libcore/ws/errors.h"

namespace wstap::pipeline {

using ws::Anomaly;
using ws::AnomalySet;
using ws::Direction;
using ws::Frame;
using ws::FrameHeader;
using ws::Placement;

namespace {

// A Ping of wstap's own has so many random bytes (HOLD-4).
constexpr std::size_t kKeepaliveBytes = 8;

LaneFault fault(ws::Errc code, std::string detail, std::uint64_t offset) {
  return {ws::name(code), std::move(detail), offset, ws::close_code_for(code)};
}

std::uint16_t close_code_for(AnomalySet anomalies) {
  const bool bad_data = anomalies.has(Anomaly::text_not_utf8) ||
                        anomalies.has(Anomaly::close_reason_not_utf8) ||
                        anomalies.has(Anomaly::invalid_deflate);
  return bad_data ? ws::kInvalidData : ws::kProtocolError;
}

std::string names(AnomalySet anomalies) {
  std::string text;
  anomalies.for_each([&](const ws::AnomalyInfo& entry) {
    if (!text.empty()) text += ',';
    text += entry.name;
  });
  return text;
}

}  // namespace

Lane::Lane(const FlowOpened& flow, Direction direction, const Plan& plan, FlowHolds* holds,
           LaneContext context)
    : flow_(flow.id),
      direction_(direction),
      negotiated_(flow.negotiated()),
      context_(context),
      verbatim_(context.options.forward == Forward::verbatim || negotiated_.unknown_extension),
      reader_(context.options.max_frame_bytes),
      tracker_(direction, negotiated_) {
  follow(plan, holds);
}

void Lane::follow(const Plan& plan, FlowHolds* holds) {
  const FlowOptions& options = context_.options;
  const auto inflating = pipeline::inflating(options)[ws::index(direction_)];
  looks_at_payload_ = looks_at_payloads(plan);
  if (!payloads_ && wants_content(plan))
    payloads_ = std::make_unique<ws::MessageReader>(deflate_parameters(), inflate_limits(options), inflating);
  if (!plan.empty()) need_editor(plan);
  if (editor_) editor_->follow(tracker_.state().open, holds);
}

Editor& Lane::need_editor(const Plan& plan) {
  const bool inflates =
      pipeline::inflating(context_.options)[ws::index(direction_)] != ws::Inflating::as_bytes;
  if (!editor_)
    editor_ = std::make_unique<Editor>(direction_, negotiated_, verbatim_, inflates, tracker_.state(), plan,
                                       context_.options, context_.entropy, context_.gauge);
  return *editor_;
}

bool Lane::looks_at_payloads(const Plan& plan) const noexcept {
  return plan.needs.payloads || context_.options.on_anomaly == OnAnomaly::close;
}

bool Lane::wants_content(const Plan& plan) const noexcept {
  const bool of_compressed = plan.needs.alters || context_.options.inflate == InflateWhen::always;
  return looks_at_payloads(plan) || (of_compressed && negotiated_.permessage_deflate);
}

bool Lane::must_catch_up(const Plan& plan) const noexcept {
  return !payloads_ && counts_.frames != 0 && negotiated_.permessage_deflate && wants_content(plan) &&
         inflating(context_.options)[ws::index(direction_)] == ws::Inflating::on;
}

void Lane::catch_up(std::optional<ws::MessageReader> reader) {
  if (!reader) {
    const auto& message = tracker_.state();
    reader.emplace(deflate_parameters(), inflate_limits(context_.options));
    reader->begin_in_the_middle(message.open && message.compressed, ws::Inflation::opaque);
  }
  payloads_ = std::make_unique<ws::MessageReader>(std::move(*reader));
}

LaneTurn Lane::take(MutableBytes unread, UnixNs now, std::atomic<Sequence>& sequences, LaneScratch& scratch) {
  Turn turn = begin_turn(unread, now, scratch, sequences.load(std::memory_order_relaxed));
  say_window();
  scan(turn);
  if (scratch.ends.empty()) return std::move(turn.result);
  sequences.fetch_add(turn.frames(), std::memory_order_relaxed);
  return end_turn(turn);
}

template <class Work>
LaneTurn Lane::turn_without_input(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences,
                                  Work work) {
  Turn turn = begin_turn({}, now, scratch, sequences.load(std::memory_order_relaxed));
  turn.judged = editor_ != nullptr;
  if (editor_) turn.result.fault = work(turn);
  sequences.fetch_add(turn.frames(), std::memory_order_relaxed);
  return end_turn(turn);
}

LaneTurn Lane::release(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences, bool goes_on) {
  const auto why = goes_on ? Release::waited_long_enough : Release::ended;
  return turn_without_input(now, scratch, sequences,
                            [&](Turn& turn) { return editor_->release(turn, inflated(), why); });
}

LaneTurn Lane::depart(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences) {
  return turn_without_input(now, scratch, sequences, [&](Turn& turn) { return editor_->depart(turn); });
}

LaneTurn Lane::ping(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences) {
  std::array<std::byte, kKeepaliveBytes> payload{};
  context_.entropy.fill(payload);
  return turn_without_input(now, scratch, sequences, [&](Turn& turn) {
    editor_->ping(turn, payload);
    return std::optional<LaneFault>();
  });
}

void Lane::discard(const std::string& cause, UnixNs now) {
  if (editor_) {
    editor_->injections().abandon();
    editor_->judge_unfinished(inflated());
  }
  if (!editor_ || !editor_->keeps_any()) return;
  LaneScratch scratch;
  Turn turn = begin_turn({}, now, scratch, 0);
  editor_->discard(turn, cause);
  // Where it cannot be recorded they read as unresolved, which is true as well.
  (void)record(turn);
}

std::uint64_t Lane::buffered() const noexcept {
  std::uint64_t bytes = held() + (payloads_ ? payloads_->held() : 0);
  for (const Departure& departure : delayed_) {
    bytes += sizeof departure;
    if (const auto* own = std::get_if<OwnFrame>(&departure)) bytes += own->raw.size();
    const auto* outcome = std::get_if<Outcome>(&departure);
    if (outcome != nullptr && outcome->sent) bytes += outcome->sent->size();
  }
  return bytes;
}

Turn Lane::begin_turn(MutableBytes unread, UnixNs now, LaneScratch& scratch, Sequence first) {
  scratch.clear();
  if (editor_) scratch.out.clear();
  Turn turn{.unread = unread, .now = now, .scratch = scratch, .first_sequence = first};
  turn.result.first_sequence = first;
  return turn;
}

/// Records what the turn found. Nothing leaves unrecorded (CAP-3).
LaneTurn Lane::end_turn(Turn& turn) {
  if (turn.judged) {
    if (turn.result.fault) editor_->discard(turn, turn.result.fault->reason);
    editor_->end_turn(turn);
  }
  std::ranges::move(turn.delayed, std::back_inserter(delayed_));
  if (const auto recorded = record(turn)) {
    turn.result.out = turn.judged ? Bytes(turn.scratch.out)
                                  : reencode(turn, direction_, negotiated_, verbatim_, context_.entropy);
  } else {
    turn.result.fault = LaneFault{"capture_failed", recorded.error().text(), 0, 0};
    turn.result.delay_ns = 0;
  }
  if (payloads_) payloads_->trim();
  return std::move(turn.result);
}

bool Lane::admit_unusual(Turn& turn, const Frame& frame, const Placement& placed) {
  const std::uint64_t offset = reader_.offset() - frame.raw.size();
  if (auto found = muted_ ? std::nullopt : fault_of(frame.header, placed.message_bytes, offset))
    return end_with(turn, frame, std::move(*found));

  const bool begins = ws::begins_message(placed.part);
  if (editor_ && (begins || frame.header.opcode == ws::kClose))
    if (auto end = editor_->release(turn, inflated(), begins ? Release::interrupted : Release::ended))
      return end_with(turn, frame, std::move(*end));
  ws::FrameReading reading;
  if (reads(placed)) reading = read(turn, frame, placed);
  AnomalySet anomalies = placed.anomalies;
  anomalies.add(reading.anomalies);
  if (context_.options.on_anomaly == OnAnomaly::close && !anomalies.empty() && !muted_)
    return end_with(turn, frame, {names(anomalies), {}, offset, close_code_for(anomalies)}, "on_anomaly");
  note_limits(placed, frame.header.payload_len, reading);
  if (frame.header.opcode == ws::kClose && !close_) {
    note_close(frame);
    turn.result.closed = true;
  }
  if (muted_) return drop(turn, frame, *muted_);
  if (anomalies.has(Anomaly::after_close) && !verbatim_)
    return drop(turn, frame, std::string(ws::info(Anomaly::after_close).name));
  if (editor_) return edit(turn, frame, placed, reading, anomalies);
  pass_on(turn, frame, anomalies);
  return true;
}

/// The frame does not leave, and the direction goes on.
bool Lane::drop(Turn& turn, const Frame& frame, std::string cause) {
  turn.mark(Verdict::dropped, std::move(cause));
  turn.note(frame);
  return true;
}

/// The frame does not leave, and the flow ends. @param cause  of the drop, where that is not the fault
/// itself.
bool Lane::end_with(Turn& turn, const Frame& frame, LaneFault fault, std::string cause) {
  drop(turn, frame, cause.empty() ? fault.reason : std::move(cause));
  turn.result.fault = std::move(fault);
  return false;
}

/// What no step judges leaves as FRM-6 has it.
void Lane::pass_on(Turn& turn, const Frame& frame, AnomalySet anomalies) {
  if (!verbatim_) {
    if (frame.header.masked != (direction_ == Direction::send) || anomalies.has(Anomaly::non_minimal_length))
      turn.rewrites = true;
    if (direction_ == Direction::send && !frame.header.masked) turn.grows = true;
    if (negotiated_.rsv_towards_peer(frame.header) != frame.header.rsv) {
      turn.grows = true;
      Buffer leaves;
      Egress(direction_, negotiated_, verbatim_, context_.entropy).forward(frame, leaves);
      turn.mark(Verdict::changed, "reencode").sent = std::move(leaves);
    }
  }
  turn.note(frame);
}

bool Lane::edit(Turn& turn, const Frame& frame, const Placement& placed, const ws::FrameReading& reading,
                AnomalySet anomalies) {
  Envelope envelope{.flow = flow_,
                    .sequence = turn.next_sequence(),
                    .time_ns = turn.now,
                    .direction = direction_,
                    .frame = frame,
                    .placement = placed,
                    .anomalies = anomalies,
                    .inflation = reading.inflation};
  turn.result.fault = editor_->take(turn, std::move(envelope), reading, inflated());
  if (turn.result.fault) turn.result.fault->offset = reader_.offset() - frame.raw.size();
  if (turn.result.fault || turn.result.delay_ns != 0) return false;
  turn.result.more = turn.is_full() || editor_->stalls();
  return !turn.result.more;
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

bool Lane::reads(const Placement& placed) const noexcept {
  return looks_at_payload_ || (payloads_ && (placed.compressed || (editor_ && editor_->reads_on())));
}

ws::FrameReading Lane::read(Turn& turn, const Frame& frame, const Placement& placed) {
  turn.scratch.payload.resize(frame.payload().size());
  ws::mask_into(turn.scratch.payload.data(), frame.payload(), frame.header.mask);
  context_.counters.frames_unmasked.fetch_add(1, std::memory_order_relaxed);
  ws::Inflater::Beyond beyond;
  if (editor_ && editor_->recompresses())
    beyond = [this](Bytes more) { editor_->beyond(payloads_->message(), more); };
  const auto reading = payloads_->read(frame.header, placed, turn.scratch.payload, beyond);
  if (reading.inflation == ws::Inflation::done)
    context_.counters.bytes_inflated.fetch_add(reading.payload.size(), std::memory_order_relaxed);
  return reading;
}

/// Says once a message what its size, or what it inflates to, keeps from being shown or altered.
void Lane::note_limits(const Placement& placed, std::uint64_t payload_len, const ws::FrameReading& reading) {
  const std::uint64_t limit = context_.options.max_message_bytes;
  if (placed.message_bytes > limit && placed.message_bytes - payload_len <= limit)
    events_.push_back({"message_limited",
                       fmt::format("message of frame {} is over {} bytes", placed.message_first, limit)});
  if (!placed.compressed || reading.state == std::exchange(inflate_state_, reading.state)) return;
  if (reading.state == ws::InflateState::limited)
    events_.push_back({"inflate_limited", fmt::format("message of frame {}", placed.message_first)});
  if (reading.state == ws::InflateState::lost)
    events_.push_back({"opaque", fmt::format("from the message of frame {}", placed.message_first)});
}

std::vector<Lane::Event> Lane::take_events() {
  if (editor_) {
    for (auto& detail : editor_->injections().take_given_up())
      events_.push_back({"not_injected", std::move(detail)});
    for (auto& detail : editor_->take_unfinished()) events_.push_back({"unfinished", std::move(detail)});
  }
  return std::exchange(events_, {});
}

}  // namespace wstap::pipeline
