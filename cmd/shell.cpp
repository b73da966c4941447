// SPDX-License-Identifier: Apache-2.0
#include "cmd/shell.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace wstap::cmd {

Result<int> start_shell(const ShellCommand& command) {
  sigset_t none, standard;
  sigemptyset(&none);
  sigemptyset(&standard);
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP})
    sigaddset(&standard, signal);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &standard);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  posix_spawnattr_setflags(&attributes,
                           static_cast<short>(flags | (command.own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  if (command.in >= 0) posix_spawn_file_actions_adddup2(&files, command.in, STDIN_FILENO);
  if (command.out >= 0) posix_spawn_file_actions_adddup2(&files, command.out, STDOUT_FILENO);

  std::array<std::string, 5> words = {"sh", "-c", command.script, "sh", command.argument};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  int pid = -1;
  const int error = ::posix_spawn(&pid, "/bin/sh", &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(std::error_code(error, std::generic_category()), "/bin/sh");
  return pid;
}

// glibc 2.36 declares pidfd_open() for C alone.
Descriptor watch_process(int pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::string failure_text(int status) {
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? std::string() : fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace wstap::cmd
