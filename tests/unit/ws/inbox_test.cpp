// SPDX-License-Identifier: Apache-2.0
// Unread bytes between two reads: nothing is lost at any split, and memory follows what arrived (LIM-4).
#include "libcore/ws/inbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/inbox_reader.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using test::InboxReader;

constexpr std::uint64_t kLimit = 16U << 20;

struct Stream {
  std::vector<Buffer> frames;
  Buffer bytes;
};

Stream random_stream(std::uint32_t seed, int frames, std::size_t max_payload) {
  std::mt19937 engine(seed);
  Stream stream;
  for (int i = 0; i < frames; ++i) {
    stream.frames.push_back(test::wire(test::random_frame(engine, max_payload)));
    append(stream.bytes, stream.frames.back());
  }
  return stream;
}

// FRM-1: frames many times the lent buffer, and many frames in one.
TEST(Inbox, FramesAreWholeHoweverTheStreamArrives) {
  for (const std::size_t lent : {16, 17, 64, 1000, 4096}) {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      const Stream stream = random_stream(seed, 40, seed % 2 == 0 ? 3000 : 30);
      std::mt19937 engine(seed);
      InboxReader reader(kLimit, lent);
      Bytes rest = stream.bytes;
      while (!rest.empty()) {
        const std::size_t size =
            std::min<std::size_t>(rest.size(), 1 + engine() % (seed % 3 == 0 ? 5 : 2000));
        reader.feed(rest.first(size));
        rest = rest.subspan(size);
        ASSERT_LE(reader.inbox().held(), 2 * reader.inbox().kept().size());  // LIM-4
      }
      ASSERT_TRUE(reader.frames() == stream.frames) << "lent " << lent << " seed " << seed;
      EXPECT_EQ(reader.offset(), stream.bytes.size());
      EXPECT_EQ(reader.inbox().held(), 0U);
    }
  }
}

TEST(Inbox, EverySplitInTwoGivesTheSameFrames) {
  const Stream stream = random_stream(7, 12, 100);
  for (std::size_t cut = 0; cut <= stream.bytes.size(); ++cut) {
    for (const std::size_t lent : {16, 64, 4096}) {
      InboxReader reader(kLimit, lent);
      reader.feed(Bytes(stream.bytes).first(cut));
      ASSERT_LE(reader.inbox().held(), 2 * reader.inbox().kept().size()) << "cut " << cut << " lent " << lent;
      reader.feed(Bytes(stream.bytes).subspan(cut));
      ASSERT_TRUE(reader.frames() == stream.frames) << "cut " << cut << " lent " << lent;
    }
  }
}

// FRM-4: the unfinished frame's bytes stay for the flow's end.
TEST(Inbox, KeepsExactlyTheUnfinishedFrame) {
  const Buffer wire = test::wire({.payload = test::random_bytes(300, 1)});
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    InboxReader reader(kLimit, 64);
    reader.feed(test::concat({wire, Bytes(wire).first(cut)}));
    ASSERT_EQ(to_hex(reader.inbox().kept()), to_hex(Bytes(wire).first(cut))) << cut;
  }
}

TEST(Inbox, KeepsWhatCouldNotBeFramed) {
  InboxReader reader(100, 64);
  reader.feed(test::hex("81 01 61  82 7e 0065 0102"));
  ASSERT_TRUE(reader.error().has_value());
  EXPECT_EQ(to_hex(reader.inbox().kept()), "827e00650102");
}

// LIM-4, LIM-1: a header costs its own bytes, whatever it announces.
TEST(Inbox, AnAnnouncedLengthTakesNoMemory) {
  InboxReader reader(kLimit, 256 * 1024);
  reader.feed(test::wire_header({.mask = {{1, 2, 3, 4}}}, kLimit));
  EXPECT_EQ(reader.inbox().kept().size(), 14U);
  EXPECT_LE(reader.inbox().held(), 28U);
  for (int i = 0; i < 100; ++i) {
    reader.feed(test::hex("00"));
    ASSERT_LE(reader.inbox().held(), 2 * reader.inbox().kept().size());
  }
}

// LIM-4
TEST(Inbox, MemoryIsAtMostTwiceWhatArrivedAndNeverMoreThanTheFrame) {
  constexpr std::size_t kPayload = 1 << 20;
  const Buffer wire = test::wire({.payload = Buffer(kPayload)});
  for (const std::size_t piece : {1000, 4096, 65536, 300'000}) {
    InboxReader reader(kLimit, 16 * 1024);
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      reader.feed(Bytes(wire).subspan(at, std::min(piece, wire.size() - at)));
      ASSERT_LE(reader.inbox().held(), 2 * reader.inbox().kept().size()) << piece << " at " << at;
      ASSERT_LE(reader.inbox().held(), wire.size()) << piece << " at " << at;
    }
    EXPECT_EQ(reader.frames().size(), 1U);
    EXPECT_EQ(reader.inbox().held(), 0U);
  }
}

