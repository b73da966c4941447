// SPDX-License-Identifier: Apache-2.0
// INS-6: several captures merge by time.
#include "formats/merged_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/errors.h"
#include "formats/flow_book.h"
#include "formats/record_flow.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;

Buffer header(unsigned id, std::uint32_t part = 1) {
  return encode(test::section_header(id, part));
}
Buffer open(pipeline::FlowId flow, UnixNs time) {
  auto opened = test::plain_flow_opened(flow);
  opened.time_ns = time;
  return encode(opened);
}
Buffer frame(pipeline::FlowId flow, pipeline::Sequence sequence, UnixNs time,
             Verdict verdict = Verdict::forwarded) {
  test::OwnBurst burst{.flow = flow,
                       .first_sequence = sequence,
                       .time_ns = time,
                       .frames = {test::client_text("x")},
                       .marks = {{0, verdict, "", {}, {}}}};
  return encode(burst.view());
}

class Merged : public testing::Test {
 protected:
  std::string add_file(const std::vector<Buffer>& records) {
    files.push_back(folder / std::to_string(files.size()));
    test::write_file(files.back(), as_text(test::joined(records)));
    return files.back();
  }

  /// What is read, in short: "1:2 at 30 forwarded", "1 at 10", "error 0".
  std::vector<std::string> story() {
    auto reader = MergedReader::open(files);
    if (!reader) return {reader.error().text()};
    std::vector<std::string> events;
    FlowBook book;
    for (;;) {
      auto record = reader->next();
      if (!record) {
        events.push_back("error " + std::filesystem::path(reader->path()).filename().string());
        continue;
      }
      if (!*record) return events;
      const auto* flow = flow_of(**record);
      if (flow == nullptr) continue;
      const auto when = " at " + std::to_string(time_of(**record).value_or(-1));
      auto event = std::to_string(*flow) + when;
      if (const auto* burst = std::get_if<pipeline::Burst>(&**record))
        book.visit(*burst, Depth::headers, [&](pipeline::Envelope& envelope, Bytes) {
          reader->settle(envelope);
          EXPECT_EQ(envelope.flow, *flow);
          event = std::to_string(*flow) + ":" + std::to_string(envelope.sequence) + when + " " +
                  std::string(name(envelope.verdict));
        });
      events.push_back(event);
    }
  }

  const test::TempDir folder;
  std::vector<std::string> files;
};

TEST_F(Merged, ByTime) {
  add_file({header(1), open(1, 10), frame(1, 2, 30), frame(1, 3, 50)});
  add_file({header(2), open(1, 20), frame(1, 2, 40), open(2, 45), frame(2, 2, 60)});
  EXPECT_THAT(story(), ElementsAre("1 at 10", "2 at 20", "1:2 at 30 forwarded", "2:2 at 40 forwarded",
                                   "3 at 45", "1:3 at 50 forwarded", "3:2 at 60 forwarded"));
}

TEST_F(Merged, InTheOrderOfNamesAtTheSameTime) {
  add_file({header(1), open(1, 10), frame(1, 2, 10)});
  add_file({header(2), open(1, 10)});
  EXPECT_THAT(story(), ElementsAre("1 at 10", "1:2 at 10 forwarded", "2 at 10"));
}

// A clock that was set back reorders nothing within a capture.
TEST_F(Merged, KeepTheirOwnOrder) {
  add_file({header(1), open(1, 100), frame(1, 2, 20), frame(1, 3, 10), frame(1, 4, 150)});
  add_file({header(2), open(1, 90), frame(1, 2, 120)});
  EXPECT_THAT(story(), ElementsAre("1 at 90", "2 at 100", "2:2 at 20 forwarded", "2:3 at 10 forwarded",
                                   "1:2 at 120 forwarded", "2:4 at 150 forwarded"));
}

// One capture keeps its numbers.
TEST_F(Merged, LeaveTheNumbersOfOneCapture) {
  add_file({header(1), open(7, 10), frame(7, 2, 20), frame(3, 2, 30)});
  EXPECT_THAT(story(), ElementsAre("7 at 10", "7:2 at 20 forwarded", "3:2 at 30 forwarded"));
}

// Parts go on with each other's flows, wherever they are named.
TEST_F(Merged, ReadPartsAsOne) {
  auto again = test::plain_flow_opened(1);
  again.resumed.emplace();
  add_file({header(1), open(1, 10), frame(1, 2, 30)});
  add_file({header(2), open(1, 20), frame(1, 2, 60)});
  add_file({header(1, 2), encode(again), frame(1, 3, 50)});
  EXPECT_THAT(story(), ElementsAre("1 at 10", "2 at 20", "1:2 at 30 forwarded", "2:2 at 60 forwarded",
                                   "1 at " + std::to_string(test::kSampleTime), "1:3 at 50 forwarded"));
}

// CAP-2: fates are looked for in the capture that a frame is of.
TEST_F(Merged, SettlePendingFrames) {
  const auto outcome = [](Verdict verdict, UnixNs time) {
    return encode(pipeline::Outcome{1, 2, time, verdict, "", {}});
  };
  add_file({header(1), open(1, 10), frame(1, 2, 30, Verdict::pending), outcome(Verdict::dropped, 90)});
  add_file({header(2), open(1, 20), frame(1, 2, 40, Verdict::pending), outcome(Verdict::blocked, 80)});
  add_file({header(3), open(1, 25), frame(1, 2, 50, Verdict::pending)});
  EXPECT_THAT(story(), ElementsAre("1 at 10", "2 at 20", "3 at 25", "1:2 at 30 dropped", "2:2 at 40 blocked",
                                   "3:2 at 50 unresolved", "2 at 80", "1 at 90"));
}

// What is sound is read, whatever another capture is like.
TEST_F(Merged, GoOnWithoutWhatIsDamaged) {
  add_file({header(1), open(1, 10), frame(1, 2, 30), test::bytes("torn")});
  add_file({test::bytes("no capture at all")});
  add_file({header(2), open(1, 20), frame(1, 2, 40)});
  EXPECT_THAT(story(), ElementsAre("error 1", "1 at 10", "2 at 20", "1:2 at 30 forwarded", "error 0",
                                   "2:2 at 40 forwarded"));
}

TEST_F(Merged, MustAllBeThere) {
  add_file({header(1)});
  files.push_back(folder / "missing");
  const auto reader = MergedReader::open(files);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace wstap::formats
