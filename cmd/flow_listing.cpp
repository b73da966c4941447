// SPDX-License-Identifier: Apache-2.0
#include "cmd/flow_listing.h"

namespace wstap::cmd {

FlowListing::FlowListing(const Form& form, const Reading& reading, bool at_once)
    : shape_(form.shape), at_once_(at_once), lines_(form.colour), json_({}, json_detail(form.shape)) {
  if (reading.filter) matched_.emplace(reading);
}

void FlowListing::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  json_.set_capture(reader.path());
  if (matched_) matched_->take(record, reader, out);
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
  print(ended, entries_[ended], out);
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
    if (mark.frame >= burst.ends.size()) continue;
    const std::uint32_t begin = mark.frame == 0 ? 0 : burst.ends[mark.frame - 1];
    const Bytes raw = burst.raw.subspan(begin, burst.ends[mark.frame] - begin);
    ws::FrameHeader header;
    if (pipeline::made_here(mark.verdict)) {
      counts.frames -= 1;
      counts.bytes -= raw.size();
    } else if (mark.withheld && decode_header(raw, header)) {
      counts.bytes += header.frame_len() - raw.size();
    }
  }
}

void FlowListing::print_what_is_over(std::string& out) {
  while (!entries_.empty() && entries_.begin()->second.over()) {
    print(entries_.begin()->first, entries_.begin()->second, out);
    entries_.erase(entries_.begin());
  }
}

void FlowListing::finish(std::string& out) {
  for (const auto& [id, entry] : entries_) print(id, entry, out);
  entries_.clear();
}

void FlowListing::print(pipeline::FlowId id, const Entry& entry, std::string& out) {
  if (matched_ && !matched_->has(id)) return;
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

}  // namespace wstap::cmd
