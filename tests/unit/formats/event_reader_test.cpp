// SPDX-License-Identifier: Apache-2.0
// Several sections, parts and files as one story: flows numbered through, and what became of pending frames.
#include "formats/event_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "formats/capture_writer.h"
#include "formats/errors.h"
#include "formats/flow_book.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using pipeline::Outcome;
using pipeline::Verdict;
using testing::ElementsAre;

Buffer burst(pipeline::FlowId flow, pipeline::Sequence first, std::vector<pipeline::Mark> marks = {},
             std::size_t frames = 1) {
  test::OwnBurst own{.flow = flow,
                     .first_sequence = first,
                     .frames = std::vector(frames, test::client_text("x")),
                     .marks = std::move(marks)};
  return encode(own.view());
}

Buffer pending(pipeline::FlowId flow, pipeline::Sequence sequence) {
  return burst(flow, sequence, {{0, Verdict::pending, "", {}, {}}});
}

class Story : public testing::Test {
 protected:
  std::string add_file(const std::vector<Buffer>& records) {
    files.push_back(folder / std::to_string(files.size()));
    test::write_file(files.back(), as_text(test::joined(records)));
    return files.back();
  }
  EventReader open() {
    auto reader = EventReader::open(files);
    if (!reader) throw std::runtime_error(reader.error().text());
    return std::move(*reader);
  }

  /// What is read, in short: "open 1", "frame 1:2 forwarded", ..., "error ..." with the file it is of.
  std::vector<std::string> story(EventReader& reader) {
    std::vector<std::string> events;
    FlowBook book;
    for (;;) {
      auto record = reader.next();
      if (!record) {
        events.push_back("error " + std::filesystem::path(reader.path()).filename().string() + ": " +
                         record.error().code.message());
        continue;
      }
      if (!*record) return events;
      std::visit([&](auto& kind) { tell(kind, reader, book, events); }, **record);
    }
  }
  std::vector<std::string> story() {
    auto reader = open();
    return story(reader);
  }

  const test::TempDir folder;
  std::vector<std::string> files;

 private:
  static void tell(const Gap& gap, EventReader&, FlowBook& book, std::vector<std::string>& events) {
    book.resume(gap);
    events.push_back("gap " + std::to_string(gap.flow));
  }
  static void tell(const Skipped&, EventReader&, FlowBook&, std::vector<std::string>&) {}
  static void tell(const Header&, EventReader&, FlowBook&, std::vector<std::string>&) {}
  static void tell(const pipeline::FlowOpened& flow, EventReader&, FlowBook& book,
                   std::vector<std::string>& events) {
    book.open(flow);
    events.push_back("open " + std::to_string(flow.id));
  }
  static void tell(const pipeline::Burst& burst, EventReader& reader, FlowBook& book,
                   std::vector<std::string>& events) {
    book.visit(burst, Depth::headers, [&](pipeline::Envelope& envelope, Bytes) {
      reader.settle(envelope);
      std::string text = "frame " + std::to_string(envelope.flow) + ":" + std::to_string(envelope.sequence) +
                         " " + std::string(name(envelope.verdict));
      if (!envelope.cause.empty()) text += " (" + envelope.cause + ")";
      if (!envelope.held.by.empty()) text += " held by " + envelope.held.by;
      if (envelope.held.ns) text += " for " + std::to_string(*envelope.held.ns);
      if (envelope.sent) text += " as " + test::text(*envelope.sent);
      events.push_back(text);
    });
  }
  static void tell(const Outcome& outcome, EventReader&, FlowBook&, std::vector<std::string>& events) {
    events.push_back("outcome " + std::to_string(outcome.flow) + ":" + std::to_string(outcome.sequence) +
                     " " + std::string(name(outcome.verdict)));
  }
  static void tell(const pipeline::FlowClosed& flow, EventReader&, FlowBook& book,
                   std::vector<std::string>& events) {
    book.close(flow.id);
    events.push_back("close " + std::to_string(flow.id));
  }
  static void tell(const pipeline::ConnectionRecord& connection, EventReader&, FlowBook&,
                   std::vector<std::string>& events) {
    events.push_back("connection " + std::to_string(connection.id));
  }
  static void tell(const pipeline::Window& window, EventReader&, FlowBook&,
                   std::vector<std::string>& events) {
    events.push_back("window " + std::to_string(window.flow));
  }
  static void tell(const pipeline::Note& note, EventReader&, FlowBook&, std::vector<std::string>& events) {
    events.push_back("note " + std::to_string(note.flow));
  }
};

