// SPDX-License-Identifier: Apache-2.0
// Mask keys in number: OpenSSL's generator is several times as fast as the kernel's, and as unpredictable.
#pragma once

#include <array>

#include "libcore/base/entropy.h"

namespace wstap::tls {

/// RAND_bytes in blocks of 4 KiB, each byte given out once. Not for use by two threads at a time.
class OpensslEntropy final : public Entropy {
 public:
  void fill(MutableBytes out) override;

 private:
  std::array<std::byte, 4096> block_{};
  std::size_t used_ = block_.size();
};

}  // namespace wstap::tls
