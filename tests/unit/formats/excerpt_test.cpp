// SPDX-License-Identifier: Apache-2.0
// INS-6: frames that are taken out of a recording read as they did among the others.
#include "formats/excerpt.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/json_view.h"
#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message_peers.h"
#include "tests/support/random_recording.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using test::bytes;
using testing::ElementsAre;
using testing::IsEmpty;

using Wanted = std::function<bool(const pipeline::Envelope&)>;

/// All that a reader has of the frames that are wanted, a line each.
std::vector<std::string> frames_of(const std::string& path, const Wanted& wanted) {
  std::vector<std::string> lines;
  JsonView json({}, JsonDetail::lossless);
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
    if (!wanted(envelope)) return;
    std::string line;
    json.frame(line, envelope, payload);
    lines.push_back(line + std::to_string(envelope.placement.message_bytes));
  });
  return lines;
}

bool all(const pipeline::Envelope&) {
  return true;
}

class Excerpts : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<Buffer>& records) {
    const std::string path = folder / name;
    std::filesystem::remove(path);  // where a file is written over, some file systems wait for the disk
    test::write_file(path, as_text(test::joined(records)));
    return path;
  }

  /// Takes the frames that are wanted out of `from`. @return the new capture.
  std::string take(const std::string& from, const std::string& name, const Wanted& wanted) {
    const std::string path = folder / name;
    std::filesystem::remove(path);
    auto writer = CaptureWriter::open({.path = path}, clock);
    auto reader = EventReader::open({from});
    Excerpt excerpt(**writer);
    for (;;) {
      auto record = reader->next();
      if (!*record) return path;
      if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record)) excerpt.open(*opened);
      if (const auto* window = std::get_if<pipeline::Window>(&**record)) excerpt.resume(*window);
      if (const auto* gap = std::get_if<Gap>(&**record)) excerpt.resume(*gap);
      if (const auto* closed = std::get_if<pipeline::FlowClosed>(&**record)) {
        EXPECT_TRUE(excerpt.close(*closed));
      }
      if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) {
        EXPECT_TRUE(excerpt.burst(
            *burst, [&](const pipeline::Envelope& envelope, Bytes) { return wanted(envelope); }));
      }
    }
  }

  /// The records but for the header, which names the capture; a line each.
  static std::vector<std::string> records_of(const std::string& path) {
    std::vector<std::string> lines;
    JsonView json({}, JsonDetail::lossless);
    auto reader = EventReader::open({path});
    for (;;) {
      const auto record = reader->next();
      if (!record || !*record) return lines;
      std::string line;
      if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record))
        json.flow(line, *opened, nullptr);
      if (const auto* closed = std::get_if<pipeline::FlowClosed>(&**record)) json.flow(line, {}, closed);
      if (const auto* window = std::get_if<pipeline::Window>(&**record)) json.window(line, *window);
      if (const auto* gap = std::get_if<Gap>(&**record)) json.gap(line, *gap);
      if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) line = described(*burst);
      if (!line.empty()) lines.push_back(line);
    }
  }
  static std::string described(const pipeline::Burst& burst) {
    auto line =
        fmt::format("{} {} {} {} ends {} raw {}", burst.flow, name(burst.direction), burst.first_sequence,
                    burst.time_ns, fmt::join(burst.ends, ","), to_hex(burst.raw));
    for (const auto& mark : burst.marks)
      line += fmt::format(" mark {} {} {} sent {} tags {} content {} of {} anomalies {}", mark.frame,
                          name(mark.verdict), mark.cause, mark.sent ? to_hex(*mark.sent) : "none",
                          fmt::join(mark.tags, ","), mark.content ? to_hex(*mark.content) : "none",
                          mark.content_bytes, mark.anomalies.bits());
    return line;
  }
  template <class Kind>
  static std::size_t count(const std::string& path) {
    return test::records_of<Kind>(path).size();
  }

  void expect_reads_alike(const std::string& from, const Wanted& wanted) {
    const auto once = take(from, "once.wstap", wanted);
    ASSERT_EQ(frames_of(once, all), frames_of(from, wanted));
    const auto twice = take(once, "twice.wstap", all);
    ASSERT_EQ(records_of(twice), records_of(once)) << "an excerpt of an excerpt is the same";
    const auto again = take(once, "again.wstap", wanted);
    ASSERT_EQ(records_of(again), records_of(once));
  }

  const test::TempDir folder;
  test::FakeClock clock;
};