TEST_F(Story, KeepsTheNumbersOfOneSection) {
  add_file({encode(test::section_header(1)), encode(test::plain_flow_opened(3)), burst(3, 2),
            encode(pipeline::Note{3, 0, ""}), encode(pipeline::Note{0, 0, ""}),
            encode(pipeline::FlowClosed{.id = 3}), encode(pipeline::ConnectionRecord{.id = 5})});
  EXPECT_THAT(story(),
              ElementsAre("open 3", "frame 3:2 forwarded", "note 3", "note 0", "close 3", "connection 5"));
}

// CAP-5
TEST_F(Story, NumbersConcatenatedCapturesOn) {
  const std::vector<Buffer> one = {encode(test::section_header(1)), encode(test::plain_flow_opened(2)),
                                   burst(2, 2), encode(pipeline::ConnectionRecord{.id = 4})};
  const std::vector<Buffer> two = {encode(test::section_header(2)),
                                   encode(test::plain_flow_opened(1)),
                                   burst(1, 2),
                                   encode(pipeline::Note{1, 0, ""}),
                                   encode(pipeline::Window{.flow = 1}),
                                   encode(pipeline::FlowClosed{.id = 1})};
  std::vector<Buffer> both = one;
  both.insert(both.end(), two.begin(), two.end());
  add_file(both);
  const std::vector<std::string> expected = {
      "open 2", "frame 2:2 forwarded", "connection 4", "open 5", "frame 5:2 forwarded", "note 5", "window 5",
      "close 5"};
  EXPECT_EQ(story(), expected);
  // In files of their own they read the same.
  files.clear();
  add_file(one);
  add_file(two);
  EXPECT_EQ(story(), expected);
}

TEST_F(Story, TheSameCaptureTwiceIsTwoCaptures) {
  const auto file =
      add_file({encode(test::section_header(1)), encode(test::plain_flow_opened(1)), burst(1, 2)});
  files.push_back(file);
  EXPECT_THAT(story(), ElementsAre("open 1", "frame 1:2 forwarded", "open 2", "frame 2:2 forwarded"));
}

// CAP-5
TEST_F(Story, PartsOfACaptureContinueItsFlows) {
  add_file({encode(test::section_header(1, 1)), encode(test::plain_flow_opened(1)), burst(1, 2)});
  add_file({encode(test::section_header(1, 2)), encode(test::full_flow_opened(1)), burst(1, 3)});
  add_file({encode(test::section_header(1, 4)), encode(test::full_flow_opened(1)),
            burst(1, 9)});  // part 3 is missing
  EXPECT_THAT(story(), ElementsAre("open 1", "frame 1:2 forwarded", "open 1", "frame 1:3 forwarded", "open 2",
                                   "frame 2:9 forwarded"));
}

// CAP-5: what a writer really rotated reads as what it would have written into one file.
TEST_F(Story, ARotatedCaptureReadsAsOne) {
  test::FakeClock clock;
  const std::string path = folder / "x.wstap";
  {
    auto writer = CaptureWriter::open({.path = path, .rotate_bytes = 200}, clock);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->flow_opened(test::plain_flow_opened(1)));
    for (pipeline::Sequence i = 2; i < 20; ++i) {
      test::OwnBurst own{.flow = 1, .first_sequence = i, .frames = {test::client_text("some frame")}};
      ASSERT_TRUE((*writer)->burst(own.view()));
    }
    ASSERT_TRUE((*writer)->flow_closed({.id = 1}));
  }
  for (std::uint32_t part = 1; std::filesystem::exists(part_path(path, part)); ++part)
    files.push_back(part_path(path, part));
  ASSERT_GT(files.size(), 3U);
  std::vector<std::string> expected;
  for (pipeline::Sequence i = 2; i < 20; ++i)
    expected.push_back("frame 1:" + std::to_string(i) + " forwarded");
  auto events = story();
  std::erase(events, "open 1");
  EXPECT_EQ(events.back(), "close 1");
  events.pop_back();
  EXPECT_EQ(events, expected);
}

// CAP-2
TEST_F(Story, PendingFramesShowWhatBecameOfThem) {
  add_file({encode(test::section_header(1)), encode(test::plain_flow_opened(1)), pending(1, 2), pending(1, 3),
            burst(1, 4), encode(Outcome{1, 3, 0, Verdict::dropped, "reviewer", {}}),
            encode(Outcome{1, 2, 0, Verdict::changed, "rule", test::bytes("sent")})});
  EXPECT_THAT(story(),
              ElementsAre("open 1", "frame 1:2 changed (rule) as sent", "frame 1:3 dropped (reviewer)",
                          "frame 1:4 forwarded", "outcome 1:3 dropped", "outcome 1:2 changed"));
}

