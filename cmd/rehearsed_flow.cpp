// SPDX-License-Identifier: Apache-2.0
#include "cmd/rehearsed_flow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libcore/pipeline/refusal.h"
#include "libcore/ws/close.h"
#include "libcore/ws/frame_writer.h"

namespace wstap::cmd {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::Says;
using pipeline::Verdict;

/// A frame as it would leave: not compressed, and masked with zeros where a mask must be.
Buffer frame_of(const Envelope& envelope, ws::FrameHeader header, Bytes payload) {
  header.rsv = 0;
  header.masked = envelope.direction == ws::Direction::send;
  header.mask = {};
  return ws::make_frame(header, payload);
}

/// How a reader of frames, live, would have it.
ws::InflateState state_of(ws::Inflation inflation) noexcept {
  if (!ws::is_unread(inflation)) return ws::InflateState::ok;
  return inflation == ws::Inflation::limited ? ws::InflateState::limited : ws::InflateState::lost;
}

/// A proxy dropped it whatever its rules (FRM-7).
bool is_behind_close(const Envelope& envelope) {
  return envelope.verdict == Verdict::dropped && envelope.cause == ws::info(ws::Anomaly::after_close).name;
}

void visit_new(const Envelope& beside, const std::vector<pipeline::NewFrame>& frames,
               const RehearsedFlow::Visit& visit) {
  for (const auto& frame : frames) {
    Envelope envelope{.flow = beside.flow,
                      .sequence = beside.sequence,
                      .time_ns = beside.time_ns,
                      .direction = beside.direction,
                      .verdict = Verdict::injected,
                      .cause = frame.cause};
    const Buffer raw = frame_of(envelope, frame.header, frame.payload);
    decode_header(raw, envelope.frame.header);
    envelope.frame.raw = raw;
    visit(envelope, frame.payload);
  }
}

}  // namespace

void RehearsedFlow::take(const Envelope& envelope, Bytes payload, const Visit& visit) {
  if (made_here(envelope.verdict) || is_behind_close(envelope)) return;
  if (!out_of_scope_.empty()) {
    Envelope blocked = envelope;
    blocked.verdict = Verdict::blocked;
    blocked.cause = out_of_scope_;
    blocked.sent.reset();
    return visit(blocked, payload);
  }
  if (plan_.empty() && output_ == nullptr) return;
  Lane& lane = lanes_[ws::index(envelope.direction)];
  const ws::Part part = envelope.placement.part;
  const bool begins = ws::begins_message(part);
  if (begins || envelope.frame.header.opcode == ws::kClose) release(lane, begins, visit);
  if (begins) begin_message(lane, envelope);
  Envelope judged = envelope;
  judged.verdict = Verdict::forwarded;  // what became of it then is nothing that rules look at
  judged.cause.clear();
  judged.tags.clear();
  judged.redacted = redacted_by(lane, envelope, payload);
  const ws::FrameReading reading{.payload = payload, .state = state_of(envelope.inflation)};
  const bool compressed = envelope.placement.in_compressed();
  const Bytes content = lane.content.take(judged, reading, {}, compressed, false);
  if (ws::is_fragment(part)) {
    lane.waits = !ws::ends_message(part) && keeps(envelope) && lane.content.judges_whole();
    lane.last = envelope;
    lane.last.frame.raw = {};
  }
  judge(lane, std::move(judged), content, visit);
}

void RehearsedFlow::begin_message(Lane& lane, const Envelope& first) const {
  lane.content.begin_message(plan_.needs.judges_whole(first.direction, first.placement.compressed), first);
  lane.said.clear();
  lane.dropped = {};
}

/// Nothing leaves of its message before it is whole.
bool RehearsedFlow::keeps(const Envelope& envelope) const noexcept {
  return plan_.needs.keeps(envelope.direction, envelope.placement.in_compressed());
}

/// Rules that would have replaced something before it was recorded.
std::vector<std::string> RehearsedFlow::redacted_by(Lane& lane, const Envelope& envelope,
                                                    Bytes payload) const {
  std::vector<std::string> ids;
  if (output_ == nullptr || !envelope.says_content()) return ids;
  const ws::Part part = envelope.placement.part;
  const bool joins = ws::is_fragment(part) && !envelope.placement.compressed;
  if (joins) append(lane.said, payload);
  if (joins && !ws::ends_message(part)) return ids;
  const Bytes said = joins ? Bytes(lane.said) : payload;
  const bool is_close = envelope.frame.header.opcode == ws::kClose;
  const auto* rules = is_close ? output_->close_reasons() : output_->payloads(envelope.direction);
  if (rules == nullptr) return ids;
  const Bytes looked_at = is_close ? ws::parse_close(said).reason : said;
  for (const auto& [rule, times] : rules->rewrite(looked_at).replaced) ids.emplace_back(rules->id(rule));
  return ids;
}

