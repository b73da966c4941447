// SPDX-License-Identifier: Apache-2.0
// Captures in parts (CAP-5): when a part begins, what stands in it, and that it can be read alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/capture_writer.h"
#include "formats/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kHour = 3'600'000'000'000;

class Rotating : public testing::Test {
 protected:
  std::unique_ptr<CaptureWriter> open(CaptureOptions options) {
    options.path = part(1);
    auto writer = CaptureWriter::open(std::move(options), clock);
    if (!writer) throw std::runtime_error(writer.error().text());
    return std::move(*writer);
  }
  std::string part(std::uint32_t number) const { return part_path(folder / "x.wstap", number); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      names.push_back(entry.path().filename());
    return names;
  }
  /// Whatever comes next begins a part.
  void begin_next_part(CaptureWriter& writer) {
    clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(writer.connection({}));
  }
  /// A burst that makes any part larger than 100 bytes.
  void add_burst(CaptureWriter& writer, pipeline::FlowId flow, pipeline::Sequence first,
                 std::vector<Buffer> frames, ws::Direction direction = ws::Direction::send) {
    test::OwnBurst burst{
        .flow = flow, .direction = direction, .first_sequence = first, .frames = std::move(frames)};
    ASSERT_TRUE(writer.burst(burst.view()));
  }

  const test::TempDir folder;
  test::FakeClock clock;
};

TEST(PartPath, NumbersStandBeforeTheExtension) {
  EXPECT_EQ(part_path("x.wstap", 1), "x.wstap");
  EXPECT_EQ(part_path("x.wstap", 2), "x.2.wstap");
  EXPECT_EQ(part_path("/a.b/x.wstap", 10), "/a.b/x.10.wstap");
  EXPECT_EQ(part_path("x", 2), "x.2");
  EXPECT_EQ(part_path("/a.b/x", 2), "/a.b/x.2");
  EXPECT_EQ(part_path(".hidden", 2), ".hidden.2");
  EXPECT_EQ(part_path("a/.hidden", 2), "a/.hidden.2");
  EXPECT_EQ(part_path("x.tar.wstap", 3), "x.tar.3.wstap");
}

TEST_F(Rotating, BeginsAPartWhenTheLastIsLargeEnough) {
  const auto writer = open({.rotate_bytes = 1000});
  for (pipeline::Sequence i = 0; i < 10; ++i) add_burst(*writer, 1, 2 + i, {Buffer(400)});
  EXPECT_THAT(files(), UnorderedElementsAre("x.wstap", "x.2.wstap", "x.3.wstap", "x.4.wstap"));
  for (std::uint32_t number = 1; number <= 3; ++number) {
    EXPECT_GE(std::filesystem::file_size(part(number)), 1000U);
    EXPECT_LE(std::filesystem::file_size(part(number)), 1700U);
  }
}

