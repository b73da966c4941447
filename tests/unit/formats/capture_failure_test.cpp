// SPDX-License-Identifier: Apache-2.0
// Disks that fill up, readers that go away: what was being written is taken back, and nobody is left in the
// dark (CAP-3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <thread>

#include "formats/capture_writer.h"
#include "formats/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

/// A disk with room for files of `bytes`: what goes beyond is written in part, then refused.
class FullDisk {
 public:
  explicit FullDisk(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

/// Puts another descriptor in the place of standard output.
class StandardOutput {
 public:
  explicit StandardOutput(int fd) : before_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    ::dup2(fd, STDOUT_FILENO);
  }
  ~StandardOutput() {
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

 private:
  int before_;
};

class Failing : public testing::Test {
 protected:
  std::unique_ptr<CaptureWriter> open(OnCaptureError on_error, const std::string& where) {
    auto writer = CaptureWriter::open({.path = where,
                                       .on_error = on_error,
                                       .on_lost = [this](const Error& error) { lost.push_back(error); }},
                                      clock);
    if (!writer) throw std::runtime_error(writer.error().text());
    return std::move(*writer);
  }
  Result<void> add_burst(CaptureWriter& writer, std::size_t payload = 4000) {
    test::OwnBurst burst{
        .frames = {test::concat({test::wire_header({.opcode = 2}, payload), Buffer(payload)})}};
    return writer.burst(burst.view());
  }
  std::uint64_t size() const { return std::filesystem::file_size(path); }

  const test::TempDir folder;
  const std::string path = folder / "x.wstap";
  test::FakeClock clock;
  std::vector<Error> lost;
};

TEST_F(Failing, TakesATornRecordBackWhereverItTears) {
  for (std::uint64_t room = 0; room < 4064; room += room < 80 ? 1 : 499) {
    SCOPED_TRACE(room);
    const std::string file = folder / std::to_string(room);
    const auto writer = open(OnCaptureError::stop, file);
    const auto before = test::read_file(file);
    const FullDisk disk(before.size() + room);
    EXPECT_FALSE(add_burst(*writer));
    EXPECT_EQ(test::read_file(file), before);
  }
}

TEST_F(Failing, StopsForGood) {
  const auto writer = open(OnCaptureError::stop, path);
  ASSERT_TRUE(add_burst(*writer));
  {
    const FullDisk disk(size() + 100);
    const auto refused = add_burst(*writer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::file_too_large);
    EXPECT_EQ(refused.error().detail, path);
  }
  // There is room again, but frames are missing by now.
  EXPECT_EQ(add_burst(*writer).error().code, std::errc::file_too_large);
  EXPECT_EQ(writer->note({}).error().code, std::errc::file_too_large);
  EXPECT_EQ(writer->flow_closed({}).error().code, std::errc::file_too_large);
  EXPECT_EQ(test::read_back(path).records.size(), 2U);
  EXPECT_FALSE(test::read_back(path).error);
  EXPECT_EQ(lost.size(), 1U) << "told at once, and once";
}

TEST_F(Failing, PassesAndSaysHowMuchIsMissing) {
  const auto writer = open(OnCaptureError::pass, path);
  {
    const FullDisk disk(size() + 100);
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(add_burst(*writer));
    // There is room enough for the note, but not for the frames.
  }
  EXPECT_TRUE(add_burst(*writer));
  ASSERT_EQ(lost.size(), 1U) << "told once";
  EXPECT_EQ(lost[0].code, std::errc::file_too_large);
  const auto notes = test::records_of<pipeline::Note>(path);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "records_lost: 7 records could not be written");
  EXPECT_EQ(notes[0].flow, 0U);
  EXPECT_EQ(test::read_back(path).records.size(), 3U) << "header, note, burst";
}

TEST_F(Failing, CountsOnWhileNotEvenTheNoteFits) {
  const auto writer = open(OnCaptureError::pass, path);
  {
    const FullDisk disk(size());
    for (int i = 0; i < 25; ++i) EXPECT_TRUE(writer->note({1, 2, "lost"}));
  }
  EXPECT_EQ(lost.size(), 1U);
  EXPECT_TRUE(writer->note({1, 2, "kept"}));
  const auto notes = test::records_of<pipeline::Note>(path);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0].text, "records_lost: 25 records could not be written");
  EXPECT_EQ(notes[1].text, "kept");
}

TEST_F(Failing, TellsAgainWhenItBeginsToLoseAgain) {
  const auto writer = open(OnCaptureError::pass, path);
  for (int round = 1; round <= 3; ++round) {
    {
      const FullDisk disk(size());
      EXPECT_TRUE(add_burst(*writer));
    }
    EXPECT_TRUE(add_burst(*writer));
    EXPECT_EQ(lost.size(), static_cast<std::size_t>(round));
  }
  EXPECT_EQ(test::records_of<pipeline::Note>(path).size(), 3U);
}

