// SPDX-License-Identifier: Apache-2.0
// What a whole set of rules costs a message: those that cannot match, those that look at headers, at texts,
// at JSON.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "libcore/rules/rule_set.h"

namespace wstap {
namespace {

const std::string kMessage = R"({"type":"order","id":12345,"note":")" + std::string(900, 'x') + R"("})";

/// Judges a client's message by the rules of a file.
void judge(benchmark::State& state, const std::string& toml) {
  const auto rules = rules::parse(toml);
  if (!rules) return state.SkipWithError(rules.error().front().text.c_str());
  const auto plan = rules->pipeline().plan(pipeline::FlowNames(1, "wss://example.com/chat", {}));
  pipeline::Envelope envelope{.flow = 1, .sequence = 2};
  envelope.frame.header = {.fin = true, .opcode = ws::kText, .payload_len = kMessage.size()};
  envelope.placement = {.part = ws::Part::whole, .message_opcode = ws::kText};
  envelope.says = pipeline::Says::message;
  const auto header = envelope.frame.header;
  for (auto _ : state) {
    benchmark::DoNotOptimize(plan.judge(envelope, as_bytes(kMessage)));
    envelope.frame.header = header;
  }
}

std::string transforms(int count, std::string_view filter) {
  std::string toml;
  for (int i = 0; i < count; ++i)
    toml += fmt::format("[[transform]]\nid = 'r{}'\nfilter = '{}'\ntags = ['t']\n", i, filter);
  return toml;
}

void rules_of_other_hosts(benchmark::State& state) {
  judge(state, transforms(100, R"(host == "elsewhere" and text contains "order")"));
}
void rules_of_headers(benchmark::State& state) {
  judge(state, transforms(100, "send and length > 100000"));
}
void rules_of_texts(benchmark::State& state) {
  judge(state, transforms(10, R"(text contains "cancel")"));
}
void rules_of_json(benchmark::State& state) {
  judge(state, transforms(10, R"(json("/type") == "cancel")"));
}
void safety_presets(benchmark::State& state) {
  judge(
      state,
      "[[safety.input]]\npreset = 'destructive-sql'\n[[safety.input]]\npreset = 'destructive-os-command'\n");
}
void redacting_presets(benchmark::State& state) {
  const auto rules = rules::parse(
      "[[safety.output]]\npreset = 'credit-card'\n[[safety.output]]\npreset = 'email'\n"
      "[[safety.output]]\npreset = 'bearer-token'\n");
  for (auto _ : state)
    benchmark::DoNotOptimize(rules->output->payloads(ws::Direction::receive)->rewrite(as_bytes(kMessage)));
}

BENCHMARK(rules_of_other_hosts);
BENCHMARK(rules_of_headers);
BENCHMARK(rules_of_texts);
BENCHMARK(rules_of_json);
BENCHMARK(safety_presets);
BENCHMARK(redacting_presets);

}  // namespace
}  // namespace wstap
