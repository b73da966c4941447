// SPDX-License-Identifier: Apache-2.0
// What can be said to `wstap intercept`.
#pragma once

#include "cmd/control_access.h"
#include "cmd/hook_reviews.h"
#include "cmd/intercept_once.h"
#include "cmd/options.h"

namespace wstap::cmd {

struct InterceptOptions {
  enum class Action : std::uint8_t {
    review,
    list,
    show,
    release,
    drop,
    modify,
    inject,
    watch,
    flows,
    rules,
    stats
  };
  Action action = Action::review;
  ControlAccess access;
  Colour colour = Colour::automatic;
  bool jsonl = false;
  HookOptions hook;  ///< an empty command: none
  bool json = false;
  std::string filter;   ///< of list
  std::string id;       ///< of show
  bool raw = false;     ///< of show
  bool reload = false;  ///< of rules
  ItemChoice choice;    ///< of release and drop
  ModifyOptions modify;
  InjectOptions inject;
};
void declare_intercept(CLI::App& app, const std::shared_ptr<InterceptOptions>& options);

/// @return what is wrong with them together; empty: nothing.
std::string contradiction(const InterceptOptions& options);

}  // namespace wstap::cmd
