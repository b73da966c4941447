// SPDX-License-Identifier: Apache-2.0
#include "formats/record_encoder.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <capture.capnp.h>

namespace wstap::formats {
namespace {

capnp::Text::Reader text(std::string_view value) {
  return {value.data(), value.size()};
}

kj::ArrayPtr<const kj::byte> blob(Bytes bytes) {
  return {static_cast<const kj::byte*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

Buffer finished(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  return to_buffer(std::as_bytes(std::span(bytes.begin(), bytes.size())));
}

template <class ListBuilder>
void fill_texts(ListBuilder list, const std::vector<std::string>& values) {
  for (unsigned i = 0; i < values.size(); ++i) list.set(i, text(values[i]));
}

unsigned count(const auto& values) {
  return static_cast<unsigned>(values.size());
}

std::vector<std::string> names(ws::AnomalySet anomalies) {
  std::vector<std::string> all;
  anomalies.for_each([&](const ws::AnomalyInfo& entry) { all.emplace_back(entry.name); });
  return all;
}

void fill_tls(wire::Tls::Builder tls, const TlsFacts& facts) {
  tls.setVersion(text(facts.version));
  tls.setCipher(text(facts.cipher));
  tls.setAlpn(text(facts.alpn));
  tls.setSni(text(facts.sni));
  tls.setJa3(text(facts.ja3));
  tls.setJa4(text(facts.ja4));
  if (!facts.certificate) return;
  auto certificate = tls.initCertificate();
  certificate.setSubject(text(facts.certificate->subject));
  certificate.setIssuer(text(facts.certificate->issuer));
  certificate.setNotBefore(facts.certificate->not_before_ns);
  certificate.setNotAfter(facts.certificate->not_after_ns);
  certificate.setSha256(text(facts.certificate->sha256));
  fill_texts(certificate.initNames(count(facts.certificate->names)), facts.certificate->names);
}

void fill_leg(wire::Leg::Builder leg, const pipeline::Leg& facts) {
  leg.setAddress(text(facts.address));
  leg.setHttpVersion(text(facts.http_version));
  if (facts.tls) fill_tls(leg.initTls(), *facts.tls);
}

void fill_facts(wire::Facts::Builder builder, const pipeline::ConnectionFacts& facts) {
  builder.setUrl(text(facts.url));
  fill_leg(builder.initClient(), facts.client);
  fill_leg(builder.initServer(), facts.server);
  builder.setRequestHead(blob(facts.request_head));
  builder.setResponseHead(blob(facts.response_head));
}

void fill_lane_end(wire::LaneEnd::Builder lane, const pipeline::FlowClosed& closed, std::size_t index) {
  lane.setFrames(closed.counts[index].frames);
  lane.setBytes(closed.counts[index].bytes);
  if (!closed.unfinished[index].empty()) lane.setUnfinished(blob(closed.unfinished[index]));
  if (closed.undelivered_from[index]) {
    lane.setIsUndelivered(true);
    lane.setUndeliveredFrom(*closed.undelivered_from[index]);
  }
}

void fill_message_state(wire::LaneState::Builder lane, const ws::MessageTracker::State& message) {
  lane.setMessageOpen(message.open);
  lane.setMessageCompressed(message.compressed);
  lane.setClosed(message.closed);
  lane.setMessageOpcode(message.opcode);
  lane.setMessageFirst(message.first);
  lane.setMessageBytes(message.bytes);
}

void fill_lane_state(wire::LaneState::Builder lane, const pipeline::LaneResume& state) {
  lane.setFrames(state.counts.frames);
  lane.setBytes(state.counts.bytes);
  fill_message_state(lane, state.message);
}

wire::Unread unread(ws::Inflation inflation) {
  switch (inflation) {
    case ws::Inflation::limited: return wire::Unread::INFLATE_LIMITED;
    case ws::Inflation::opaque: return wire::Unread::OPAQUE;
    case ws::Inflation::needs_part: return wire::Unread::NEEDS_PART;
    default: return wire::Unread::NOTHING;
  }
}

void fill_mark(wire::Mark::Builder builder, const pipeline::Mark& mark) {
  builder.setFrame(mark.frame);
  builder.setVerdict(static_cast<wire::Verdict>(mark.verdict));
  builder.setCause(text(mark.cause));
  if (mark.sent) {
    builder.setHasSent(true);
    builder.setSent(blob(*mark.sent));
  }
  if (mark.content) {
    builder.setHasContent(true);
    builder.setContent(blob(*mark.content));
    builder.setContentBytes(mark.content_bytes);
  }
  if (!mark.tags.empty()) fill_texts(builder.initTags(count(mark.tags)), mark.tags);
  if (const auto anomalies = names(mark.anomalies); !anomalies.empty())
    fill_texts(builder.initAnomalies(count(anomalies)), anomalies);
  if (!mark.logged.empty()) fill_texts(builder.initLogged(count(mark.logged)), mark.logged);
  if (!mark.held.by.empty()) builder.setHeldBy(text(mark.held.by));
  if (!mark.held.decided_by.empty()) builder.setDecidedBy(text(mark.held.decided_by));
  if (mark.held.ns) builder.setHeldNs(*mark.held.ns);
  builder.setWithheld(mark.withheld);
  if (!mark.redacted.empty()) fill_texts(builder.initRedacted(count(mark.redacted)), mark.redacted);
}

}  // namespace

Buffer encode(const Header& header) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initHeader();
  builder.setMagic("wstap capture");
  builder.setVersion(header.version);
  builder.setCaptureId(blob(header.capture_id));
  builder.setPart(header.part);
  builder.setTool(text(header.tool));
  builder.setTime(header.time_ns);
  fill_texts(builder.initOptions(count(header.options)), header.options);
  return finished(message);
}

Buffer encode(const pipeline::FlowOpened& flow) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initFlowOpen();
  builder.setFlow(flow.id);
  builder.setTime(flow.time_ns);
  fill_facts(builder.initFacts(), flow.facts);
  builder.setSubprotocol(text(flow.subprotocol));
  builder.setExtensions(text(flow.extensions));
  if (const auto anomalies = names(flow.anomalies); !anomalies.empty())
    fill_texts(builder.initAnomalies(count(anomalies)), anomalies);
  builder.setNextSequence(flow.next_sequence);
  if (flow.resumed) {
    auto lanes = builder.initResumed(2);
    for (unsigned i = 0; i < 2; ++i) fill_lane_state(lanes[i], (*flow.resumed)[i]);
  }
  return finished(message);
}

Buffer encode(const pipeline::Outcome& outcome) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initOutcome();
  builder.setFlow(outcome.flow);
  builder.setSequence(outcome.sequence);
  builder.setTime(outcome.time_ns);
  builder.setVerdict(static_cast<wire::Verdict>(outcome.verdict));
  builder.setCause(text(outcome.cause));
  if (outcome.sent) {
    builder.setHasSent(true);
    builder.setSent(blob(*outcome.sent));
  }
  if (!outcome.tags.empty()) fill_texts(builder.initTags(count(outcome.tags)), outcome.tags);
  if (!outcome.logged.empty()) fill_texts(builder.initLogged(count(outcome.logged)), outcome.logged);
  if (!outcome.decided_by.empty()) builder.setDecidedBy(text(outcome.decided_by));
  return finished(message);
}

