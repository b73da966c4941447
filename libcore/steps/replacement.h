// SPDX-License-Identifier: Apache-2.0
// What stands in a match's place: text with parts of the match in it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/result.h"

namespace wstap::steps {

class Replacement {
 public:
  /// @param text  `$0` is what is replaced, `$1` to `$9` are the pattern's groups ("$12" is group 1 and a
  /// '2'),
  ///   `$$` is a dollar sign; any other dollar sign is an error, since it was meant to be something.
  /// @error bad_replacement  Error::offset is where in `text`.
  static Result<Replacement> parse(std::string_view text);

  int highest_group() const noexcept { return highest_group_; }
  std::size_t highest_group_at() const noexcept { return highest_group_at_; }  ///< byte of the text
  /// @param groups  the first is for `$0`; at least `highest_group() + 1`.
  std::size_t expanded_bytes(std::span<const std::string_view> groups) const noexcept;
  void expand(std::string& out, std::span<const std::string_view> groups) const;

 private:
  struct Part {
    std::string text;
    int group = -1;  ///< behind the text; -1: nothing
  };
  std::vector<Part> parts_;
  int highest_group_ = 0;
  std::size_t highest_group_at_ = 0;
};

}  // namespace wstap::steps
