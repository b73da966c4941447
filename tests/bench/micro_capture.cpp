// SPDX-License-Identifier: Apache-2.0
// What a burst costs to record, and a recorded frame to read back. Captures are on tmpfs where there is one.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "formats/capture_writer.h"
#include "formats/event_reader.h"
#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"
#include "tests/bench/bench_frames.h"

namespace wstap::bench {
namespace {

using ws::Direction;

/// Files beyond this are emptied: memory that was never used before costs several times as much.
constexpr std::uint64_t kLongestCapture = 128U << 20;

/// A file of this process, removed at the end.
class CaptureFile {
 public:
  CaptureFile() {
    const std::string folder = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    path_ = folder + "/wstap-micro-" + std::to_string(::getpid()) + ".wstap";
  }
  ~CaptureFile() { ::unlink(path_.c_str()); }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;
  const std::string& path() const { return path_; }
  void empty() const {
    if (::truncate(path_.c_str(), 0) != 0) throw std::runtime_error("cannot truncate " + path_);
  }

 private:
  std::string path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::unique_ptr<formats::CaptureWriter> open_writer(const std::string& path) {
  static SystemClock clock;
  formats::CaptureOptions options;
  options.path = path;
  options.force = true;
  options.tool = "bench";
  return must(formats::CaptureWriter::open(std::move(options), clock));
}

pipeline::Burst burst_of(const Frames& frames, pipeline::Sequence first) {
  return {.flow = 1,
          .direction = Direction::send,
          .first_sequence = first,
          .time_ns = 1,
          .raw = frames.raw,
          .ends = frames.ends};
}

/// Arguments: payload bytes, frames in a burst.
void write_burst(benchmark::State& state) {
  const CaptureFile file;
  const auto writer = open_writer(file.path());
  const Frames burst = frames(Direction::send, static_cast<std::size_t>(state.range(1)),
                              static_cast<std::size_t>(state.range(0)));
  std::uint64_t emptied = 0;
  for (auto _ : state) {
    must(writer->burst(burst_of(burst, pipeline::kFirstFrame)));
    if (writer->bytes_written() - emptied < kLongestCapture) continue;
    state.PauseTiming();
    emptied = writer->bytes_written();
    file.empty();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.range(1) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(burst.raw.size()) * state.iterations());
}
BENCHMARK(write_burst)
    ->ArgNames({"payload", "frames"})
    ->Args({32, 1})
    ->Args({32, 100})
    ->Args({32, 4000})
    ->Args({65536, 3});

/// A capture of `frames` frames of 200 B, so many in a burst.
class Recorded {
 public:
  static constexpr std::size_t kFrames = 100'000;
  explicit Recorded(std::size_t frames_in_burst) {
    const auto writer = open_writer(file_.path());
    pipeline::FlowOpened flow;
    flow.id = 1;
    flow.facts.url = "ws://localhost/";
    must(writer->flow_opened(flow));
    const Frames burst = frames(Direction::send, frames_in_burst, 200);
    for (std::size_t i = 0; i < kFrames; i += frames_in_burst)
      must(writer->burst(burst_of(burst, pipeline::kFirstFrame + i)));
  }
  const std::string& path() const { return file_.path(); }

 private:
  CaptureFile file_;
};

/// Calls `take` with every record of a capture.
template <class Take>
void read_all(const std::string& path, Take take) {
  auto reader = must(formats::EventReader::open({path}));
  for (auto record = must(reader.next()); record; record = must(reader.next())) take(*record);
}

/// Argument of all that read: frames in a burst.
void read_count(benchmark::State& state) {
  const Recorded capture(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::uint64_t count = 0;
    read_all(capture.path(), [&](const formats::Record& record) {
      if (const auto* burst = std::get_if<pipeline::Burst>(&record)) count += burst->ends.size();
    });
    if (count != Recorded::kFrames) state.SkipWithError("frames are missing");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(Recorded::kFrames) * state.iterations());
}
BENCHMARK(read_count)->Arg(1)->Arg(100);

template <class View>
void read_lines(benchmark::State& state, View view) {
  const Recorded capture(static_cast<std::size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    formats::FlowBook book;
    read_all(capture.path(), [&](const formats::Record& record) {
      const auto* burst = std::get_if<pipeline::Burst>(&record);
      if (burst == nullptr) return;
      book.visit(*burst, formats::Depth::payloads, [&](const pipeline::Envelope& envelope, Bytes payload) {
        view.frame(out, envelope, payload);
      });
      benchmark::DoNotOptimize(out.data());
      out.clear();
    });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(Recorded::kFrames) * state.iterations());
}

void read_as_json(benchmark::State& state) {
  read_lines(state, formats::JsonView("capture.wstap", formats::JsonDetail::readable));
}
BENCHMARK(read_as_json)->Arg(1)->Arg(100);

void read_as_jsonl(benchmark::State& state) {
  read_lines(state, formats::JsonView("capture.wstap", formats::JsonDetail::lossless));
}
BENCHMARK(read_as_jsonl)->Arg(100);

void read_as_lines(benchmark::State& state) {
  read_lines(state, formats::LineView(false));
}
BENCHMARK(read_as_lines)->Arg(1)->Arg(100);

}  // namespace
}  // namespace wstap::bench
