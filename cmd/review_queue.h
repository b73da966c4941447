// SPDX-License-Identifier: Apache-2.0
// Items that wait for a person, and what that person said once and for all about the rules that hold them.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libcore/pipeline/held.h"

namespace wstap::cmd {

class ReviewQueue {
 public:
  using Action = pipeline::Review::Action;

  /// @return what was said about the rules that hold it; none: it waits here.
  std::optional<Action> add(pipeline::HeldItemPtr item);
  /// It waits here, whatever was said about its rules.
  void ask_about(pipeline::HeldItemPtr item);
  /// It is decided. @return whether it waited here.
  bool settled(pipeline::HeldId id);
  /// The one that came first. Null: there is none.
  pipeline::HeldItemPtr next();
  std::size_t size() const noexcept { return waiting_.size(); }

  /// From now on this is done with all that the same rules hold. @return those of them that waited here.
  std::vector<pipeline::HeldItemPtr> always(const pipeline::HeldItem& item, Action action);

 private:
  using Items = std::list<pipeline::HeldItemPtr>;
  Items items_;
  std::map<pipeline::HeldId, Items::iterator> waiting_;
  std::map<std::vector<std::string>, Action> standing_;  ///< by rules
};

}  // namespace wstap::cmd
