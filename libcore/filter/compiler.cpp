// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "libcore/base/nearest.h"
#include "libcore/base/rfc3339.h"
#include "libcore/filter/errors.h"

namespace wstap::filter {
namespace {

using Kind = Token::Kind;
using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kDirections = {"send", "receive", "client_to_server",
                                                         "server_to_client"};
constexpr std::array<std::string_view, 2> kTruths = {"false", "true"};

std::string_view written(Op op) noexcept {
  constexpr std::array<std::string_view, 10> kWritten = {
      "", "==", "!=", "<", "<=", ">", ">=", "contains", "matches", "in"};
  return kWritten[static_cast<std::size_t>(op)];
}

bool fits(Op op, Type type) noexcept {
  const bool orders = op == Op::lt || op == Op::le || op == Op::gt || op == Op::ge;
  const bool searches = op == Op::contains || op == Op::matches;
  switch (type) {
    case Type::number:
    case Type::time: return !searches;
    case Type::boolean:
    case Type::direction:
    case Type::opcode:
    case Type::verdict:
    case Type::anomalies: return !searches && !orders;
    case Type::text:
    case Type::bytes:
    case Type::tags: return !orders;
    case Type::json: return true;
  }
  return false;
}

/// A field that stands alone says something only if some subjects have it and others do not.
bool stands_alone(Field field) noexcept {
  switch (field) {
    case Field::fin:
    case Field::masked:
    case Field::compressed:
    case Field::held:
    case Field::payload:
    case Field::text:
    case Field::json:
    case Field::subprotocol:
    case Field::close_code:
    case Field::cause:
    case Field::tag:
    case Field::anomaly: return true;
    default: return false;
  }
}

std::unexpected<Error> wrong_type(const Token& token, std::string what) {
  return fail(Errc::wrong_type, std::move(what), token.at);
}

/// Decimal, or hexadecimal behind 0x.
std::optional<std::int64_t> whole_number(std::string_view text) noexcept {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> index_of(std::string_view name, Names names) noexcept {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? std::nullopt : std::optional<std::int64_t>(found - names.begin());
}

class Compiler {
 public:
  explicit Compiler(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  Result<Program> program(const Expression& expression) {
    const auto start = emit(expression, Program::kTrue, Program::kFalse);
    if (!start) return std::unexpected(start.error());
    program_.start = *start;
    return std::move(program_);
  }

 private:
  /// Backwards, so that it is known where each part goes on. @return where the part begins.
  Result<std::int32_t> emit(const Expression& expression, std::int32_t yes, std::int32_t no) {
    switch (expression.kind) {
      case Expression::Kind::negation: return emit(*expression.left, no, yes);
      case Expression::Kind::all_of: {
        const auto right = emit(*expression.right, yes, no);
        return right ? emit(*expression.left, *right, no) : right;
      }
      case Expression::Kind::any_of: {
        const auto right = emit(*expression.right, yes, no);
        return right ? emit(*expression.left, yes, *right) : right;
      }
      case Expression::Kind::comparison: break;
    }
    auto made = condition(expression.comparison);
    if (!made) return std::unexpected(std::move(made.error()));
    program_.nodes.push_back({std::move(*made), yes, no});
    return static_cast<std::int32_t>(program_.nodes.size() - 1);
  }

  Result<Condition> condition(const Comparison& comparison) {
    const FieldInfo& field = info(comparison.use.field);
    Condition made{.field = field.field, .op = comparison.op};
    if (field.type == Type::json) {
      const auto index = pointer_index(comparison.use, program_.pointers);
      if (!index) return std::unexpected(index.error());
      made.json = *index;
    }
    if (comparison.op == Op::present) {
      if (stands_alone(field.field)) return made;
      return fail(Errc::syntax, fmt::format("'{}' wants a comparison, as in {}", field.name, example(field)),
                  comparison.use.at);
    }
    if (!fits(comparison.op, field.type))
      return fail(
          Errc::wrong_type,
          fmt::format("'{}' with '{}', of the type {}", written(comparison.op), field.name, name(field.type)),
          comparison.use.at);
    if (auto set = operands(comparison, field, made); !set) return std::unexpected(std::move(set.error()));
    return made;
  }

  Result<void> operands(const Comparison& comparison, const FieldInfo& field, Condition& made) {
    if (comparison.op == Op::matches) return pattern(comparison.values.front().token, field.type, made);
    for (const Value& value : comparison.values) {
      if (auto added = operand(value, field, made); !added) return added;
    }
    return {};
  }

  Result<void> pattern(const Token& token, Type type, Condition& made) {
    if (token.kind != Kind::string) return wrong_type(token, "a pattern stands in quotes");
    auto compiled =
        Pattern::compile(token.text, type == Type::bytes ? PatternText::bytes : PatternText::utf8);
    if (!compiled) return fail(Errc::bad_pattern, compiled.error().detail, token.at);
    made.pattern.push_back(std::move(*compiled));
    return {};
  }

  Result<void> operand(const Value& value, const FieldInfo& field, Condition& made) {
    switch (field.type) {
      case Type::text:
      case Type::bytes:
      case Type::tags: return text(value, field, made);
      case Type::json: return json(value, made);
      default: break;
    }
    const auto first = number(value.token, field);
    if (!first) return std::unexpected(first.error());
    made.number = *first;
    if (made.op != Op::in) return {};
    const auto last = value.last ? number(*value.last, field) : first;
    if (!last) return std::unexpected(last.error());
    if (*last < *first) return wrong_type(*value.last, "a range that ends before it begins");
    const bool ranges = field.type == Type::number || field.type == Type::time;
    if (value.last && !ranges) return no_range(value);
    made.ranges.push_back({*first, *last});
    return {};
  }

  static std::unexpected<Error> no_range(const Value& value) {
    return wrong_type(*value.last, "ranges are of numbers and times; two comparisons say the same of others");
  }

  static Result<void> text(const Value& value, const FieldInfo& field, Condition& made) {
    if (value.last) return no_range(value);
    if (value.token.kind != Kind::string)
      return wrong_type(value.token, fmt::format("'{}' is compared with text in quotes", field.name));
    made.texts.push_back(value.token.text);
    return {};
  }

  static Result<void> json(const Value& value, Condition& made) {
    using JsonKind = JsonValue::Kind;
    if (value.last) return no_range(value);
    const Token& token = value.token;
    JsonOperand operand{.kind = JsonKind::string, .text = token.text};
    if (token.kind == Kind::number) {
      double ignored = 0;
      const auto [end, error] =
          std::from_chars(token.text.data(), token.text.data() + token.text.size(), ignored);
      if (error != std::errc{} || end != token.text.data() + token.text.size())
        return wrong_type(token, fmt::format("'{}' is no number of JSON", token.text));
      operand.kind = JsonKind::number;
    } else if (token.kind == Kind::word) {
      const bool truth = index_of(token.text, kTruths).has_value();
      if (!truth && token.text != "null")
        return wrong_type(token, fmt::format("'{}' without quotes", token.text));
      operand.kind = truth ? JsonKind::boolean : JsonKind::null;
      if (!truth) operand.text.clear();
    }
    const bool orders =
        made.op != Op::eq && made.op != Op::ne && made.op != Op::in && made.op != Op::contains;
    if (orders && operand.kind != JsonKind::number)
      return wrong_type(token, fmt::format("'{}' compares numbers", written(made.op)));
    if (made.op == Op::contains) {
      if (operand.kind != JsonKind::string) return wrong_type(token, "'contains' wants text in quotes");
      made.texts.push_back(operand.text);
    }
    made.values.push_back(std::move(operand));
    return {};
  }

  Result<std::int64_t> number(const Token& token, const FieldInfo& field) const {
    switch (field.type) {
      case Type::boolean: return named(token, kTruths, "true or false", 1);
      case Type::opcode: return named(token, vocabulary_.opcodes, "an opcode", 15);
      case Type::verdict: return named(token, vocabulary_.verdicts, "a verdict", -1);
      case Type::anomalies: return named(token, vocabulary_.anomalies, "an anomaly", -1);
      case Type::direction: {
        const auto index = named(token, kDirections, "a direction", -1);
        return index ? Result<std::int64_t>(*index % 2) : index;
      }
      case Type::time: {
        const auto time = parse_rfc3339(token.text);
        if (token.kind == Kind::string && time) return *time;
        return wrong_type(token, "a time is written in quotes and as in \"2026-01-31T12:00:00Z\"");
      }
      default: break;
    }
    const auto value = token.kind == Kind::number ? whole_number(token.text) : std::nullopt;
    if (!value) return wrong_type(token, fmt::format("'{}' is compared with a whole number", field.name));
    return *value;
  }

  /// A name, in quotes or not, or a number up to `most`.
  static Result<std::int64_t> named(const Token& token, Names names, std::string_view what,
                                    std::int64_t most) {
    if (token.kind == Kind::number) {
      const auto value = whole_number(token.text);
      if (value && *value >= 0 && *value <= most) return *value;
      return wrong_type(token, fmt::format("{} is not {}", token.text, what));
    }
    if (const auto index = index_of(token.text, names)) return *index;
    return fail(Errc::unknown_name,
                fmt::format("'{}' is not {}{}", token.text, what, did_you_mean(token.text, names)), token.at);
  }

  static std::string example(const FieldInfo& field) {
    switch (field.type) {
      case Type::text: return fmt::format("{} == \"...\"", field.name);
      case Type::time: return fmt::format("{} >= \"2026-01-31\"", field.name);
      case Type::direction: return fmt::format("{} == send", field.name);
      case Type::opcode: return fmt::format("{} == text", field.name);
      case Type::verdict: return fmt::format("{} == changed", field.name);
      default: return fmt::format("{} > 1", field.name);
    }
  }

  const Vocabulary& vocabulary_;
  Program program_;
};

}  // namespace

Result<Program> compile(const Expression& expression, const Vocabulary& vocabulary) {
  return Compiler(vocabulary).program(expression);
}

Result<std::uint32_t> pointer_index(const FieldUse& use, std::vector<JsonPointer>& pointers) {
  auto pointer = parse_json_pointer(use.pointer);
  if (!pointer)
    return fail(Errc::syntax, "a JSON pointer begins with '/', and has '~' only in ~0 and ~1",
                use.pointer_at);
  auto found = std::ranges::find(pointers, *pointer);
  if (found == pointers.end()) found = pointers.insert(pointers.end(), std::move(*pointer));
  return static_cast<std::uint32_t>(found - pointers.begin());
}

}  // namespace wstap::filter