class RandomExcerpts : public Excerpts, public testing::WithParamInterface<test::RandomRecording::Style> {};

// INS-6: whatever is taken, and out of whatever.
TEST_P(RandomExcerpts, ReadAsTheyDid) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomRecording recording(seed, GetParam());
    const auto from = write("from.wstap", recording.say(60));
    std::mt19937 engine(seed);
    std::vector<bool> picked(2000);
    // Here and there, every other, nearly all, and in runs.
    std::size_t run = 0;
    bool taken = false;
    for (std::size_t i = 0; i < picked.size(); ++i) {
      if (seed % 4 == 0) picked[i] = engine() % 5 == 0;
      if (seed % 4 == 1) picked[i] = engine() % 2 == 0;
      if (seed % 4 == 2) picked[i] = engine() % 12 != 0;
      if (run-- == 0) {
        run = engine() % 40;
        taken = !taken;
      }
      if (seed % 4 == 3) picked[i] = taken;
    }
    expect_reads_alike(from, [&](const auto& envelope) { return picked[envelope.sequence % picked.size()]; });
    expect_reads_alike(from, [](const auto& envelope) { return envelope.frame.header.fin; });
    expect_reads_alike(from, [](const auto& envelope) {
      return envelope.inflation == ws::Inflation::done && envelope.sequence % 2 == 0;
    });
    expect_reads_alike(from, [](const auto& envelope) { return !envelope.anomalies.empty(); });
    expect_reads_alike(from, all);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Styles, RandomExcerpts,
                         testing::Values(test::RandomRecording::Style{},
                                         test::RandomRecording::Style{.faults = false},
                                         test::RandomRecording::Style{.takeover = false},
                                         test::RandomRecording::Style{.compresses = false},
                                         test::RandomRecording::Style{.resumed = true},
                                         test::RandomRecording::Style{.faults = false, .resumed = true}));

// DEF-5: those that are over a bound stay so.
TEST_F(Excerpts, LeaveLargeMessagesUnread) {
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    test::RandomRecording recording(seed, {.faults = seed % 2 == 0, .giants = true});
    const auto from = write("from.wstap", recording.say(30));
    expect_reads_alike(from, [](const auto& envelope) { return envelope.sequence % 3 == 0; });
    expect_reads_alike(from, [](const auto& envelope) { return envelope.frame.header.fin; });
  }
}

class CompressedExcerpts : public Excerpts {
 protected:
  void open(std::string extensions = "permessage-deflate") {
    auto flow = test::plain_flow_opened(1);
    flow.extensions = std::move(extensions);
    records = {encode(Header{}), encode(flow)};
  }
  void record(std::vector<Buffer> frames, std::vector<pipeline::Mark> marks = {}) {
    test::OwnBurst burst{.direction = ws::Direction::receive,
                         .first_sequence = next_sequence,
                         .frames = std::move(frames),
                         .marks = std::move(marks)};
    records.push_back(encode(burst.view()));
    next_sequence += burst.frames.size();
  }
  void say(std::string_view content) {
    record({test::wire({.payload = server.message(as_bytes(content)), .rsv = 4})});
  }
  static std::vector<std::string> said(const std::string& path) {
    std::vector<std::string> contents;
    test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
      EXPECT_TRUE(envelope.anomalies.empty());
      contents.push_back(envelope.says_content() ? test::text(payload)
                                                 : std::string(name(envelope.inflation)));
    });
    return contents;
  }

  std::vector<Buffer> records;
  test::DeflatingPeer server;
  pipeline::Sequence next_sequence = 2;
};

// INS-6: payloads that would lose their inflate context are stored.
TEST_F(CompressedExcerpts, SayWhatDependedOnWhatWasLeftOut) {
  open();
  for (const char* text : {"hello", "hello hello", "hello hello hello", "hello hello hello hello"}) say(text);
  const auto path = take(write("from.wstap", records), "to.wstap",
                         [](const auto& envelope) { return envelope.sequence % 2 == 1; });
  EXPECT_THAT(said(path), ElementsAre("hello hello", "hello hello hello hello"));
  EXPECT_EQ(count<Gap>(path), 1U) << "the context is lost only once";
  EXPECT_EQ(count<pipeline::Window>(path), 0U);
}