TEST_F(Rotating, BeginsAPartWhenTheLastIsOldEnough) {
  const auto writer = open({.rotate_ns = 60'000'000'000});
  ASSERT_TRUE(writer->connection({}));
  clock.advance(std::chrono::seconds(59));
  ASSERT_TRUE(writer->connection({}));
  EXPECT_THAT(files(), ElementsAre("x.wstap"));
  clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(writer->connection({}));
  clock.advance(std::chrono::seconds(30));
  ASSERT_TRUE(writer->connection({}));
  EXPECT_THAT(files(), UnorderedElementsAre("x.wstap", "x.2.wstap"));
  EXPECT_EQ(test::records_of<pipeline::ConnectionRecord>(part(1)).size(), 2U);
  EXPECT_EQ(test::records_of<pipeline::ConnectionRecord>(part(2)).size(), 2U);
}

TEST_F(Rotating, CountsWhatIsNewInAPart) {
  const auto writer = open({.rotate_bytes = 1000});
  for (pipeline::FlowId id = 1; id <= 5; ++id) ASSERT_TRUE(writer->flow_opened(test::full_flow_opened(id)));
  const auto before = files().size();
  // To open those flows again takes more than a part may hold; the frames all fit into one more part.
  for (pipeline::Sequence i = 0; i < 10; ++i) add_burst(*writer, 1, 41 + i, {Buffer(10)});
  EXPECT_LE(files().size(), before + 1);
}

TEST_F(Rotating, NeverRotatesUnasked) {
  const auto writer = open({});
  for (pipeline::Sequence i = 0; i < 100; ++i) add_burst(*writer, 1, 2 + i, {Buffer(4000)});
  clock.advance(std::chrono::hours(100));
  add_burst(*writer, 1, 200, {Buffer(4)});
  EXPECT_THAT(files(), ElementsAre("x.wstap"));
}

TEST_F(Rotating, PartsAreOfOneCaptureAndPrivate) {
  const auto writer = open({.rotate_bytes = 100, .tool = "t", .options = {"o"}});
  for (pipeline::Sequence i = 0; i < 3; ++i) {
    add_burst(*writer, 1, 2 + i, {Buffer(400)});
    clock.advance(std::chrono::seconds(1));
  }
  const auto first = test::records_of<Header>(part(1)).at(0);
  for (std::uint32_t number = 2; number <= 3; ++number) {
    const auto header = test::records_of<Header>(part(number)).at(0);
    EXPECT_EQ(header.capture_id, first.capture_id);
    EXPECT_EQ(header.part, number);
    EXPECT_EQ(header.tool, "t");
    EXPECT_THAT(header.options, ElementsAre("o"));
    EXPECT_GT(header.time_ns, first.time_ns);
    EXPECT_EQ(test::mode_of(part(number)), 0600U);
  }
}

TEST_F(Rotating, OpenFlowsAreOpenedAgainWhereTheyStand) {
  const auto writer = open({.rotate_ns = kHour});
  auto one = test::full_flow_opened(1);
  one.resumed.reset();
  one.next_sequence = pipeline::kFirstFrame;
  auto two = test::plain_flow_opened(2);
  ASSERT_TRUE(writer->flow_opened(one));
  ASSERT_TRUE(writer->flow_opened(two));
  // Part of a text message from the client of flow 1; a Close from the server of flow 2.
  add_burst(*writer, 1, 2,
            {test::client_text("whole"), test::wire({.payload = Buffer(7), .fin = false, .mask = {{}}}),
             test::wire({.opcode = 0, .payload = Buffer(5), .fin = false, .mask = {{}}})});
  add_burst(*writer, 2, 2, {test::wire({.opcode = 8})}, ws::Direction::receive);
  begin_next_part(*writer);

  const auto opened = test::records_of<pipeline::FlowOpened>(part(2));
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(test::fields(opened[0].facts), test::fields(one.facts));
  EXPECT_EQ(opened[0].time_ns, one.time_ns);
  EXPECT_EQ(opened[0].next_sequence, 5U);
  ASSERT_TRUE(opened[0].resumed);
  const auto& send = (*opened[0].resumed)[0];
  EXPECT_TRUE(send.message.open);
  EXPECT_EQ(send.message.opcode, ws::kText);
  EXPECT_EQ(send.message.first, 3U);
  EXPECT_EQ(send.message.bytes, 12U);
  EXPECT_EQ(send.counts.frames, 3U);
  EXPECT_EQ(send.counts.bytes, 11U + 13U + 11U);
  EXPECT_EQ((*opened[0].resumed)[1].counts.frames, 0U);
  ASSERT_TRUE(opened[1].resumed);
  EXPECT_EQ(opened[1].next_sequence, 3U);
  EXPECT_TRUE((*opened[1].resumed)[1].message.closed);
}

// What wstap made itself is in nobody's message, and no peer's count.
TEST_F(Rotating, FramesMadeHereDoNotCount) {
  const auto writer = open({.rotate_ns = kHour});
  ASSERT_TRUE(writer->flow_opened(test::plain_flow_opened(1)));
  test::OwnBurst burst{.flow = 1,
                       .frames = {test::client_text("theirs"), test::wire({.opcode = 8, .mask = {{}}}),
                                  test::client_text("theirs")}};
  burst.marks = {{1, pipeline::Verdict::synthetic, "shutdown", {}, {}}};
  ASSERT_TRUE(writer->burst(burst.view()));
  begin_next_part(*writer);
  const auto opened = test::records_of<pipeline::FlowOpened>(part(2)).at(0);
  EXPECT_EQ(opened.next_sequence, 5U);
  EXPECT_EQ((*opened.resumed)[0].counts.frames, 2U);
  EXPECT_EQ((*opened.resumed)[0].counts.bytes, 24U);
  EXPECT_FALSE((*opened.resumed)[0].message.closed);
}

TEST_F(Rotating, ClosedFlowsAreNotOpenedAgain) {
  const auto writer = open({.rotate_ns = kHour});
  ASSERT_TRUE(writer->flow_opened(test::plain_flow_opened(1)));
  ASSERT_TRUE(writer->flow_closed({.id = 1}));
  begin_next_part(*writer);
  EXPECT_THAT(files(), UnorderedElementsAre("x.wstap", "x.2.wstap"));
  EXPECT_TRUE(test::records_of<pipeline::FlowOpened>(part(2)).empty());
}

// CAP-5: known before anything is recorded
TEST_F(Rotating, DoesNotBeginWhereThePartsAreTaken) {
  test::write_file(part(2), "precious");
  const auto refused = CaptureWriter::open({.path = part(1), .rotate_bytes = 100}, clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
  EXPECT_THAT(refused.error().detail, testing::StartsWith(part(2)));
  EXPECT_FALSE(std::filesystem::exists(part(1)));
}

TEST_F(Rotating, OverwritesNoOtherFileUnasked) {
  const auto writer = open({.rotate_bytes = 100});
  test::write_file(part(2), "precious");
  add_burst(*writer, 1, 2, {Buffer(400)});
  const auto refused = writer->connection({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
  EXPECT_EQ(writer->note({}).error().code, Errc::exists) << "no traffic passes unrecorded";
  EXPECT_EQ(test::read_file(part(2)), "precious");
}

TEST_F(Rotating, ToldToPassGoesOnInThePartItHas) {  // CAP-3
  const auto writer = open({.on_error = OnCaptureError::pass, .rotate_bytes = 100});
  test::write_file(part(2), "precious");
  add_burst(*writer, 1, 2, {Buffer(400)});
  add_burst(*writer, 1, 3, {Buffer(400)});
  add_burst(*writer, 1, 4, {Buffer(400)});
  EXPECT_EQ(test::read_file(part(2)), "precious");
  const auto notes = test::records_of<pipeline::Note>(part(1));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0].text, testing::StartsWith("rotation_failed: the file exists: " + part(2)));
  EXPECT_EQ(test::read_back(part(1)).records.size(), 5U);
}

TEST_F(Rotating, WithForceOverwritesPartsToo) {
  test::write_file(part(2), "old");
  const auto writer = open({.force = true, .rotate_bytes = 100});
  add_burst(*writer, 1, 2, {Buffer(400)});
  ASSERT_TRUE(writer->connection({}));
  EXPECT_EQ(test::records_of<pipeline::ConnectionRecord>(part(2)).size(), 1U);
}

}  // namespace
}  // namespace wstap::formats
