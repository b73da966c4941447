// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/entropy.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace wstap {
namespace {

void fill_from_kernel(MutableBytes out) {
  while (!out.empty()) {
    const auto got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

void SystemEntropy::fill(MutableBytes out) {
  if (out.size() >= block_.size()) return fill_from_kernel(out);
  while (!out.empty()) {
    if (used_ == block_.size()) {
      fill_from_kernel(block_);
      used_ = 0;
    }
    const auto take = std::min(out.size(), block_.size() - used_);
    // What was handed out is wiped, so that no byte can be used twice.
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), take, out.begin());
    std::fill_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), take, std::byte{0});
    used_ += take;
    out = out.subspan(take);
  }
}

}  // namespace wstap
