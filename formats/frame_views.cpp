// SPDX-License-Identifier: Apache-2.0
// One frame, or one flow, in full.
#include <fmt/format.h>

#include <algorithm>

#include "formats/json_view.h"
#include "formats/line_view.h"
#include "libcore/base/hex.h"
#include "libcore/base/printable.h"
#include "libcore/ws/close.h"
#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

constexpr std::size_t kRow = 16;

/// Sixteen bytes a row: offset, hexadecimal, text.
void hex_dump(std::string& out, Bytes bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kRow) {
    const Bytes row = bytes.subspan(at, std::min(kRow, bytes.size() - at));
    out += fmt::format("  {:08x} ", at);
    for (std::size_t i = 0; i < kRow; ++i) {
      if (i == kRow / 2) out += ' ';
      out += i < row.size() ? fmt::format(" {:02x}", static_cast<unsigned>(row[i])) : std::string("   ");
    }
    out += "  |";
    for (const auto byte : row) {
      const auto c = static_cast<unsigned char>(byte);
      out += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.';
    }
    out += "|\n";
  }
}

void field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("{}: {}\n", name, printable(value));
}

void hold(std::string& out, const pipeline::HoldFacts& held) {
  field(out, "held by", held.by);
  field(out, "decided by", held.decided_by);
  if (held.ns) field(out, "held for", fmt::format("{:.3f} s", static_cast<double>(*held.ns) / 1e9));
}

