// SPDX-License-Identifier: Apache-2.0
// What a burst costs in the lane: parse, number, record to a tap that does nothing, encode.
#include <benchmark/benchmark.h>

#include "libcore/pipeline/flow.h"
#include "libcore/rules/rule_set.h"
#include "libcore/tls/openssl_entropy.h"
#include "tests/bench/bench_frames.h"

namespace wstap::bench {
namespace {

using ws::Direction;

class NullTap final : public pipeline::Tap {
 public:
  Result<void> flow_opened(const pipeline::FlowOpened&) override { return {}; }
  Result<void> burst(const pipeline::Burst& burst) override {
    benchmark::DoNotOptimize(burst.raw.data());
    return {};
  }
  Result<void> outcome(const pipeline::Outcome&) override { return {}; }
  Result<void> flow_closed(const pipeline::FlowClosed&) override { return {}; }
  Result<void> connection(const pipeline::ConnectionRecord&) override { return {}; }
  Result<void> note(const pipeline::Note&) override { return {}; }
};

/// Arguments: payload bytes, frames in the burst. @param rules  of a rules file.
void take(benchmark::State& state, Direction direction, pipeline::Forward forward, std::uint8_t rsv = 0,
          std::string_view rules = {}) {
  Frames burst = frames(direction, static_cast<std::size_t>(state.range(1)),
                        static_cast<std::size_t>(state.range(0)), rsv);
  NullTap tap;
  tls::OpensslEntropy entropy;
  pipeline::Counters counters;
  const pipeline::FlowOptions options{.forward = forward};
  pipeline::FlowOpened opened;
  opened.id = 1;
  opened.extensions = "permessage-deflate";
  pipeline::Flow flow(opened, rules::parse(rules)->pipeline(), {options, tap, entropy, counters});
  pipeline::LaneScratch scratch;
  for (auto _ : state) {
    const auto turn = flow.take(direction, burst.raw, 1, scratch);
    benchmark::DoNotOptimize(turn.out.data());
  }
  state.SetItemsProcessed(state.range(1) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(burst.raw.size()) * state.iterations());
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"payload", "frames"});
  for (const int frames : {1, 10, 100, 4000}) bench->Args({32, frames});
  bench->Args({200, 1000})->Args({65536, 1})->Args({65536, 3});
}
BENCHMARK_CAPTURE(take, send_reencode, Direction::send, pipeline::Forward::reencode)->Apply(shapes);
BENCHMARK_CAPTURE(take, receive_reencode, Direction::receive, pipeline::Forward::reencode)->Apply(shapes);
// Compressed messages that nobody alters cost no more.
BENCHMARK_CAPTURE(take, send_compressed, Direction::send, pipeline::Forward::reencode, ws::kRsv1)
    ->Apply(shapes);
BENCHMARK_CAPTURE(take, receive_compressed, Direction::receive, pipeline::Forward::reencode, ws::kRsv1)
    ->Apply(shapes);
BENCHMARK_CAPTURE(take, send_verbatim, Direction::send, pipeline::Forward::verbatim)->Apply(shapes);

// A rule that looks at the opcode of every frame, and does something to none of these.
BENCHMARK_CAPTURE(take, send_opcode_rule, Direction::send, pipeline::Forward::reencode, 0,
                  "[[transform]]\nid='x'\nfilter='ping'\ndrop=true\n")
    ->Apply(shapes);
BENCHMARK_CAPTURE(take, receive_opcode_rule, Direction::receive, pipeline::Forward::reencode, 0,
                  "[[transform]]\nid='x'\nfilter='ping'\ndrop=true\n")
    ->Apply(shapes);

/// Four bytes a frame from OpenSSL's generator, by way of blocks.
void draw_mask(benchmark::State& state) {
  tls::OpensslEntropy entropy;
  ws::MaskKey key;
  for (auto _ : state) {
    entropy.fill(key);
    benchmark::DoNotOptimize(key);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(draw_mask);

}  // namespace
}  // namespace wstap::bench
