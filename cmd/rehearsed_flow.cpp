// SPDX-License-Identifier: Apache-2.0
#include "cmd/rehearsed_flow.h"

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

/// Why nobody could make of a frame what was decided; null: a proxy can.
const char* out_of_reach(const Envelope& envelope, const Decision& decision) {
  if (decision.kind == Decision::Kind::go_on || decision.verdict == Verdict::blocked) return nullptr;
  if (envelope.extended && !ws::is_control(envelope.frame.header.opcode))
    return "edit_refused:unknown_extension";
  const bool unread = envelope.placement.in_compressed() && ws::is_unread(envelope.inflation);
  return unread ? "edit_refused:opaque" : nullptr;
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
  if (made_here(envelope.verdict)) return;
  if (!out_of_scope_.empty()) {
    Envelope blocked = envelope;
    blocked.verdict = Verdict::blocked;
    blocked.cause = out_of_scope_;
    blocked.sent.reset();
    return visit(blocked, payload);
  }
  if (plan_.empty() && output_ == nullptr) return;
  const std::size_t index = ws::index(envelope.direction);
  Lane& lane = lanes_[index];
  const ws::Part part = envelope.placement.part;
  if (ws::begins_message(part)) {
    lane.dropped = {};
    lane.joined.clear();
    lane.joining =
        part == ws::Part::first && !envelope.placement.compressed && plan_.needs.whole_messages[index];
  }
  const bool last = ws::ends_message(part), fragment = ws::is_fragment(part);
  const bool joins = fragment && !envelope.placement.compressed && (lane.joining || output_ != nullptr);
  if (joins) append(lane.joined, payload);
  const Bytes said = joins ? Bytes(lane.joined) : payload;
  Envelope judged = envelope;
  if (part == ws::Part::whole || (last && (lane.joining || envelope.placement.compressed)))
    judged.says = Says::message;
  if (!fragment || last) judged.redacted = redacted_by(envelope, said);
  if (lane.joining && envelope.placement.in_message()) {
    lane.last = envelope;
    lane.last.frame.raw = {};
    if (last) payload = said;
    lane.joining = !last;
  }
  judge(lane, std::move(judged), payload, visit);
}

/// Rules that would have replaced something before it was recorded.
std::vector<std::string> RehearsedFlow::redacted_by(const Envelope& envelope, Bytes said) const {
  std::vector<std::string> ids;
  if (output_ == nullptr || !envelope.says_content()) return ids;
  const bool is_close = envelope.frame.header.opcode == ws::kClose;
  const auto* rules = is_close ? output_->close_reasons() : output_->payloads(envelope.direction);
  if (rules == nullptr) return ids;
  const Bytes looked_at = is_close ? ws::parse_close(said).reason : said;
  for (const auto& [rule, times] : rules->rewrite(looked_at).replaced) ids.emplace_back(rules->id(rule));
  return ids;
}

void RehearsedFlow::judge(Lane& lane, Envelope envelope, Bytes payload, const Visit& visit) {
  const ws::FrameHeader header = envelope.frame.header;
  const bool continues = ws::is_fragment(envelope.placement.part);
  const bool is_rest = continues && lane.dropped.kind == Decision::Kind::drop;
  Decision decision = is_rest ? lane.dropped : plan_.judge(envelope, payload);
  envelope.frame.header = header;
  if (const char* why = out_of_reach(envelope, decision)) decision = {.cause = why};
  if (continues && decision.kind == Decision::Kind::drop) lane.dropped = decision;

  const bool tagged = !decision.tags.empty() || !decision.logged.empty();
  visit_new(envelope, decision.before, visit);
  const bool redacted = !envelope.redacted.empty();
  if (decision.kind != Decision::Kind::go_on || tagged || redacted || !decision.cause.empty() ||
      decision.delay_ns != 0) {
    envelope.verdict = decision.kind == Decision::Kind::go_on ? Verdict::forwarded : decision.verdict;
    envelope.cause = decision.cause;
    envelope.tags = decision.tags;
    envelope.logged = decision.logged;
    envelope.sent.reset();
    if (decision.kind == Decision::Kind::replace)
      envelope.sent = frame_of(envelope, decision.header, decision.payload);
    visit(envelope, payload);
  }
  visit_new(envelope, decision.after, visit);
}

void RehearsedFlow::end(const Visit& visit) {
  for (Lane& lane : lanes_) {
    if (!std::exchange(lane.joining, false)) continue;
    lane.last.says = Says::message_so_far;
    judge(lane, lane.last, lane.joined, visit);
  }
}

}  // namespace wstap::cmd
