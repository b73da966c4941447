// SPDX-License-Identifier: Apache-2.0
#include "cmd/listing.h"

#include <fmt/format.h>

#include "libcore/base/ascii.h"
#include "libcore/base/printable.h"

namespace wstap::cmd {

namespace {

formats::JsonDetail detail(Shape shape) {
  return shape == Shape::jsonl ? formats::JsonDetail::lossless : formats::JsonDetail::readable;
}

bool is_json(Shape shape) {
  return shape == Shape::json || shape == Shape::jsonl;
}

}  // namespace

std::optional<FrameId> parse_frame_id(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto flow = parse_decimal<pipeline::FlowId>(text.substr(0, colon));
  const auto sequence = parse_decimal<pipeline::Sequence>(text.substr(colon + 1));
  if (!flow || !sequence) return std::nullopt;
  return FrameId{*flow, *sequence};
}

FrameListing::FrameListing(Shape shape, bool colour, std::optional<FrameId> only)
    : shape_(shape), only_(only), lines_(colour), json_({}, detail(shape)) {}

void FrameListing::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  if (capture_ != reader.path()) json_.set_capture(capture_ = reader.path());
  if (const auto* each = std::get_if<pipeline::Burst>(&record)) {
    burst(*each, reader, out);
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    book_.open(*opened);
    if (only_ && only_->flow == opened->id && only_->sequence < pipeline::kFirstFrame) head(*opened, out);
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    book_.close(closed->id);
  }
  if (shape_ == Shape::jsonl && !only_) others(record, out);
}

/// Request and response have the sequence numbers 0 and 1.
void FrameListing::head(const pipeline::FlowOpened& flow, std::string& out) {
  found_ = true;
  const Bytes head = only_->sequence == 0 ? flow.facts.request_head : flow.facts.response_head;
  if (is_json(shape_)) {
    json_.head(out, flow, only_->sequence);
  } else if (shape_ == Shape::raw) {
    formats::raw_view(out, head);
  } else {
    formats::head_view(out, head);
  }
}

void FrameListing::burst(const pipeline::Burst& burst, formats::EventReader& reader, std::string& out) {
  const bool whole_burst = !only_ || only_->flow == burst.flow;
  const auto depth = whole_burst ? formats::Depth::payloads : formats::Depth::headers;
  book_.visit(burst, depth, [&](pipeline::Envelope& envelope, Bytes payload) {
    if (only_ && *only_ != FrameId{envelope.flow, envelope.sequence}) return;
    if (envelope.verdict == pipeline::Verdict::pending) reader.settle(envelope);
    frame(envelope, payload, out);
  });
}

void FrameListing::frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) {
  found_ = found_ || only_;
  switch (shape_) {
    case Shape::line: lines_.frame(out, envelope, payload); break;
    case Shape::raw: formats::raw_view(out, envelope, payload); break;
    case Shape::structured: formats::structured_view(out, envelope, payload); break;
    case Shape::json:
    case Shape::jsonl: json_.frame(out, envelope, payload); break;
  }
  if (!only_ && (shape_ == Shape::raw || shape_ == Shape::structured)) out += '\n';
}

/// The lossless form holds everything else as well.
void FrameListing::others(const formats::Record& record, std::string& out) {
  if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    json_.flow(out, *opened, nullptr);
    open_[opened->id] = *opened;
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    const auto flow = open_.extract(closed->id);
    if (!flow.empty()) json_.flow(out, flow.mapped(), closed);
  } else if (const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) {
    json_.connection(out, *connection);
  } else if (const auto* outcome = std::get_if<pipeline::Outcome>(&record)) {
    json_.outcome(out, *outcome);
  } else if (const auto* note = std::get_if<pipeline::Note>(&record)) {
    json_.note(out, *note);
  }
}

MessageListing::MessageListing(Shape shape, bool colour)
    : shape_(shape),
      messages_([this](const formats::Message& message) { print(message); }),
      lines_(colour),
      json_({}, detail(shape)) {}

void MessageListing::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  if (capture_ != reader.path()) json_.set_capture(capture_ = reader.path());
  out_ = &out;
  if (const auto* burst = std::get_if<pipeline::Burst>(&record)) {
    book_.visit(*burst, formats::Depth::payloads, [&](pipeline::Envelope& envelope, Bytes payload) {
      if (envelope.verdict == pipeline::Verdict::pending) reader.settle(envelope);
      messages_.take(envelope, payload);
    });
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    book_.open(*opened);
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    messages_.close(closed->id);
    book_.close(closed->id);
  }
}

void MessageListing::finish(std::string& out) {
  out_ = &out;
  messages_.close_all();
}

void MessageListing::print(const formats::Message& message) {
  switch (shape_) {
    case Shape::line: return lines_.message(*out_, message);
    case Shape::json:
    case Shape::jsonl: return json_.message(*out_, message);
    case Shape::raw: formats::raw_view(*out_, message); break;
    case Shape::structured: formats::structured_view(*out_, message); break;
  }
  *out_ += '\n';
}

