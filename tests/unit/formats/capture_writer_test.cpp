// SPDX-License-Identifier: Apache-2.0
// The writer's file: whose it is, what stands in it, and how large it may become.
#include "formats/capture_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "formats/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using testing::ElementsAre;

/// A frame of `size` payload bytes, unmasked.
Buffer large_frame(std::size_t size, char fill) {
  return test::concat({test::wire_header({.opcode = 2}, size), Buffer(size, static_cast<std::byte>(fill))});
}

class Writing : public testing::Test {
 protected:
  std::unique_ptr<CaptureWriter> open(CaptureOptions options = {}) {
    options.path = path;
    auto writer = CaptureWriter::open(std::move(options), clock);
    if (!writer) throw std::runtime_error(writer.error().text());
    return std::move(*writer);
  }
  Error open_error(CaptureOptions options) {
    auto writer = CaptureWriter::open(std::move(options), clock);
    return writer ? Error{} : writer.error();
  }

  const test::TempDir folder;
  const std::string path = folder / "x.wstap";
  test::FakeClock clock;
};

TEST_F(Writing, BeginsWithAHeader) {
  const auto writer = open({.tool = "wstap 0.1.0", .options = {"--reverse", "ws://localhost"}});
  const auto headers = test::records_of<Header>(path);
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers[0].version, 1U);
  EXPECT_EQ(headers[0].part, 1U);
  EXPECT_EQ(headers[0].tool, "wstap 0.1.0");
  EXPECT_EQ(headers[0].time_ns, clock.now);
  EXPECT_THAT(headers[0].options, ElementsAre("--reverse", "ws://localhost"));
}

TEST_F(Writing, GivesEveryCaptureAnIdOfItsOwn) {
  open();
  const auto one = test::records_of<Header>(path)[0].capture_id;
  open({.force = true});
  const auto other = test::records_of<Header>(path)[0].capture_id;
  EXPECT_NE(one, other);
}

TEST_F(Writing, PutsEveryRecordIntoTheKernelsHandsAtOnce) {  // CAP-2
  const auto writer = open();
  std::vector<Buffer> expected = test::read_back(path).records;
  const auto expect_added = [&](const Result<void>& written, Buffer record) {
    ASSERT_TRUE(written);
    expected.push_back(std::move(record));
    EXPECT_EQ(test::read_back(path).records, expected);
  };
  test::OwnBurst one{.frames = {test::client_text("one")}};
  test::OwnBurst more{
      .frames = {test::client_text("one"), test::client_text(""), test::client_text("three")}};
  test::OwnBurst marked = more;
  marked.marks = {{1, pipeline::Verdict::dropped, "rule", {}, {"tag"}}};
  expect_added(writer->flow_opened(test::full_flow_opened()), encode(test::full_flow_opened()));
  expect_added(writer->burst(marked.view()), encode(marked.view()));
  expect_added(writer->outcome(test::full_outcome()), encode(test::full_outcome()));
  expect_added(writer->flow_closed(test::full_flow_closed()), encode(test::full_flow_closed()));
  expect_added(writer->connection(test::full_connection()), encode(test::full_connection()));
  expect_added(writer->note({1, 2, "note"}), encode(pipeline::Note{1, 2, "note"}));
  // Without marks a burst is written by hand, and then reads as the builder's would.
  for (auto* burst : {&one, &more}) {
    ASSERT_TRUE(writer->burst(burst->view()));
    DecoderScratch scratch;
    const auto records = test::read_back(path).records;
    const auto read = decode(records.back(), scratch);
    ASSERT_TRUE(read);
    EXPECT_EQ(test::fields(std::get<pipeline::Burst>(*read)), test::fields(burst->view()));
  }
  EXPECT_EQ(writer->bytes_written(), std::filesystem::file_size(path));
}

TEST_F(Writing, ItsFileIsForItsUserAlone) {  // CAP-5
  const mode_t before = ::umask(0);
  open();
  ::umask(before);
  EXPECT_EQ(test::mode_of(path), 0600U);
}

TEST_F(Writing, OverwritesNothingUnasked) {  // CAP-5
  test::write_file(path, "precious");
  const Error error = open_error({.path = path});
  EXPECT_EQ(error.code, Errc::exists);
  EXPECT_EQ(error.detail, path + " (use --force to overwrite it)");
  EXPECT_EQ(test::read_file(path), "precious");
}

