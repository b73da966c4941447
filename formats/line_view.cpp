// SPDX-License-Identifier: Apache-2.0
#include "formats/line_view.h"

#include <fmt/format.h>

#include "formats/json_view.h"
#include "libcore/base/hex.h"
#include "libcore/base/printable.h"
#include "libcore/ws/close.h"
#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

constexpr const char* kGreen = "32";
constexpr const char* kBlue = "34";
constexpr const char* kYellow = "33";
constexpr const char* kRed = "31";
constexpr const char* kFaint = "2";
constexpr std::size_t kPreview = 100;  ///< bytes of a payload on a line

std::string clock_time(UnixNs time) {
  return rfc3339(time).substr(11, 15);
}

/// The start of what a payload says, or of its bytes in hexadecimal.
std::string start_of(Bytes payload, bool says_content) {
  std::string text;
  if (says_content && ws::is_utf8(payload)) {
    if (!append_printable(text, payload, kPreview)) text += "...";
    return text;
  }
  text = to_hex(payload.first(std::min(payload.size(), kPreview / 4)));
  if (payload.size() > kPreview / 4) text += "...";
  return text;
}

std::string preview(const pipeline::Envelope& envelope, Bytes payload) {
  if (envelope.frame.header.opcode != ws::kClose) return start_of(payload, envelope.says_content());
  const auto close = ws::parse_close(payload);
  if (!close.code) return start_of(payload, true);
  std::string text = std::to_string(*close.code);
  if (!close.reason.empty()) text += ' ' + start_of(close.reason, true);
  return text;
}

std::string anomaly_names(ws::AnomalySet anomalies) {
  std::string names;
  anomalies.for_each([&](const ws::AnomalyInfo& entry) { names += fmt::format(" {}", entry.name); });
  return names;
}

/// Why a compressed message is not shown inflated, if it is not.
std::string inflation_mark(ws::Inflation inflation) {
  const auto mark = ws::name(inflation);
  return mark.empty() ? std::string() : fmt::format(" {}", mark);
}

std::string cut_mark(std::uint64_t cut_from) {
  return cut_from == 0 ? std::string() : fmt::format(" cut from {}", cut_from);
}

/// What is unusual about a frame's header, in a few letters.
/// What was said is not recorded, or not as it was.
std::string redaction_mark(bool withheld, const std::vector<std::string>& redacted) {
  if (withheld) return " withheld";
  std::string text;
  for (const auto& rule : redacted) text += fmt::format(" redacted ({})", printable(rule));
  return text;
}

std::string flags(const pipeline::Envelope& envelope) {
  std::string text;
  if (!envelope.frame.header.fin) text += " +";  // more follows
  if (envelope.placement.compressed) text += " z";
  text += inflation_mark(envelope.inflation) + cut_mark(envelope.cut_from);
  text += redaction_mark(envelope.withheld, envelope.redacted);
  if (envelope.frame.header.rsv != 0) text += fmt::format(" rsv={}", envelope.frame.header.rsv);
  return text;
}

/// " 1.250 s"; empty: nobody knows.
std::string held_for(const pipeline::HoldFacts& held) {
  return held.ns ? fmt::format(" {:.3f} s", static_cast<double>(*held.ns) / 1e9) : std::string();
}

}  // namespace

std::string ending_text(const pipeline::FlowClosed& closed) {
  std::string text = fmt::format("-> {} frames {} bytes  <- {} frames {} bytes", closed.counts[0].frames,
                                 closed.counts[0].bytes, closed.counts[1].frames, closed.counts[1].bytes);
  if (closed.state == pipeline::FlowState::active) return text;  // so far
  text += fmt::format("  close {}", closed.close_code);
  if (!closed.close_reason.empty()) text += fmt::format(" '{}'", closed.close_reason);
  if (closed.began != pipeline::Party::none) text += fmt::format(" by {}", name(closed.began));
  if (!closed.reason.empty()) text += "  " + closed.reason;
  if (!closed.detail.empty()) text += fmt::format(" ({})", closed.detail);
  for (const auto& note : closed.notes) text += "  " + note;
  return text;
}

std::string LineView::paint(std::string_view text, const char* code) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

/// The verdict with its cause. That it was forwarded needs no word, unless there is a cause: a refused edit.
std::string LineView::fate(pipeline::Verdict verdict, std::string_view cause) const {
  if (verdict == pipeline::Verdict::forwarded && cause.empty()) return {};
  std::string text = "  " + paint(name(verdict), kYellow);
  if (!cause.empty()) text += fmt::format(" ({})", printable(cause));
  return text;
}

/// @param cause  may say by itself that it still is.
void LineView::hold(std::string& out, const pipeline::HoldFacts& held, std::string_view cause) const {
  if (held.by.empty() || cause.starts_with(pipeline::kHeldBy)) return;
  out += "  " + paint(fmt::format("held{} ({})", held_for(held), printable(held.by)), kYellow);
}

