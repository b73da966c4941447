// SPDX-License-Identifier: Apache-2.0
#include "cmd/hook.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "cmd/shell.h"
#include "formats/decision_json.h"

namespace wstap::cmd {
namespace {

std::unexpected<Error> system_fault(std::string detail) {
  return fail(std::error_code(errno, std::generic_category()), std::move(detail));
}

struct Pipe {
  Descriptor read, write;
};
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_fault("pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Of this side only: the other end is a description of its own.
void never_wait(const Descriptor& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<Hook> Hook::start(const std::string& command, std::string input, Clock::time_point deadline) {
  auto in = make_pipe();
  auto out = make_pipe();
  if (!in) return std::unexpected(in.error());
  if (!out) return std::unexpected(out.error());
  const auto pid = start_shell(
      {.script = command, .argument = {}, .in = in->read.get(), .out = out->write.get(), .own_group = true});
  if (!pid) return std::unexpected(pid.error());
  Hook hook;
  hook.pid_ = *pid;
  hook.deadline_ = deadline;
  hook.input_ = std::move(input);
  hook.in_ = std::move(in->write);
  hook.out_ = std::move(out->read);
  hook.process_ = watch_process(*pid);
  if (hook.process_.get() < 0) return system_fault("pidfd_open");
  never_wait(hook.in_);
  never_wait(hook.out_);
  return hook;
}

Hook::Hook(Hook&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      process_(std::move(other.process_)),
      deadline_(other.deadline_),
      input_(std::move(other.input_)),
      written_(other.written_),
      said_(std::move(other.said_)),
      too_much_(other.too_much_) {}

Hook::~Hook() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Hook::write_some() {
  while (written_ < input_.size()) {
    const auto put = ::write(in_.get(), input_.data() + written_, input_.size() - written_);
    if (put < 0 && errno == EAGAIN) return;
    if (put < 0 && errno != EINTR) break;  // it does not want to read all
    if (put > 0) written_ += static_cast<std::size_t>(put);
  }
  in_ = Descriptor();
  input_ = {};
}

void Hook::read_some() {
  std::array<char, 64 * 1024> room;
  while (out_.get() >= 0) {
    const auto got = ::read(out_.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0 && said_.size() + static_cast<std::size_t>(got) <= formats::kLongestDecision) {
      said_.append(room.data(), static_cast<std::size_t>(got));
      continue;
    }
    too_much_ = got > 0;
    out_ = Descriptor();
  }
}

bool Hook::ended() {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  pid_ = -1;
  read_some();  // what it started may go on and keep the pipe: that is not waited for
  return true;
}

std::string Hook::failure() const {
  auto failure = failure_text(status_);
  if (failure.empty() && too_much_)
    return fmt::format("it said more than {} bytes", formats::kLongestDecision);
  return failure;
}

}  // namespace wstap::cmd
