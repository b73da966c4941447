#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and passes all tests. Stages can be named to run only those, in this order:
#   tests/run.sh            all of them
#   tests/run.sh format     clang-format finds nothing to change
#   tests/run.sh release    Release build, warnings as errors: unit, arch, cli and e2e tests
#   tests/run.sh asan       nearly all of that under AddressSanitizer and UndefinedBehaviorSanitizer
#   tests/run.sh tsan       what has threads under ThreadSanitizer
#   tests/run.sh fuzz       every fuzzer for FUZZ_SECONDS (default 20)
#   tests/run.sh tidy       clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
fuzz_seconds=${FUZZ_SECONDS:-20}
# Builds of one tree in several folders share what they have in common.
export CCACHE_NOHASHDIR=1
# A user's own settings must not reach the tests.
unset "${!WSTAP_@}" SSLKEYLOGFILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY 2>/dev/null || true

say() { printf '\n== %s\n' "$*"; }

build() {  # PRESET [TARGET...]
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}

check() {  # FOLDER CTEST_OPTION...
  local folder=$1
  shift
  # Tests also wait, for clocks and peers: one more than there are processors keeps those busy.
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j $((jobs + 1)) "$@"
}

release() {
  say "release: build and all tests"
  build ci
  check build/release
}

asan() {
  say "asan: tests under AddressSanitizer and UndefinedBehaviorSanitizer"
  build asan
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
  check build/asan -E '^cli\.test_(documents|extract|filter|settings)$'  # hundreds of starts of what others start too
}

tsan() {
  say "tsan: what has threads"
  build tsan
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  local shared='bridge captures endings holds http http2 leaks limits tls'  # between workers
  check build/tsan -R "^(unit\\.|e2e\\.test_(${shared// /|})\$)"
}

fuzz() {
  say "fuzz: every fuzzer for $fuzz_seconds s"
  build fuzz
  build asan capture_fuzzer control_fuzzer
  printf '%s\0' build/fuzz/tests/*_fuzzer build/asan/tests/{capture,control}_fuzzer |
    xargs -0 -P "$jobs" -n 1 tests/run.sh --one-fuzzer
}

one_fuzzer() {  # PROGRAM
  local name log limits=("$fuzz_seconds")
  name=$(basename "$1")
  log=build/fuzz/$name.log
  if [[ $1 == build/fuzz/* ]]; then
    mkdir -p "build/fuzz/corpus/$name"
    limits=(-max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
            -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name")
  fi
  if "$1" "${limits[@]}" >"$log" 2>&1; then
    echo "$name: ok, $(sed -n 's/^stat::number_of_executed_units: */inputs: /p' "$log")"
  else
    echo "$name: failed"
    tail -40 "$log"
    return 1
  fi
}

format() {
  say "format: clang-format"
  git ls-files '*.cpp' '*.h' | xargs clang-format-19 --dry-run -Werror
}

tidy() {
  say "tidy: clang-tidy"
  cmake --preset tidy >/dev/null
  # Only what is compiled without Cap'n Proto: clang does not take its headers.
  find libcore -name '*.cpp' -print0 | sort -z |
    xargs -0 -P "$jobs" -n 4 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*' 2>/dev/null
}

if [ "${1-}" = --one-fuzzer ]; then  # of the stage fuzz, several at a time
  one_fuzzer "$2"
  exit
fi
.ci/install-deps test
if [ $# -eq 0 ]; then set -- format release asan tsan fuzz tidy; fi
for stage in "$@"; do
  case $stage in
    format | release | asan | tsan | fuzz | tidy) "$stage" ;;
    *) echo "$0: no such stage: $stage" >&2; exit 2 ;;
  esac
done
say "all stages passed: $*"
