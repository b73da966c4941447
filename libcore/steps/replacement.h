// SPDX-License-Identifier: Apache-2.0
// What stands in a match's place: text with parts of the match in it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/result.h"
#include "libcore/steps/template.h"

namespace wstap::steps {

class Replacement {
 public:
  /// @param text  `$0` is what is replaced, `$1` to `$9` are the pattern's groups ("$12" is group 1 and a
  /// '2'), `${name}` is a variable, `$$` is a dollar sign; any other dollar sign is an error, since it was
  /// meant to be something.
  /// @param variables  their names.
  /// @error bad_replacement  Error::offset is where in `text`.
  static Result<Replacement> parse(std::string_view text, std::span<const std::string> variables = {});

  int highest_group() const noexcept { return highest_group_; }
  std::size_t highest_group_at() const noexcept { return highest_group_at_; }  ///< byte of the text
  /// All variables that it names have values.
  bool has_all(const Variables& variables) const noexcept;
  /// @param groups  the first is for `$0`; at least `highest_group() + 1`.
  /// @param variables  has what `has_all` wants.
  std::size_t expanded_bytes(std::span<const std::string_view> groups,
                             const Variables& variables) const noexcept;
  void expand(std::string& out, std::span<const std::string_view> groups, const Variables& variables) const;

 private:
  struct Part {
    std::string text;
    int group = -1;                       ///< behind the text; -1: none
    std::optional<std::size_t> variable;  ///< ... likewise
    /// What stands behind the text.
    std::string_view behind(std::span<const std::string_view> groups,
                            const Variables& variables) const noexcept;
  };
  std::vector<Part> parts_;
  int highest_group_ = 0;
  std::size_t highest_group_at_ = 0;
};

}  // namespace wstap::steps
