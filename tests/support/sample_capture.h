// SPDX-License-Identifier: Apache-2.0
// Records for tests of captures: of every kind, with every field set, with none; whole small captures; and
// records compared field by field.
#pragma once

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "formats/capture_reader.h"
#include "formats/event_reader.h"
#include "formats/flow_book.h"
#include "formats/record_encoder.h"
#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::test {

constexpr UnixNs kSampleTime = 1'767'225'600'123'456'789;  ///< 2026-01-01T00:00:00.123456789Z

/// A burst together with the memory that it views.
struct OwnBurst {
  pipeline::FlowId flow = 1;
  ws::Direction direction = ws::Direction::send;
  pipeline::Sequence first_sequence = pipeline::kFirstFrame;
  UnixNs time_ns = kSampleTime;
  std::vector<Buffer> frames{};
  std::vector<pipeline::Mark> marks{};
  Buffer raw{};
  std::vector<std::uint32_t> ends{};

  /// Valid until the next call.
  pipeline::Burst view() {
    raw.clear();
    ends.clear();
    for (const auto& frame : frames) {
      append(raw, frame);
      ends.push_back(static_cast<std::uint32_t>(raw.size()));
    }
    return {.flow = flow,
            .direction = direction,
            .first_sequence = first_sequence,
            .time_ns = time_ns,
            .raw = raw,
            .ends = ends,
            .marks = marks};
  }
};

/// A text frame as a client sends it.
inline Buffer client_text(std::string_view text) {
  return wire({.payload = bytes(text), .mask = {{0x37, 0xfa, 0x21, 0x3d}}});
}
inline Buffer server_text(std::string_view text) {
  return wire({.payload = bytes(text)});
}

/// Of the capture with this number.
inline formats::Header section_header(unsigned id, std::uint32_t part = 1) {
  formats::Header header;
  header.capture_id[0] = static_cast<std::byte>(id);
  header.part = part;
  return header;
}

inline formats::Header full_header() {
  formats::Header header;
  for (std::size_t i = 0; i < header.capture_id.size(); ++i)
    header.capture_id[i] = static_cast<std::byte>(i + 1);
  header.part = 3;
  header.tool = "wstap 0.1.0";
  header.time_ns = kSampleTime;
  header.options = {"--listen", "127.0.0.1:8080", ""};
  return header;
}

