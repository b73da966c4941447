// SPDX-License-Identifier: Apache-2.0
#include "formats/redactor.h"

#include <fmt/format.h>

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

/// The first line of a request's head has its URL; of HTTP/2 the fields do that stand in its place.
void redact_target(const RuleList* urls, Buffer& head) {
  constexpr std::size_t kLineEnd = 2;
  if (urls == nullptr) return;
  Buffer told;
  std::string_view rest = as_text(head);
  do {
    const auto line = rest.substr(0, rest.find('\r'));
    const auto end = std::min(line.size() + kLineEnd, rest.size());
    const auto found = find(urls, as_bytes(line));
    append(told, found ? Bytes(found->first) : as_bytes(line));
    append(told, as_bytes(rest.substr(line.size(), end - line.size())));
    rest.remove_prefix(end);
  } while (rest.starts_with(':'));
  append(told, as_bytes(rest));
  head = std::move(told);
}

/// What a client's TLS says of a URL's host, and its server's.
void redact_host(const RuleList* urls, std::optional<TlsFacts>& tls) {
  if (!tls) return;
  redact(urls, tls->sni);
  if (!tls->certificate) return;
  redact(urls, tls->certificate->subject);
  for (auto& name : tls->certificate->names) redact(urls, name);
}

/// The extensions of a response that mean the same for frames, and say nothing else.
std::string bare_extensions(const ws::Negotiated& agreed) {
  constexpr std::array kWho = {"client", "server"};
  std::string text = agreed.permessage_deflate ? "permessage-deflate" : "";
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& deflate = agreed.deflate[i];
    if (!deflate.context_takeover) text += fmt::format("; {}_no_context_takeover", kWho[i]);
    if (deflate.window_bits != 15)
      text += fmt::format("; {}_max_window_bits={}", kWho[i], deflate.window_bits);
  }
  if (agreed.unknown_extension) text += text.empty() ? "[redacted]" : ", [redacted]";
  return text;
}

bool looks_into(const steps::OutputRules* rules, ws::Direction direction) {
  return rules != nullptr && rules->payloads(direction) != nullptr;
}

constexpr std::array kBoth = {ws::Direction::send, ws::Direction::receive};

/// A flow of which frames were not looked at: compressed messages are then taken for such as refer to what
/// was not seen, continuations for what they are.
void open_in_the_middle(FlowBook& book, pipeline::FlowId flow) {
  pipeline::FlowOpened opened;
  opened.id = flow;
  opened.extensions = "permessage-deflate";
  auto& lanes = opened.resumed.emplace();
  for (auto& lane : lanes) lane.counts.frames = 1;
  book.open(opened);
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
  const bool same = std::ranges::all_of(kBoth, [&](ws::Direction direction) {
    return looks_into(rules_.get(), direction) == looks_into(rules.get(), direction);
  });
  rules_ = std::move(rules);
  // What was not looked at meanwhile is not known.
  if (!same) forget_all();
  watch();
  if (rules_) to_.retell([this](pipeline::FlowOpened& flow) { flow = redacted(std::move(flow)); });
}

/// All but that something was withheld.
void Redactor::forget_all() {
  book_ = new_book();
  joined_bytes_ = 0;
  std::erase_if(flows_, [](const auto& flow) {
    return std::ranges::none_of(flow.second, [](const Lane& lane) { return lane.looked_into; });
  });
  for (auto& [id, lanes] : flows_) {
    for (Lane& lane : lanes) lane = {.looked_into = lane.looked_into};
    open_in_the_middle(book_, id);
  }
}

void Redactor::watch() {
  watches_.store(rules_ != nullptr || !flows_.empty(), std::memory_order_release);
}

Redactor::Lanes& Redactor::lanes_of(pipeline::FlowId flow) {
  const auto [at, is_new] = flows_.try_emplace(flow);
  if (is_new) open_in_the_middle(book_, flow);
  return at->second;
}

Result<void> Redactor::flow_opened(const pipeline::FlowOpened& flow) {
  if (!watches_.load(std::memory_order_acquire)) return to_.flow_opened(flow);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.flow_opened(flow);
  book_.open(flow);
  const auto agreed = flow.negotiated().deflate;
  Lanes& lanes = flows_[flow.id];
  for (std::size_t i = 0; i < 2; ++i) lanes[i].takeover = agreed[i].context_takeover;
  return to_.flow_opened(redacted(flow));
}

Result<void> Redactor::burst(const pipeline::Burst& burst) {
  if (!watches_.load(std::memory_order_acquire)) return to_.burst(burst);
  const std::lock_guard guard(lock_);
  if (!rules_ || !rules_->concern(burst.direction)) return to_.burst(burst);
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
  Lane& lane = lanes_of(burst.flow)[ws::index(burst.direction)];
  lane.looked_into |= rules_->payloads(burst.direction) != nullptr;
  book_.visit(burst, Depth::payloads,
              [&](const Envelope& envelope, Bytes payload) { take(at, lane, envelope, payload); });
  pipeline::Burst told = burst;
  told.raw = raw_;
  told.ends = ends_;
  told.marks = marks_;
  return told;
}

