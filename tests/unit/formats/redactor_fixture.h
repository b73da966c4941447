// SPDX-License-Identifier: Apache-2.0
// A redactor before a capture, and what is in the capture then (SAFE-4).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/capture_writer.h"
#include "formats/redactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message_peers.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {

inline constexpr auto kSend = ws::Direction::send;
inline constexpr auto kReceive = ws::Direction::receive;

class RedactorTest : public testing::Test {
 protected:
  RedactorTest() { write({}); }

  static steps::OutputRule rule(std::string id, std::string pattern, std::string replacement = "[gone]") {
    return {.spec = {.id = std::move(id),
                     .patterns = {{std::move(pattern)}},
                     .replacement = std::move(replacement)},
            .payloads = {false, true}};
  }
  void write(CaptureOptions options) {
    options.path = path;
    options.force = true;
    writer.reset();
    writer = std::move(*CaptureWriter::open(std::move(options), clock));
    redactor = std::make_unique<Redactor>(*writer, limits);
    sequence = pipeline::kFirstFrame;
  }
  void use(std::vector<steps::OutputRule> rules) { redactor->use(*steps::OutputRules::make(rules)); }
  void open(std::string extensions = {}) {
    auto flow = test::plain_flow_opened(1);
    flow.extensions = std::move(extensions);
    ASSERT_TRUE(redactor->flow_opened(flow));
  }
  void come(std::vector<Buffer> frames, std::vector<pipeline::Mark> marks = {},
            ws::Direction direction = kReceive) {
    test::OwnBurst burst{
        .flow = 1, .direction = direction, .first_sequence = sequence, .frames = std::move(frames)};
    burst.marks = std::move(marks);
    sequence += burst.frames.size();
    ASSERT_TRUE(redactor->burst(burst.view()));
  }
  /// What is in all parts, plainly.
  std::string files() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      all += test::read_file(entry.path());
    return all;
  }

  test::TempDir folder;
  std::string path = folder / "capture.wstap";
  test::FakeClock clock;
  ws::InflateLimits limits;
  std::unique_ptr<CaptureWriter> writer;
  std::unique_ptr<Redactor> redactor;
  pipeline::Sequence sequence = pipeline::kFirstFrame;
};

}  // namespace wstap::formats
