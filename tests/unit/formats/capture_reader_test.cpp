// SPDX-License-Identifier: Apache-2.0
// Captures read back: whole ones, cut ones, bent ones and things that are none; from files and from pipes.
#include "formats/capture_reader.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "formats/capture_writer.h"
#include "formats/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using test::ReadBack;

/// A file in memory, as good as one on disk: it is mapped.
class MemoryFile {
 public:
  explicit MemoryFile(Bytes content) : fd_(::memfd_create("capture", MFD_CLOEXEC)) { assign(content); }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void assign(Bytes content) {
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, content.data(), content.size(), 0) < 0)
      throw std::runtime_error("memfd");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

/// `content` through a pipe that is written as it is read.
ReadBack read_through_pipe(Bytes content) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  std::thread writer([content, to = ends[1]]() mutable {
    while (!content.empty()) {
      const auto put = ::write(to, content.data(), content.size());
      if (put <= 0) break;
      content = content.subspan(static_cast<std::size_t>(put));
    }
    ::close(to);
  });
  auto result = test::read_back("/proc/self/fd/" + std::to_string(ends[0]));
  // A reader that stopped early leaves the rest in the pipe.
  char rest[4096];
  while (::read(ends[0], rest, sizeof rest) > 0) {
  }
  writer.join();
  ::close(ends[0]);
  return result;
}

void expect_same(const ReadBack& one, const ReadBack& other) {
  EXPECT_EQ(one.records, other.records);
  ASSERT_EQ(one.error.has_value(), other.error.has_value());
  if (!one.error) return;
  EXPECT_EQ(one.error->code, other.error->code);
  EXPECT_EQ(one.error->offset, other.error->offset);
  EXPECT_EQ(one.error->detail, other.error->detail);
}

TEST(CaptureReader, GivesAllRecordsInOrder) {
  const auto records = test::sample_records();
  const MemoryFile file(test::joined(records));
  const auto read = test::read_back(file.path());
  EXPECT_EQ(read.records, records);
  EXPECT_FALSE(read.error);
}

TEST(CaptureReader, SaysWhereRecordsBegin) {
  const auto records = test::sample_records();
  const MemoryFile file(test::joined(records));
  auto reader = CaptureReader::open(file.path());
  ASSERT_TRUE(reader);
  std::uint64_t begin = 0;
  for (const auto& record : records) {
    ASSERT_TRUE(reader->next().value());
    EXPECT_EQ(reader->offset(), begin);
    EXPECT_EQ(to_buffer(reader->raw()), record);
    begin += record.size();
  }
  EXPECT_FALSE(reader->next().value());
}

// CAP-2: at most the last record is torn. Everything before it is read, and it is said where it begins.
TEST(CaptureReader, LosesNothingBeforeACutAtAnyOffset) {
  const auto records = test::sample_records();
  const Buffer whole = test::joined(records);
  MemoryFile file(whole);
  std::size_t sound = 0;        // records before the cut
  std::size_t sound_bytes = 0;  // and their length
  for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    if (sound < records.size() && cut == sound_bytes + records[sound].size())
      sound_bytes += records[sound++].size();
    file.assign(Bytes(whole).first(cut));
    const auto read = test::read_back(file.path());
    ASSERT_EQ(read.records,
              std::vector(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(sound)));
    ASSERT_EQ(read.error.has_value(), cut != sound_bytes);
    if (!read.error) continue;
    ASSERT_EQ(read.error->code, Errc::truncated);
    ASSERT_EQ(read.error->offset, sound_bytes);
  }
  EXPECT_EQ(sound, records.size());
}

TEST(CaptureReader, ReadsCutsFromAPipeAsFromAFile) {  // CAP-4
  const Buffer whole = test::joined(test::sample_records());
  MemoryFile file(whole);
  for (std::size_t cut = 0; cut <= whole.size(); cut += 41) {
    SCOPED_TRACE(cut);
    file.assign(Bytes(whole).first(cut));
    expect_same(read_through_pipe(Bytes(whole).first(cut)), test::read_back(file.path()));
  }
}

TEST(CaptureReader, SurvivesFlippedBitsInEveryByte) {
  const auto records = test::sample_records();
  Buffer bent = test::joined(records);
  MemoryFile file(bent);
  std::size_t begin = 0;
  for (std::size_t index = 0; index < records.size(); begin += records[index++].size()) {
    for (std::size_t byte = begin; byte < begin + records[index].size(); ++byte) {
      for (const std::size_t bit : {byte % 8, (byte + 5) % 8}) {
        SCOPED_TRACE(testing::Message() << "byte " << byte << " bit " << bit);
        bent[byte] ^= static_cast<std::byte>(1U << bit);
        file.assign(bent);
        const auto read = test::read_back(file.path());
        bent[byte] ^= static_cast<std::byte>(1U << bit);
        // Whatever becomes of the bent record, those before it are as they were.
        ASSERT_GE(read.records.size(), index);
        for (std::size_t i = 0; i < index; ++i) ASSERT_EQ(read.records[i], records[i]);
        const bool stopped_here = read.error && read.records.size() == index;
        ASSERT_EQ(stopped_here ? read.error->offset : begin, begin);
      }
    }
  }
}

