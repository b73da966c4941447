// SPDX-License-Identifier: Apache-2.0
// Any bytes as a stream of frames: in one buffer and in pieces they give the same frames and the same error;
// what is written anew is the same frame; no header or payload upsets those that look at it.
#include <cstdlib>

#include "libcore/ws/frame_writer.h"
#include "libcore/ws/payload_checker.h"
#include "tests/support/inbox_reader.h"

namespace {

using namespace wstap;

constexpr std::uint64_t kMaxPayload = 2048;

void require(bool holds) {
  if (!holds) std::abort();
}

/// All of `stream` read from one buffer.
struct Whole {
  std::vector<Buffer> frames;
  Bytes rest;
  std::optional<Error> error;
};

Whole read_whole(Bytes stream) {
  Whole whole{{}, stream, {}};
  ws::FrameReader reader(kMaxPayload);
  ws::Frame frame;
  auto step = reader.next(whole.rest, frame);
  for (; step == ws::FrameReader::Step::frame; step = reader.next(whole.rest, frame))
    whole.frames.push_back(to_buffer(frame.raw));
  if (step == ws::FrameReader::Step::error) whole.error = reader.error();
  require(reader.offset() == stream.size() - whole.rest.size());
  require(step == ws::FrameReader::Step::error || reader.wanted() > whole.rest.size());
  return whole;
}

void compare_with_pieces(const Whole& whole, Bytes stream, std::size_t piece, std::size_t lent) {
  test::InboxReader reader(kMaxPayload, lent);
  for (Bytes rest = stream; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
    reader.feed(rest.first(std::min(piece, rest.size())));
    require(reader.inbox().held() <= 2 * reader.inbox().kept().size());
  }
  require(reader.frames() == whole.frames);
  require(reader.error().has_value() == whole.error.has_value());
  if (whole.error) {
    require(reader.error()->code == whole.error->code);
    require(reader.error()->detail == whole.error->detail);
    require(reader.error()->offset == whole.error->offset);
  } else {
    require(to_buffer(reader.inbox().kept()) == to_buffer(whole.rest));
  }
}

Buffer unmasked(const ws::Frame& frame) {
  Buffer payload = to_buffer(frame.payload());
  ws::mask_in_place(payload, frame.header.mask);
  return payload;
}

ws::Frame frame_in(Bytes raw) {
  ws::Frame frame{{}, raw};
  require(ws::decode_header(raw, frame.header));
  require(frame.header.frame_len() == raw.size());
  return frame;
}

void rewrite(const Buffer& raw, std::optional<ws::MaskKey> mask) {
  const ws::Frame before = frame_in(raw);
  Buffer out(raw.size() + ws::kMaxHeader);
  out.resize(ws::rewrite_frame(before, before.header.rsv, mask, out.data()));
  const ws::Frame after = frame_in(out);
  require(after.header.fin == before.header.fin && after.header.opcode == before.header.opcode);
  require(after.header.rsv == before.header.rsv && after.header.masked == mask.has_value());
  require(after.header.header_len == ws::minimal_header_len(after.header.payload_len, mask.has_value()));
  require(unmasked(after) == unmasked(before));

  if (out.size() - after.payload().size() > before.header.header_len) return;
  Buffer in_place = raw;
  in_place.resize(ws::rewrite_frame(frame_in(in_place), before.header.rsv, mask, in_place.data()));
  require(in_place == out);
}

void look_at(const std::vector<Buffer>& frames, ws::Negotiated negotiated) {
  ws::MessageTracker tracker(ws::Direction::send, negotiated);
  ws::PayloadChecker checker;
  std::uint64_t sequence = 2;
  for (const auto& raw : frames) {
    const ws::Frame frame = frame_in(raw);
    const ws::Placement placed = tracker.observe(frame.header, sequence);
    require(placed.message_first <= sequence++);
    require((placed.part == ws::Part::none) == (placed.message_opcode == 0));
    checker.check(frame.header, placed, unmasked(frame));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0];
  const std::size_t lent = 16 + data[1] * std::size_t{4};
  const Bytes stream = std::as_bytes(std::span(data, size)).subspan(2);

  const Whole whole = read_whole(stream);
  compare_with_pieces(whole, stream, piece, lent);
  for (const auto& raw : whole.frames) {
    rewrite(raw, std::nullopt);
    rewrite(raw, ws::MaskKey{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}});
  }
  look_at(whole.frames, {.permessage_deflate = data[0] % 2 == 0, .unknown_extension = data[1] % 8 == 0});
  return 0;
}
