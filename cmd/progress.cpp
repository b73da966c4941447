// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cmd/output.h"

namespace wstap::cmd {
namespace {

// What is done sooner needs no progress.
constexpr std::chrono::milliseconds kFirst{1'000};
constexpr std::chrono::milliseconds kEvery{200};
constexpr std::uint64_t kMegabyte = 1'000'000;

void tell(const std::string& text) {
  (void)write_whole(STDERR_FILENO, as_bytes(text));
}

}  // namespace

Progress::Progress(std::string what, std::uint64_t total, bool wanted)
    : what_(std::move(what)),
      total_(total),
      active_(wanted && ::isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + kFirst) {}

Progress::~Progress() {
  if (shown_) tell("\r\x1b[K");
}

void Progress::show(std::uint64_t bytes) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kEvery;
  shown_ = true;
  const auto share =
      total_ == 0 ? std::string() : fmt::format(" of {} MB, {}%", total_ / kMegabyte, bytes * 100 / total_);
  tell(fmt::format("\r{}: {} MB{}\x1b[K", what_, bytes / kMegabyte, share));
}

}  // namespace wstap::cmd
