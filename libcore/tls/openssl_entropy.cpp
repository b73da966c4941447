// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/openssl_entropy.h"

#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace wstap::tls {
namespace {

void fill_from_openssl(MutableBytes out) {
  constexpr std::size_t kAtOnce = 1 << 20;
  while (!out.empty()) {
    const auto part = out.first(std::min(out.size(), kAtOnce));
    if (RAND_bytes(static_cast<unsigned char*>(static_cast<void*>(part.data())),
                   static_cast<int>(part.size())) != 1)
      throw std::runtime_error("RAND_bytes: no randomness");
    out = out.subspan(part.size());
  }
}

}  // namespace

void OpensslEntropy::fill(MutableBytes out) {
  if (out.size() >= block_.size()) return fill_from_openssl(out);
  while (!out.empty()) {
    if (used_ == block_.size()) {
      fill_from_openssl(block_);
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

}  // namespace wstap::tls