TEST_F(CompressedExcerpts, StoreNothingThatCanBeInflated) {
  open();
  for (int i = 0; i < 10; ++i) say("hello " + std::to_string(i));
  const auto from = write("from.wstap", records);
  const auto path = take(from, "to.wstap", [](const auto& envelope) { return envelope.sequence < 7; });
  const auto as_they_were = records_of(from);
  EXPECT_EQ(records_of(path), std::vector(as_they_were.begin(), as_they_were.begin() + 6));
}

// A message that stands alone needs nothing.
TEST_F(CompressedExcerpts, AreTheFramesAloneWithoutTakeover) {
  open("permessage-deflate; server_no_context_takeover");
  test::DeflatingPeer alone({.takeover = false});
  for (int i = 0; i < 4; ++i) record({test::wire({.payload = alone.message(bytes("hello")), .rsv = 4})});
  const auto from = write("from.wstap", records);
  const auto path = take(from, "to.wstap", [](const auto& envelope) { return envelope.sequence % 2 == 1; });
  const auto as_they_were = records_of(from);
  EXPECT_THAT(records_of(path), ElementsAre(as_they_were[0], as_they_were[2], as_they_were[4]));
  EXPECT_THAT(said(path), ElementsAre("hello", "hello"));
}

// A run of frames costs no more than a window beyond what it took in the recording.
TEST_F(CompressedExcerpts, ReadByThemselvesAgainAfterAWhile) {
  open();
  for (std::uint32_t i = 0; i < 200; ++i) say(to_hex(test::random_bytes(1024, i)));
  const auto from = write("from.wstap", records);
  const auto path = take(from, "to.wstap", [](const auto& envelope) { return envelope.sequence > 3; });
  EXPECT_EQ(count<pipeline::Window>(path), 1U);
  EXPECT_LT(std::filesystem::file_size(path), std::filesystem::file_size(from) + 3 * 32 * 1024);
  EXPECT_EQ(said(path).size(), 198U);
  // Where nothing follows, no window is written.
  EXPECT_EQ(count<pipeline::Window>(
                take(from, "to.wstap", [](const auto& envelope) { return envelope.sequence % 2 == 0; })),
            0U);
}

// DEF-2: the last frame alone carries all of the message.
TEST_F(CompressedExcerpts, KeepTheLastFrameOfAMessage) {
  open();
  say("before");
  const Buffer payload = server.message(bytes("a message in three frames"));
  const auto pieces = test::in_pieces(payload, 3);
  record({test::wire({.payload = pieces[0], .fin = false, .rsv = 4}),
          test::wire({.opcode = 9, .payload = bytes("ping")}),
          test::wire({.opcode = 0, .payload = pieces[1], .fin = false}),
          test::wire({.opcode = 0, .payload = pieces[2]})});
  const auto path = take(write("from.wstap", records), "to.wstap",
                         [](const auto& envelope) { return envelope.sequence == 6; });
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes said) {
    EXPECT_EQ(envelope.placement.part, ws::Part::last);
    EXPECT_EQ(envelope.placement.message_first, 3U);
    EXPECT_EQ(test::text(said), "a message in three frames");
    EXPECT_TRUE(envelope.anomalies.empty()) << "it is no stray continuation";
  });
}

// CAP-1: a record has a limit, so what a message says beside a large frame may be cut.
TEST_F(CompressedExcerpts, StoreAsMuchAsARecordHolds) {
  open();
  say("before");
  Buffer ratio;  // 36 MiB that deflate to less than the bound's 200th
  for (std::uint32_t i = 0; ratio.size() < 36U << 20; ++i) {
    append(ratio, test::random_bytes(400, i));
    ratio.resize(ratio.size() + 30'000);
  }
  record({test::wire({.opcode = 2, .payload = server.message(ratio), .rsv = 4})});
  const auto path = take(write("from.wstap", records), "to.wstap",
                         [](const auto& envelope) { return envelope.sequence > 2; });
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes said) {
    EXPECT_EQ(envelope.cut_from, ratio.size());
    EXPECT_GT(said.size(), 30U << 20);
  });
}

// What ends a flow is kept with it; a flow of which nothing is kept is not there.
TEST_F(CompressedExcerpts, HaveTheirFlow) {
  open();
  say("hello");
  records.push_back(encode(test::full_flow_closed(1)));
  const auto from = write("from.wstap", records);
  EXPECT_EQ(records_of(take(from, "to.wstap", all)).size(), 3U);
  EXPECT_THAT(records_of(take(from, "to.wstap", [](const auto&) { return false; })), IsEmpty());
}

}  // namespace
}  // namespace wstap::formats
