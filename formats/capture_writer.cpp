// SPDX-License-Identifier: Apache-2.0
#include "formats/capture_writer.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <filesystem>

#include "formats/errors.h"
#include "formats/flow_reading.h"
#include "formats/record_encoder.h"
#include "libcore/ws/frame_header.h"

namespace wstap::formats {

/// What must be said again of a flow when a new part begins.
struct CaptureWriter::OpenFlow {
  explicit OpenFlow(const pipeline::FlowOpened& flow)
      : opened(flow),
        trackers{ws::MessageTracker(ws::Direction::send, flow.negotiated()),
                 ws::MessageTracker(ws::Direction::receive, flow.negotiated())} {}
  pipeline::FlowOpened opened;
  std::array<ws::MessageTracker, 2> trackers;
  std::array<pipeline::LaneCounts, 2> counts;
};

namespace {

constexpr UnixNs kSyncEvery = 1'000'000'000;
// Sent versions beyond this do not share a record with the frames they replace.
constexpr std::size_t kSentInRecord = 512 * 1024;
constexpr std::array<std::byte, 8> kZeros{};
// As much as is read in a quarter of a second or so, while a worker waits.
constexpr std::uint64_t kMaxRecalledBytes = std::uint64_t{256} << 20;

std::size_t sent_bytes(const pipeline::Mark& mark) {
  return mark.sent ? mark.sent->size() : 0;
}

bool says_much(const pipeline::Burst& burst) {
  std::size_t total = 0;
  for (const auto& mark : burst.marks) total += sent_bytes(mark);
  return total > kSentInRecord;
}

}  // namespace

std::string part_path(const std::string& path, std::uint32_t part) {
  if (part == 1) return path;
  const auto name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  auto dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name) dot = path.size();  // ".hidden" has no extension
  return fmt::format("{}.{}{}", path.substr(0, dot), part, path.substr(dot));
}

