// SPDX-License-Identifier: Apache-2.0
#include "formats/event_reader.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "formats/capture_writer.h"
#include "formats/record_flow.h"

namespace wstap::formats {
namespace {

/// Reading it again gives the same: it is no pipe.
bool can_be_read_twice(const std::string& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  return path != "-" && (std::filesystem::is_regular_file(status) || !std::filesystem::exists(status));
}

/// @param part  empty: none is to come.
bool is_there(const std::string& part) {
  std::error_code unknown;
  return !part.empty() && std::filesystem::exists(part, unknown);
}

}  // namespace

Result<EventReader> EventReader::open(std::vector<std::string> paths, SourceOptions options) {
  EventReader reader(std::move(paths), std::move(options));
  reader.reads_ahead_ = !reader.options_.follow && std::ranges::all_of(reader.paths_, can_be_read_twice);
  if (auto ok = reader.open_current(); !ok) return std::unexpected(ok.error());
  return reader;
}

Result<void> EventReader::open_current() {
  SourceOptions options = options_;
  if (options.follow) options.continued = [next = next_part_] { return is_there(*next); };
  auto reader = CaptureReader::open(paths_[current_], std::move(options));
  if (!reader) return std::unexpected(reader.error());
  reader_.emplace(std::move(*reader));
  return {};
}

/// A further part of the same capture continues its flows; anything else begins anew.
void EventReader::begin_section(const Header& header) {
  const bool continues =
      section_ && section_->capture_id == header.capture_id && section_->part + 1 == header.part;
  if (!continues) base_ = highest_;
  section_ = header;
  part_note_ = order_.observe(header);
  // The first part has the name that all others are made of.
  if (current_ == 0 && header.part != 1) return;
  if (options_.follow && paths_.front() != "-") *next_part_ = part_path(paths_.front(), header.part + 1);
}

/// The writer of a followed capture began another part.
bool EventReader::goes_on_in_next_part() {
  if (!is_there(*next_part_) || (options_.stop && options_.stop())) return false;
  paths_.push_back(std::exchange(*next_part_, {}));
  return true;
}

void EventReader::renumber(Record& record) {
  if (const auto* header = std::get_if<Header>(&record)) return begin_section(*header);
  auto* flow = flow_of(record);
  if (flow == nullptr) return;
  *flow += base_;
  highest_ = std::max(highest_, *flow);
}

Result<std::optional<Record>> EventReader::next() {
  for (;;) {
    if (at_end_) {
      // The last reader stays: being_written() is still asked of it.
      if (current_ + 1 == paths_.size() && !goes_on_in_next_part()) return std::nullopt;
      ++current_;
      if (auto ok = open_current(); !ok) return std::unexpected(ok.error());
      at_end_ = false;
    }
    auto record = reader_->next();
    at_end_ = !record || !*record;
    if (!record) return record;
    if (at_end_) continue;
    ++records_;
    part_note_.clear();
    renumber(**record);
    // Frames stand before their outcomes: nobody will ask for this one any more.
    if (const auto* outcome = std::get_if<pipeline::Outcome>(&**record))
      fates_.erase({outcome->flow, outcome->sequence});
    return record;
  }
}

void EventReader::settle(pipeline::Envelope& envelope) {
  if (!reads_ahead_ || envelope.verdict != pipeline::Verdict::pending) return;
  const Fate* fate = fate_of({envelope.flow, envelope.sequence});
  const auto* held = fate != nullptr && fate->held ? &*fate->held : nullptr;
  if (held != nullptr) {
    envelope.cause = held->cause;
    envelope.note_hold();
  }
  if (fate == nullptr || !fate->end) {
    // While somebody writes the capture, or its last part, the last word is still to come.
    const bool is_over = !ahead_ || envelope.flow <= ahead_->base_ || !ahead_->being_written();
    if (is_over) envelope.verdict = pipeline::Verdict::unresolved;
    return;
  }
  const auto& outcome = *fate->end;
  if (!envelope.held.by.empty()) {
    envelope.held.decided_by = outcome.decided_by;
    envelope.held.ns = outcome.time_ns - (held != nullptr ? held->time_ns : envelope.time_ns);
  }
  envelope.verdict = outcome.verdict;
  envelope.cause = outcome.cause;
  envelope.sent = outcome.sent;
  std::ranges::copy(outcome.tags, std::back_inserter(envelope.tags));
  std::ranges::copy(outcome.logged, std::back_inserter(envelope.logged));
}

const EventReader::Fate* EventReader::fate_of(FrameKey frame) {
  if (!ahead_) {
    auto ahead = open(paths_);
    if (!ahead) return nullptr;
    ahead_ = std::make_unique<EventReader>(std::move(*ahead));
  }
  for (;;) {
    const auto found = fates_.find(frame);
    const Fate* known = found == fates_.end() ? nullptr : &found->second;
    if (known != nullptr && known->end) return known;
    // Past the section that the frame is in.
    if (frame.first <= ahead_->base_) return known;
    auto record = ahead_->next();
    if (!record) continue;  // what is damaged is this reader's to tell
    if (!*record) return known;
    auto* outcome = std::get_if<pipeline::Outcome>(&**record);
    if (outcome == nullptr || ahead_->records_ <= records_) continue;
    Fate& fate = fates_[{outcome->flow, outcome->sequence}];
    (outcome->verdict == pipeline::Verdict::pending ? fate.held : fate.end) = std::move(*outcome);
  }
}

}  // namespace wstap::formats
