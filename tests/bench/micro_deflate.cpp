// SPDX-License-Identifier: Apache-2.0
// What reading compressed messages costs beside zlib alone, on the same data; and what writing them anew
// does.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <random>

#include "libcore/pipeline/recompressor.h"
#include "libcore/ws/message_reader.h"
#include "tests/support/deflating_peer.h"

namespace wstap::bench {
namespace {

/// A session of one direction: messages of JSON, each another one, compressed with takeover.
struct Session {
  std::vector<Buffer> plain, compressed;
  std::size_t bytes = 0;
};

Session session_of(std::size_t message_bytes) {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  std::mt19937 engine(1);
  test::DeflatingPeer peer;
  Session session;
  while (session.bytes < kBytes) {
    std::string text = "[";
    while (text.size() < message_bytes)
      text += R"({"id":)" + std::to_string(engine() % 100'000) + R"(,"price":)" +
              std::to_string(engine() % 1000) + R"(,"symbol":"ABC"},)";
    text.resize(message_bytes);
    session.plain.push_back(to_buffer(as_bytes(text)));
    session.compressed.push_back(peer.message(session.plain.back()));
    session.bytes += message_bytes;
  }
  return session;
}

void report(benchmark::State& state, const Session& session) {
  state.SetItemsProcessed(static_cast<std::int64_t>(session.plain.size()) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(session.bytes) * state.iterations());
}

/// zlib, into a buffer that is large enough, and nothing else. Argument: bytes of a message.
void inflate_with_zlib(benchmark::State& state) {
  const Session session = session_of(static_cast<std::size_t>(state.range(0)));
  Buffer out(static_cast<std::size_t>(state.range(0)) + 64);
  for (auto _ : state) {
    z_stream stream{};
    inflateInit2(&stream, -15);
    for (Buffer message : session.compressed) {
      for (const int tail : {0, 0, 0xff, 0xff}) message.push_back(static_cast<std::byte>(tail));
      stream.next_in = static_cast<Bytef*>(static_cast<void*>(message.data()));
      stream.avail_in = static_cast<uInt>(message.size());
      stream.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
      stream.avail_out = static_cast<uInt>(out.size());
      inflate(&stream, Z_SYNC_FLUSH);
      benchmark::DoNotOptimize(out.data());
    }
    inflateEnd(&stream);
  }
  report(state, session);
}
BENCHMARK(inflate_with_zlib)->Arg(200)->Arg(4096)->Arg(65536);

/// The same messages as a listing reads them: bounded, as text, checked for UTF-8.
void read_messages(benchmark::State& state) {
  const Session session = session_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    ws::MessageReader reader({}, {});
    const ws::Placement placed{.part = ws::Part::whole, .message_opcode = ws::kText, .compressed = true};
    for (const Buffer& message : session.compressed) {
      const auto reading = reader.read({.fin = true, .rsv = ws::kRsv1, .opcode = ws::kText}, placed, message);
      benchmark::DoNotOptimize(reading.payload.data());
    }
  }
  report(state, session);
}
BENCHMARK(read_messages)->Arg(200)->Arg(4096)->Arg(65536);

/// The same messages written anew, as behind an altered one.
void recompress(benchmark::State& state) {
  const Session session = session_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    pipeline::Recompressor recompressor(ws::DeflateParameters{});
    for (const Buffer& message : session.plain)
      benchmark::DoNotOptimize(recompressor.message(message).data());
  }
  report(state, session);
}
BENCHMARK(recompress)->Arg(200)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace wstap::bench