/// Facts with everything known, and with bytes in them that no text should hold.
inline pipeline::ConnectionFacts full_facts() {
  using namespace std::string_view_literals;
  const CertificateFacts certificate{"CN=example.com",          "CN=Example CA",
                                     1'700'000'000'000'000'000, 1'800'000'000'000'000'000,
                                     std::string(64, 'a'),      {"example.com", "*.example.com", "::1"}};
  return {"wss://example.com/chat?q=\"x\"",
          {"127.0.0.1:51234", "HTTP/1.1",
           TlsFacts{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", "example.com", "ja3", "ja4", {}}},
          {"[::1]:443", "HTTP/1.0",
           TlsFacts{"TLSv1.2", "TLS_AES_256_GCM_SHA384", "h2", "sni", "ja3s", "ja4s", certificate}},
          bytes("GET /chat HTTP/1.1\r\nHost: example.com\r\nX-Odd: \xff\r\n\r\n"),
          bytes("HTTP/1.1 101 Switching\r\nX-Nul: \0\r\n\r\n"sv)};
}

inline pipeline::FlowOpened full_flow_opened(pipeline::FlowId id = 7) {
  pipeline::FlowOpened flow;
  flow.id = id;
  flow.time_ns = kSampleTime;
  flow.facts = full_facts();
  flow.subprotocol = "chat";
  flow.extensions = "permessage-deflate; client_no_context_takeover";
  flow.anomalies.add(ws::Anomaly::wrong_accept);
  flow.next_sequence = 41;
  flow.resumed = {{{{true, true, false, ws::kText, 30, 1234}, {20, 4321}},
                   {{false, false, true, ws::kBinary, 9, 8}, {19, 99}}}};
  return flow;
}

inline pipeline::FlowOpened plain_flow_opened(pipeline::FlowId id = 1) {
  pipeline::FlowOpened flow;
  flow.id = id;
  flow.time_ns = kSampleTime;
  flow.facts.url = "ws://example.com/";
  return flow;
}

inline pipeline::FlowClosed full_flow_closed(pipeline::FlowId id = 7) {
  pipeline::FlowClosed closed;
  closed.id = id;
  closed.time_ns = kSampleTime + 1;
  closed.state = pipeline::FlowState::error;
  closed.reason = "frame_too_big";
  closed.detail = "payload_len=2 limit=1";
  closed.offset = 1234567890123;
  closed.began = pipeline::Party::server;
  closed.close_code = 1009;
  closed.close_reason = "too \xff big";
  closed.counts = {{{10, 1000}, {20, 2000}}};
  closed.unfinished = {bytes("half"), bytes("other half")};
  closed.undelivered_from = {5, 0};
  closed.notes = {"tls_truncated", "close_unanswered"};
  return closed;
}

inline pipeline::ConnectionRecord full_connection(pipeline::FlowId id = 8) {
  pipeline::ConnectionRecord connection;
  connection.id = id;
  connection.start_ns = kSampleTime;
  connection.end_ns = kSampleTime + 5;
  connection.kind = pipeline::ConnectionKind::opaque;
  connection.facts = full_facts();
  connection.reason = "passthrough";
  connection.bytes = {100, 200};
  return connection;
}

inline pipeline::Outcome full_outcome(pipeline::FlowId flow = 7, pipeline::Sequence sequence = 12) {
  return {flow,       sequence,           kSampleTime + 2, pipeline::Verdict::changed,
          "reviewer", bytes("\x81\x01y"), {"tag"},         {"logged", "too"}};
}

/// Everything of a record, to be compared with EXPECT_EQ.
inline auto fields(const TlsFacts& tls) {
  const CertificateFacts none;
  const auto& c = tls.certificate ? *tls.certificate : none;
  return std::tuple(tls.version, tls.cipher, tls.alpn, tls.sni, tls.ja3, tls.ja4, tls.certificate.has_value(),
                    c.subject, c.issuer, c.not_before_ns, c.not_after_ns, c.sha256, c.names);
}
inline auto fields(const pipeline::Leg& leg) {
  return std::tuple(leg.address, leg.http_version, leg.tls.has_value(), fields(leg.tls.value_or(TlsFacts())));
}
inline auto fields(const pipeline::ConnectionFacts& facts) {
  return std::tuple(facts.url, fields(facts.client), fields(facts.server), facts.request_head,
                    facts.response_head);
}
inline auto fields(const formats::Header& header) {
  return std::tuple(header.version, header.capture_id, header.part, header.tool, header.time_ns,
                    header.options);
}
inline auto fields(const pipeline::LaneResume& lane) {
  const auto& m = lane.message;
  return std::tuple(m.open, m.compressed, m.closed, m.opcode, m.first, m.bytes, lane.counts.frames,
                    lane.counts.bytes);
}
inline auto fields(const pipeline::FlowOpened& flow) {
  const auto resumed = flow.resumed.value_or(std::array<pipeline::LaneResume, 2>());
  return std::tuple(flow.id, flow.time_ns, fields(flow.facts), flow.subprotocol, flow.extensions,
                    flow.anomalies == ws::AnomalySet(), flow.anomalies.has(ws::Anomaly::wrong_accept),
                    flow.next_sequence, flow.resumed.has_value(), fields(resumed[0]), fields(resumed[1]));
}
inline auto fields(const pipeline::FlowClosed& c) {
  return std::tuple(c.id, c.time_ns, c.state, c.reason, c.detail, c.offset, c.began, c.close_code,
                    c.close_reason, c.counts[0].frames, c.counts[0].bytes, c.counts[1].frames,
                    c.counts[1].bytes, c.unfinished, c.undelivered_from, c.notes);
}
inline auto fields(const pipeline::ConnectionRecord& c) {
  return std::tuple(c.id, c.start_ns, c.end_ns, c.kind, fields(c.facts), c.reason, c.bytes);
}
inline auto fields(const pipeline::Outcome& o) {
  return std::tuple(o.flow, o.sequence, o.time_ns, o.verdict, o.cause, o.sent, o.tags, o.logged);
}
inline auto fields(const pipeline::Note& n) {
  return std::tuple(n.flow, n.time_ns, n.text);
}
inline auto fields(const pipeline::Window& w) {
  return std::tuple(w.flow, w.direction, w.bytes);
}
inline auto fields(const formats::Gap& g) {
  return std::tuple(g.flow, g.direction, fields(pipeline::LaneResume{g.message, {}}), g.unread);
}
inline auto fields(const pipeline::Mark& m) {
  std::vector<std::string_view> anomalies;
  m.anomalies.for_each([&](const ws::AnomalyInfo& entry) { anomalies.push_back(entry.name); });
  return std::tuple(m.frame, m.verdict, m.cause, m.sent, m.tags, m.logged, m.content, m.content_bytes,
                    anomalies, m.withheld, m.redacted);
}
inline auto fields(const pipeline::Burst& b) {
  std::vector<decltype(fields(b.marks[0]))> marks;
  for (const auto& mark : b.marks) marks.push_back(fields(mark));
  return std::tuple(b.flow, b.direction, b.first_sequence, b.time_ns, to_buffer(b.raw),
                    std::vector(b.ends.begin(), b.ends.end()), marks);
}

/// The records of a small capture with one of everything: a burst alone, several frames, marks, an outcome.
inline std::vector<Buffer> sample_records() {
  OwnBurst one{.flow = 7, .frames = {client_text("Hello")}};
  OwnBurst three{.flow = 7,
                 .direction = ws::Direction::receive,
                 .first_sequence = 3,
                 .frames = {server_text("a"), server_text(""), server_text("three")}};
  OwnBurst marked{.flow = 7, .first_sequence = 6, .frames = {client_text("held"), client_text("dropped")}};
  marked.marks = {{0, pipeline::Verdict::pending, "", {}, {"t"}},
                  {1, pipeline::Verdict::dropped, "rule-1", {}, {}}};
  return {formats::encode(full_header()),
          formats::encode(full_flow_opened(7)),
          formats::encode(one.view()),
          formats::encode(three.view()),
          formats::encode(marked.view()),
          formats::encode(full_outcome(7, 6)),
          formats::encode(pipeline::Note{7, kSampleTime, "something"}),
          formats::encode(full_flow_closed(7)),
          formats::encode(full_connection(8))};
}

inline Buffer joined(const std::vector<Buffer>& records) {
  Buffer all;
  for (const auto& record : records) append(all, record);
  return all;
}

/// All that a reader gives of a capture: its records as bytes, and why it ended if that was not the end.
struct ReadBack {
  std::vector<Buffer> records;
  std::optional<Error> error;
};
inline ReadBack read_back(const std::string& path) {
  ReadBack result;
  auto reader = formats::CaptureReader::open(path);
  if (!reader) return {{}, reader.error()};
  for (;;) {
    const auto record = reader->next();
    if (!record) result.error = record.error();
    if (!record || !*record) return result;
    result.records.push_back(to_buffer(reader->raw()));
  }
}

/// Calls `visit(Envelope&, Bytes payload)` for each frame of these captures, in order, as listings have it.
template <class Visitor>
void each_frame(std::vector<std::string> paths, Visitor&& visit) {
  auto reader = formats::EventReader::open(std::move(paths));
  if (!reader) throw std::runtime_error(reader.error().text());
  formats::FlowBook book;
  for (;;) {
    auto record = reader->next();
    if (!record) throw std::runtime_error(record.error().text());
    if (!*record) return;
    if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record)) book.open(*opened);
    if (const auto* window = std::get_if<pipeline::Window>(&**record)) book.resume(*window);
    if (const auto* gap = std::get_if<formats::Gap>(&**record)) book.resume(*gap);
    if (const auto* burst = std::get_if<pipeline::Burst>(&**record))
      book.visit(*burst, formats::Depth::payloads, visit);
  }
}

/// The records of one kind, as they can be kept: without bursts, whose views do not last.
template <class Kind>
std::vector<Kind> records_of(const std::string& path) {
  static_assert(!std::is_same_v<Kind, pipeline::Burst>);
  std::vector<Kind> found;
  auto reader = formats::CaptureReader::open(path);
  if (!reader) throw std::runtime_error(reader.error().text());
  for (;;) {
    auto record = reader->next();
    if (!record) throw std::runtime_error(record.error().text());
    if (!*record) return found;
    if (auto* wanted = std::get_if<Kind>(&**record)) found.push_back(std::move(*wanted));
  }
}

}  // namespace wstap::test
