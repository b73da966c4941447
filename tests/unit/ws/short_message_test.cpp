// SPDX-License-Identifier: Apache-2.0
// The fast way through short messages gives what the general one gives (FRM-2, FRM-6).
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "libcore/ws/frame_writer.h"
#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using test::LengthForm;
using test::WireFrame;

constexpr std::uint64_t kLimit = 16U << 20;
constexpr std::array<std::uint8_t, 4> kKey = {0x37, 0xfa, 0x21, 0x3d};

/// Every frame whose header could be taken for a short message's, and those that are.
std::vector<WireFrame> all_kinds() {
  std::vector<WireFrame> frames;
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode)
    for (const bool fin : {true, false})
      for (const std::uint8_t rsv : std::initializer_list<std::uint8_t>{0, 1, 2, 4})
        for (const std::size_t size : {0, 1, 5, 125, 126})
          for (const bool masked : {true, false})
            for (const auto form : {LengthForm::shortest, LengthForm::in_16_bits}) {
              if (form < test::shortest_form(size) && form != LengthForm::shortest) continue;
              frames.push_back({opcode, test::random_bytes(size, opcode), fin, rsv, {}, form});
              if (masked) frames.back().mask = kKey;
            }
  return frames;
}

bool is_short_message(const WireFrame& frame, bool masked, bool compressed) {
  return frame.fin && (frame.rsv == 0 || (compressed && frame.rsv == 4)) &&
         (frame.opcode == kText || frame.opcode == kBinary) && frame.payload.size() < 126 &&
         frame.length == LengthForm::shortest && frame.mask.has_value() == masked;
}

// FRM-2: a kind that is no short message is left to next(), whatever comes before and behind it.
TEST(ShortMessages, AreTakenAndNothingElse) {
  for (const auto& [masked, compressed] :
       {std::pair(true, false), {false, false}, {true, true}, {false, true}}) {
    const WireFrame usual{kText, test::bytes("usual"), true, 0, masked ? std::optional(kKey) : std::nullopt};
    for (const auto& kind : all_kinds()) {
      const Buffer first = test::wire(usual), second = test::wire(kind);
      const Buffer stream = test::concat({first, second, first});
      FrameReader reader(kLimit);
      std::vector<std::size_t> ends;
      Bytes in = stream;
      const auto take = [&] {
        reader.take_short_messages(in, masked, compressed, [&](const std::byte* end) {
          ends.push_back(static_cast<std::size_t>(end - stream.data()));
        });
      };
      take();
      if (!is_short_message(kind, masked, compressed)) {
        ASSERT_EQ(ends, (std::vector{first.size()}));
        EXPECT_EQ(reader.offset(), first.size());
        Frame frame;
        ASSERT_EQ(reader.next(in, frame), FrameReader::Step::frame);
        ends.push_back(first.size() + frame.raw.size());
        take();
      }
      EXPECT_EQ(ends, (std::vector{first.size(), first.size() + second.size(), stream.size()}));
      EXPECT_EQ(reader.offset(), stream.size());
      EXPECT_TRUE(in.empty());
    }
  }
}

// FRM-2
TEST(ShortMessages, AreTakenWhole) {
  const Buffer frame = test::wire({kBinary, test::random_bytes(125, 1), true, 0, kKey});
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    FrameReader reader(kLimit);
    Bytes in = Bytes(frame).first(size);
    int taken = 0;
    reader.take_short_messages(in, true, false, [&](const std::byte*) { ++taken; });
    EXPECT_EQ(taken, size == frame.size() ? 1 : 0);
    EXPECT_EQ(in.size(), size == frame.size() ? 0 : size);
  }
}

// LIM-1: where even they are too long, each is looked at.
TEST(ShortMessages, AreNotTakenUnderALowerLimit) {
  const Buffer frame = test::wire({kText, test::bytes("a")});
  for (const std::uint64_t limit : {0, 124}) {
    FrameReader reader(limit);
    Bytes in = frame;
    reader.take_short_messages(in, false, false, [](const std::byte*) { FAIL(); });
    EXPECT_EQ(in.size(), frame.size());
  }
}

// FRM-6: also over itself, and to a place before it
TEST(RemaskShort, IsRewriteFrame) {
  constexpr MaskKey kNew = {std::byte{1}, std::byte{0x80}, std::byte{0}, std::byte{0xff}};
  int remasked = 0;
  for (const auto& kind : all_kinds()) {
    const Buffer raw = test::wire(kind);
    const bool is_short = kind.mask && kind.payload.size() < 126 && kind.length == LengthForm::shortest;
    ASSERT_EQ(is_short_masked(raw), is_short);
    if (!is_short) continue;
    Frame frame{{}, raw};
    ASSERT_TRUE(decode_header(raw, frame.header));
    Buffer expected(raw.size());
    ASSERT_EQ(rewrite_frame(frame, kind.rsv, kNew, expected.data()), raw.size());
    for (const std::size_t gap : {0, 1, 7, 200}) {
      Buffer room = test::concat({Buffer(gap), raw});
      EXPECT_EQ(remask_short(Bytes(room).subspan(gap), kNew, room.data()), raw.size());
      EXPECT_EQ(to_buffer(Bytes(room).first(raw.size())), expected) << gap;
    }
    ++remasked;
  }
  EXPECT_GT(remasked, 100);
}

}  // namespace
}  // namespace wstap::ws
