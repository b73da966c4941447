// SPDX-License-Identifier: Apache-2.0
// Starts what users want to have run.
#pragma once

#include <string>

#include "libcore/base/descriptor.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

struct ShellCommand {
  std::string script;
  std::string argument;    ///< $1
  int in = -1, out = -1;   ///< its standard streams; -1: this program's own
  bool own_group = false;  ///< it leads a process group, by which all that it starts can be ended
};
/// Runs `sh -c SCRIPT sh ARGUMENT`, which inherits nothing of what this program does with signals.
/// @return its process id. @error the system's own.
Result<int> start_shell(const ShellCommand& command);

/// Becomes readable when the process has ended. Holds -1 where the system cannot do that, see errno.
Descriptor watch_process(int pid);

/// "exit status 3", "ended by signal 9"; empty: it ended well. @param status  as waitpid() gives it.
std::string failure_text(int status);

}  // namespace wstap::cmd