TEST_F(Failing, SaysAtTheEndWhatIsMissing) {
  auto writer = open(OnCaptureError::pass, path);
  {
    const FullDisk disk(size());
    EXPECT_TRUE(add_burst(*writer));
  }
  writer.reset();
  const auto notes = test::records_of<pipeline::Note>(path);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "records_lost: 1 records could not be written");
}

TEST_F(Failing, ARecordThatIsTooLargeIsLostWhenToldToPass) {
  const auto writer = open(OnCaptureError::pass, path);
  EXPECT_TRUE(add_burst(*writer, kMaxRecordBytes));
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].code, Errc::record_too_large);
}

// A capture without its header is none: whoever asked for one is told at once.
TEST_F(Failing, DoesNotBeginOnAFullDisk) {
  for (const auto on_error : {OnCaptureError::stop, OnCaptureError::pass}) {
    const auto writer =
        CaptureWriter::open({.path = "/dev/full", .force = true, .on_error = on_error}, clock);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, std::errc::no_space_on_device);
    EXPECT_EQ(writer.error().detail, "/dev/full");
  }
}

// `-w - >file`: not opened for appending, so that the position must be taken back as well.
TEST_F(Failing, LeavesNoHoleInRedirectedOutput) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const StandardOutput redirected(file);
  ::close(file);
  const auto writer = open(OnCaptureError::pass, "-");
  {
    const FullDisk disk(size() + 100);
    EXPECT_TRUE(add_burst(*writer));
  }
  EXPECT_TRUE(add_burst(*writer));
  const auto read = test::read_back(path);
  EXPECT_FALSE(read.error);
  EXPECT_EQ(read.records.size(), 3U) << "header, note, burst";
}

class FailingPipe : public Failing {
 protected:
  FailingPipe() : handler_(std::signal(SIGPIPE, SIG_IGN)) {
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  }
  ~FailingPipe() override {
    std::signal(SIGPIPE, handler_);
    if (ends[0] >= 0) ::close(ends[0]);
    ::close(ends[1]);
  }
  void nobody_reads() { ::close(std::exchange(ends[0], -1)); }

  int ends[2];

 private:
  void (*handler_)(int);
};

TEST_F(FailingPipe, AReaderThatIsGoneIsAFailedWrite) {  // CAP-5
  const StandardOutput redirected(ends[1]);
  const auto writer = open(OnCaptureError::stop, "-");
  EXPECT_TRUE(add_burst(*writer));
  nobody_reads();
  EXPECT_EQ(add_burst(*writer).error().code, Errc::reader_gone);
  EXPECT_EQ(writer->note({}).error().code, Errc::reader_gone);
}

TEST_F(FailingPipe, AReaderThatIsGoneIsNoReasonToStopWhenToldToPass) {
  const StandardOutput redirected(ends[1]);
  const auto writer = open(OnCaptureError::pass, "-");
  nobody_reads();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(add_burst(*writer));
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].code, Errc::reader_gone);
}

// What is in a pipe cannot be taken back: after a torn record nothing may follow, not even when there is
// somebody again to read it. Traffic may.
TEST_F(Failing, NothingFollowsARecordThatTore) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  auto opened = CaptureWriter::open({.path = fifo,
                                     .force = true,
                                     .on_error = OnCaptureError::pass,
                                     .on_lost = [this](const Error& error) { lost.push_back(error); }},
                                    clock);
  ASSERT_TRUE(opened);
  const auto& writer = *opened;
  // The first reader takes some of a record that does not fit into the pipe, and is gone before the rest.
  ::fcntl(reader, F_SETFL, 0);
  std::thread gone([reader] {
    char some[4096];
    for (std::size_t got = 0; got < 100'000;)
      got += static_cast<std::size_t>(::read(reader, some, sizeof some));
    ::close(reader);
  });
  EXPECT_TRUE(add_burst(*writer, 1'000'000));
  gone.join();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].code, Errc::reader_gone);
  EXPECT_THAT(lost[0].detail, testing::HasSubstr("could not be taken back"));

  const Descriptor second(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto unread = [&] {
    int bytes = 0;
    ::ioctl(second.get(), FIONREAD, &bytes);
    return bytes;
  };
  std::vector<char> rest(1 << 20);
  while (::read(second.get(), rest.data(), rest.size()) > 0) {
  }
  EXPECT_TRUE(writer->note({1, 2, "lost"}));
  EXPECT_EQ(unread(), 0);
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace wstap::formats