void Redactor::take(Progress& at, Lane& lane, const Envelope& envelope, Bytes payload) {
  const auto& marks = at.burst.marks;
  const bool marked = at.mark < marks.size() && marks[at.mark].frame == at.frame;
  pipeline::Mark mark{.frame = at.frame};
  if (marked) mark = marks[at.mark++];
  Kept kept = judge(lane, envelope, payload);
  const Buffer header = kept.as_it_came ? Buffer() : header_of(envelope.frame.raw);
  append(raw_, kept.as_it_came ? envelope.frame.raw : Bytes(header));
  ends_.push_back(static_cast<std::uint32_t>(raw_.size()));
  ++at.frame;
  const bool alone = kept.readable && !ws::is_fragment(envelope.placement.part);
  if (mark.sent) mark.sent = sent_version(envelope.direction, *mark.sent, !alone);
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

Redactor::Kept Redactor::judge(Lane& lane, const Envelope& envelope, Bytes payload) {
  constexpr Kept kUnreadable{.as_it_came = false, .readable = false, .content = std::nullopt, .redacted = {}};
  const ws::FrameHeader& header = envelope.frame.header;
  if (header.header_len == 0) return kUnreadable;
  if (header.opcode == ws::kClose) return judge_close(payload);
  if (rules_->payloads(envelope.direction) == nullptr) return {};
  const ws::Placement& placed = envelope.placement;
  // Of a message that nobody has seen the beginning of, or with a meaning that nobody knows.
  const bool stray = !placed.in_message() && header.opcode == ws::kContinuation;
  const bool unknown = placed.extended || (header.rsv != 0 && !placed.compressed);
  if ((stray || unknown) && !made_here(envelope.verdict)) return payload.empty() ? Kept{} : kUnreadable;
  if (!placed.in_message()) return judge_alone(envelope, payload);
  if (!placed.compressed)
    return ws::is_fragment(placed.part) ? judge_fragment(lane, envelope, payload)
                                        : judge_message(lane, envelope, payload);
  if (!ws::ends_message(placed.part)) return {.as_it_came = false};
  return ws::is_unread(envelope.inflation) ? kUnreadable : judge_message(lane, envelope, payload);
}

Redactor::Kept Redactor::judge_close(Bytes payload) const {
  if (payload.size() < 2) return {};
  auto found = find(rules_->close_reasons(), payload.subspan(2));
  if (!found) return {};
  Buffer body = to_buffer(payload.first(2));
  append(body, found->first);
  return {.as_it_came = false, .content = std::move(body), .redacted = std::move(found->second)};
}

/// Ping, Pong, or a frame of wstap's own: it says all that it says by itself.
Redactor::Kept Redactor::judge_alone(const Envelope& envelope, Bytes payload) const {
  auto found = find(rules_->payloads(envelope.direction), payload);
  if (!found) return {};
  return {.as_it_came = false, .content = std::move(found->first), .redacted = std::move(found->second)};
}

/// @param payload  all that the message says.
Redactor::Kept Redactor::judge_message(const Lane& lane, const Envelope& envelope, Bytes payload) const {
  if (auto found = find(rules_->payloads(envelope.direction), payload))
    return {.as_it_came = false, .content = std::move(found->first), .redacted = std::move(found->second)};
  const ws::Placement& placed = envelope.placement;
  // Bytes that others may refer to are not kept, whatever they say; nor do fragments come back.
  if (placed.part == ws::Part::whole && !(placed.compressed && lane.takeover)) return {};
  return {.as_it_came = false, .content = to_buffer(payload)};
}

Redactor::Kept Redactor::judge_fragment(Lane& lane, const Envelope& envelope, Bytes payload) {
  const ws::Part part = envelope.placement.part;
  if (part == ws::Part::first) forget(lane);
  join(lane, payload);
  if (!ws::ends_message(part)) return {.as_it_came = false};
  Kept kept{.as_it_came = false};
  if (!lane.too_large) kept = judge_message(lane, envelope, lane.said);
  forget(lane);
  return kept;
}

void Redactor::join(Lane& lane, Bytes payload) {
  const bool fits = lane.said.size() + payload.size() <= limits_.message_bytes &&
                    joined_bytes_ + payload.size() <= max_waiting_bytes_;
  if (!fits && !lane.too_large) {
    forget(lane);
    lane.too_large = true;
  }
  if (lane.too_large) return;
  append(lane.said, payload);
  joined_bytes_ += payload.size();
}

void Redactor::forget(Lane& lane) {
  joined_bytes_ -= lane.said.size();
  lane.said = Buffer();
  lane.too_large = false;
}

/// What left instead of a frame: as it is, where it is a message of its own that says nothing to hide.
Buffer Redactor::sent_version(ws::Direction direction, Bytes sent, bool is_fragment) const {
  ws::Frame frame{{}, sent};
  if (!decode_header(sent, frame.header)) return {};
  const ws::FrameHeader& header = frame.header;
  if (header.opcode != ws::kClose && rules_->payloads(direction) == nullptr) return to_buffer(sent);
  const bool alone = header.fin && header.opcode != ws::kContinuation && header.rsv == 0 && !is_fragment;
  if (!alone) return header_of(sent);
  const Buffer payload = unmasked_payload(frame);
  const bool closes = header.opcode == ws::kClose && payload.size() >= 2;
  const Bytes said = closes ? Bytes(payload).subspan(2) : Bytes(payload);
  const auto* rules = closes ? rules_->close_reasons() : rules_->payloads(direction);
  return find(rules, said) ? header_of(sent) : to_buffer(sent);
}

Result<void> Redactor::outcome(const pipeline::Outcome& outcome) {
  if (!outcome.sent || !watches_.load(std::memory_order_acquire)) return to_.outcome(outcome);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.outcome(outcome);
  ws::FrameHeader header;
  const bool masked = decode_header(*outcome.sent, header) && header.masked;
  const auto direction = masked ? ws::Direction::send : ws::Direction::receive;
  if (!rules_->concern(direction)) return to_.outcome(outcome);
  pipeline::Outcome told = outcome;
  told.sent = sent_version(direction, *outcome.sent, false);
  return to_.outcome(told);
}

Result<void> Redactor::flow_closed(const pipeline::FlowClosed& closed) {
  if (!watches_.load(std::memory_order_acquire)) return to_.flow_closed(closed);
  const std::lock_guard guard(lock_);
  book_.close(closed.id);
  if (auto flow = flows_.extract(closed.id); !flow.empty()) {
    for (Lane& lane : flow.mapped()) forget(lane);
    watch();
  }
  if (!rules_) return to_.flow_closed(closed);
  pipeline::FlowClosed told = closed;
  redact(rules_->close_reasons(), told.close_reason);
  for (const auto direction : kBoth) {
    Buffer& unfinished = told.unfinished[ws::index(direction)];
    ws::FrameHeader header;
    const bool closes = decode_header(unfinished, header) && header.opcode == ws::kClose;
    if (rules_->payloads(direction) != nullptr || (closes && rules_->close_reasons() != nullptr))
      unfinished = header_of(unfinished);
  }
  return to_.flow_closed(told);
}

/// With what was taken out of its heads.
pipeline::FlowOpened Redactor::redacted(pipeline::FlowOpened flow) const {
  const auto* rules = rules_->heads(ws::Direction::receive);
  const auto stands_in = [&flow](const std::string& text) {
    return as_text(flow.facts.response_head).find(text) != std::string_view::npos;
  };
  const bool had_subprotocol = stands_in(flow.subprotocol), had_extensions = stands_in(flow.extensions);
  flow.facts = redacted(std::move(flow.facts));
  redact(rules, flow.subprotocol);
  if (had_subprotocol && !stands_in(flow.subprotocol)) flow.subprotocol = "[redacted]";
  // What they mean for frames must still be known to whoever reads these.
  if (find(rules, as_bytes(flow.extensions)) || (had_extensions && !stands_in(flow.extensions)))
    flow.extensions = bare_extensions(flow.negotiated());
  return flow;
}

pipeline::ConnectionFacts Redactor::redacted(pipeline::ConnectionFacts facts) const {
  redact(rules_->urls(), facts.url);
  redact_host(rules_->urls(), facts.client.tls);
  redact_host(rules_->urls(), facts.server.tls);
  // The request's head has it too, and what is hidden there is not to be read here.
  redact(rules_->heads(ws::Direction::send), facts.url);
  redact_target(rules_->urls(), facts.request_head);
  redact(rules_->heads(ws::Direction::send), facts.request_head);
  redact(rules_->heads(ws::Direction::receive), facts.response_head);
  return facts;
}

Result<void> Redactor::connection(const pipeline::ConnectionRecord& connection) {
  if (!watches_.load(std::memory_order_acquire)) return to_.connection(connection);
  const std::lock_guard guard(lock_);
  if (!rules_) return to_.connection(connection);
  pipeline::ConnectionRecord told = connection;
  told.facts = redacted(std::move(told.facts));
  // What a server answered stands there as well.
  redact(rules_->heads(ws::Direction::receive), told.reason);
  redact(rules_->urls(), told.reason);
  return to_.connection(told);
}

/// Of an extension that nobody knows it has what the response's head says.
Result<void> Redactor::note(const pipeline::Note& note) {
  constexpr std::string_view kKind = "unknown_extension";
  if (!note.text.starts_with(kKind) || !watches_.load(std::memory_order_acquire)) return to_.note(note);
  const std::lock_guard guard(lock_);
  if (!rules_ || rules_->heads(ws::Direction::receive) == nullptr) return to_.note(note);
  return to_.note({note.flow, note.time_ns, std::string(kKind)});
}

Result<void> Redactor::window(const pipeline::Window& window) {
  if (!watches_.load(std::memory_order_acquire)) return to_.window(window);
  const std::lock_guard guard(lock_);
  const auto known = flows_.find(window.flow);
  const bool looked_into = known != flows_.end() && known->second[ws::index(window.direction)].looked_into;
  if (looked_into || looks_into(rules_.get(), window.direction)) return {};
  return to_.window(window);
}

}  // namespace wstap::formats
