// SPDX-License-Identifier: Apache-2.0
#include "formats/json_view.h"

#include <algorithm>

#include "libcore/ws/close.h"

namespace wstap::formats {
namespace {

using ws::Direction;

void end(JsonWriter& json, std::string& out) {
  json.close_object();
  out += '\n';
}

void add_anomalies(JsonWriter& json, ws::AnomalySet set) {
  if (set.empty()) return;
  json.open_list("anomalies");
  set.for_each([&](const ws::AnomalyInfo& entry) {
    json.open_element();
    json.add_word("name", entry.name);
    json.add_word("section", entry.section);
    json.close_object();
  });
  json.close_list();
}

/// Text as text, everything else as bytes. Of a Close, whose code has a member of its own, the reason.
void add_payload(JsonWriter& json, const pipeline::Envelope& envelope, Bytes payload) {
  if (envelope.withheld) return json.add_flag("payload_withheld", true);
  if (envelope.frame.header.opcode == ws::kClose && payload.size() != 1) {
    const Bytes reason = ws::parse_close(payload).reason;
    if (ws::is_utf8(reason)) return json.add("payload", as_text(reason));
  }
  envelope.says_text() ? json.add_bytes("payload", payload) : json.add_base64("payload_b64", payload);
}

/// Why a compressed message is not shown inflated, if it is not.
void add_inflation(JsonWriter& json, ws::Inflation inflation) {
  if (const auto mark = ws::name(inflation); !mark.empty()) json.add_flag(mark, true);
}

void add_hold(JsonWriter& json, const pipeline::HoldFacts& held) {
  json.add_if("held_by", held.by);
  json.add_if("decided_by", held.decided_by);
  if (held.ns) json.add("held_ns", static_cast<std::uint64_t>(std::max<std::int64_t>(0, *held.ns)));
}

void add_close(JsonWriter& json, Bytes payload) {
  const auto close = ws::parse_close(payload);
  if (close.code) json.add("close_code", *close.code);
  json.add_if("close_reason", as_text(close.reason));
}

void add_certificate(JsonWriter& json, const CertificateFacts& certificate) {
  json.open_object("certificate");
  json.add_if("subject", certificate.subject);
  json.add_if("issuer", certificate.issuer);
  json.add_word("not_before", rfc3339(certificate.not_before_ns));
  json.add_word("not_after", rfc3339(certificate.not_after_ns));
  json.add_if("sha256", certificate.sha256);
  json.add_list("names", certificate.names);
  json.close_object();
}

void add_leg(JsonWriter& json, std::string_view name, const pipeline::Leg& leg) {
  json.open_object(name);
  json.add_if("address", leg.address);
  json.add_if("http_version", leg.http_version);
  if (leg.tls) {
    json.open_object("tls");
    json.add_if("version", leg.tls->version);
    json.add_if("cipher", leg.tls->cipher);
    json.add_if("alpn", leg.tls->alpn);
    json.add_if("sni", leg.tls->sni);
    json.add_if("ja3", leg.tls->ja3);
    json.add_if("ja4", leg.tls->ja4);
    if (leg.tls->certificate) add_certificate(json, *leg.tls->certificate);
    json.close_object();
  }
  json.close_object();
}

void add_facts(JsonWriter& json, const pipeline::ConnectionFacts& facts) {
  json.add_if("url", facts.url);
  add_leg(json, "client", facts.client);
  add_leg(json, "server", facts.server);
  json.add_if("request_head", as_text(facts.request_head));
  json.add_if("response_head", as_text(facts.response_head));
}

void add_lane(JsonWriter& json, const pipeline::FlowClosed& closed, Direction direction) {
  const auto i = ws::index(direction);
  json.open_object(name(direction));
  json.add("frames", closed.counts[i].frames);
  json.add("bytes", closed.counts[i].bytes);
  if (!closed.unfinished[i].empty()) json.add_base64("unfinished_b64", closed.unfinished[i]);
  if (closed.undelivered_from[i]) json.add("undelivered_from", *closed.undelivered_from[i]);
  json.close_object();
}

void add_ending(JsonWriter& json, const pipeline::FlowClosed& closed) {
  if (closed.state == pipeline::FlowState::active) {  // counts so far
    add_lane(json, closed, Direction::send);
    return add_lane(json, closed, Direction::receive);
  }
  json.add_word("end", rfc3339(closed.time_ns));
  json.add_if("reason", closed.reason);
  json.add_if("detail", closed.detail);
  if (closed.state == pipeline::FlowState::error) json.add("offset", closed.offset);
  json.add_if("began", name(closed.began));
  json.add("close_code", closed.close_code);
  json.add_if("close_reason", closed.close_reason);
  add_lane(json, closed, Direction::send);
  add_lane(json, closed, Direction::receive);
  json.add_list("notes", closed.notes);
}

}  // namespace

JsonView::JsonView(std::string_view capture, JsonDetail detail) : detail_(detail) {
  set_capture(capture);
}

void JsonView::set_capture(std::string_view name) {
  std::string object;
  JsonWriter(object).add_if("capture", name);
  capture_ = object.substr(1);
}

JsonWriter JsonView::begin(std::string& out, std::string_view type) const {
  JsonWriter json(out);
  json.add_word("type", type);
  json.add_written(capture_);
  return json;
}

std::string_view JsonView::time_text(UnixNs time) {
  if (time_text_.empty() || time != time_ns_) time_text_ = rfc3339(time_ns_ = time);
  return time_text_;
}

void JsonView::frame(std::string& out, const pipeline::Envelope& envelope, Bytes payload) {
  const ws::FrameHeader& header = envelope.frame.header;
  JsonWriter json = begin(out, "frame");
  json.add("flow", envelope.flow);
  json.add("seq", envelope.sequence);
  json.add_word("time", time_text(envelope.time_ns));
  json.add_word("dir", name(envelope.direction));
  json.add_word("opcode", ws::opcode_name(header.opcode));
  json.add_flag("fin", header.fin);
  json.add("rsv", header.rsv);
  json.add_flag("masked", header.masked);
  if (header.masked) json.add_word("mask", to_hex(header.mask));
  json.add("length", header.payload_len);
  json.add_flag("compressed", envelope.placement.compressed);
  add_payload(json, envelope, payload);
  json.add_word("verdict", name(envelope.verdict));

  if (!envelope.withheld && payload.size() != header.payload_len) json.add("payload_length", payload.size());
  add_inflation(json, envelope.inflation);
  if (envelope.cut_from != 0) json.add("cut_from", envelope.cut_from);
  if (detail_ == JsonDetail::lossless) json.add_base64("raw_b64", envelope.frame.raw);
  if (envelope.sent) json.add_base64("sent_b64", *envelope.sent);
  if (header.opcode == ws::kClose) add_close(json, payload);
  json.add_if("cause", envelope.cause);
  json.add_if("rule", envelope.rule());
  add_hold(json, envelope.held);
  if (envelope.verdict == pipeline::Verdict::blocked) json.add_flag("safety_blocked", true);
  if (!envelope.logged.empty()) json.add_flag("safety_logged", true);
  json.add_list("tags", envelope.tags);
  json.add_list("redacted", envelope.redacted);
  add_anomalies(json, envelope.anomalies);
  if (ws::is_fragment(envelope.placement.part)) json.add("message", envelope.placement.message_first);
  end(json, out);
}

void JsonView::message(std::string& out, const Message& message) {
  JsonWriter json = begin(out, "message");
  json.add("flow", message.flow);
  json.add("seq", message.first);
  json.add("last", message.last);
  json.add("frames", message.frames);
  json.add_word("time", time_text(message.time_ns));
  json.add_word("dir", name(message.direction));
  json.add_word("opcode", ws::opcode_name(message.opcode));
  json.add("length", message.wire_bytes);
  json.add_flag("compressed", message.compressed);
  const bool is_text = message.opcode == ws::kText && message.says_content();
  if (message.withheld) {
    json.add_flag("payload_withheld", true);
  } else {
    is_text ? json.add_bytes("payload", message.payload) : json.add_base64("payload_b64", message.payload);
  }
  json.add_word("verdict", name(message.verdict));
  if (!message.withheld && message.payload.size() != message.wire_bytes)
    json.add("payload_length", message.payload.size());
  add_inflation(json, message.inflation);
  if (message.cut_from != 0) json.add("cut_from", message.cut_from);
  if (!message.finished) json.add_flag("finished", false);
  json.add_if("cause", message.cause);
  add_hold(json, message.held);
  json.add_list("tags", message.tags);
  json.add_list("redacted", message.redacted);
  add_anomalies(json, message.anomalies);
  end(json, out);
}

void JsonView::flow(std::string& out, const pipeline::FlowOpened& opened,
                    const pipeline::FlowClosed* closed) const {
  JsonWriter json = begin(out, "flow");
  json.add("flow", opened.id);
  json.add_word("protocol", "WebSocket");
  json.add_word("kind", "bidirectional");
  json.add_word("state", name(closed != nullptr ? closed->state : pipeline::FlowState::active));
  json.add_word("start", rfc3339(opened.time_ns));
  add_facts(json, opened.facts);
  json.add_if("subprotocol", opened.subprotocol);
  json.add_if("extensions", opened.extensions);
  add_anomalies(json, opened.anomalies);
  if (opened.resumed) json.add("resumed_at", opened.next_sequence);
  if (closed != nullptr) add_ending(json, *closed);
  end(json, out);
}

void JsonView::head(std::string& out, const pipeline::FlowOpened& opened, pipeline::Sequence sequence) const {
  const bool request = sequence == 0;
  JsonWriter json = begin(out, "head");
  json.add("flow", opened.id);
  json.add("seq", sequence);
  json.add_word("dir", name(request ? Direction::send : Direction::receive));
  json.add_if("head", as_text(request ? opened.facts.request_head : opened.facts.response_head));
  end(json, out);
}

void JsonView::connection(std::string& out, const pipeline::ConnectionRecord& connection) const {
  JsonWriter json = begin(out, "connection");
  json.add("flow", connection.id);
  json.add_word("kind", name(connection.kind));
  json.add_word("start", rfc3339(connection.start_ns));
  json.add_word("end", rfc3339(connection.end_ns));
  json.add_if("reason", connection.reason);
  add_facts(json, connection.facts);
  if (connection.kind == pipeline::ConnectionKind::opaque) {
    json.add("bytes_sent", connection.bytes[0]);
    json.add("bytes_received", connection.bytes[1]);
  }
  end(json, out);
}

void JsonView::outcome(std::string& out, const pipeline::Outcome& outcome) const {
  JsonWriter json = begin(out, "outcome");
  json.add("flow", outcome.flow);
  json.add("seq", outcome.sequence);
  json.add_word("time", rfc3339(outcome.time_ns));
  json.add_word("verdict", name(outcome.verdict));
  json.add_if("cause", outcome.cause);
  json.add_if("decided_by", outcome.decided_by);
  if (outcome.sent) json.add_base64("sent_b64", *outcome.sent);
  if (!outcome.logged.empty()) json.add_flag("safety_logged", true);
  json.add_list("tags", outcome.tags);
  end(json, out);
}

void JsonView::window(std::string& out, const pipeline::Window& window) const {
  JsonWriter json = begin(out, "window");
  json.add("flow", window.flow);
  json.add_word("dir", name(window.direction));
  json.add_base64("bytes_b64", window.bytes);
  end(json, out);
}

void JsonView::gap(std::string& out, const Gap& gap) const {
  JsonWriter json = begin(out, "gap");
  json.add("flow", gap.flow);
  json.add_word("dir", name(gap.direction));
  if (gap.message.open) {
    json.add("message", gap.message.first);
    json.add_word("opcode", ws::opcode_name(gap.message.opcode));
    json.add("length", gap.message.bytes);
    json.add_flag("compressed", gap.message.compressed);
  }
  if (gap.message.closed) json.add_flag("closed", true);
  add_inflation(json, gap.unread);
  end(json, out);
}

void JsonView::note(std::string& out, const pipeline::Note& note) const {
  JsonWriter json = begin(out, "note");
  if (note.flow != 0) json.add("flow", note.flow);
  json.add_word("time", rfc3339(note.time_ns));
  json.add_if("text", note.text);
  end(json, out);
}

}  // namespace wstap::formats
