// SPDX-License-Identifier: Apache-2.0
// `wstap intercept --exec`: a command decides about each held item (HOLD-6).
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <string>

#include "cmd/command.h"
#include "cmd/hook.h"
#include "cmd/signal_descriptor.h"
#include "libcore/control/client.h"

namespace wstap::cmd {

struct HookOptions {
  std::string command;
  std::chrono::milliseconds timeout{10'000};  ///< 0: none
  std::size_t jobs = 1;                       ///< so many run at a time
};

class HookReviews {
 public:
  HookReviews(control::Client& proxy, HookOptions options, Io& io);
  /// Until SIGINT or SIGTERM.
  Exit run();

 private:
  struct Job {
    pipeline::HeldItemPtr item;
    Hook hook;
  };
  using Queue = std::list<pipeline::HeldItemPtr>;

  Result<void> take_replies();
  void take_reply(const control::Reply& reply);
  void start_jobs();
  /// Does what is ready, and says so of those that are done. @error the connection's
  Result<void> serve_jobs();
  Result<void> decide(const Job& job);
  Result<void> send(pipeline::Review review);
  void wait();
  Exit interrupted(int signal);
  void undecided(const pipeline::HeldItem& item, std::string_view why);

  control::Client& proxy_;
  HookOptions options_;
  Io& io_;
  SignalDescriptor signals_;
  Queue queue_;
  std::map<pipeline::HeldId, Queue::iterator> queued_;
  std::list<Job> jobs_;
  std::map<std::uint32_t, pipeline::HeldId> open_;  ///< decisions that are not answered yet
};

}  // namespace wstap::cmd
