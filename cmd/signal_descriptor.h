// SPDX-License-Identifier: Apache-2.0
// Signals as something to be polled for, in commands of one thread that wait for several things at once.
#pragma once

#include <csignal>
#include <initializer_list>

#include "libcore/base/descriptor.h"

namespace wstap::cmd {

/// Blocks these signals for as long as it lives. Programs that are started meanwhile inherit that, unless
/// they are started with start_shell().
class SignalDescriptor {
 public:
  explicit SignalDescriptor(std::initializer_list<int> signals);
  ~SignalDescriptor();
  SignalDescriptor(const SignalDescriptor&) = delete;
  SignalDescriptor& operator=(const SignalDescriptor&) = delete;

  int get() const noexcept { return fd_.get(); }
  /// The next one that came. 0: none.
  int take() noexcept;

 private:
  sigset_t signals_{}, before_{};
  Descriptor fd_;
};

}  // namespace wstap::cmd
