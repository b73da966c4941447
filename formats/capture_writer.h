// SPDX-License-Identifier: Apache-2.0
// Writes captures: every record is in the kernel's hands when the call returns (CAP-2).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "formats/output_file.h"
#include "formats/payload_cutter.h"
#include "formats/record.h"
#include "libcore/base/clock.h"
#include "libcore/pipeline/tap.h"

namespace wstap::formats {

enum class Fsync : std::uint8_t { never, interval, always };
enum class OnCaptureError : std::uint8_t {
  stop,  ///< every call fails from then on: no traffic passes unrecorded
  pass,  ///< calls succeed; what was lost is counted, and noted when writing works again
};

struct CaptureOptions {
  std::string path;    ///< "-": standard output
  bool force = false;  ///< overwrite
  Fsync fsync = Fsync::never;
  OnCaptureError on_error = OnCaptureError::stop;
  std::uint64_t rotate_bytes = 0;       ///< begin another part after so many of what is new; 0: never
  std::uint64_t rotate_ns = 0;          ///< ... or after so long
  std::uint64_t max_payload_bytes = 0;  ///< of each payload no more (LIM-3); 0: all of it
  /// How compressed messages are read that are to be stored inflated because they were cut.
  std::array<ws::Inflating, 2> inflating{};
  ws::InflateLimits inflate_limits;
  std::uint64_t max_waiting_bytes = kMaxWaitingBytes;  ///< see FlowBook
  std::string tool;                                    ///< for the header
  std::vector<std::string> options;                    ///< for the header
  /// Told, under the writer's lock, when the first record is lost: of all, or since records were written
  /// again.
  std::function<void(const Error&)> on_lost;
};

/// The name of a part: "x.wstap", "x.2.wstap", "x.3.wstap", ...
std::string part_path(const std::string& path, std::uint32_t part);

/// Thread-safe. Locks its file for as long as it writes, so that readers know.
class CaptureWriter final : public pipeline::Tap {
 public:
  /// Creates the file (mode 0600) and writes the header. @param clock outlives the writer.
  /// @error exists; the system's own. The detail names the file and says what to do.
  static Result<std::unique_ptr<CaptureWriter>> open(CaptureOptions options, Clock& clock);
  ~CaptureWriter() override;
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // All of them: @error record_too_large, of this record alone; under `stop` what ended the recording.
  Result<void> flow_opened(const pipeline::FlowOpened& flow) override;
  Result<void> burst(const pipeline::Burst& burst) override;
  Result<void> outcome(const pipeline::Outcome& outcome) override;
  Result<void> flow_closed(const pipeline::FlowClosed& closed) override;
  Result<void> connection(const pipeline::ConnectionRecord& connection) override;
  Result<void> note(const pipeline::Note& note) override;
  Result<void> window(const pipeline::Window& window) override;
  /// Of recordings that are taken out of others; a proxy has none.
  Result<void> gap(const Gap& gap);
  /// From the parts so far, up to 256 MiB of them.
  std::optional<std::array<ws::MessageReader, 2>> recall(pipeline::FlowId flow,
                                                         const ws::InflateLimits& limits) override;
  std::uint32_t next_part() override;
  void retell(const std::function<void(pipeline::FlowOpened&)>& change) override;

  std::uint64_t bytes_written() const noexcept { return written_total_.load(std::memory_order_relaxed); }

 private:
  struct OpenFlow;
  CaptureWriter(CaptureOptions options, Clock& clock);
  Result<void> begin_part(std::uint32_t part);
  Result<void> put(Bytes record);
  Result<void> put(std::span<iovec> pieces, std::size_t total);
  Result<void> append(std::span<iovec> pieces, std::size_t total);
  Result<void> note_lost();
  Result<void> refuse(Error why);
  Result<void> put_burst(const pipeline::Burst& burst);
  Result<void> put_apart(const pipeline::Burst& burst);
  Result<void> sync_if_due();
  Result<void> rotate_if_due();
  Result<void> reopen_flows();
  void follow(const pipeline::Burst& burst);

  const CaptureOptions options_;
  Clock& clock_;
  std::mutex lock_;
  OutputFile file_;
  Header header_;  ///< of the current part
  bool rotates_;
  std::uint64_t part_opening_bytes_ = 0;  ///< of the current part: header, and flows that were open
  std::atomic<std::uint64_t> written_total_{0};
  UnixNs last_sync_ns_ = 0;
  std::optional<Error> failed_;  ///< under `stop`: what ended the recording
  std::uint64_t lost_records_ = 0;
  bool complete_ = true;  ///< nothing was ever lost
  std::optional<PayloadCutter> cutter_;
  std::map<pipeline::FlowId, std::unique_ptr<OpenFlow>> open_flows_;  ///< only kept when parts rotate
};

}  // namespace wstap::formats