// CAP-2
TEST_F(Story, PendingFramesWithoutOutcomeAreUnresolved) {
  add_file({encode(test::section_header(1)), encode(test::plain_flow_opened(1)), pending(1, 2), pending(1, 3),
            encode(Outcome{1, 3, 0, Verdict::forwarded, "timeout", {}})});
  EXPECT_THAT(story(), ElementsAre("open 1", "frame 1:2 unresolved", "frame 1:3 forwarded (timeout)",
                                   "outcome 1:3 forwarded"));
}

// CAP-2: a frame may wait for its message first, and be held later.
TEST_F(Story, AFrameIsHeldFromWhereItIsPendingAgain) {
  const auto held = [](pipeline::Sequence sequence, UnixNs time) {
    return encode(Outcome{1, sequence, time, Verdict::pending, "hold:h", {}});
  };
  add_file({encode(test::section_header(1)), pending(1, 2), pending(1, 3), held(2, 100), held(3, 200),
            encode(Outcome{1, 2, 170, Verdict::dropped, "reviewer:a", {}})});
  EXPECT_THAT(story(), ElementsAre("frame 1:2 dropped (reviewer:a) held by h for 70",
                                   "frame 1:3 unresolved (hold:h) held by h", "outcome 1:2 pending",
                                   "outcome 1:3 pending", "outcome 1:2 dropped"));
}

TEST_F(Story, OutcomesAreFoundInLaterPartsOnly) {
  add_file({encode(test::section_header(1, 1)), pending(1, 2), pending(1, 3)});
  add_file({encode(test::section_header(1, 2)), encode(Outcome{1, 2, 0, Verdict::dropped, "a", {}})});
  // Another capture, whose flow 1 is another.
  add_file(
      {encode(test::section_header(2)), pending(1, 3), encode(Outcome{1, 3, 0, Verdict::dropped, "b", {}})});
  EXPECT_THAT(story(), ElementsAre("frame 1:2 dropped (a)", "frame 1:3 unresolved", "outcome 1:2 dropped",
                                   "frame 2:3 dropped (b)", "outcome 2:3 dropped"));
}

TEST_F(Story, AnOutcomeBeforeItsFrameIsNotItsOutcome) {
  add_file({encode(test::section_header(1)), encode(Outcome{1, 2, 0, Verdict::dropped, "early", {}}),
            pending(1, 2)});
  EXPECT_THAT(story(), ElementsAre("outcome 1:2 dropped", "frame 1:2 unresolved"));
}

TEST_F(Story, TheSameFrameMayBeSettledTwice) {
  add_file(
      {encode(test::section_header(1)), pending(1, 2), encode(Outcome{1, 2, 0, Verdict::dropped, "x", {}})});
  auto reader = open();
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.next());
  for (int i = 0; i < 2; ++i) {
    pipeline::Envelope envelope{.flow = 1, .sequence = 2, .verdict = Verdict::pending};
    reader.settle(envelope);
    EXPECT_EQ(envelope.verdict, Verdict::dropped);
  }
}

TEST_F(Story, WhatIsBeingWrittenIsNotUnresolvedYet) {
  test::FakeClock clock;
  files = {folder / "x.wstap"};
  const auto writer = CaptureWriter::open({.path = files[0]}, clock);
  ASSERT_TRUE(writer);
  test::OwnBurst own{
      .flow = 1, .frames = {test::client_text("held")}, .marks = {{0, Verdict::pending, "", {}, {}}}};
  ASSERT_TRUE((*writer)->burst(own.view()));
  EXPECT_THAT(story(), ElementsAre("frame 1:2 pending"));
}

// A pipe cannot be read ahead, and must not be read by two.
TEST_F(Story, FromAPipeOutcomesComeLater) {
  const Buffer capture = test::joined({encode(test::section_header(1)), pending(1, 2),
                                       encode(Outcome{1, 2, 0, Verdict::dropped, "x", {}}), burst(1, 3)});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], capture.data(), capture.size()), static_cast<ssize_t>(capture.size()));
  ::close(ends[1]);
  files = {"/proc/self/fd/" + std::to_string(ends[0])};
  EXPECT_THAT(story(), ElementsAre("frame 1:2 pending", "outcome 1:2 dropped", "frame 1:3 forwarded"));
  ::close(ends[0]);
}