TEST_F(Writing, OverwritesWhenAskedAndTakesItForItself) {
  test::write_file(path, std::string(100'000, 'x'));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  open({.force = true});
  EXPECT_EQ(test::read_back(path).records.size(), 1U);
  EXPECT_EQ(test::mode_of(path), 0600U);
}

TEST_F(Writing, TakesNoFileFromAnotherWriter) {
  const auto writer = open();
  const Error error = open_error({.path = path, .force = true});
  EXPECT_EQ(error.code, Errc::exists);
  EXPECT_EQ(error.detail, path + " (another wstap is writing to it)");
  EXPECT_EQ(test::read_back(path).records.size(), 1U);
}

TEST_F(Writing, NamesTheFileItCannotMake) {
  const Error missing = open_error({.path = folder / "no/such/x.wstap"});
  EXPECT_EQ(missing.code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.detail, folder / "no/such/x.wstap");
  EXPECT_EQ(open_error({.path = folder.path(), .force = true}).code, std::errc::is_a_directory);
}

TEST_F(Writing, NoTimeToSyncIsNoReasonToFail) {
  for (const auto fsync : {Fsync::never, Fsync::interval, Fsync::always}) {
    const auto writer = open({.force = true, .fsync = fsync});
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(writer->note({0, clock.now, "note"}));
      clock.advance(std::chrono::milliseconds(600));
    }
    EXPECT_EQ(test::records_of<pipeline::Note>(path).size(), 3U);
  }
}

// CAP-1: no record exceeds 32 MiB, not even that of a frame of 16 MiB whose changed version is as long.
TEST_F(Writing, RecordsLargeSentVersionsApart) {
  const auto writer = open();
  const Buffer original = large_frame(16U << 20, 'o');
  const Buffer changed = large_frame(16U << 20, 'c');
  test::OwnBurst burst{.flow = 3, .first_sequence = 10, .frames = {test::client_text("before"), original}};
  burst.marks = {{0, pipeline::Verdict::changed, "small", test::client_text("after"), {}},
                 {1, pipeline::Verdict::changed, "large", changed, {"tagged"}}};
  ASSERT_TRUE(writer->burst(burst.view()));

  const auto read = test::read_back(path);
  ASSERT_FALSE(read.error);
  ASSERT_EQ(read.records.size(), 3U);
  for (const auto& record : read.records) EXPECT_LE(record.size(), kMaxRecordBytes);
  DecoderScratch scratch;
  const auto recorded = decode(read.records[1], scratch);
  const auto& marks = std::get<pipeline::Burst>(*recorded).marks;
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(test::fields(marks[0]), test::fields(burst.marks[0]));
  EXPECT_EQ(test::fields(marks[1]),
            test::fields(pipeline::Mark{1, pipeline::Verdict::pending, "", {}, {"tagged"}}));
  const auto outcomes = test::records_of<pipeline::Outcome>(path);
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_TRUE(
      test::fields(outcomes[0]) ==
      test::fields(pipeline::Outcome{3, 11, burst.time_ns, pipeline::Verdict::changed, "large", changed}));
}

// CAP-1: many sent versions that are large together only.
TEST_F(Writing, RecordsManySentVersionsApart) {
  const auto writer = open();
  constexpr std::uint32_t kFrames = 60;
  const Buffer frame = large_frame(300 * 1024, 'x');
  test::OwnBurst burst{.flow = 3, .first_sequence = 10, .frames = std::vector(kFrames, frame)};
  for (std::uint32_t i = 0; i < kFrames; ++i)
    burst.marks.push_back({i, pipeline::Verdict::changed, "rule", frame, {}});
  ASSERT_TRUE(writer->burst(burst.view()));
  for (const auto& record : test::read_back(path).records) EXPECT_LE(record.size(), kMaxRecordBytes);
  const auto outcomes = test::records_of<pipeline::Outcome>(path);
  ASSERT_EQ(outcomes.size(), kFrames - 1) << "the first shares the frames' record";
  EXPECT_EQ(outcomes.front().sequence, 11U);
  EXPECT_EQ(outcomes.back().sequence, 10U + kFrames - 1);
}

TEST_F(Writing, RefusesOnlyTheRecordThatIsTooLarge) {  // CAP-1
  const auto writer = open();
  const Buffer raw(kMaxRecordBytes);
  const std::uint32_t end = kMaxRecordBytes;
  const auto refused = writer->burst({.flow = 1, .raw = raw, .ends = {&end, 1}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::record_too_large);
  EXPECT_TRUE(writer->note({0, 1, "the next"}));
  EXPECT_EQ(test::read_back(path).records.size(), 2U);
}

TEST_F(Writing, FillsARecordToTheLastByte) {  // CAP-1
  const auto writer = open();
  const Buffer raw(kMaxRecordBytes - sizeof(BurstHead::words));
  const auto end = static_cast<std::uint32_t>(raw.size());
  ASSERT_TRUE(writer->burst({.flow = 1, .raw = raw, .ends = {&end, 1}}));
  const auto read = test::read_back(path);
  EXPECT_FALSE(read.error);
  ASSERT_EQ(read.records.size(), 2U);
  EXPECT_EQ(read.records[1].size(), kMaxRecordBytes);
}

}  // namespace
}  // namespace wstap::formats
