// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tests/support/wire.h"

namespace wstap::bench {
namespace {

// Small enough to stay in a core's cache together with a read buffer.
constexpr std::size_t kBlockBytes = 128 * 1024;
constexpr std::size_t kLongestHeader = 14;
constexpr std::array<std::uint8_t, 4> kMask = {0x37, 0xfa, 0x21, 0x3d};
// Of a long payload so many bytes at each end are looked at, a multiple of the mask's length.
constexpr std::size_t kEnd = 64;

std::string text_of(std::size_t number, std::size_t bytes) {
  std::string text = fmt::format(R"({{"id":{},"text":")", number);
  static constexpr std::string_view kFiller = "the quick brown fox jumps over the lazy dog, ";
  for (std::size_t i = number; text.size() + 2 < bytes; ++i) text += kFiller[i % kFiller.size()];
  text += "\"}";
  text.resize(bytes);
  return text;
}

}  // namespace

Block::Block(std::size_t payload_bytes, Role from)
    : payload_bytes_(payload_bytes), masked_(from == Role::client) {
  test::WireFrame frame{.opcode = 1};
  if (masked_) frame.mask = kMask;
  frame_bytes_ = payload_bytes + test::wire_header(frame, payload_bytes).size();
  // As many for either role, so that a frame and its echo have the same place.
  const std::size_t frames = std::max<std::size_t>(1, kBlockBytes / (payload_bytes + kLongestHeader));
  for (std::size_t i = 0; i < frames; ++i) {
    frame.payload = to_buffer(as_bytes(text_of(i, payload_bytes)));
    append(payloads_, frame.payload);
    append(wire_, test::wire(frame));
  }
}

void Checker::feed(Bytes bytes) {
  count(bytes.size());
  if (check_ == Check::count) return;
  const std::size_t frame_bytes = expected_.frame_bytes();
  if (!partial_.empty()) {
    const std::size_t missing = std::min(bytes.size(), frame_bytes - partial_.size());
    append(partial_, bytes.first(missing));
    bytes = bytes.subspan(missing);
    if (partial_.size() < frame_bytes) return;
    check_frame(partial_);
    partial_.clear();
  }
  for (; bytes.size() >= frame_bytes; bytes = bytes.subspan(frame_bytes))
    check_frame(bytes.first(frame_bytes));
  append(partial_, bytes);
}

void Checker::check_frame(Bytes frame) {
  const std::size_t key_bytes = expected_.masked() ? kMask.size() : 0;
  const std::size_t plain_header = expected_.header_bytes() - key_bytes;
  const Bytes wanted = expected_.wire().subspan(index_ * expected_.frame_bytes(), plain_header);
  if (std::memcmp(frame.data(), wanted.data(), plain_header) != 0) differs("header");

  const Bytes payload = expected_.payload(index_);
  if (check_ == Check::all || payload.size() <= 4 * kEnd) {
    check_payload(frame, payload, 0, payload.size());
  } else {
    check_payload(frame, payload, 0, kEnd);
    check_payload(frame, payload, (payload.size() - kEnd) / 4 * 4, payload.size());
  }
  ++frames_;
  index_ = index_ + 1 == expected_.frames() ? 0 : index_ + 1;
}

/// Compares payload bytes [from, to) of a frame; `from` is a multiple of 4.
void Checker::check_payload(Bytes frame, Bytes expected, std::size_t from, std::size_t to) const {
  std::uint32_t key = 0;
  if (expected_.masked()) std::memcpy(&key, frame.data() + expected_.header_bytes() - sizeof key, sizeof key);
  const std::byte* got = frame.data() + expected_.header_bytes() + from;
  const std::byte* want = expected.data() + from;
  std::uint32_t difference = 0;
  std::size_t left = to - from;
  for (; left >= sizeof key; left -= sizeof key, got += sizeof key, want += sizeof key) {
    std::uint32_t a = 0, b = 0;
    std::memcpy(&a, got, sizeof a);
    std::memcpy(&b, want, sizeof b);
    difference |= a ^ b ^ key;
  }
  std::uint32_t a = 0, b = 0;
  std::memcpy(&a, got, left);
  std::memcpy(&b, want, left);
  const std::uint32_t rest = a ^ b ^ key;
  if (difference != 0 || std::memcmp(&rest, "\0\0\0", left) != 0) differs("payload");
}

void Checker::differs(const char* what) const {
  throw std::runtime_error(fmt::format("frame {}: its {} is not what was sent", frames_, what));
}

}  // namespace wstap::bench
