// SPDX-License-Identifier: Apache-2.0
// Frames made and frames written anew, also over themselves, compared with frames put together byte by byte.
#include "libcore/ws/frame_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using test::LengthForm;
using test::WireFrame;
using Key = std::optional<std::array<std::uint8_t, 4>>;

constexpr std::size_t kSizes[] = {0, 1, 2, 3, 4, 5, 31, 32, 33, 124, 125, 126, 127, 255, 256, 65535, 65536};
const Key kKeys[] = {std::nullopt, Key({0, 0, 0, 0}), Key({0x37, 0xfa, 0x21, 0x3d}), Key({1, 2, 3, 4})};

std::optional<MaskKey> mask_of(const Key& key) {
  if (!key) return std::nullopt;
  MaskKey mask;
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = static_cast<std::byte>((*key)[i]);
  return mask;
}

Frame frame_in(Bytes raw) {
  Frame frame{{}, raw};
  EXPECT_TRUE(decode_header(raw, frame.header));
  EXPECT_EQ(frame.header.frame_len(), raw.size());
  return frame;
}

std::string described(const WireFrame& frame, const Key& to) {
  return std::to_string(frame.payload.size()) + " bytes, length form " +
         std::to_string(static_cast<int>(frame.length)) + (frame.mask ? ", masked" : ", unmasked") +
         (to ? " to masked" : " to unmasked");
}

/// Calls `check` for frames of every size in every form of their length, with and without masks.
template <class Check>
void for_frames(Check check) {
  for (const std::size_t size : kSizes) {
    const Buffer payload = test::random_bytes(size, static_cast<std::uint32_t>(size));
    for (const auto form : {LengthForm::in_7_bits, LengthForm::in_16_bits, LengthForm::in_64_bits}) {
      if (form < test::shortest_form(size)) continue;
      for (const auto& from : kKeys)
        for (const auto& to : kKeys) check(WireFrame{kText, payload, true, 7, from, form}, to);
    }
  }
}

/// What `frame` is to become: other RSV bits and mask, and the shortest length.
Buffer anew(WireFrame frame, std::uint8_t rsv, const Key& mask) {
  frame.rsv = rsv;
  frame.mask = mask;
  frame.length = LengthForm::shortest;
  return test::wire(frame);
}

TEST(MakeFrame, PutsHeaderAndMaskedPayloadTogether) {
  for (const std::size_t size : kSizes) {
    for (const auto& key : kKeys) {
      const WireFrame expected{
          .opcode = kBinary, .payload = test::random_bytes(size, 1), .fin = false, .rsv = 4, .mask = key};
      const FrameHeader header{.fin = false,
                               .masked = key.has_value(),
                               .rsv = 4,
                               .opcode = kBinary,
                               .mask = mask_of(key).value_or(MaskKey{})};
      EXPECT_TRUE(make_frame(header, expected.payload) == test::wire(expected)) << size;
    }
  }
}

TEST(MakeFrame, TakesLengthsFromThePayloadAlone) {
  const FrameHeader header{.fin = true, .opcode = kPing, .header_len = 14, .payload_len = 9999};
  EXPECT_EQ(to_hex(make_frame(header, as_bytes("hi"))), "89026869");
}

TEST(MakeFrame, AnUnmaskedFrameIsNotMaskedByALeftoverKey) {
  const FrameHeader header{
      .fin = true, .opcode = kText, .mask = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}};
  EXPECT_EQ(to_hex(make_frame(header, as_bytes("hi"))), "81026869");
}

// FRM-6: minimal length, the given RSV bits and mask, one frame for one frame.
TEST(RewriteFrame, WritesOtherRsvAndMaskWithTheShortestLength) {
  for_frames([](const WireFrame& before, const Key& to) {
    const Buffer raw = test::wire(before);
    Buffer out(raw.size() + kMaxHeader, std::byte{0xee});
    const std::size_t written = rewrite_frame(frame_in(raw), 4, mask_of(to), out.data());
    EXPECT_TRUE(std::all_of(out.begin() + static_cast<std::ptrdiff_t>(written), out.end(),
                            [](std::byte byte) { return byte == std::byte{0xee}; }))
        << described(before, to);
    out.resize(written);
    EXPECT_TRUE(out == anew(before, 4, to)) << described(before, to);
  });
}

// FRM-6: the hot path writes a burst over itself.
TEST(RewriteFrame, OverItselfAndOverWhatStoodBeforeIt) {
  for_frames([](const WireFrame& before, const Key& to) {
    const Buffer raw = test::wire(before);
    const Buffer expected = anew(before, 0, to);
    if (expected.size() > raw.size()) return;  // that one cannot be done in place
    for (const std::size_t distance : {0, 1, 3, 4, 12, 32, 100}) {
      const Buffer guard(distance + 8, std::byte{0xee});
      Buffer burst = test::concat({Bytes(guard).first(distance), raw, Bytes(guard).first(8)});
      const Frame frame = frame_in(Bytes(burst).subspan(distance, raw.size()));
      ASSERT_EQ(rewrite_frame(frame, 0, mask_of(to), burst.data()), expected.size());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), burst.begin()))
          << described(before, to) << distance;
      EXPECT_EQ(to_hex(Bytes(burst).last(8)), "eeeeeeeeeeeeeeee") << described(before, to) << distance;
    }
  });
}

TEST(RewriteFrame, KeepsFinAndEveryOpcode) {
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode) {
    for (const bool fin : {false, true}) {
      const WireFrame before{.opcode = opcode, .payload = test::bytes("x"), .fin = fin, .rsv = 3};
      Buffer raw = test::wire(before);
      raw.resize(rewrite_frame(frame_in(raw), 0, std::nullopt, raw.data()));
      EXPECT_EQ(to_hex(raw), to_hex(anew(before, 0, std::nullopt)));
    }
  }
}

// FRM-6
TEST(RewriteFrame, ABurstOfFramesClosesUpInPlace) {
  std::mt19937 engine(2);
  for (int round = 0; round < 50; ++round) {
    const bool towards_server = round % 2 == 0;
    Buffer burst;
    Buffer expected;
    std::vector<std::size_t> ends;
    const Key fresh = towards_server ? Key({9, 8, 7, 6}) : std::nullopt;
    for (int i = 0; i < 20; ++i) {
      WireFrame frame = test::random_frame(engine, 200);
      if (towards_server) frame.mask = {1, 2, 3, 4};  // else it would have to grow
      append(burst, test::wire(frame));
      append(expected, anew(frame, frame.rsv & kRsv1, fresh));
      ends.push_back(burst.size());
    }
    std::byte* to = burst.data();
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      const Frame frame = frame_in(Bytes(burst).subspan(begin, end - begin));
      to += rewrite_frame(frame, frame.header.rsv & kRsv1, mask_of(fresh), to);
      begin = end;
    }
    burst.resize(static_cast<std::size_t>(to - burst.data()));
    ASSERT_EQ(to_hex(burst), to_hex(expected)) << round;
  }
}

}  // namespace
}  // namespace wstap::ws