TEST_F(Story, GoesOnBehindADamagedCapture) {
  const Buffer record = burst(1, 2);
  add_file({encode(test::section_header(1)), pending(1, 2), to_buffer(Bytes(record).first(20))});
  add_file(
      {encode(test::section_header(2)), pending(1, 2), encode(Outcome{1, 2, 0, Verdict::dropped, "x", {}})});
  files.push_back(folder / "missing");
  add_file({encode(test::section_header(3)), burst(1, 2)});
  EXPECT_THAT(story(), ElementsAre("frame 1:2 unresolved", "error 0: the last record is torn",
                                   "frame 2:2 dropped (x)", "outcome 2:2 dropped",
                                   "error missing: No such file or directory", "frame 3:2 forwarded"));
}

TEST_F(Story, SaysWhetherTheDamagedCaptureIsStillWritten) {  // CAP-2
  test::FakeClock clock;
  const std::string path = folder / "x.wstap";
  const auto writer = CaptureWriter::open({.path = path}, clock);
  ASSERT_TRUE(writer);
  std::ofstream(path, std::ios::app | std::ios::binary) << "torn";
  files = {path};
  add_file({encode(test::section_header(2)), burst(1, 2)});
  auto reader = open();
  ASSERT_TRUE(reader.next());
  const auto torn = reader.next();
  ASSERT_FALSE(torn);
  EXPECT_EQ(reader.path(), path);
  EXPECT_TRUE(reader.being_written());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.path(), files[1]);
  EXPECT_FALSE(reader.being_written());
}

TEST_F(Story, TheFirstCaptureMustBeThere) {
  const auto reader = EventReader::open({folder / "missing"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, std::errc::no_such_file_or_directory);
}

TEST_F(Story, TellsHowLongRecordsAre) {
  const auto records = test::sample_records();
  add_file(records);
  auto reader = open();
  for (const auto& record : records) {
    ASSERT_TRUE(reader.next().value());
    EXPECT_EQ(reader.record_bytes(), record.size());
  }
}

/// What is said of the order in which parts come.
class Parts : public Story {
 protected:
  void add_part(unsigned id, std::uint32_t part) {
    add_file({encode(test::section_header(id, part)), burst(1, 2)});
  }
  std::vector<std::string> notes() {
    std::vector<std::string> found;
    auto reader = open();
    for (;;) {
      const auto record = reader.next();
      if (!record || !*record) return found;
      if (!reader.part_note().empty())
        found.push_back(std::filesystem::path(reader.path()).filename().string() + ": " + reader.part_note());
    }
  }
};

// CAP-5
TEST_F(Parts, InOrderNeedNoWord) {
  for (const std::uint32_t part : {3U, 4U, 5U}) add_part(1, part);  // the first may be any
  add_part(2, 1);
  add_part(2, 2);
  EXPECT_THAT(notes(), testing::IsEmpty());
}

TEST_F(Parts, ThatAreMissingAreNamed) {
  for (const std::uint32_t part : {2U, 4U, 8U}) add_part(0x1a, part);
  EXPECT_THAT(notes(),
              ElementsAre("1: part 4 of capture 1a000000... follows part 2: part 3 is missing (give all "
                          "parts in order)",
                          "2: part 8 of capture 1a000000... follows part 4: parts 5 to 7 are missing "
                          "(give all parts in order)"));
}

TEST_F(Parts, InReverseAreNoticed) {
  for (const std::uint32_t part : {2U, 1U, 3U}) add_part(1, part);
  EXPECT_THAT(notes(),
              ElementsAre("1: part 1 of capture 01000000... follows part 2 (give all parts in order)",
                          "2: part 3 of capture 01000000... follows part 1 (give all parts in order)"));
}

TEST_F(Parts, ThatComeTwiceAreNoticed) {
  for (const std::uint32_t part : {1U, 2U, 2U, 2U, 3U}) add_part(1, part);  // said once
  EXPECT_THAT(notes(),
              ElementsAre("2: part 2 of capture 01000000... comes a second time (give each part once)"));
}

TEST_F(Parts, ThatAreTornApartAreNoticed) {
  add_part(1, 1);
  add_part(2, 1);
  add_part(1, 2);
  EXPECT_THAT(notes(),
              ElementsAre("2: part 2 of capture 01000000... does not follow part 1 at once, and does "
                          "not go on with it (give all parts in order)"));
}

// Concatenated, they are the same story.
TEST_F(Parts, InOneFileAreNoticedToo) {
  add_file({encode(test::section_header(1, 1)), burst(1, 2), encode(test::section_header(1, 3)), burst(1, 3),
            encode(test::section_header(9, 7))});
  EXPECT_THAT(notes(),
              ElementsAre("0: part 3 of capture 01000000... follows part 1: part 2 is missing (give all "
                          "parts in order)"));
}

}  // namespace
}  // namespace wstap::formats