TEST(CaptureReader, ReadsLargeRecordsFromAPipeAsFromAFile) {  // CAP-4
  std::vector<Buffer> records = {encode(test::full_header())};
  for (const std::size_t size : {1U, 100'000U, 3U, 5'000'000U, 262'144U, 7U, 262'137U}) {
    test::OwnBurst burst{.frames = {test::random_bytes(size, 1)}};
    records.push_back(encode(burst.view()));
  }
  const Buffer whole = test::joined(records);
  const MemoryFile file(whole);
  const auto read = read_through_pipe(whole);
  EXPECT_EQ(read.records, records);
  expect_same(read, test::read_back(file.path()));
}

TEST(CaptureReader, ReadsStandardInput) {
  const auto records = test::sample_records();
  const MemoryFile file(test::joined(records));
  const int before = ::dup(STDIN_FILENO);
  const int input = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::dup2(input, STDIN_FILENO), STDIN_FILENO);
  const auto read = test::read_back("-");
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  ::close(input);
  EXPECT_EQ(read.records, records);
  EXPECT_FALSE(read.error);
}

TEST(CaptureReader, ReadsConcatenatedCapturesOn) {  // CAP-5
  auto records = test::sample_records();
  const auto again = test::sample_records();
  records.insert(records.end(), again.begin(), again.end());
  const MemoryFile file(test::joined(records));
  EXPECT_EQ(test::read_back(file.path()).records, records);
}

// CAP-1: a capture begins with a header.
TEST(CaptureReader, TakesNothingForNoCapture) {
  const MemoryFile file({});
  const auto read = test::read_back(file.path());
  EXPECT_TRUE(read.records.empty());
  ASSERT_TRUE(read.error);
  EXPECT_EQ(read.error->code, Errc::bad_magic);
}

TEST(CaptureReader, RefusesWhatIsNoCapture) {
  const std::vector<Buffer> others = {
      test::bytes("{\"type\":\"frame\"}\n"),
      test::bytes("hi"),
      Buffer(64),
      test::hex("7f454c46 02010100 0000000000000000"),
      test::random_bytes(5000, 3),
      encode(test::full_outcome()),  // one of ours, but not the first
      encode(test::OwnBurst{.frames = {test::server_text("x")}}.view()),
  };
  for (const auto& other : others) {
    SCOPED_TRACE(to_hex(Bytes(other).first(std::min<std::size_t>(other.size(), 16))));
    const MemoryFile file(other);
    const auto read = test::read_back(file.path());
    EXPECT_TRUE(read.records.empty());
    ASSERT_TRUE(read.error);
    EXPECT_EQ(read.error->code, Errc::bad_magic);
    EXPECT_EQ(read.error->offset, 0U);
  }
}

TEST(CaptureReader, StopsAtANewerSection) {  // CAP-4
  auto records = test::sample_records();
  Header newer = test::full_header();
  newer.version = 2;
  records.push_back(encode(newer));
  const MemoryFile file(test::joined(records));
  const auto read = test::read_back(file.path());
  ASSERT_TRUE(read.error);
  EXPECT_EQ(read.error->code, Errc::newer_version);
  EXPECT_EQ(read.error->offset, test::joined(test::sample_records()).size());
  EXPECT_EQ(read.records, test::sample_records());
}

TEST(CaptureReader, StaysAtAnError) {
  const Buffer whole = test::joined(test::sample_records());
  const MemoryFile file(Bytes(whole).first(whole.size() - 1));
  auto reader = CaptureReader::open(file.path());
  ASSERT_TRUE(reader);
  Result<std::optional<Record>> record = reader->next();
  while (record) record = reader->next();
  for (int i = 0; i < 2; ++i) {
    const auto again = reader->next();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, record.error().code);
    EXPECT_EQ(again.error().offset, record.error().offset);
  }
}

TEST(CaptureReader, NamesTheFileItCannotRead) {
  const test::TempDir folder;
  const auto missing = CaptureReader::open(folder / "missing.wstap");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.error().detail, folder / "missing.wstap");
  const auto directory = CaptureReader::open(folder.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::is_a_directory);
}

// CAP-2: while its writer is alive, a torn end is only what it is about to finish.
TEST(CaptureReader, KnowsThatACaptureIsBeingWritten) {
  const test::TempDir folder;
  test::FakeClock clock;
  auto writer = CaptureWriter::open({.path = folder / "x.wstap"}, clock);
  ASSERT_TRUE(writer);
  auto reader = CaptureReader::open(folder / "x.wstap");
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->being_written());
  EXPECT_TRUE(reader->next().value());
  EXPECT_FALSE(reader->next().value());
  EXPECT_TRUE(reader->being_written()) << "asking does not change it";
  writer->reset();
  EXPECT_FALSE(reader->being_written());
}

}  // namespace
}  // namespace wstap::formats
