// SPDX-License-Identifier: Apache-2.0
#include "formats/message_book.h"

#include <algorithm>
#include <vector>

namespace wstap::formats {
namespace {

Message begun_by(const pipeline::Envelope& envelope) {
  Message message;
  message.flow = envelope.flow;
  message.first = envelope.sequence;
  message.time_ns = envelope.time_ns;
  message.direction = envelope.direction;
  message.opcode = envelope.placement.message_opcode;
  message.masked = envelope.frame.header.masked;
  message.compressed = envelope.placement.compressed;
  return message;
}

void add_hold(pipeline::HoldFacts& message, const pipeline::HoldFacts& frame) {
  if (message.by.empty()) {
    message = frame;
  } else if (!frame.by.empty() && message.ns && frame.ns) {
    message.ns = std::max(message.ns, frame.ns);
  }
}

}  // namespace

filter::Subject subject_of(const Message& message, const filter::FlowSubject& flow) noexcept {
  filter::Subject subject{.flow = flow,
                          .sequence = message.first,
                          .time_ns = message.time_ns,
                          .receive = message.direction == ws::Direction::receive,
                          .opcode = message.opcode,
                          .rsv = message.compressed ? ws::kRsv1 : std::uint8_t{0},
                          .fin = message.finished,
                          .masked = message.masked,
                          .compressed = message.compressed,
                          .held = !message.held.by.empty(),
                          .verdict = static_cast<std::uint8_t>(message.verdict),
                          .length = message.wire_bytes,
                          .anomalies = message.anomalies.bits(),
                          .cause = message.cause,
                          .tags = message.tags};
  if (!ws::is_unread(message.inflation) && !message.withheld) subject.payload = message.payload;
  subject.payload_bytes = message.content_bytes();
  subject.text = message.opcode == ws::kText && message.says_content();
  return subject;
}

void MessageBook::take(const pipeline::Envelope& envelope, Bytes payload) {
  const ws::Part part = envelope.placement.part;
  if (part == ws::Part::none || pipeline::made_here(envelope.verdict)) return;
  Open& open = flows_[envelope.flow][ws::index(envelope.direction)];
  if (ws::begins_message(part)) {
    if (open.begun) hand_out(open);  // a message inside another: neither is what it should be
    open.begun = true;
    open.message = begun_by(envelope);
    open.payload.clear();
    open.cut = false;
  }
  if (!open.begun) return;  // its beginning is in a part that is not here

  Message& message = open.message;
  message.last = envelope.sequence;
  ++message.frames;
  message.wire_bytes += envelope.frame.header.payload_len;
  message.anomalies.add(envelope.anomalies);
  const bool says_more = envelope.verdict != pipeline::Verdict::forwarded || message.cause.empty();
  if (message.verdict == pipeline::Verdict::forwarded && says_more) {
    message.verdict = envelope.verdict;
    message.cause = envelope.cause;
  } else if (message.verdict == envelope.verdict && message.cause.empty()) {
    message.cause = envelope.cause;  // of frames that waited for a held one nobody says why
  }
  add_hold(message.held, envelope.held);
  pipeline::add_each_once(message.tags, envelope.tags);
  message.finished = ws::ends_message(part);
  if (envelope.cut_from != 0) open.cut = true;
  message.inflation = envelope.inflation;
  message.withheld = envelope.withheld;
  message.redacted = envelope.redacted;
  const bool says_all = envelope.inflation == ws::Inflation::done || envelope.says == pipeline::Says::message;
  if (message.finished && says_all) {
    open.payload.clear();
    message.cut_from = envelope.cut_from;
  } else if (open.cut) {
    message.cut_from = message.wire_bytes;
  }
  append(open.payload, payload);
  if (message.finished) hand_out(open);
}

void MessageBook::hand_out(Open& open) {
  open.begun = false;
  open.message.payload = open.payload;
  visit_(open.message);
}

void MessageBook::close(pipeline::FlowId flow) {
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return;
  for (Open& open : found->second) {
    if (!open.begun) continue;
    open.message.finished = false;
    hand_out(open);
  }
  flows_.erase(found);
}

void MessageBook::close_all() {
  std::vector<pipeline::FlowId> open;
  for (const auto& [flow, lanes] : flows_) open.push_back(flow);
  std::ranges::sort(open);
  for (const auto flow : open) close(flow);
}

}  // namespace wstap::formats