CaptureWriter::CaptureWriter(CaptureOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      rotates_((options_.rotate_bytes != 0 || options_.rotate_ns != 0) && options_.path != "-") {
  if (options_.max_payload_bytes != 0)
    cutter_.emplace(options_.max_payload_bytes,
                    FlowBook(options_.inflating, options_.inflate_limits, options_.max_waiting_bytes));
  header_.tool = options_.tool;
  header_.options = options_.options;
  if (getrandom(header_.capture_id.data(), header_.capture_id.size(), 0) < 0) header_.capture_id = {};
}

CaptureWriter::~CaptureWriter() {
  (void)note_lost();
  if (options_.fsync != Fsync::never) (void)file_.sync();
}

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::open(CaptureOptions options, Clock& clock) {
  std::unique_ptr<CaptureWriter> writer(new CaptureWriter(std::move(options), clock));
  // Better known now than in the middle of a recording.
  const auto second = part_path(writer->options_.path, 2);
  if (writer->rotates_ && !writer->options_.force && std::filesystem::exists(second))
    return in_the_way(second);
  if (auto ok = writer->begin_part(1); !ok) return std::unexpected(ok.error());
  return writer;
}

/// What is not begun with a header is no capture: without one, the part before stays in use.
Result<void> CaptureWriter::begin_part(std::uint32_t part) {
  auto file = OutputFile::create(part_path(options_.path, part), options_.force);
  if (!file) return std::unexpected(file.error());
  Header header = header_;
  header.part = part;
  header.time_ns = clock_.now_ns();
  const Buffer record = encode(header);
  if (auto ok = file->append(record); !ok) return ok;
  written_total_ += record.size();
  if (part > 1 && options_.fsync != Fsync::never)
    if (auto ok = file_.sync(); !ok) return ok;
  file_ = std::move(*file);
  part_opening_bytes_ = file_.bytes();
  header_ = std::move(header);
  return {};
}

Result<void> CaptureWriter::put(Bytes record) {
  std::array<iovec, 1> pieces = {piece(record)};
  return put(pieces, record.size());
}

Result<void> CaptureWriter::put(std::span<iovec> pieces, std::size_t total) {
  if (failed_) return std::unexpected(*failed_);
  auto written = note_lost();
  if (written) written = append(pieces, total);
  if (written) written = sync_if_due();
  return written ? written : refuse(written.error());
}

Result<void> CaptureWriter::append(std::span<iovec> pieces, std::size_t total) {
  if (total > kMaxRecordBytes) return fail(Errc::record_too_large, fmt::format("{} bytes", total));
  if (auto ok = file_.append(pieces, total); !ok) return ok;
  written_total_.fetch_add(total, std::memory_order_relaxed);
  return {};
}

/// Says in the capture that something is missing from it, as soon as it can be said.
Result<void> CaptureWriter::note_lost() {
  if (lost_records_ == 0) return {};
  const Buffer record = encode(pipeline::Note{
      0, clock_.now_ns(), fmt::format("records_lost: {} records could not be written", lost_records_)});
  std::array<iovec, 1> pieces = {piece(record)};
  auto written = append(pieces, record.size());
  if (written) lost_records_ = 0;
  return written;
}

/// A record could not be written. @return what its sender is told.
Result<void> CaptureWriter::refuse(Error why) {
  complete_ = false;
  if (options_.on_error == OnCaptureError::pass) {
    if (lost_records_++ == 0 && options_.on_lost) options_.on_lost(why);
    return {};
  }
  if (options_.on_lost) options_.on_lost(why);
  if (why.code != Errc::record_too_large) failed_ = why;
  return std::unexpected(std::move(why));
}

Result<void> CaptureWriter::sync_if_due() {
  if (options_.fsync == Fsync::never) return {};
  if (options_.fsync == Fsync::interval) {
    const UnixNs now = clock_.now_ns();
    if (now - last_sync_ns_ < kSyncEvery) return {};
    last_sync_ns_ = now;
  }
  return file_.sync();
}

Result<void> CaptureWriter::rotate_if_due() {
  if (!rotates_) return {};
  // A part that could do no more than open the flows again would be followed by its like for ever.
  const bool large =
      options_.rotate_bytes != 0 && file_.bytes() - part_opening_bytes_ >= options_.rotate_bytes;
  const bool old =
      options_.rotate_ns != 0 && clock_.now_ns() - header_.time_ns >= static_cast<UnixNs>(options_.rotate_ns);
  if (!large && !old) return {};
  const auto begun = begin_part(header_.part + 1);
  if (begun) return reopen_flows();
  if (options_.on_error == OnCaptureError::stop) return refuse(begun.error());
  rotates_ = false;
  return put(encode(pipeline::Note{0, clock_.now_ns(), "rotation_failed: " + begun.error().text()}));
}

Result<void> CaptureWriter::reopen_flows() {
  for (auto& [id, flow] : open_flows_) {
    auto& resumed = flow->opened.resumed.emplace();
    for (std::size_t i = 0; i < 2; ++i) resumed[i] = {flow->trackers[i].state(), flow->counts[i]};
    if (auto ok = put(encode(flow->opened)); !ok) return ok;
    if (!cutter_) continue;
    for (const auto& window : cutter_->windows(id))
      if (auto ok = put(encode(window)); !ok) return ok;
  }
  part_opening_bytes_ = file_.bytes();
  return {};
}

/// Keeps up with where a flow stands, for the parts to come.
void CaptureWriter::follow(const pipeline::Burst& burst) {
  const auto found = open_flows_.find(burst.flow);
  if (found == open_flows_.end()) return;
  OpenFlow& flow = *found->second;
  flow.opened.next_sequence = burst.first_sequence + burst.ends.size();
  const std::size_t lane = ws::index(burst.direction);
  auto mark = burst.marks.begin();
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < burst.ends.size(); ++i) {
    const Bytes raw = burst.raw.subspan(begin, burst.ends[i] - begin);
    begin = burst.ends[i];
    const bool marked = mark != burst.marks.end() && mark->frame == i;
    if (marked && made_here((mark++)->verdict)) continue;
    ws::FrameHeader header;
    const bool whole = decode_header(raw, header);
    if (whole) flow.trackers[lane].observe(header, burst.first_sequence + i);
    ++flow.counts[lane].frames;
    // Of one that is not recorded whole, too, what was on the wire.
    flow.counts[lane].bytes += whole ? header.frame_len() : raw.size();
  }
}

Result<void> CaptureWriter::flow_opened(const pipeline::FlowOpened& flow) {
  const std::lock_guard guard(lock_);
  if (auto ok = rotate_if_due(); !ok) return ok;
  if (rotates_) open_flows_[flow.id] = std::make_unique<OpenFlow>(flow);
  if (cutter_) cutter_->open(flow);
  return put(encode(flow));
}

Result<void> CaptureWriter::burst(const pipeline::Burst& burst) {
  const std::lock_guard guard(lock_);
  if (rotates_) {
    if (auto ok = rotate_if_due(); !ok) return ok;
    follow(burst);
  }
  const pipeline::Burst recorded = cutter_ ? cutter_->cut(burst) : burst;
  if (recorded.marks.empty()) return put_burst(recorded);
  return says_much(recorded) ? put_apart(recorded) : put(encode(recorded));
}

