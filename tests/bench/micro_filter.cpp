// SPDX-License-Identifier: Apache-2.0
// What it costs to ask a filter about a frame.
#include <benchmark/benchmark.h>

#include "tests/support/filter_subject.h"

namespace wstap::bench {
namespace {

void evaluate(benchmark::State& state, const char* expression) {
  const test::FilterSubject about;
  const auto filter = filter::Filter::compile(expression, test::kVocabulary);
  for (auto _ : state) benchmark::DoNotOptimize(filter->matches(about.subject));
}

// Fields that need no payload.
BENCHMARK_CAPTURE(evaluate, one_number, "length > 1000");
BENCHMARK_CAPTURE(evaluate, four_fields, "send and text and length < 1000 and not compressed");
BENCHMARK_CAPTURE(evaluate, host, "host == \"api.example.com\"");
BENCHMARK_CAPTURE(evaluate, path_pattern, "path matches \"^/chat/v[0-9]+$\"");
// Of a text of 70 bytes.
BENCHMARK_CAPTURE(evaluate, contains, "text contains \"admin\"");
BENCHMARK_CAPTURE(evaluate, pattern, "text matches \"(?i)drop\\s+table\"");
BENCHMARK_CAPTURE(evaluate, json, "json(\"/role\") == \"user\"");
BENCHMARK_CAPTURE(evaluate, three_of_json,
                  "json(\"/role\") == \"user\" and json(\"/age\") > 40 and json(\"/deep/on\") == true");

void compile(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(filter::Filter::compile(
        "send and text and (json(\"/role\") == \"user\" or length in {1, 5..9})", test::kVocabulary));
}
BENCHMARK(compile);

}  // namespace
}  // namespace wstap::bench
