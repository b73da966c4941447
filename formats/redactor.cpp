// SPDX-License-Identifier: Apache-2.0
#include "formats/redactor.h"

#include <algorithm>

#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

using pipeline::Envelope;
using steps::RuleList;

Buffer header_of(Bytes frame) {
  ws::FrameHeader header;
  if (!decode_header(frame, header)) return {};
  return to_buffer(frame.first(std::min<std::size_t>(frame.size(), header.header_len)));
}

/// @return what rules replaced, and by which; none: nothing. @param rules  null: there are none.
std::optional<std::pair<Buffer, std::vector<std::string>>> find(const RuleList* rules, Bytes text) {
  if (rules == nullptr) return std::nullopt;
  auto made = rules->rewrite(text);
  if (made.replaced.empty()) return std::nullopt;
  std::vector<std::string> ids;
  for (const auto& each : made.replaced) ids.emplace_back(rules->id(each.rule));
  return std::pair(to_buffer(as_bytes(made.text)), std::move(ids));
}

void redact(const RuleList* rules, std::string& text) {
  if (const auto found = find(rules, as_bytes(text))) text = as_text(found->first);
}
void redact(const RuleList* rules, Buffer& bytes) {
  if (auto found = find(rules, bytes)) bytes = std::move(found->first);
}

/// The first line of a request's head has its URL.
void redact_target(const RuleList* urls, Buffer& head) {
  const auto text = as_text(head);
  const auto line = text.substr(0, text.find('\r'));
  if (auto found = find(urls, as_bytes(line))) {
    append(found->first, Bytes(head).subspan(line.size()));
    head = std::move(found->first);
  }
}

bool same_places(const steps::OutputRules* a, const steps::OutputRules* b) {
  for (const auto direction : {ws::Direction::send, ws::Direction::receive})
    if ((a != nullptr && a->concern(direction)) != (b != nullptr && b->concern(direction))) return false;
  return true;
}

}  // namespace

Redactor::Redactor(pipeline::Tap& to, ws::InflateLimits limits, std::uint64_t max_waiting_bytes)
    : to_(to), limits_(limits), max_waiting_bytes_(max_waiting_bytes), book_(new_book()) {}

/// Whatever `--inflate` and `--deflate` say of others.
FlowBook Redactor::new_book() const {
  return FlowBook({ws::Inflating::on, ws::Inflating::on}, limits_, max_waiting_bytes_);
}

void Redactor::use(std::shared_ptr<const steps::OutputRules> rules) {
  const std::lock_guard guard(lock_);
  // What was not looked at meanwhile is not known.
  if (!same_places(rules_.get(), rules.get())) {
    book_ = new_book();
    takeover_.clear();
    joined_.clear();
    joined_bytes_ = 0;
  }
  rules_ = std::move(rules);
  any_.store(rules_ != nullptr, std::memory_order_release);
}

/// A flow that was open before its bursts were looked at: compressed messages are then taken for such as
/// refer to what was not seen, continuations for what they are.
void Redactor::know(pipeline::FlowId flow) {
  if (!takeover_.try_emplace(flow, std::array{true, true}).second) return;
  pipeline::FlowOpened opened;
  opened.id = flow;
  opened.extensions = "permessage-deflate";
  auto& lanes = opened.resumed.emplace();
  for (auto& lane : lanes) lane.counts.frames = 1;
  book_.open(opened);
}

Result<void> Redactor::flow_opened(const pipeline::FlowOpened& flow) {
  if (!any_.load(std::memory_order_acquire)) return to_.flow_opened(flow);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.flow_opened(flow);
  book_.open(flow);
  const auto agreed = flow.negotiated().deflate;
  takeover_[flow.id] = {agreed[0].context_takeover, agreed[1].context_takeover};
  pipeline::FlowOpened told = flow;
  told.facts = redacted(std::move(told.facts));
  redact(rules_->heads(ws::Direction::receive), told.subprotocol);
  return to_.flow_opened(told);
}

Result<void> Redactor::burst(const pipeline::Burst& burst) {
  if (!any_.load(std::memory_order_acquire)) return to_.burst(burst);
  const std::lock_guard guard(lock_);
  if (!rules_ || !rules_->concern(burst.direction)) return to_.burst(burst);
  know(burst.flow);
  return to_.burst(redacted(burst));
}