/// The hot path: no copy, no heap, one system call.
Result<void> CaptureWriter::put_burst(const pipeline::Burst& burst) {
  const BurstHead head = encode_head(burst);
  const Bytes ends = std::as_bytes(burst.ends).first(head.ends_bytes);
  std::array<iovec, 5> pieces = {piece(head.bytes()), piece(ends),
                                 piece(Bytes(kZeros).first(head.ends_padding)), piece(burst.raw),
                                 piece(Bytes(kZeros).first(head.raw_padding))};
  return put(pieces, head.total(burst.raw.size()));
}

/// Where the sent versions would make the record too large, frames are recorded as pending and their outcomes
/// behind them.
Result<void> CaptureWriter::put_apart(const pipeline::Burst& burst) {
  std::vector<pipeline::Mark> marks(burst.marks.begin(), burst.marks.end());
  std::vector<pipeline::Outcome> outcomes;
  std::size_t kept = 0;
  for (auto& mark : marks) {
    if (kept + sent_bytes(mark) <= kSentInRecord) {
      kept += sent_bytes(mark);
      continue;
    }
    outcomes.push_back({burst.flow, burst.first_sequence + mark.frame, burst.time_ns, mark.verdict,
                        std::exchange(mark.cause, {}), std::exchange(mark.sent, std::nullopt)});
    mark.verdict = pipeline::Verdict::pending;
  }
  pipeline::Burst apart = burst;
  apart.marks = marks;
  if (auto ok = put(encode(apart)); !ok) return ok;
  for (const auto& outcome : outcomes)
    if (auto ok = put(encode(outcome)); !ok) return ok;
  return {};
}

Result<void> CaptureWriter::outcome(const pipeline::Outcome& outcome) {
  const std::lock_guard guard(lock_);
  if (!cutter_ || !outcome.sent) return put(encode(outcome));
  pipeline::Outcome recorded = outcome;
  recorded.sent = to_buffer(cutter_->cut(*outcome.sent));
  return put(encode(recorded));
}

Result<void> CaptureWriter::flow_closed(const pipeline::FlowClosed& closed) {
  const std::lock_guard guard(lock_);
  open_flows_.erase(closed.id);
  if (!cutter_) return put(encode(closed));
  cutter_->close(closed.id);
  pipeline::FlowClosed recorded = closed;
  for (auto& unfinished : recorded.unfinished) unfinished = to_buffer(cutter_->cut(unfinished));
  return put(encode(recorded));
}

Result<void> CaptureWriter::connection(const pipeline::ConnectionRecord& connection) {
  const std::lock_guard guard(lock_);
  if (auto ok = rotate_if_due(); !ok) return ok;
  return put(encode(connection));
}

std::uint32_t CaptureWriter::next_part() {
  if (options_.rotate_bytes == 0 && options_.rotate_ns == 0) return 1;  // asked before every turn: no lock
  const std::lock_guard guard(lock_);
  // Where it fails, the next record's sender is told.
  (void)rotate_if_due();
  return header_.part;
}

void CaptureWriter::retell(const std::function<void(pipeline::FlowOpened&)>& change) {
  const std::lock_guard guard(lock_);
  for (auto& [id, flow] : open_flows_) change(flow->opened);
}

Result<void> CaptureWriter::window(const pipeline::Window& window) {
  const std::lock_guard guard(lock_);
  const std::uint64_t before = file_.bytes();
  const auto written = put(encode(window));
  part_opening_bytes_ += file_.bytes() - before;  // it says nothing new
  return written;
}

std::optional<std::array<ws::MessageReader, 2>> CaptureWriter::recall(pipeline::FlowId flow,
                                                                      const ws::InflateLimits& limits) {
  std::vector<std::string> parts;
  {
    const std::lock_guard guard(lock_);
    if (!file_.is_regular() || options_.path == "-" || cutter_ || !complete_ ||
        bytes_written() > kMaxRecalledBytes)
      return std::nullopt;
    for (std::uint32_t part = 1; part <= header_.part; ++part)
      parts.push_back(part_path(options_.path, part));
  }
  return read_flow(flow, std::move(parts), limits);
}

Result<void> CaptureWriter::gap(const Gap& gap) {
  const std::lock_guard guard(lock_);
  return put(encode(gap));
}

Result<void> CaptureWriter::note(const pipeline::Note& note) {
  const std::lock_guard guard(lock_);
  return put(encode(note));
}

}  // namespace wstap::formats
