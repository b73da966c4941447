// SPDX-License-Identifier: Apache-2.0
// A writer that cuts payloads, and what a reader makes of what it wrote.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/capture_writer.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {

inline constexpr std::size_t kKept = 10;

/// One frame as a reader of the capture has it.
struct Shown {
  Buffer raw;
  std::string payload;
  std::uint64_t cut_from;
  ws::Inflation inflation;
  ws::AnomalySet anomalies;
};

class CutPayloads : public testing::Test {
 protected:
  void open(std::string extensions = {}) {
    auto flow = test::plain_flow_opened(1);
    flow.extensions = std::move(extensions);
    ASSERT_TRUE(writer->flow_opened(flow));
  }
  void record(std::vector<Buffer> frames, std::vector<pipeline::Mark> marks = {}) {
    const std::size_t count = frames.size();
    test::OwnBurst burst{.flow = 1,
                         .direction = ws::Direction::receive,
                         .first_sequence = next_sequence,
                         .frames = std::move(frames)};
    burst.marks = std::move(marks);
    ASSERT_TRUE(writer->burst(burst.view()));
    next_sequence += count;
  }
  void say(std::string_view content) {
    record({test::wire({.payload = server.message(as_bytes(content)), .rsv = 4})});
  }

  /// A new writer, with options other than those of most tests.
  void write(CaptureOptions options) {
    options.path = path;
    options.force = true;
    writer.reset();
    writer = std::move(*CaptureWriter::open(std::move(options), clock));
  }

  std::vector<Shown> shown() { return shown(path); }
  static std::vector<Shown> shown(const std::string& file) {
    std::vector<Shown> all;
    test::each_frame({file}, [&](const pipeline::Envelope& envelope, Bytes payload) {
      all.push_back({to_buffer(envelope.frame.raw), test::text(payload), envelope.cut_from,
                     envelope.inflation, envelope.anomalies});
    });
    return all;
  }
  std::vector<std::string> payloads_of(const std::string& file) {
    std::vector<std::string> all;
    for (const auto& frame : shown(file)) all.push_back(frame.payload);
    return all;
  }
  std::vector<std::string> payloads() { return payloads_of(path); }
  /// How many marks each burst has.
  static std::vector<std::size_t> marks_of(const std::string& file) {
    std::vector<std::size_t> marks;
    auto reader = CaptureReader::open(file);
    for (;;) {
      auto record = reader->next();
      if (!record || !*record) return marks;
      if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) marks.push_back(burst->marks.size());
    }
  }

  const test::TempDir folder;
  const std::string path = folder / "x.wstap";
  test::FakeClock clock;
  std::unique_ptr<CaptureWriter> writer =
      std::move(*CaptureWriter::open({.path = path, .max_payload_bytes = kKept}, clock));
  test::DeflatingPeer server;
  pipeline::Sequence next_sequence = 2;
};

}  // namespace wstap::formats