Decision RehearsedFlow::decide(const Lane& lane, Envelope& envelope, Bytes payload) const {
  if (ws::is_fragment(envelope.placement.part) && lane.dropped.kind == Decision::Kind::drop)
    return lane.dropped;
  const ws::FrameHeader header = envelope.frame.header;
  Decision decision = plan_.judge(envelope, payload);
  envelope.frame.header = header;
  const bool compressed = envelope.placement.in_compressed();
  refuse_impossible(envelope,
                    {.compressed = compressed,
                     .waits = keeps(envelope) && envelope.inflation != ws::Inflation::limited,
                     .lost = compressed && state_of(envelope.inflation) == ws::InflateState::lost},
                    decision);
  return decision;
}

/// What the peer would have of the message then, and what becomes of its rest.
void RehearsedFlow::let_go(Lane& lane, const Envelope& envelope, Decision& decision) const {
  const std::uint8_t opcode = envelope.frame.header.opcode;
  lane.closed |= opcode == ws::kClose && decision.kind != Decision::Kind::drop;
  if (ws::is_control(opcode)) return;
  const bool fragment = ws::is_fragment(envelope.placement.part);
  if (decision.kind == Decision::Kind::drop) {
    if (fragment)
      lane.dropped = {.kind = decision.kind, .verdict = decision.verdict, .cause = decision.cause};
    const bool ends_open = fragment || decision.verdict == Verdict::blocked;
    if (ends_open && std::exchange(lane.open, false)) decision.verdict = Verdict::truncated;
  } else if (!(fragment && keeps(envelope) && envelope.says == Says::frame) && !ws::is_reserved(opcode)) {
    const auto& header = decision.kind == Decision::Kind::replace ? decision.header : envelope.frame.header;
    lane.open = !header.fin;
  }
}

void RehearsedFlow::judge(Lane& lane, Envelope envelope, Bytes payload, const Visit& visit) {
  Decision decision = decide(lane, envelope, payload);
  if (lane.closed) decision.before.clear();
  let_go(lane, envelope, decision);
  if (lane.closed) decision.after.clear();
  const bool tagged = !decision.tags.empty() || !decision.logged.empty();
  visit_new(envelope, decision.before, visit);
  const bool redacted = !envelope.redacted.empty();
  if (decision.kind != Decision::Kind::go_on || tagged || redacted || !decision.cause.empty() ||
      decision.delay_ns != 0 || !decision.held_by.empty()) {
    envelope.verdict = decision.kind == Decision::Kind::go_on ? Verdict::forwarded : decision.verdict;
    envelope.cause = decision.cause;
    envelope.tags = decision.tags;
    envelope.logged = decision.logged;
    // Who decided when it was recorded did not decide about this.
    envelope.held = {fmt::format("{}", fmt::join(decision.held_by, ",")), {}, std::nullopt};
    envelope.sent.reset();
    if (decision.kind == Decision::Kind::replace)
      envelope.sent = frame_of(envelope, decision.header, decision.payload);
    visit(envelope, payload);
  }
  visit_new(envelope, decision.after, visit);
}

void RehearsedFlow::end(const Visit& visit) {
  for (Lane& lane : lanes_) release(lane, false, visit);
}

std::map<std::string, std::uint64_t> RehearsedFlow::picked() const {
  std::map<std::string, std::uint64_t> all;
  for (const auto& step : plan_.steps) step->add_picked(all);
  return all;
}

/// What has come of a message is judged as it is; compressed, it is not known what that says.
void RehearsedFlow::release(Lane& lane, bool interrupted, const Visit& visit) {
  if (!lane.waits) return;
  lane.waits = false;
  const bool compressed = lane.last.placement.in_compressed();
  if (compressed && !interrupted) return;
  const Bytes content = lane.content.take_so_far(lane.last, {}, compressed, interrupted);
  if (compressed) lane.last.inflation = ws::Inflation::none;
  judge(lane, lane.last, content, visit);
}

}  // namespace wstap::cmd