Buffer encode(const pipeline::FlowClosed& closed) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initFlowClose();
  builder.setFlow(closed.id);
  builder.setTime(closed.time_ns);
  builder.setState(static_cast<wire::FlowState>(closed.state));
  builder.setReason(text(closed.reason));
  builder.setDetail(text(closed.detail));
  builder.setOffset(closed.offset);
  builder.setBegan(static_cast<wire::Party>(closed.began));
  builder.setCloseCode(closed.close_code);
  builder.setCloseReason(blob(as_bytes(closed.close_reason)));
  fill_lane_end(builder.initSend(), closed, 0);
  fill_lane_end(builder.initReceive(), closed, 1);
  if (!closed.notes.empty()) fill_texts(builder.initNotes(count(closed.notes)), closed.notes);
  return finished(message);
}

Buffer encode(const pipeline::ConnectionRecord& connection) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initConnection();
  builder.setId(connection.id);
  builder.setStart(connection.start_ns);
  builder.setEnd(connection.end_ns);
  builder.setKind(static_cast<wire::ConnectionKind>(connection.kind));
  fill_facts(builder.initFacts(), connection.facts);
  builder.setReason(text(connection.reason));
  builder.setBytesSent(connection.bytes[0]);
  builder.setBytesReceived(connection.bytes[1]);
  return finished(message);
}

Buffer encode(const pipeline::Window& window) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initWindow();
  builder.setFlow(window.flow);
  builder.setDirection(static_cast<wire::Direction>(window.direction));
  builder.setBytes(blob(window.bytes));
  return finished(message);
}

Buffer encode(const pipeline::Note& note) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initNote();
  builder.setFlow(note.flow);
  builder.setTime(note.time_ns);
  builder.setText(text(note.text));
  return finished(message);
}

Buffer encode(const Gap& gap) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initGap();
  builder.setFlow(gap.flow);
  builder.setDirection(static_cast<wire::Direction>(gap.direction));
  fill_message_state(builder.initLane(), gap.message);
  builder.setUnread(unread(gap.unread));
  return finished(message);
}

Buffer encode(const pipeline::Burst& burst) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<wire::Record>().initBurst();
  builder.setFlow(burst.flow);
  builder.setFirstSequence(burst.first_sequence);
  builder.setTime(burst.time_ns);
  builder.setDirection(static_cast<wire::Direction>(burst.direction));
  if (burst.ends.size() > 1) {
    auto ends = builder.initEnds(count(burst.ends));
    for (unsigned i = 0; i < burst.ends.size(); ++i) ends.set(i, burst.ends[i]);
  }
  if (!burst.marks.empty()) {
    auto marks = builder.initMarks(count(burst.marks));
    for (unsigned i = 0; i < burst.marks.size(); ++i) fill_mark(marks[i], burst.marks[i]);
  }
  builder.setRaw(blob(burst.raw));
  return finished(message);
}

}  // namespace wstap::formats
