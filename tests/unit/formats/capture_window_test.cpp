// SPDX-License-Identifier: Apache-2.0
// Compressed flows in rotated captures: each part can be read alone where the proxy inflated the flow, and
// says so where it cannot (CAP-5).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "formats/capture_writer.h"
#include "libcore/pipeline/flow.h"
#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wire.h"

namespace wstap::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CaptureWindows : public testing::Test {
 protected:
  CaptureWindows() {
    auto opened = CaptureWriter::open({.path = part(1), .rotate_ns = 1'000'000'000}, clock);
    if (!opened) throw std::runtime_error(opened.error().text());
    writer = std::move(*opened);
  }
  std::string part(std::uint32_t number) const { return part_path(folder / "x.wstap", number); }

  void open_flow(std::string extensions) {
    flow = std::make_unique<pipeline::Flow>(
        pipeline::FlowOpened{.id = 1, .extensions = std::move(extensions)}, pipeline::Pipeline(),
        pipeline::LaneContext{options, *writer, entropy, counters});
    ASSERT_TRUE(flow->open());
  }
  void arrives(const test::WireFrame& frame) {
    Buffer bytes = test::wire(frame);
    ASSERT_EQ(flow->take(ws::Direction::receive, bytes, clock.now, scratch).used, bytes.size());
  }
  void say(std::string_view content) { arrives({.payload = server->message(as_bytes(content)), .rsv = 4}); }
  /// What comes next begins a part.
  void next_part() { clock.advance(std::chrono::seconds(2)); }
  /// The recording goes on in the part that is due.
  void begin_part() {
    next_part();
    ASSERT_TRUE(writer->connection({}));
  }

  /// What the frames of these parts say; or how they are marked.
  static std::vector<std::string> said(std::vector<std::string> paths) {
    std::vector<std::string> all;
    test::each_frame(std::move(paths), [&](const pipeline::Envelope& envelope, Bytes payload) {
      EXPECT_TRUE(envelope.anomalies.empty());
      all.emplace_back(envelope.says_content() ? as_text(payload) : name(envelope.inflation));
    });
    return all;
  }

  const test::TempDir folder;
  test::FakeClock clock;
  test::FixedEntropy entropy;
  pipeline::FlowOptions options{.inflate = pipeline::InflateWhen::always};
  pipeline::Counters counters;
  std::unique_ptr<CaptureWriter> writer;
  std::unique_ptr<pipeline::Flow> flow;
  pipeline::LaneScratch scratch;
  std::unique_ptr<test::DeflatingPeer> server = std::make_unique<test::DeflatingPeer>();
};

constexpr const char* kSentence = "a sentence that is referred to, a sentence that is referred to";

TEST_F(CaptureWindows, MakeAPartReadableAlone) {
  open_flow("permessage-deflate");
  say(kSentence);
  begin_part();
  say(kSentence);
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre(kSentence, kSentence));
  EXPECT_THAT(said({part(1), part(2)}), ElementsAre(kSentence, kSentence, kSentence));
}

// They stand before the frames that begin the part.
TEST_F(CaptureWindows, ComeBeforeTheFirstFrame) {
  open_flow("permessage-deflate");
  say(kSentence);
  next_part();
  say(kSentence);
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre(kSentence, kSentence));
  EXPECT_THAT(said({part(1), part(2)}), ElementsAre(kSentence, kSentence, kSentence));
}

// A message that is open where the part begins cannot be read alone; those behind it can.
TEST_F(CaptureWindows, WaitForTheEndOfAMessage) {
  open_flow("permessage-deflate");
  const Buffer payload = server->message(as_bytes(kSentence));
  const Bytes all = payload;
  arrives({.payload = to_buffer(all.first(5)), .fin = false, .rsv = 4});
  begin_part();
  arrives({.opcode = 0, .payload = to_buffer(all.subspan(5))});
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre("needs_part", kSentence));
}

TEST_F(CaptureWindows, AreNotThereUnlessTheFlowIsInflated) {
  options.inflate = pipeline::InflateWhen::wanted;
  open_flow("permessage-deflate");
  say(kSentence);
  begin_part();
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre("needs_part"));
  EXPECT_EQ(counters.bytes_inflated.load(), 0U);
}

TEST_F(CaptureWindows, AreNotNeededWithoutTakeover) {
  open_flow("permessage-deflate; server_no_context_takeover");
  server = std::make_unique<test::DeflatingPeer>(test::DeflateStyle{.takeover = false});
  say(kSentence);
  begin_part();
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre(kSentence));
}

// Where nothing was said before, nothing is missing.
TEST_F(CaptureWindows, AreNotNeededBeforeTheFirstMessage) {
  options.inflate = pipeline::InflateWhen::wanted;
  open_flow("permessage-deflate");
  begin_part();
  say(kSentence);
  EXPECT_THAT(said({part(2)}), ElementsAre(kSentence));
}

// They say nothing new: a part is not full because of them.
TEST_F(CaptureWindows, DoNotFillParts) {
  writer = std::move(*CaptureWriter::open({.path = folder / "y.wstap", .rotate_bytes = 10'000}, clock));
  open_flow("permessage-deflate");
  std::mt19937 engine(1);
  for (int i = 0; i < 40; ++i) {
    std::string noise(1000, ' ');
    for (auto& letter : noise) letter = static_cast<char>('a' + engine() % 26);
    say(noise);
  }
  EXPECT_LT(writer->next_part(), 8U);
  EXPECT_THAT(said({part_path(folder / "y.wstap", 3)}), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace wstap::formats
