// SPDX-License-Identifier: Apache-2.0
// Requests and replies to bytes; the way back is control_decoder.cpp.
#include "formats/control_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <control.capnp.h>
#include <kj/io.h>

namespace wstap::formats {
namespace {

namespace wire = control_wire;

capnp::Text::Reader text(const std::string& value) {
  return {value.data(), value.size()};
}

kj::ArrayPtr<const kj::byte> blob(Bytes bytes) {
  return {static_cast<const kj::byte*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

unsigned count(const auto& values) {
  return static_cast<unsigned>(values.size());
}

template <class ListBuilder>
void fill_texts(ListBuilder list, const std::vector<std::string>& values) {
  for (unsigned i = 0; i < values.size(); ++i) list.set(i, text(values[i]));
}

/// Payloads are large: they are copied once.
Buffer finished(capnp::MessageBuilder& message) {
  Buffer bytes(capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word));
  kj::ArrayOutputStream stream({static_cast<kj::byte*>(static_cast<void*>(bytes.data())), bytes.size()});
  capnp::writeMessage(stream, message);
  return bytes;
}

void fill(wire::HeldId::Builder to, pipeline::HeldId id) {
  to.setFlow(id.flow);
  to.setSequence(id.sequence);
}

void fill(wire::FrameHeader::Builder to, const ws::FrameHeader& header) {
  to.setFin(header.fin);
  to.setMasked(header.masked);
  to.setRsv(header.rsv);
  to.setOpcode(header.opcode);
  to.setLength(header.header_len);
  to.setMask(load_be<std::uint32_t>(header.mask));
  to.setPayloadLength(header.payload_len);
}

void fill(wire::HeldItem::Builder to, const pipeline::HeldItem& item) {
  fill(to.initId(), item.id);
  to.setDirection(static_cast<wire::Direction>(item.direction));
  to.setOpcode(item.opcode);
  to.setFirst(item.first);
  to.setUpgradeUrl(text(item.upgrade_url));
  fill(to.initHeader(), item.header);
  to.setCompressed(item.compressed);
  to.setInflation(static_cast<wire::Inflation>(item.inflation));
  to.setWhole(item.whole);
  to.setPayload(blob(item.payload));
  to.setRaw(blob(item.raw));
  fill_texts(to.initRules(count(item.rules)), item.rules);
  fill_texts(to.initTags(count(item.tags)), item.tags);
  to.setSince(item.since_ns);
  to.setExpires(item.expires_ns);
  to.setOnTimeout(static_cast<wire::OnTimeout>(item.on_timeout));
}

void fill(wire::Review::Builder to, const pipeline::Review& review) {
  fill(to.initId(), review.id);
  to.setAction(static_cast<wire::Action>(review.action));
  to.setBy(text(review.by));
  to.setHasBody(review.body.has_value());
  if (review.body) to.setBody(blob(*review.body));
  to.setHasOpcode(review.opcode.has_value());
  to.setOpcode(review.opcode.value_or(0));
  to.setHasFin(review.fin.has_value());
  to.setFin(review.fin.value_or(false));
  to.setHasCloseCode(review.close_code.has_value());
  to.setCloseCode(review.close_code.value_or(0));
  to.setHasCloseReason(review.close_reason.has_value());
  if (review.close_reason) to.setCloseReason(blob(as_bytes(*review.close_reason)));
  to.setRaw(blob(review.raw));
}

void fill(wire::Inject::Builder to, const pipeline::InjectRequest& request) {
  to.setFlow(request.flow);
  to.setDirection(static_cast<wire::Direction>(request.direction));
  to.setOpcode(request.opcode);
  to.setPayload(blob(request.payload));
  to.setHasAfter(request.after.has_value());
  if (request.after) fill(to.initAfter(), *request.after);
  to.setBy(text(request.by));
}

void fill(wire::Flow::Builder to, const control::FlowSummary& flow) {
  to.setId(flow.id);
  to.setUrl(text(flow.url));
  to.setClient(text(flow.client));
  to.setServer(text(flow.server));
  to.setSince(flow.since_ns);
  to.setFramesSent(flow.frames[0]);
  to.setFramesReceived(flow.frames[1]);
  to.setBytesSent(flow.bytes[0]);
  to.setBytesReceived(flow.bytes[1]);
  to.setHeld(flow.held);
  to.setWaiting(flow.waiting);
}

// What a request or a reply says, one overload a kind.

void put(wire::Request::Builder to, const control::Unknown&) {
  to.setUnknown();
}
void put(wire::Request::Builder to, const control::Hello& hello) {
  auto body = to.initHello();
  body.setVersion(hello.version);
  body.setName(text(hello.name));
}
void put(wire::Request::Builder to, const control::List& list) {
  auto body = to.initList();
  body.setOne(list.id.has_value());
  if (list.id) fill(body.initId(), *list.id);
}
void put(wire::Request::Builder to, const control::Watch&) {
  to.setWatch();
}
void put(wire::Request::Builder to, const control::Decide& decide) {
  fill(to.initDecide(), decide.review);
}
void put(wire::Request::Builder to, const control::Inject& inject) {
  fill(to.initInject(), inject.request);
}
void put(wire::Request::Builder to, const control::ListFlows&) {
  to.setFlows();
}
void put(wire::Request::Builder to, const control::AskRules& ask) {
  to.initRules().setReload(ask.reload);
}
void put(wire::Request::Builder to, const control::AskStats&) {
  to.setStats();
}

void put(wire::Reply::Builder to, const control::Unknown&) {
  to.setUnknown();
}
void put(wire::Reply::Builder to, const control::Welcome& welcome) {
  auto body = to.initWelcome();
  body.setVersion(welcome.version);
  body.setPid(welcome.pid);
  body.setProgram(text(welcome.program));
}
void put(wire::Reply::Builder to, const control::Items& items) {
  auto body = to.initItems();
  auto list = body.initItems(count(items.items));
  for (unsigned i = 0; i < items.items.size(); ++i) fill(list[i], *items.items[i]);
  body.setMore(items.more);
}
void put(wire::Reply::Builder to, const control::Held& held) {
  fill(to.initHeld(), *held.item);
}
void put(wire::Reply::Builder to, const pipeline::Settled& settled) {
  auto body = to.initSettled();
  fill(body.initId(), settled.id);
  body.setHow(text(settled.how));
  body.setBy(text(settled.by));
}
void put(wire::Reply::Builder to, const control::Caught&) {
  to.setCaught();
}
void put(wire::Reply::Builder to, const pipeline::ReviewAnswer& answer) {
  auto body = to.initAnswer();
  body.setResult(static_cast<wire::Result>(answer.result));
  body.setBy(text(answer.by));
  body.setReason(text(answer.reason));
}
void put(wire::Reply::Builder to, const control::Flows& flows) {
  auto list = to.initFlows(count(flows.flows));
  for (unsigned i = 0; i < flows.flows.size(); ++i) fill(list[i], flows.flows[i]);
}
void put(wire::Reply::Builder to, const control::Rules& rules) {
  auto body = to.initRules();
  body.setPath(text(rules.path));
  body.setVersion(rules.version);
  fill_texts(body.initRules(count(rules.rules)), rules.rules);
  body.setRefused(text(rules.refused));
}
void put(wire::Reply::Builder to, const control::Stats& stats) {
  auto body = to.initStats();
  body.setFlows(stats.flows);
  body.setFrames(stats.frames);
  body.setBytes(stats.bytes);
  body.setFramesUnmasked(stats.frames_unmasked);
  body.setBytesInflated(stats.bytes_inflated);
  body.setHeldNow(stats.held_now);
  body.setWaitingFrames(stats.waiting_frames);
  body.setWaitingBytes(stats.waiting_bytes);
  body.setHeld(stats.held);
  body.setReleased(stats.released);
  body.setDropped(stats.dropped);
  body.setModified(stats.modified);
  body.setTimedOut(stats.timed_out);
  body.setTurnedAway(stats.turned_away);
}
void put(wire::Reply::Builder to, const control::Refusal& refusal) {
  to.initRefusal().setReason(text(refusal.reason));
}

template <class Wire>
Buffer encoded(const auto& said) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<Wire>();
  root.setSerial(said.serial);
  std::visit([&](const auto& body) { put(root, body); }, said.body);
  return finished(message);
}

}  // namespace

Buffer ControlCodec::encode(const control::Request& request) const {
  return encoded<wire::Request>(request);
}
Buffer ControlCodec::encode(const control::Reply& reply) const {
  return encoded<wire::Reply>(reply);
}

}  // namespace wstap::formats
