// SPDX-License-Identifier: Apache-2.0
// What a frame costs in libcore/ws: parsing, masking, rewriting, checking.
#include <benchmark/benchmark.h>

#include "libcore/base/sha1.h"
#include "libcore/ws/frame_writer.h"
#include "libcore/ws/utf8.h"
#include "tests/bench/bench_frames.h"

namespace wstap::bench {
namespace {

constexpr std::size_t kBurstBytes = 256 * 1024;
constexpr ws::MaskKey kKey = {std::byte{0x11}, std::byte{0x22}, std::byte{0x33}, std::byte{0x44}};

Frames burst_of(std::size_t payload_bytes) {
  return frames(ws::Direction::send, kBurstBytes / (payload_bytes + ws::kMaxHeader), payload_bytes);
}

void report(benchmark::State& state, std::size_t frames, std::size_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(frames) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

/// Cutting a burst into frames. Argument: payload bytes.
void parse(benchmark::State& state) {
  const Frames burst = burst_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    ws::FrameReader reader(16U << 20);
    Bytes rest = burst.raw;
    ws::Frame frame;
    while (reader.next(rest, frame) == ws::FrameReader::Step::frame) benchmark::DoNotOptimize(frame);
  }
  report(state, burst.ends.size(), burst.raw.size());
}
BENCHMARK(parse)->Arg(32)->Arg(200)->Arg(65536);

void mask(benchmark::State& state) {
  Buffer data(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    ws::mask_in_place(data, kKey);
    benchmark::ClobberMemory();
  }
  report(state, 1, data.size());
}
BENCHMARK(mask)->Arg(32)->Arg(200)->Arg(65536);

/// Writing a burst anew in place, each time with other masks than the time before.
void rewrite(benchmark::State& state) {
  Frames burst = burst_of(static_cast<std::size_t>(state.range(0)));
  ws::MaskKey key = kKey;
  for (auto _ : state) {
    key = ws::operator^(key, kKey);
    std::byte* to = burst.raw.data();
    Bytes rest = burst.raw;
    ws::Frame frame;
    while (decode_header(rest, frame.header)) {
      frame.raw = rest.first(static_cast<std::size_t>(frame.header.frame_len()));
      rest = rest.subspan(frame.raw.size());
      to += ws::rewrite_frame(frame, 0, key, to);
    }
    benchmark::ClobberMemory();
  }
  report(state, burst.ends.size(), burst.raw.size());
}
BENCHMARK(rewrite)->Arg(32)->Arg(200)->Arg(65536);

void make_frame(benchmark::State& state) {
  const Buffer payload = json_payload(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        ws::make_frame({.fin = true, .masked = true, .opcode = ws::kText, .mask = kKey}, payload));
  report(state, 1, payload.size());
}
BENCHMARK(make_frame)->Arg(32)->Arg(65536);

void utf8_of_ascii(benchmark::State& state) {
  const Buffer text = json_payload(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(ws::is_utf8(text));
  report(state, 1, text.size());
}
BENCHMARK(utf8_of_ascii)->Arg(32)->Arg(200)->Arg(65536);

/// Text without a byte of ASCII: three bytes a character.
void utf8_of_japanese(benchmark::State& state) {
  Buffer text;
  while (text.size() < static_cast<std::size_t>(state.range(0))) append(text, "\xe6\xbc\xa2");
  for (auto _ : state) benchmark::DoNotOptimize(ws::is_utf8(text));
  report(state, 1, text.size());
}
BENCHMARK(utf8_of_japanese)->Arg(200)->Arg(65536);

/// Once a handshake.
void sha1_of_key(benchmark::State& state) {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  for (auto _ : state) benchmark::DoNotOptimize(sha1(as_bytes(key)));
  report(state, 1, key.size());
}
BENCHMARK(sha1_of_key);

}  // namespace
}  // namespace wstap::bench
