// SPDX-License-Identifier: Apache-2.0
#include "formats/merged_reader.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "formats/record_flow.h"

namespace wstap::formats {
namespace {

using CaptureId = std::array<std::byte, 16>;

/// Which recording a file is a part of. None: it is no file that can be looked into beforehand, or no
/// capture, which is told when it is read.
Result<std::optional<CaptureId>> recording_of(const std::string& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  const bool is_there = std::filesystem::exists(status);
  if (path == "-" || (is_there && !std::filesystem::is_regular_file(status))) return std::nullopt;
  auto reader = CaptureReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  const auto record = reader->next();
  if (!record || !*record) return std::nullopt;
  const auto* header = std::get_if<Header>(&**record);
  if (header == nullptr) return std::nullopt;
  return header->capture_id;
}

}  // namespace

Result<MergedReader> MergedReader::open(const std::vector<std::string>& paths) {
  struct Recording {
    std::optional<CaptureId> id;
    std::vector<std::string> parts;
  };
  std::vector<Recording> recordings;
  for (const auto& path : paths) {
    std::optional<CaptureId> id;
    if (paths.size() > 1) {
      auto found = recording_of(path);
      if (!found) return std::unexpected(found.error());
      id = *found;
    }
    const auto same =
        std::ranges::find_if(recordings, [&](const Recording& other) { return id && other.id == id; });
    if (same == recordings.end()) {
      recordings.push_back({id, {path}});
    } else {
      same->parts.push_back(path);
    }
  }
  MergedReader merged;
  for (auto& recording : recordings) {
    auto reader = EventReader::open(std::move(recording.parts));
    if (!reader) return std::unexpected(reader.error());
    merged.sources_.emplace_back(std::move(*reader));
  }
  return merged;
}

Result<void> MergedReader::look(Source& source) {
  auto record = source.reader.next();
  if (!record) return std::unexpected(record.error());
  source.over = !*record;
  source.head = std::move(*record);
  return {};
}

std::size_t MergedReader::earliest() const {
  std::size_t found = sources_.size();
  UnixNs first = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i].head) continue;
    const UnixNs time = time_of(*sources_[i].head).value_or(std::numeric_limits<UnixNs>::min());
    if (found != sources_.size() && time >= first) continue;
    found = i;
    first = time;
  }
  return found;
}

/// Numbers are given to all flows that are read, so that they do not depend on what is then picked.
void MergedReader::renumber(Source& source, Record& record) {
  auto* flow = flow_of(record);
  if (flow == nullptr) return;
  original_ = *flow;
  if (sources_.size() == 1) return;
  const auto [at, is_new] = source.numbers.try_emplace(original_, highest_ + 1);
  if (is_new) ++highest_;
  *flow = at->second;
}

Result<std::optional<Record>> MergedReader::next() {
  // What was returned last was read from where the next is looked for: until now its views were needed.
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].head || sources_[i].over) continue;
    if (auto ok = look(sources_[i]); !ok) {
      current_ = i;
      return std::unexpected(ok.error());
    }
  }
  const std::size_t found = earliest();
  if (found == sources_.size()) return std::nullopt;
  current_ = found;
  Record record = std::move(*std::exchange(sources_[found].head, std::nullopt));
  renumber(sources_[found], record);
  return record;
}

void MergedReader::settle(pipeline::Envelope& envelope) {
  const auto shown = std::exchange(envelope.flow, original_);
  sources_[current_].reader.settle(envelope);
  envelope.flow = shown;
}

}  // namespace wstap::formats
