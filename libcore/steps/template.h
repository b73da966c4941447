// SPDX-License-Identifier: Apache-2.0
// Texts with variables in them, which macros take from frames and use later (PIPE-6).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/result.h"

namespace wstap::steps {

/// What was taken from a frame.
struct Variable {
  std::string text;
  std::string json;  ///< the same as a value of JSON: a string in quotes, a number, ...
};
/// The variables of a macro, by their index in its list of names; none: not taken yet.
using Variables = std::vector<std::optional<Variable>>;

/// `${name}` is a variable, `$$` a dollar sign; any other dollar sign is itself.
class Template {
 public:
  /// What stands in a variable's place.
  enum class As : std::uint8_t {
    text,
    json,            ///< a value of JSON
    in_json_string,  ///< its text, as the inside of a string of JSON
  };

  Template() = default;
  /// Text without variables, as it is.
  static Template literal(std::string text);
  /// @error bad_replacement  a name that is not in the list. Error::offset is where in `text`.
  static Result<Template> parse(std::string_view text, As as, std::span<const std::string> names);

  /// @param variables  has what `has_all` wants.
  std::string expand(const Variables& variables) const;
  /// All that it names have values.
  bool has_all(const Variables& variables) const noexcept;
  /// ... with that in each variable's place.
  std::string with(std::string_view instead) const;

 private:
  struct Part {
    std::string text;
    std::optional<std::size_t> variable;  ///< behind the text
  };
  std::vector<Part> parts_;
  As as_ = As::text;
};

/// Where in a text a variable is named: `${name}`.
struct VariableName {
  std::size_t index = 0;   ///< in the list of names
  std::size_t length = 0;  ///< of all of it
};
/// @param text  from the dollar sign on. @return none: it is no `${name}`.
/// @error bad_replacement  it is one, and the name is not in the list. Error::offset is 0.
Result<std::optional<VariableName>> variable_at(std::string_view text, std::span<const std::string> names);

/// What variables may be called: letters, digits and '_', not first a digit.
bool is_variable_name(std::string_view text) noexcept;

/// `text` as the inside of a string of JSON.
std::string json_escaped(std::string_view text);

}  // namespace wstap::steps
