// SPDX-License-Identifier: Apache-2.0
#include "formats/capture_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "formats/errors.h"
#include "formats/record_encoder.h"
#include "libcore/ws/frame_reader.h"

namespace wstap::formats {

/// What must be said again of a flow when a new part begins.
struct CaptureWriter::OpenFlow {
  explicit OpenFlow(pipeline::FlowOpened flow)
      : opened(std::move(flow)),
        trackers{ws::MessageTracker(ws::Direction::send, opened.negotiated()),
                 ws::MessageTracker(ws::Direction::receive, opened.negotiated())} {}
  pipeline::FlowOpened opened;
  std::array<ws::MessageTracker, 2> trackers;
  std::array<pipeline::LaneCounts, 2> counts;
};

namespace {

constexpr UnixNs kSyncEvery = 1'000'000'000;
// Sent versions above this do not share a record with the frames they replace.
constexpr std::size_t kLargeSent = 512 * 1024;
constexpr std::array<std::byte, 8> kZeros{};

Error system_error(int number, const std::string& path) {
  return {std::error_code(number, std::generic_category()), path, 0};
}

iovec piece(Bytes bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

/// Drops the first `count` bytes of what is to be written.
std::span<iovec> advance(std::span<iovec> pieces, std::size_t count) {
  while (!pieces.empty() && count >= pieces.front().iov_len) {
    count -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (!pieces.empty()) {
    pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + count;
    pieces.front().iov_len -= count;
  }
  return pieces;
}

bool has_large_mark(const pipeline::Burst& burst) {
  return std::any_of(burst.marks.begin(), burst.marks.end(),
                     [](const pipeline::Mark& mark) { return mark.sent && mark.sent->size() > kLargeSent; });
}

}  // namespace

std::string part_path(const std::string& path, std::uint32_t part) {
  if (part == 1) return path;
  const auto slash = path.rfind('/');
  const auto dot = path.rfind('.');
  const bool has_extension =
      dot != std::string::npos && dot != 0 && (slash == std::string::npos || dot > slash + 1);
  const auto stem = has_extension ? path.substr(0, dot) : path;
  return fmt::format("{}.{}{}", stem, part, has_extension ? path.substr(dot) : std::string());
}

CaptureWriter::CaptureWriter(CaptureOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock) {
  header_.tool = options_.tool;
  header_.options = options_.options;
  if (getrandom(header_.capture_id.data(), header_.capture_id.size(), 0) < 0) header_.capture_id = {};
}

CaptureWriter::~CaptureWriter() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::open(CaptureOptions options, Clock& clock) {
  std::unique_ptr<CaptureWriter> writer(new CaptureWriter(std::move(options), clock));
  if (auto ok = writer->open_part(); !ok) return std::unexpected(ok.error());
  return writer;
}

Result<void> CaptureWriter::open_part() {
  const auto path = part_path(options_.path, header_.part);
  if (options_.path == "-") {
    fd_ = STDOUT_FILENO;
  } else {
    if (fd_ >= 0) ::close(fd_);
    const int create = options_.force ? 0 : O_EXCL;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | create, 0600);
    if (fd_ < 0 && errno == EEXIST) return fail(Errc::exists, path + " (use --force to overwrite it)");
    if (fd_ < 0) return std::unexpected(system_error(errno, path));
    // A device takes no lock, and needs none.
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      return fail(Errc::exists, path + " (another wstap is writing to it)");
    if (options_.force && ::ftruncate(fd_, 0) != 0 && errno != EINVAL)
      return std::unexpected(system_error(errno, path));
  }
  struct stat info{};
  seekable_ = ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  part_bytes_ = seekable_ ? static_cast<std::uint64_t>(info.st_size) : 0;
  if (options_.force && options_.path != "-") part_bytes_ = 0;
  header_.time_ns = clock_.now_ns();
  return put(encode(header_));
}

Result<void> CaptureWriter::put(Bytes record) {
  std::array<iovec, 1> pieces = {piece(record)};
  return put(pieces, record.size());
}

/// Appends one record, or nothing of it.
Result<void> CaptureWriter::put(std::span<iovec> pieces, std::size_t total) {
  if (failed_) return std::unexpected(*failed_);
  if (total > kMaxRecordBytes) return fail(Errc::record_too_large, fmt::format("{} bytes", total));
  if (lost_records_ != 0) {
    const auto text =
        fmt::format("records_lost: {} records could not be written", std::exchange(lost_records_, 0));
    if (auto ok = put(encode(pipeline::Note{0, clock_.now_ns(), text})); !ok) return ok;
  }
  auto written = write_all(pieces, total);
  if (written) {
    part_bytes_ += total;
    written_total_ += total;
    return sync_if_due();
  }
  if (options_.on_error == OnCaptureError::stop) {
    failed_ = written.error();
    return written;
  }
  if (lost_records_++ == 0 && options_.on_lost) options_.on_lost(written.error());
  return {};
}

Result<void> CaptureWriter::write_all(std::span<iovec> pieces, std::size_t total) {
  const auto path = part_path(options_.path, header_.part);
  std::size_t done = 0;
  while (done < total) {
    const auto put = ::writev(fd_, pieces.data(), static_cast<int>(pieces.size()));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int number = errno;
      Error why = number == EPIPE ? Error{Errc::reader_gone, path, 0} : system_error(number, path);
      return done == 0 ? std::unexpected(std::move(why)) : undo_short_write(std::move(why));
    }
    done += static_cast<std::size_t>(put);
    pieces = advance(pieces, static_cast<std::size_t>(put));
    // A file that takes less than all is full: the next write says so. A pipe just has less room.
  }
  return {};
}

/// Takes a torn record back before anything else is appended (CAP-3).
Result<void> CaptureWriter::undo_short_write(Error why) {
  if (seekable_ && ::ftruncate(fd_, static_cast<off_t>(part_bytes_)) != 0) {
    why.detail += fmt::format(" (and the torn record could not be taken back: {})",
                              std::error_code(errno, std::generic_category()).message());
    failed_ = why;  // whatever --on-capture-error says: nothing may follow a torn record
  }
  if (!seekable_) failed_ = why;
  return std::unexpected(std::move(why));
}

Result<void> CaptureWriter::sync_if_due() {
  if (options_.fsync == Fsync::never || !seekable_) return {};
  if (options_.fsync == Fsync::interval) {
    const UnixNs now = clock_.now_ns();
    if (now - last_sync_ns_ < kSyncEvery) return {};
    last_sync_ns_ = now;
  }
  if (::fdatasync(fd_) == 0) return {};
  failed_ = system_error(errno, options_.path);
  return std::unexpected(*failed_);
}

Result<void> CaptureWriter::rotate_if_due() {
  if (!rotates() || !seekable_) return {};
  const bool large = options_.rotate_bytes != 0 && part_bytes_ >= options_.rotate_bytes;
  const bool old =
      options_.rotate_ns != 0 && clock_.now_ns() - header_.time_ns >= static_cast<UnixNs>(options_.rotate_ns);
  if (!large && !old) return {};
  ++header_.part;
  if (auto ok = open_part(); !ok) {
    failed_ = ok.error();
    return ok;
  }
  return reopen_flows();
}

Result<void> CaptureWriter::reopen_flows() {
  for (auto& [id, flow] : open_flows_) {
    auto& opened = flow->opened;
    opened.resumed.emplace();
    for (std::size_t i = 0; i < 2; ++i) (*opened.resumed)[i] = {flow->trackers[i].state(), flow->counts[i]};
    if (auto ok = put(encode(opened)); !ok) return ok;
  }
  return {};
}

/// Keeps up with where a flow stands, for the parts to come.
void CaptureWriter::follow(const pipeline::Burst& burst) {
  const auto found = open_flows_.find(burst.flow);
  if (found == open_flows_.end()) return;
  OpenFlow& flow = *found->second;
  flow.opened.next_sequence = burst.first_sequence + burst.ends.size();
  if (!burst.marks.empty() && made_here(burst.marks.front().verdict)) return;
  auto& counts = flow.counts[ws::index(burst.direction)];
  counts.frames += burst.ends.size();
  counts.bytes += burst.raw.size();
  Bytes rest = burst.raw;
  ws::FrameHeader header;
  for (std::size_t i = 0; i < burst.ends.size() && decode_header(rest, header); ++i) {
    flow.trackers[ws::index(burst.direction)].observe(header, burst.first_sequence + i);
    rest = burst.raw.subspan(burst.ends[i]);
  }
}

Result<void> CaptureWriter::flow_opened(const pipeline::FlowOpened& flow) {
  const std::lock_guard guard(lock_);
  if (auto ok = rotate_if_due(); !ok) return ok;
  if (rotates()) open_flows_[flow.id] = std::make_unique<OpenFlow>(flow);
  return put(encode(flow));
}

Result<void> CaptureWriter::burst(const pipeline::Burst& burst) {
  const std::lock_guard guard(lock_);
  if (rotates()) {
    if (auto ok = rotate_if_due(); !ok) return ok;
    follow(burst);
  }
  if (burst.marks.empty()) return put_burst(burst);
  if (has_large_mark(burst)) return put_large_marks(burst);
  return put(encode(burst));
}

/// The hot path: no copy, no heap, one system call.
Result<void> CaptureWriter::put_burst(const pipeline::Burst& burst) {
  const BurstHead head = encode_head(burst);
  const Bytes ends = std::as_bytes(burst.ends).first(head.ends_bytes);
  std::array<iovec, 5> pieces = {piece(head.bytes), piece(ends),
                                 piece(Bytes(kZeros).first(head.ends_padding)), piece(burst.raw),
                                 piece(Bytes(kZeros).first(head.raw_padding))};
  return put(pieces, head.total(burst.raw.size()));
}

/// Frames whose sent version is large are recorded as pending, their outcomes behind them: a record stays
/// below its limit.
Result<void> CaptureWriter::put_large_marks(const pipeline::Burst& burst) {
  std::vector<pipeline::Mark> marks(burst.marks.begin(), burst.marks.end());
  std::vector<pipeline::Outcome> outcomes;
  for (auto& mark : marks) {
    if (!mark.sent || mark.sent->size() <= kLargeSent) continue;
    outcomes.push_back({burst.flow, burst.first_sequence + mark.frame, burst.time_ns, mark.verdict,
                        std::exchange(mark.cause, {}), std::exchange(mark.sent, std::nullopt)});
    mark.verdict = pipeline::Verdict::pending;
  }
  pipeline::Burst copy = burst;
  copy.marks = marks;
  if (auto ok = put(encode(copy)); !ok) return ok;
  for (const auto& outcome : outcomes)
    if (auto ok = put(encode(outcome)); !ok) return ok;
  return {};
}

Result<void> CaptureWriter::outcome(const pipeline::Outcome& outcome) {
  const std::lock_guard guard(lock_);
  return put(encode(outcome));
}

Result<void> CaptureWriter::flow_closed(const pipeline::FlowClosed& closed) {
  const std::lock_guard guard(lock_);
  open_flows_.erase(closed.id);
  return put(encode(closed));
}

Result<void> CaptureWriter::connection(const pipeline::ConnectionRecord& connection) {
  const std::lock_guard guard(lock_);
  if (auto ok = rotate_if_due(); !ok) return ok;
  return put(encode(connection));
}

Result<void> CaptureWriter::note(const pipeline::Note& note) {
  const std::lock_guard guard(lock_);
  return put(encode(note));
}

}  // namespace wstap::formats
