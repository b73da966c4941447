// SPDX-License-Identifier: Apache-2.0
// What a whole set of rules costs a message: those that cannot match, those that look at headers, at texts,
// at JSON; and each preset.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "libcore/rules/rule_set.h"
#include "libcore/steps/safety_presets.h"

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
/// 200 bytes of which no preset finds any.
const std::string kPlain =
    R"({"type":"message","room":"general","from":"alice","at":"2026-05-04T10:11:12Z","text":"Let us meet at noon, )"
    R"(the report from table 5 is updated and needs a second pair of eyes before we go.","id":48151})";

/// Looks for these presets in a text of 200 bytes: a microsecond each is a CPU second for a million.
void look_for(benchmark::State& state, const std::vector<std::string_view>& names) {
  std::vector<steps::RuleSpec> specs;
  for (const auto name : names) specs.push_back(steps::find_preset(name)->rule());
  const auto rules = steps::RuleList::compile(specs);
  if (!rules) return state.SkipWithError(rules.error().text().c_str());
  for (auto _ : state) benchmark::DoNotOptimize(rules->matches(as_bytes(kPlain)));
}

const bool registered = [] {
  const auto names = steps::preset_names();
  for (const auto name : names)
    benchmark::RegisterBenchmark(fmt::format("preset/{}", name).c_str(), look_for, std::vector{name});
  benchmark::RegisterBenchmark("preset/all_of_them", look_for, std::vector(names.begin(), names.end()));
  return true;
}();

BENCHMARK(rules_of_other_hosts);
BENCHMARK(rules_of_headers);
BENCHMARK(rules_of_texts);
BENCHMARK(rules_of_json);

}  // namespace
}  // namespace wstap