void head_lines(std::string& out, std::string_view indent, Bytes text) {
  std::string_view rest = as_text(text);
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    if (end != 0) out += fmt::format("{}{}\n", indent, printable(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
}

void head(std::string& out, std::string_view name, Bytes text) {
  if (text.empty()) return;
  out += fmt::format("{}:\n", name);
  head_lines(out, "  ", text);
}

void leg(std::string& out, const std::string& name, const pipeline::Leg& facts) {
  field(out, name, facts.address);
  field(out, name + " http", facts.http_version);
  if (!facts.tls) return;
  field(out, name + " tls", facts.tls->version + " " + facts.tls->cipher);
  field(out, name + " alpn", facts.tls->alpn);
  field(out, name + " sni", facts.tls->sni);
  field(out, name + " ja3", facts.tls->ja3);
  field(out, name + " ja4", facts.tls->ja4);
  if (!facts.tls->certificate) return;
  const auto& certificate = *facts.tls->certificate;
  field(out, name + " certificate", certificate.subject);
  field(out, name + " issuer", certificate.issuer);
  field(out, name + " valid",
        rfc3339(certificate.not_before_ns) + " to " + rfc3339(certificate.not_after_ns));
  field(out, name + " sha256", certificate.sha256);
}

void anomalies(std::string& out, ws::AnomalySet set) {
  set.for_each([&](const ws::AnomalyInfo& entry) {
    out += fmt::format("anomaly: {} ({}): {}\n", entry.name, entry.section, entry.meaning);
  });
}

std::string bits(unsigned value, int count) {
  return fmt::format("{:0{}b}", value, count);
}

/// Bytes of a header, and what they say.
void annotation(std::string& out, Bytes bytes, std::string_view meaning) {
  out += fmt::format("  {:<16}  {}\n", to_hex(bytes), meaning);
}

void annotate_header(std::string& out, const ws::Frame& frame) {
  const auto& header = frame.header;
  annotation(out, frame.raw.first(1),
             fmt::format("fin={} rsv={} opcode={:x} ({})", header.fin ? 1 : 0, bits(header.rsv, 3),
                         header.opcode, ws::opcode_name(header.opcode)));
  const unsigned short_len = static_cast<unsigned>(frame.raw[1]) & 0x7f;
  annotation(out, frame.raw.subspan(1, 1),
             fmt::format("mask={} length={}{}", header.masked ? 1 : 0, short_len,
                         short_len == 126   ? " (16 bits follow)"
                         : short_len == 127 ? " (64 bits follow)"
                                            : ""));
  const std::size_t length_bytes = header.header_len - 2U - (header.masked ? 4U : 0U);
  if (length_bytes != 0)
    annotation(out, frame.raw.subspan(2, length_bytes), fmt::format("length={}", header.payload_len));
  if (header.masked) annotation(out, header.mask, "mask key");
}

void cut_mark(std::string& out, std::uint64_t cut_from) {
  if (cut_from != 0) out += fmt::format("cut from: {}\n", cut_from);
}

/// What was said is not recorded, or not as it was.
void redaction_mark(std::string& out, bool withheld, const std::vector<std::string>& redacted) {
  if (withheld) out += "payload withheld: true\n";
  for (const auto& rule : redacted) field(out, "redacted", rule);
}

/// Why a compressed message is not shown inflated, if it is not.
void inflation_mark(std::string& out, ws::Inflation inflation) {
  if (const auto mark = ws::name(inflation); !mark.empty()) out += fmt::format("{}: true\n", mark);
}

/// What a payload says: text as text, a Close by its code and reason, everything else in hexadecimal.
void content(std::string& out, std::string_view prefix, std::uint8_t opcode, bool readable, Bytes payload) {
  if (opcode == ws::kClose && payload.size() != 1) {
    const auto close = ws::parse_close(payload);
    if (close.code) out += fmt::format("{}close code: {}\n", prefix, *close.code);
    if (!close.reason.empty())
      out += fmt::format("{}close reason: {}\n", prefix, printable(as_text(close.reason)));
  } else if (readable && ws::is_utf8(payload)) {
    if (!payload.empty()) out += fmt::format("{}payload: {}\n", prefix, printable(as_text(payload)));
  } else {
    out += fmt::format("{}payload (hex): {}\n", prefix, to_hex(payload));
  }
}

void sent_version(std::string& out, const pipeline::Envelope& envelope) {
  ws::Frame frame{{}, *envelope.sent};
  if (!decode_header(frame.raw, frame.header)) {
    out += fmt::format("sent (hex): {}\n", to_hex(frame.raw));
    return;
  }
  const Buffer payload = unmasked_payload(frame);
  out += fmt::format("sent opcode: {}\nsent fin: {}\nsent rsv: {}\nsent length: {}\n",
                     ws::opcode_name(frame.header.opcode), frame.header.fin, frame.header.rsv,
                     frame.header.payload_len);
  content(out, "sent ", frame.header.opcode, !envelope.placement.compressed, payload);
}

void counts(std::string& out, const pipeline::FlowClosed& closed, ws::Direction direction) {
  const auto& counts = closed.counts[ws::index(direction)];
  out += fmt::format("{}: {} frames, {} bytes\n", name(direction), counts.frames, counts.bytes);
}

void facts_of(std::string& out, const pipeline::ConnectionFacts& facts) {
  field(out, "url", facts.url);
  leg(out, "client", facts.client);
  leg(out, "server", facts.server);
}

}  // namespace

void raw_view(std::string& out, Bytes head) {
  hex_dump(out, head);
}

void head_view(std::string& out, Bytes head) {
  head_lines(out, "", head);
}

void structured_view(std::string& out, const pipeline::ConnectionRecord& connection) {
  out += fmt::format("connection: {}\nkind: {}\n", connection.id, name(connection.kind));
  field(out, "reason", connection.reason);
  field(out, "start", rfc3339(connection.start_ns));
  field(out, "end", rfc3339(connection.end_ns));
  facts_of(out, connection.facts);
  head(out, "request", connection.facts.request_head);
  head(out, "response", connection.facts.response_head);
  if (connection.kind == pipeline::ConnectionKind::opaque)
    out += fmt::format("send: {} bytes\nreceive: {} bytes\n", connection.bytes[0], connection.bytes[1]);
}

void raw_view(std::string& out, const pipeline::Envelope& envelope, Bytes payload) {
  out += fmt::format("frame {}:{} {} {}, {} bytes on the wire\n", envelope.flow, envelope.sequence,
                     ws::long_name(envelope.direction), ws::opcode_name(envelope.frame.header.opcode),
                     std::max<std::uint64_t>(envelope.frame.raw.size(), envelope.frame.header.frame_len()));
  if (envelope.frame.header.header_len == 0) {
    out += "not a whole header\n";
    return hex_dump(out, envelope.frame.raw);
  }
  cut_mark(out, envelope.cut_from);
  out += "header\n";
  annotate_header(out, envelope.frame);
  if (!envelope.frame.payload().empty()) {
    out += envelope.frame.header.masked ? "payload as on the wire\n" : "payload\n";
    hex_dump(out, envelope.frame.payload());
    if (envelope.frame.header.masked) {
      out += "payload unmasked\n";
      hex_dump(out, unmasked_payload(envelope.frame));
    }
    if (envelope.inflation == ws::Inflation::done) {
      out += "message inflated\n";
      hex_dump(out, payload);
    }
  } else if (!payload.empty()) {
    out += "message as it is recorded\n";
    hex_dump(out, payload);
  }
  redaction_mark(out, envelope.withheld, envelope.redacted);
  if (envelope.verdict != pipeline::Verdict::forwarded)
    out += fmt::format("verdict: {}\n", name(envelope.verdict));
  field(out, "cause", envelope.cause);
  if (envelope.sent) {
    out += "sent instead\n";
    hex_dump(out, *envelope.sent);
  }
  anomalies(out, envelope.anomalies);
}

void structured_view(std::string& out, const pipeline::Envelope& envelope, Bytes payload) {
  const auto& header = envelope.frame.header;
  out += fmt::format("id: {}:{}\ntime: {}\ndirection: {}\nopcode: {}\nfin: {}\nrsv: {}\nmasked: {}\n",
                     envelope.flow, envelope.sequence, rfc3339(envelope.time_ns),
                     ws::long_name(envelope.direction), ws::opcode_name(header.opcode), header.fin,
                     header.rsv, header.masked);
  if (header.masked) out += fmt::format("mask: {}\n", to_hex(header.mask));
  out += fmt::format("length: {}\ncompressed: {}\n", header.payload_len, envelope.placement.compressed);
  if (envelope.placement.in_message()) out += fmt::format("message: {}\n", envelope.placement.message_first);
  if (envelope.inflation == ws::Inflation::done)
    out += fmt::format("inflated length: {}\n", envelope.content_bytes(payload));
  inflation_mark(out, envelope.inflation);
  cut_mark(out, envelope.cut_from);
  redaction_mark(out, envelope.withheld, envelope.redacted);
  if (!envelope.withheld) content(out, "", header.opcode, envelope.says_content(), payload);
  out += fmt::format("verdict: {}\n", name(envelope.verdict));
  field(out, "cause", envelope.cause);
  hold(out, envelope.held);
  for (const auto& rule : envelope.logged) field(out, "logged", rule);
  for (const auto& tag : envelope.tags) field(out, "tag", tag);
  if (envelope.sent) sent_version(out, envelope);
  anomalies(out, envelope.anomalies);
}

void raw_view(std::string& out, const Message& message) {
  out += fmt::format("message {}:{} {} {}, {} bytes in {} frames\n", message.flow, message.first,
                     ws::long_name(message.direction), ws::opcode_name(message.opcode), message.wire_bytes,
                     message.frames);
  if (message.inflation == ws::Inflation::done)
    out += fmt::format("inflated, {} bytes\n", message.content_bytes());
  cut_mark(out, message.cut_from);
  redaction_mark(out, message.withheld, message.redacted);
  hex_dump(out, message.payload);
  anomalies(out, message.anomalies);
}

void structured_view(std::string& out, const Message& message) {
  out += fmt::format(
      "id: {}:{}\nlast frame: {}\nframes: {}\ntime: {}\ndirection: {}\nopcode: {}\nlength: {}\ncompressed: "
      "{}\n",
      message.flow, message.first, message.last, message.frames, rfc3339(message.time_ns),
      ws::long_name(message.direction), ws::opcode_name(message.opcode), message.wire_bytes,
      message.compressed);
  if (message.inflation == ws::Inflation::done)
    out += fmt::format("inflated length: {}\n", message.content_bytes());
  inflation_mark(out, message.inflation);
  cut_mark(out, message.cut_from);
  if (!message.finished) out += "finished: false\n";
  redaction_mark(out, message.withheld, message.redacted);
  if (!message.withheld) content(out, "", message.opcode, message.says_content(), message.payload);
  out += fmt::format("verdict: {}\n", name(message.verdict));
  field(out, "cause", message.cause);
  hold(out, message.held);
  for (const auto& tag : message.tags) field(out, "tag", tag);
  anomalies(out, message.anomalies);
}

void structured_view(std::string& out, const pipeline::FlowOpened& opened,
                     const pipeline::FlowClosed* closed) {
  out += fmt::format("flow: {}\nprotocol: WebSocket\nstate: {}\n", opened.id,
                     name(closed != nullptr ? closed->state : pipeline::FlowState::active));
  field(out, "start", rfc3339(opened.time_ns));
  facts_of(out, opened.facts);
  field(out, "subprotocol", opened.subprotocol);
  field(out, "extensions", opened.extensions);
  head(out, "request", opened.facts.request_head);
  head(out, "response", opened.facts.response_head);
  anomalies(out, opened.anomalies);
  if (closed == nullptr) return;
  if (closed->state == pipeline::FlowState::active) {  // so far
    counts(out, *closed, ws::Direction::send);
    return counts(out, *closed, ws::Direction::receive);
  }
  field(out, "end", rfc3339(closed->time_ns));
  field(out, "reason", closed->reason);
  field(out, "detail", closed->detail);
  field(out, "closed by", name(closed->began));
  out += fmt::format("close code: {}\n", closed->close_code);
  field(out, "close reason", closed->close_reason);
  for (const auto direction : {ws::Direction::send, ws::Direction::receive}) {
    const auto i = ws::index(direction);
    counts(out, *closed, direction);
    if (!closed->unfinished[i].empty()) {
      out += fmt::format("{} unfinished frame: {} bytes\n", name(direction), closed->unfinished[i].size());
      hex_dump(out, closed->unfinished[i]);
    }
    if (closed->undelivered_from[i])
      out += fmt::format("{} not delivered from: {}\n", name(direction), *closed->undelivered_from[i]);
  }
  for (const auto& note : closed->notes) field(out, "note", note);
}

}  // namespace wstap::formats
