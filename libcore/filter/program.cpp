// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/program.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "libcore/filter/field_values.h"

namespace wstap::filter {
namespace {

template <class T>
bool ordered(Op op, const T& value, const T& operand) noexcept {
  switch (op) {
    case Op::eq: return value == operand;
    case Op::ne: return value != operand;
    case Op::lt: return value < operand;
    case Op::le: return value <= operand;
    case Op::gt: return value > operand;
    case Op::ge: return value >= operand;
    default: return false;
  }
}

bool number_holds(const Condition& condition, std::optional<std::int64_t> value) noexcept {
  if (!value) return false;
  if (condition.op == Op::in)
    return std::ranges::any_of(
        condition.ranges, [&](const Range& range) { return *value >= range.first && *value <= range.last; });
  if (condition.op == Op::present) return info(condition.field).type != Type::boolean || *value != 0;
  return ordered(condition.op, *value, condition.number);
}

bool text_holds(const Condition& condition, std::string_view value) {
  switch (condition.op) {
    case Op::present: return true;
    case Op::eq: return value == condition.texts.front();
    case Op::ne: return value != condition.texts.front();
    case Op::contains: return value.find(condition.texts.front()) != std::string_view::npos;
    case Op::in: return std::ranges::find(condition.texts, value) != condition.texts.end();
    case Op::matches: return condition.pattern.front().found_in(as_bytes(value));
    default: return false;
  }
}

/// Of any number of texts, some one holds; but `!=` says that none is equal.
bool tags_hold(const Condition& condition, std::span<const std::string> tags) {
  if (condition.op == Op::ne) return std::ranges::find(tags, condition.texts.front()) == tags.end();
  return std::ranges::any_of(tags, [&](const std::string& tag) { return text_holds(condition, tag); });
}

bool anomalies_hold(const Condition& condition, std::uint32_t anomalies) noexcept {
  const auto has = [anomalies](std::int64_t bit) { return (anomalies >> bit & 1) != 0; };
  if (condition.op == Op::present) return anomalies != 0;
  if (condition.op == Op::eq) return has(condition.number);
  if (condition.op == Op::ne) return !has(condition.number);
  return std::ranges::any_of(condition.ranges, [&](const Range& range) { return has(range.first); });
}

template <class T>
std::optional<T> number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Whole numbers exactly, all others as IEEE 754 has them: what is too large for it is infinite.
bool numbers_ordered(Op op, const std::string& value, const std::string& operand) noexcept {
  const auto whole = number<std::int64_t>(value), other = number<std::int64_t>(operand);
  if (whole && other) return ordered(op, *whole, *other);
  return ordered(op, std::strtod(value.c_str(), nullptr), std::strtod(operand.c_str(), nullptr));
}

bool json_equal(const JsonValue& value, const JsonOperand& operand) noexcept {
  if (value.kind != operand.kind) return false;
  return value.kind == JsonValue::Kind::number ? numbers_ordered(Op::eq, value.text, operand.text)
                                               : value.text == operand.text;
}

bool json_holds(const Condition& condition, const JsonValue& value) {
  switch (condition.op) {
    case Op::present: return true;
    case Op::eq: return json_equal(value, condition.values.front());
    case Op::ne: return !json_equal(value, condition.values.front());
    case Op::in:
      return std::ranges::any_of(condition.values,
                                 [&](const JsonOperand& each) { return json_equal(value, each); });
    case Op::contains:
    case Op::matches: return value.kind == JsonValue::Kind::string && text_holds(condition, value.text);
    default:
      return value.kind == JsonValue::Kind::number &&
             numbers_ordered(condition.op, value.text, condition.values.front().text);
  }
}

}  // namespace

const JsonValue* JsonOfSubject::at(std::uint32_t pointer) {
  if (!std::exchange(looked_, true) && subject_.content && subject_.payload &&
      subject_.payload->size() == subject_.payload_bytes)
    values_ = find_json_values(*subject_.payload, program_.pointers);
  if (!values_ || (*values_)[pointer].kind == JsonValue::Kind::absent) return nullptr;
  return &(*values_)[pointer];
}

bool holds(const Condition& condition, const Subject& subject, JsonOfSubject& json) {
  switch (info(condition.field).type) {
    case Type::text:
    case Type::bytes: {
      const auto value = bytes_of(condition.field, subject);
      return value && text_holds(condition, as_text(*value));
    }
    case Type::tags: return tags_hold(condition, subject.tags);
    case Type::anomalies: return anomalies_hold(condition, subject.anomalies);
    case Type::json: {
      const JsonValue* value = json.at(condition.json);
      return value != nullptr && json_holds(condition, *value);
    }
    default: return number_holds(condition, number_of(condition.field, subject));
  }
}

bool may_hold(const Program& program, const FlowSubject* flow, bool receive,
              std::optional<std::uint8_t> opcode) {
  const FlowSubject any;
  const Subject known{.flow = flow != nullptr ? *flow : any,
                      .receive = receive,
                      .opcode = opcode.value_or(0),
                      .fin = opcode.has_value()};
  JsonOfSubject no_json(known, program);
  std::vector<bool> seen(program.nodes.size());
  std::vector<std::int32_t> ahead = {program.start};
  while (!ahead.empty()) {
    const std::int32_t at = ahead.back();
    ahead.pop_back();
    if (at == Program::kTrue) return true;
    if (at == Program::kFalse || seen[static_cast<std::size_t>(at)]) continue;
    seen[static_cast<std::size_t>(at)] = true;
    const auto& node = program.nodes[static_cast<std::size_t>(at)];
    const Field field = node.condition.field;
    const bool decided = field == Field::dir || (flow != nullptr && is_of_flow(field)) ||
                         (opcode && (field == Field::opcode || field == Field::fin));
    const bool held = decided && holds(node.condition, known, no_json);
    if (!decided || held) ahead.push_back(node.yes);
    if (!decided || !held) ahead.push_back(node.no);
  }
  return false;
}

bool run(const Program& program, const Subject& subject) {
  JsonOfSubject json(subject, program);
  std::int32_t at = program.start;
  while (at >= 0) {
    const auto& node = program.nodes[static_cast<std::size_t>(at)];
    at = holds(node.condition, subject, json) ? node.yes : node.no;
  }
  return at == Program::kTrue;
}

}  // namespace wstap::filter