void Lint::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  capture_ = reader.path();
  if (const auto* burst = std::get_if<pipeline::Burst>(&record)) {
    book_.visit(*burst, formats::Depth::payloads, [&](const pipeline::Envelope& envelope, Bytes) {
      if (envelope.anomalies.empty()) return;
      const bool sends = envelope.direction == ws::Direction::send;
      const auto where =
          fmt::format("{} {}", sends ? "->" : "<-", ws::opcode_name(envelope.frame.header.opcode));
      report(out, where, envelope.flow, envelope.sequence, envelope.anomalies);
    });
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    book_.open(*opened);
    if (!opened->resumed) report(out, "<- response", opened->id, 1, opened->anomalies);
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    book_.close(closed->id);
  }
}

void Lint::report(std::string& out, std::string_view where, pipeline::FlowId flow,
                  pipeline::Sequence sequence, ws::AnomalySet anomalies) {
  anomalies.for_each([&](const ws::AnomalyInfo& entry) {
    found_ = true;
    if (is_json(shape_)) {
      formats::JsonWriter json(out);
      json.add_word("type", "anomaly");
      json.add_if("capture", capture_);
      json.add("flow", flow);
      json.add("seq", sequence);
      json.add_word("name", entry.name);
      json.add_word("section", entry.section);
      json.add_word("meaning", entry.meaning);
      json.close_object();
      out += '\n';
    } else {
      out += fmt::format("{}: {}:{} {}: {} ({}): {}\n", printable(capture_), flow, sequence, where,
                         entry.name, entry.section, entry.meaning);
    }
  });
}

FlowListing::FlowListing(Shape shape, bool colour, bool at_once)
    : shape_(shape), at_once_(at_once), lines_(colour), json_({}, detail(shape)) {}

void FlowListing::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  json_.set_capture(reader.path());
  pipeline::FlowId ended = 0;
  if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    // A later part says again what was open when it began.
    auto& entry = entries_[opened->id];
    if (entry.opened) return;
    entry.opened = *opened;
    if (opened->resumed)
      for (std::size_t i = 0; i < 2; ++i) entry.so_far[i] = (*opened->resumed)[i].counts;
  } else if (const auto* burst = std::get_if<pipeline::Burst>(&record)) {
    count(*burst);
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    entries_[ended = closed->id].closed = *closed;
  } else if (const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) {
    entries_[ended = connection->id].connection = *connection;
  }
  if (ended == 0) return;
  if (!at_once_) return print_what_is_over(out);
  print(entries_[ended], out);
  entries_.erase(ended);
}

/// Frames that wstap made are in no peer's count.
void FlowListing::count(const pipeline::Burst& burst) {
  const auto entry = entries_.find(burst.flow);
  if (entry == entries_.end()) return;
  auto& counts = entry->second.so_far[ws::index(burst.direction)];
  counts.frames += burst.ends.size();
  counts.bytes += burst.raw.size();
  for (const auto& mark : burst.marks) {
    if (!pipeline::made_here(mark.verdict) || mark.frame >= burst.ends.size()) continue;
    counts.frames -= 1;
    counts.bytes -= burst.ends[mark.frame] - (mark.frame == 0 ? 0 : burst.ends[mark.frame - 1]);
  }
}

void FlowListing::print_what_is_over(std::string& out) {
  while (!entries_.empty() && entries_.begin()->second.over()) {
    print(entries_.begin()->second, out);
    entries_.erase(entries_.begin());
  }
}

void FlowListing::finish(std::string& out) {
  for (const auto& [id, entry] : entries_) print(entry, out);
  entries_.clear();
}

void FlowListing::print(const Entry& entry, std::string& out) {
  const bool in_full = shape_ == Shape::structured || shape_ == Shape::raw;
  if (entry.connection) {
    if (is_json(shape_)) {
      json_.connection(out, *entry.connection);
    } else if (in_full) {
      formats::structured_view(out, *entry.connection);
      out += '\n';
    } else {
      lines_.connection(out, *entry.connection);
    }
    return;
  }
  if (!entry.opened) return;  // its beginning is in a part that is not here
  pipeline::FlowClosed so_far;
  so_far.state = pipeline::FlowState::active;
  so_far.counts = entry.so_far;
  const auto* ending = entry.closed ? &*entry.closed : &so_far;
  if (is_json(shape_)) {
    json_.flow(out, *entry.opened, ending);
  } else if (in_full) {
    formats::structured_view(out, *entry.opened, ending);
    out += '\n';
  } else {
    lines_.flow(out, *entry.opened, ending);
  }
}

void Count::take(const formats::Record& record, formats::EventReader&, std::string&) {
  if (!flows_) {
    if (const auto* burst = std::get_if<pipeline::Burst>(&record)) count_ += burst->ends.size();
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    if (!opened->resumed) ++count_;
  } else if (std::holds_alternative<pipeline::ConnectionRecord>(record)) {
    ++count_;
  }
}

void Count::finish(std::string& out) {
  out += fmt::format("{}\n", count_);
}

}  // namespace wstap::cmd
