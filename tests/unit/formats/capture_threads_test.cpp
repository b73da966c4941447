// SPDX-License-Identifier: Apache-2.0
// One capture, many workers: every record whole, each flow's in its order.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "formats/capture_writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

constexpr pipeline::FlowId kWorkers = 4;
constexpr std::size_t kBursts = 200;

/// A worker's share: one flow, with bursts of one frame and of three, with and without marks.
void record_flow(CaptureWriter& writer, pipeline::FlowId id) {
  EXPECT_TRUE(writer.flow_opened(test::plain_flow_opened(id)));
  pipeline::Sequence next = pipeline::kFirstFrame;
  for (std::size_t i = 0; i < kBursts; ++i) {
    test::OwnBurst burst{
        .flow = id, .first_sequence = next, .frames = {test::client_text(std::string(i, 'x'))}};
    if (i % 2 == 0) burst.frames.insert(burst.frames.end(), 2, test::client_text("more"));
    if (i % 3 == 0) burst.marks = {{0, pipeline::Verdict::dropped, "rule", {}, {}}};
    EXPECT_TRUE(writer.burst(burst.view()));
    next += burst.frames.size();
  }
  EXPECT_TRUE(writer.flow_closed({.id = id}));
}

/// Per flow: the sequence number that comes next.
void expect_in_order(const std::string& path, std::map<pipeline::FlowId, pipeline::Sequence>& next) {
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader);
  auto record = reader->next();
  for (; record && *record; record = reader->next()) {
    const auto* burst = std::get_if<pipeline::Burst>(&**record);
    if (burst == nullptr) continue;
    auto& sequence = next.try_emplace(burst->flow, pipeline::kFirstFrame).first->second;
    EXPECT_EQ(burst->first_sequence, sequence);
    sequence += burst->ends.size();
  }
  EXPECT_TRUE(record) << record.error().text();
}

class CaptureThreads : public testing::TestWithParam<std::uint64_t> {};

TEST_P(CaptureThreads, RecordWholeRecordsInOrder) {
  const test::TempDir folder;
  test::FakeClock clock;
  auto writer = CaptureWriter::open({.path = folder / "x.wstap", .rotate_bytes = GetParam()}, clock);
  ASSERT_TRUE(writer);
  std::vector<std::thread> workers;
  for (pipeline::FlowId id = 1; id <= kWorkers; ++id)
    workers.emplace_back([&writer, id] { record_flow(**writer, id); });
  std::uint64_t written = 0;
  for (auto& worker : workers) {
    EXPECT_GE((*writer)->bytes_written(), written) << "may be asked at any time";
    written = (*writer)->bytes_written();
    worker.join();
  }

  std::map<pipeline::FlowId, pipeline::Sequence> next;
  std::uint64_t bytes = 0;
  for (std::uint32_t part = 1; std::filesystem::exists(part_path(folder / "x.wstap", part)); ++part) {
    expect_in_order(part_path(folder / "x.wstap", part), next);
    bytes += std::filesystem::file_size(part_path(folder / "x.wstap", part));
  }
  EXPECT_EQ((*writer)->bytes_written(), bytes);
  ASSERT_EQ(next.size(), kWorkers);
  for (const auto& [id, sequence] : next) EXPECT_EQ(sequence, pipeline::kFirstFrame + 2 * kBursts) << id;
}

INSTANTIATE_TEST_SUITE_P(InOneFileAndInParts, CaptureThreads, testing::Values(0, 10'000));

}  // namespace
}  // namespace wstap::formats