void LineView::marks(std::string& out, const std::vector<std::string>& logged,
                     const std::vector<std::string>& tags) const {
  for (const auto& rule : logged) out += "  " + paint("logged (" + printable(rule) + ')', kYellow);
  for (const auto& tag : tags) out += "  " + paint('#' + printable(tag), kYellow);
}

void LineView::frame(std::string& out, const pipeline::Envelope& envelope, Bytes payload) const {
  const bool sends = envelope.direction == ws::Direction::send;
  out += paint(clock_time(envelope.time_ns), kFaint);
  out += fmt::format("  {:<9} ", fmt::format("{}:{}", envelope.flow, envelope.sequence));
  out += paint(fmt::format("{} {:<12}", sends ? "->" : "<-", ws::opcode_name(envelope.frame.header.opcode)),
               sends ? kGreen : kBlue);
  out += fmt::format(" {:>8}{}", envelope.frame.header.payload_len, flags(envelope));
  out += fate(envelope.verdict, envelope.cause);
  hold(out, envelope.held, envelope.cause);
  marks(out, envelope.logged, envelope.tags);
  if (!envelope.anomalies.empty()) out += "  " + paint("!" + anomaly_names(envelope.anomalies), kRed);
  const auto text = preview(envelope, payload);
  if (!text.empty()) out += "  " + text;
  out += '\n';
}

void LineView::message(std::string& out, const Message& message) const {
  const bool sends = message.direction == ws::Direction::send;
  const auto frames = message.first == message.last
                          ? fmt::format("{}:{}", message.flow, message.first)
                          : fmt::format("{}:{}-{}", message.flow, message.first, message.last);
  out += paint(clock_time(message.time_ns), kFaint);
  out += fmt::format("  {:<12} ", frames);
  out += paint(fmt::format("{} {:<6}", sends ? "->" : "<-", ws::opcode_name(message.opcode)),
               sends ? kGreen : kBlue);
  out += fmt::format(" {:>8}", message.payload.size());
  if (message.compressed) out += " z";
  if (message.inflation == ws::Inflation::done && message.wire_bytes != 0)
    out += fmt::format(
        " {:.1f}x", static_cast<double>(message.content_bytes()) / static_cast<double>(message.wire_bytes));
  out += inflation_mark(message.inflation) + cut_mark(message.cut_from);
  out += redaction_mark(message.withheld, message.redacted);
  if (message.frames > 1) out += fmt::format(" in {} frames", message.frames);
  if (!message.finished) out += "  " + paint("unfinished", kYellow);
  out += fate(message.verdict, message.cause);
  hold(out, message.held, message.cause);
  marks(out, {}, message.tags);
  if (!message.anomalies.empty()) out += "  " + paint("!" + anomaly_names(message.anomalies), kRed);
  if (const auto text = start_of(message.payload, message.says_content()); !text.empty()) out += "  " + text;
  out += '\n';
}

void LineView::flow(std::string& out, const pipeline::FlowOpened& opened,
                    const pipeline::FlowClosed* closed) const {
  const auto state = closed != nullptr ? closed->state : pipeline::FlowState::active;
  out += paint(clock_time(opened.time_ns), kFaint);
  out += fmt::format("  {:<9} ", opened.id);
  out += paint(fmt::format("{:<9}", name(state)), state == pipeline::FlowState::error ? kRed : kGreen);
  out += ' ' + printable(opened.facts.url);
  if (!opened.subprotocol.empty()) out += fmt::format("  [{}]", printable(opened.subprotocol));
  if (closed != nullptr) out += "  " + printable(ending_text(*closed));
  if (!opened.anomalies.empty()) out += "  " + paint("!" + anomaly_names(opened.anomalies), kRed);
  out += '\n';
}

void LineView::connection(std::string& out, const pipeline::ConnectionRecord& connection) const {
  out += paint(clock_time(connection.start_ns), kFaint);
  out += fmt::format("  {:<9} ", connection.id);
  out += paint(fmt::format("{:<9}", name(connection.kind)), kYellow);
  out += fmt::format(" {}  {}\n", printable(connection.facts.url), printable(connection.reason));
}

void LineView::outcome(std::string& out, const pipeline::Outcome& outcome) const {
  out += paint(clock_time(outcome.time_ns), kFaint);
  out += fmt::format("  {:<9} = {}", fmt::format("{}:{}", outcome.flow, outcome.sequence),
                     name(outcome.verdict));
  if (!outcome.cause.empty()) out += fmt::format(" ({})", printable(outcome.cause));
  marks(out, outcome.logged, outcome.tags);
  out += '\n';
}

void LineView::note(std::string& out, const pipeline::Note& note) const {
  out += paint(clock_time(note.time_ns), kFaint);
  out += fmt::format("  {:<9} # {}\n", note.flow == 0 ? std::string() : std::to_string(note.flow),
                     printable(note.text));
}

}  // namespace wstap::formats