pipeline::Burst Redactor::redacted(const pipeline::Burst& burst) {
  raw_.clear();
  ends_.clear();
  marks_.clear();
  // What is said of frames beyond their content takes no more than this of each.
  constexpr std::size_t kMarkBytes = 128;
  const std::size_t taken = std::min(burst.raw.size() + kMarkBytes * burst.ends.size(), kMaxPayloadBytes);
  Progress at{.burst = burst, .room = kMaxPayloadBytes - taken};
  book_.visit(burst, Depth::payloads,
              [&](const Envelope& envelope, Bytes payload) { take(at, envelope, payload); });
  pipeline::Burst told = burst;
  told.raw = raw_;
  told.ends = ends_;
  told.marks = marks_;
  return told;
}

void Redactor::take(Progress& at, const Envelope& envelope, Bytes payload) {
  const auto& marks = at.burst.marks;
  const bool marked = at.mark < marks.size() && marks[at.mark].frame == at.frame;
  pipeline::Mark mark{.frame = at.frame};
  if (marked) mark = marks[at.mark++];
  Kept kept = judge(envelope, payload);
  const Buffer header = kept.as_it_came ? Buffer() : header_of(envelope.frame.raw);
  append(raw_, kept.as_it_came ? envelope.frame.raw : Bytes(header));
  ends_.push_back(static_cast<std::uint32_t>(raw_.size()));
  ++at.frame;
  if (mark.sent) mark.sent = sent_version(envelope.direction, *mark.sent);
  if (!kept.as_it_came) {
    at.room += envelope.frame.raw.size() - header.size();
    mark.withheld = true;
    mark.redacted = std::move(kept.redacted);
    mark.anomalies.add(envelope.anomalies.without(envelope.placement.anomalies));
    mark.content = std::move(kept.content);
    mark.content_bytes = mark.content ? mark.content->size() : 0;
    if (mark.content && mark.content->size() > at.room)
      mark.content->resize(ws::whole_characters(*mark.content, at.room));
    if (mark.content) at.room -= mark.content->size();
  }
  if (marked || mark.withheld) marks_.push_back(std::move(mark));
}

Redactor::Kept Redactor::judge(const Envelope& envelope, Bytes payload) {
  const ws::FrameHeader& header = envelope.frame.header;
  if (header.header_len == 0) return {.as_it_came = false};
  if (header.opcode == ws::kClose) return judge_close(envelope, payload);
  if (rules_->payloads(envelope.direction) == nullptr) return {};
  const ws::Placement& placed = envelope.placement;
  if (!placed.in_message()) return judge_alone(envelope, payload);
  // What an unknown extension makes of payloads nobody can read.
  if (placed.extended) return {.as_it_came = false};
  if (!placed.compressed)
    return ws::is_fragment(placed.part) ? judge_fragment(envelope, payload)
                                        : judge_message(envelope, payload);
  if (!ws::ends_message(placed.part) || ws::is_unread(envelope.inflation)) return {.as_it_came = false};
  return judge_message(envelope, payload);
}

Redactor::Kept Redactor::judge_close(const Envelope&, Bytes payload) const {
  if (payload.size() < 2) return {};
  auto found = find(rules_->close_reasons(), payload.subspan(2));
  if (!found) return {};
  Buffer body = to_buffer(payload.first(2));
  append(body, found->first);
  return {false, std::move(body), std::move(found->second)};
}

/// Ping, Pong, or a frame of wstap's own: it says all that it says by itself.
Redactor::Kept Redactor::judge_alone(const Envelope& envelope, Bytes payload) const {
  const ws::FrameHeader& header = envelope.frame.header;
  // Of a message that nobody has seen the beginning of, or with a meaning that nobody knows.
  const bool unreadable = header.opcode == ws::kContinuation || header.rsv != 0;
  if (unreadable && !made_here(envelope.verdict)) return {.as_it_came = payload.empty()};
  auto found = find(rules_->payloads(envelope.direction), payload);
  if (!found) return {};
  return {false, std::move(found->first), std::move(found->second)};
}

/// @param payload  all that the message says.
Redactor::Kept Redactor::judge_message(const Envelope& envelope, Bytes payload) const {
  if (auto found = find(rules_->payloads(envelope.direction), payload))
    return {false, std::move(found->first), std::move(found->second)};
  const ws::Placement& placed = envelope.placement;
  // Bytes that others may refer to are not kept, whatever they say; nor do fragments come back.
  const bool referred_to = placed.compressed && takeover_.at(envelope.flow)[ws::index(envelope.direction)];
  if (placed.part == ws::Part::whole && !referred_to) return {};
  return {false, to_buffer(payload), {}};
}

Redactor::Kept Redactor::judge_fragment(const Envelope& envelope, Bytes payload) {
  const ws::Part part = envelope.placement.part;
  Joined& message = joined_[{envelope.flow, envelope.direction}];
  if (part == ws::Part::first) forget(message);
  join(message, payload);
  if (!ws::ends_message(part)) return {.as_it_came = false};
  Kept kept{.as_it_came = false};
  if (!message.too_large) kept = judge_message(envelope, message.said);
  forget(message);
  joined_.erase({envelope.flow, envelope.direction});
  return kept;
}