// LIM-4: idle means between frames, or shortly inside one.
TEST(Inbox, MemoryOfALongFrameIsGivenBackBehindIt) {
  const Buffer longer = test::wire({.payload = Buffer(100'000)});
  for (const std::size_t lent : {1024, 256 * 1024}) {
    InboxReader reader(kLimit, lent);
    reader.feed(Bytes(longer).first(90'000));
    reader.feed(test::concat({Bytes(longer).subspan(90'000), test::hex("81 05 4865")}));
    EXPECT_EQ(to_hex(reader.inbox().kept()), "81054865");
    EXPECT_LE(reader.inbox().held(), 8U) << lent;
    reader.feed(test::hex("6c6c6f"));
    EXPECT_EQ(reader.inbox().held(), 0U);
    EXPECT_EQ(to_hex(reader.frames().at(1)), "810548656c6c6f");
  }
}

TEST(Inbox, ALongFrameMovesOnlyWhenItsMemoryDoubles) {
  const Buffer wire = test::wire({.payload = Buffer(1 << 20)});
  InboxReader reader(kLimit, 16 * 1024);
  constexpr std::size_t kPiece = 1024;
  std::set<const std::byte*> places;
  for (std::size_t at = 0; at < wire.size() / kPiece; ++at) {
    reader.feed(Bytes(wire).subspan(at * kPiece, kPiece));
    if (at >= 8) places.insert(reader.inbox().kept().data());
  }
  EXPECT_LE(places.size(), 8U);  // from 8 KiB on, which is half of what is lent, to 1 MiB
}

TEST(Inbox, SpaceIsNeverEmptyAndLiesBehindWhatIsKept) {
  Buffer lent(16);
  for (std::size_t kept = 0; kept < 64; ++kept) {
    for (const std::uint64_t wanted : {2U, 14U, 16U, 17U, 64U, 1000U}) {
      Inbox inbox;
      const Buffer unread = test::random_bytes(kept, 1);
      Buffer roomy(64);
      const MutableBytes first = inbox.space(roomy);
      std::copy(unread.begin(), unread.end(), first.begin());
      inbox.keep(inbox.received(kept), wanted);

      const MutableBytes space = inbox.space(lent);
      ASSERT_FALSE(space.empty()) << kept << ' ' << wanted;
      space[0] = std::byte{0x5a};
      ASSERT_EQ(to_hex(inbox.received(1)), to_hex(unread) + "5a") << kept << ' ' << wanted;
    }
  }
}

TEST(Inbox, OwnMemoryMayBeUsedUpInPart) {
  Inbox inbox;
  Buffer lent(16);
  inbox.space(lent);
  inbox.keep(inbox.received(12), 1000);
  MutableBytes space = inbox.space(lent);  // own memory now
  const Buffer arrived = test::random_bytes(8, 1);
  std::copy(arrived.begin(), arrived.end(), space.begin());
  inbox.keep(inbox.received(8).last(3), 1000);
  EXPECT_EQ(to_hex(inbox.kept()), to_hex(Bytes(arrived).last(3)));
  EXPECT_LE(inbox.held(), 6U);
}

TEST(Inbox, AReadThatBroughtNothingMayBeTriedAgain) {
  Inbox inbox;
  Buffer lent(16, std::byte{0xee});
  inbox.space(lent);
  inbox.keep(inbox.received(12), 100);
  for (int i = 0; i < 5; ++i) inbox.space(lent);
  EXPECT_LE(inbox.held(), 24U);
  EXPECT_EQ(inbox.kept().size(), 12U);
}

TEST(Inbox, TheLentBufferIsNotLookedAtAgain) {
  Inbox inbox;
  Buffer lent(64);
  const MutableBytes space = inbox.space(lent);
  std::fill_n(space.begin(), 5, std::byte{0x41});
  inbox.keep(inbox.received(5), 50);
  std::fill(lent.begin(), lent.end(), std::byte{0xee});
  EXPECT_EQ(to_hex(inbox.kept()), "4141414141");
  inbox.space(lent);
  EXPECT_EQ(to_hex(inbox.received(0)), "4141414141");
}

}  // namespace
}  // namespace wstap::ws
