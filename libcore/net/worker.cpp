// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/worker.h"

namespace wstap::net {
namespace {

Slab& ensured(Slab& slab, SlabPool& pool) {
  if (!slab) slab = pool.take();
  return slab;
}

}  // namespace

Slab& Worker::slab() {
  return ensured(slab_, pool_);
}
MutableBytes Worker::cipher_in() {
  return ensured(cipher_in_, pool_).bytes();
}
MutableBytes Worker::cipher_out() {
  return ensured(cipher_out_, pool_).bytes();
}

}  // namespace wstap::net