void Redactor::join(Joined& message, Bytes payload) {
  const bool fits = message.said.size() + payload.size() <= limits_.message_bytes &&
                    joined_bytes_ + payload.size() <= max_waiting_bytes_;
  if (!fits && !std::exchange(message.too_large, true)) {
    joined_bytes_ -= message.said.size();
    message.said = Buffer();
  }
  if (message.too_large) return;
  append(message.said, payload);
  joined_bytes_ += payload.size();
}

void Redactor::forget(Joined& message) {
  joined_bytes_ -= message.said.size();
  message = {};
}

/// What left instead of a frame: as it is, where it is a message of its own that says nothing to hide.
Buffer Redactor::sent_version(ws::Direction direction, Bytes sent) const {
  ws::Frame frame{{}, sent};
  if (!decode_header(sent, frame.header)) return {};
  const ws::FrameHeader& header = frame.header;
  const bool alone = header.fin && header.opcode != ws::kContinuation && header.rsv == 0;
  if (!alone) return header_of(sent);
  Buffer payload = to_buffer(frame.payload());
  ws::mask_in_place(payload, header.mask);
  const bool closes = header.opcode == ws::kClose && payload.size() >= 2;
  const Bytes said = closes ? Bytes(payload).subspan(2) : Bytes(payload);
  const auto* rules = closes ? rules_->close_reasons() : rules_->payloads(direction);
  return find(rules, said) ? header_of(sent) : to_buffer(sent);
}

Result<void> Redactor::outcome(const pipeline::Outcome& outcome) {
  if (!outcome.sent || !any_.load(std::memory_order_acquire)) return to_.outcome(outcome);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.outcome(outcome);
  ws::FrameHeader header;
  const bool masked = decode_header(*outcome.sent, header) && header.masked;
  const auto direction = masked ? ws::Direction::send : ws::Direction::receive;
  if (!rules_->concern(direction)) return to_.outcome(outcome);
  pipeline::Outcome told = outcome;
  told.sent = sent_version(direction, *outcome.sent);
  return to_.outcome(told);
}

Result<void> Redactor::flow_closed(const pipeline::FlowClosed& closed) {
  if (!any_.load(std::memory_order_acquire)) return to_.flow_closed(closed);
  const std::lock_guard guard(lock_);
  book_.close(closed.id);
  takeover_.erase(closed.id);
  for (const auto direction : {ws::Direction::send, ws::Direction::receive}) {
    const auto open = joined_.find({closed.id, direction});
    if (open == joined_.end()) continue;
    forget(open->second);
    joined_.erase(open);
  }
  if (!rules_) return to_.flow_closed(closed);
  pipeline::FlowClosed told = closed;
  redact(rules_->close_reasons(), told.close_reason);
  for (const auto direction : {ws::Direction::send, ws::Direction::receive})
    if (rules_->concern(direction))
      told.unfinished[ws::index(direction)] = header_of(told.unfinished[ws::index(direction)]);
  return to_.flow_closed(told);
}

pipeline::ConnectionFacts Redactor::redacted(pipeline::ConnectionFacts facts) const {
  redact(rules_->urls(), facts.url);
  redact_target(rules_->urls(), facts.request_head);
  redact(rules_->heads(ws::Direction::send), facts.request_head);
  redact(rules_->heads(ws::Direction::receive), facts.response_head);
  return facts;
}

Result<void> Redactor::connection(const pipeline::ConnectionRecord& connection) {
  if (!any_.load(std::memory_order_acquire)) return to_.connection(connection);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.connection(connection);
  pipeline::ConnectionRecord told = connection;
  told.facts = redacted(std::move(told.facts));
  return to_.connection(told);
}

Result<void> Redactor::window(const pipeline::Window& window) {
  if (!any_.load(std::memory_order_acquire)) return to_.window(window);
  const std::lock_guard guard(lock_);
  if (rules_ && rules_->payloads(window.direction) != nullptr) return {};
  return to_.window(window);
}

std::optional<std::array<ws::MessageReader, 2>> Redactor::recall(pipeline::FlowId flow,
                                                                 const ws::InflateLimits& limits) {
  {
    const std::lock_guard guard(lock_);
    // What was withheld cannot be read again.
    for (const auto direction : {ws::Direction::send, ws::Direction::receive})
      if (rules_ && rules_->payloads(direction) != nullptr) return std::nullopt;
  }
  return to_.recall(flow, limits);
}

}  // namespace wstap::formats
