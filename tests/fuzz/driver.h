// SPDX-License-Identifier: Apache-2.0
// Runs a fuzzer that makes its own inputs, since libFuzzer needs clang, which does not take Cap'n Proto's
// headers:
//   NAME_fuzzer SECONDS [SEED [NUMBER]]
// Inputs are numbered: a failure names seed and number, and `NAME_fuzzer 0 SEED NUMBER` makes that one input
// again. To be included by one file of a program.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/mutator.h"

// Sanitizers ask for these. Whatever they find, the process is to end by a signal that can be told of.
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1";
}
extern "C" const char* __ubsan_default_options() {
  return "abort_on_error=1:print_stacktrace=1";
}

namespace wstap::fuzz {

/// What is being tried, for whoever tells that the program died of it.
struct Current {
  const char* program = "";
  std::uint64_t seed = 0, number = 0;
};
inline Current current;

inline void name_input(int) {
  ::dprintf(STDERR_FILENO, "%s: to try this input again: %s 0 %llu %llu\n", current.program, current.program,
            static_cast<unsigned long long>(current.seed), static_cast<unsigned long long>(current.number));
}

inline void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "not so: {}\n", what);
  std::abort();
}

/// Tries mutants of `seeds` from the number that was asked for on, for so many seconds, but at least one.
/// @param try_one  takes a mutant.
int drive(const char* program, int argc, char** argv, const std::vector<Buffer>& seeds, const auto& try_one) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: {} SECONDS [SEED [NUMBER]]\n", program);
    return 2;
  }
  const auto number_at = [&](int index, std::uint64_t otherwise) {
    return index < argc ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const std::uint64_t first = number_at(3, 0);
  current = {program, number_at(2, 1), first};
  std::signal(SIGABRT, name_input);
  const std::chrono::duration<double> seconds(std::strtod(argv[1], nullptr));
  const auto end = std::chrono::steady_clock::now() + seconds;
  do {
    try_one(Mutator(seeds, current.seed * 0x9e3779b97f4a7c15 + current.number).next());
    ++current.number;
  } while (std::chrono::steady_clock::now() < end);
  fmt::print("{}: ok, seed {}, inputs: {}\n", program, current.seed, current.number - first);
  return EXIT_SUCCESS;
}

}  // namespace wstap::fuzz
