// SPDX-License-Identifier: Apache-2.0
// A filter expression as it was written: names are known, types are not checked yet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/filter/field.h"
#include "libcore/filter/lexer.h"

namespace wstap::filter {

enum class Op : std::uint8_t { present, eq, ne, lt, le, gt, ge, contains, matches, in };

/// A field as an expression names it.
struct FieldUse {
  Field field = Field::flow;
  std::string pointer;  ///< of json()
  std::size_t at = 0;   ///< where the name stands
  std::size_t pointer_at = 0;
};

/// What a field is compared with.
struct Value {
  Token token;
  std::optional<Token> last;  ///< of a range in a set
};

struct Comparison {
  FieldUse use;
  Op op = Op::present;
  std::vector<Value> values;  ///< none: the field is to be there, or true
};

struct Expression {
  enum class Kind : std::uint8_t { all_of, any_of, negation, comparison };
  Kind kind = Kind::comparison;
  std::unique_ptr<Expression> left, right;  ///< a negation has only the left one
  Comparison comparison;
};

}  // namespace wstap::filter
