// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/transform_rules.h"

#include <fmt/format.h>

#include "libcore/base/hex.h"
#include "libcore/rules/extractions.h"
#include "libcore/rules/values.h"
#include "libcore/steps/errors.h"
#include "libcore/ws/close.h"

namespace wstap::rules {
namespace {

using steps::Template;
using steps::TransformRule;

constexpr std::size_t kMostBytes = std::size_t{1} << 20;  // of a frame that a rule makes
constexpr std::array<std::string_view, 2> kDataOpcodes = {"text", "binary"};
constexpr std::array<std::string_view, 4> kOpcodes = {"text", "binary", "ping", "pong"};
constexpr std::array<std::uint8_t, 4> kNumbers = {ws::kText, ws::kBinary, ws::kPing, ws::kPong};

/// A text that may name variables.
std::optional<Template> read_template(Table& at, const toml::node& node, std::string_view text,
                                      Template::As as, const VariableNames* variables) {
  if (variables == nullptr) return Template::literal(std::string(text));
  auto parsed = Template::parse(text, as, *variables);
  if (parsed) return std::move(*parsed);
  at.fault(node, parsed.error().detail);
  return std::nullopt;
}

void read_replacements(Table& rule, TransformRule& made, const VariableNames& variables, Faults& faults) {
  std::vector<steps::RuleSpec> all;
  for (const auto* each : rule.tables("replace")) {
    Table table(*each, faults);
    const auto pattern = table.text("pattern");
    const auto with = table.text("with");
    if (each->get("pattern") == nullptr || each->get("with") == nullptr)
      table.fault("'replace' wants pattern and with");
    table.end();
    if (!pattern || !with) continue;
    all.push_back({.id = made.id, .patterns = {{*pattern}}, .replacement = *with});
    if (const auto compiled = steps::RuleList::compile(std::span(&all.back(), 1), variables); !compiled) {
      const bool in_pattern = compiled.error().code == steps::Errc::bad_pattern;
      table.fault(*each->get(in_pattern ? "pattern" : "with"), compiled.error().text());
      all.pop_back();
    }
  }
  if (all.empty()) return;
  if (auto compiled = steps::RuleList::compile(all, variables)) made.replacements = std::move(*compiled);
}

/// @param as_json  the values are texts, which hold JSON.
void read_settings(Table& rule, std::string_view key, bool as_json, TransformRule& made,
                   const VariableNames* variables) {
  const toml::node* found = rule.node(key);
  if (found == nullptr) return;
  const toml::table* table = found->as_table();
  if (table == nullptr)
    return rule.fault(*found, fmt::format("'{}' is a table: {{ \"/pointer\" = value }}", key));
  for (const auto& [pointer, value] : *table) {
    auto parsed = filter::parse_json_pointer(pointer.str());
    if (!parsed) {
      rule.fault(value, fmt::format("'{}' is no JSON pointer, which begins with '/'", pointer.str()));
      continue;
    }
    const auto text = value.value_exact<std::string>();
    if (as_json && !text) {
      rule.fault(value, fmt::format("the value of '{}' is no text that holds JSON", pointer.str()));
      continue;
    }
    const auto said = as_json ? text : json_of(value);
    if (!said) {
      rule.fault(value, fmt::format("the value of '{}' has a number that JSON has not", pointer.str()));
      continue;
    }
    auto json = read_template(rule, value, *said, as_json ? Template::As::json : Template::As::in_json_string,
                              variables);
    if (!json) continue;
    if (as_json && !filter::is_json(json->with("0"))) {
      rule.fault(value, fmt::format("the value of '{}' is no text that holds JSON", pointer.str()));
    } else if (as_json && !filter::is_json(json->with("\"\""))) {
      rule.fault(value,
                 fmt::format("a variable is all of a JSON value, not a part of a string: '{}'", *text));
    }
    made.settings.push_back({std::move(*parsed), std::move(*json)});
  }
}

void read_close(Table& rule, TransformRule& made, const VariableNames* variables, Faults& faults) {
  for (const auto* each : rule.tables("close")) {
    Table table(*each, faults);
    if (const auto code = table.whole("code", 1000, 4999)) {
      made.close_code = static_cast<std::uint16_t>(*code);
      if (!ws::may_be_sent(*made.close_code))
        table.fault(*each->get("code"), fmt::format("{} may not be sent (RFC 6455 7.4)", *code));
    }
    if (const auto reason = table.text("reason"))
      made.close_reason = read_template(table, *each->get("reason"), *reason, Template::As::text, variables);
    if (made.close_reason && made.close_reason->with("").size() > ws::kLongestReason)
      table.fault(*each->get("reason"), fmt::format("a reason has at most {} bytes", ws::kLongestReason));
    table.end();
    if (each->empty()) table.fault("'close' wants code, reason or both");
  }
}

void read_insertions(Table& rule, std::string_view key, std::vector<steps::Insertion>& made,
                     const VariableNames* variables, Faults& faults) {
  for (const auto* each : rule.tables(key)) {
    Table table(*each, faults);
    const auto text = table.text("text");
    const auto hex = table.text("hex");
    const auto bytes = hex ? from_hex(*hex) : std::nullopt;
    const auto opcode = table.word("opcode", kOpcodes);
    table.end();
    if (hex && !bytes) table.fault(*each->get("hex"), "'hex' is pairs of hexadecimal digits");
    if (text.has_value() == hex.has_value()) table.fault(fmt::format("'{}' wants either text or hex", key));
    const std::size_t by_value = hex ? 1 : 0;  // as kOpcodes has them
    steps::Insertion frame{.opcode = kNumbers[opcode.value_or(by_value)]};
    if (bytes) frame.payload = Template::literal(std::string(as_text(*bytes)));
    if (text)
      if (auto parsed = read_template(table, *each->get("text"), *text, Template::As::text, variables))
        frame.payload = std::move(*parsed);
    const std::size_t most = ws::is_control(frame.opcode) ? ws::kShortPayload : kMostBytes;
    if (frame.payload.with("").size() > most) table.fault(fmt::format("more than {} bytes", most));
    made.push_back(std::move(frame));
  }
}

}  // namespace

std::optional<TransformRule> read_transform(const toml::table& table, const VariableNames* variables,
                                            Faults& faults) {
  const std::size_t before = faults.size();
  TransformRule made;
  Table rule(table, faults);
  made.id = rule.text("id").value_or("");
  made.filter = read_filter(rule, "filter");
  made.tags = rule.texts("tags");
  made.drop = rule.flag("drop").value_or(false);
  if (variables != nullptr) made.extractions = read_extractions(rule, *variables, faults);
  read_replacements(rule, made, variables == nullptr ? VariableNames() : *variables, faults);
  read_settings(rule, "set", false, made, variables);
  read_settings(rule, "set_json", true, made, variables);
  read_close(rule, made, variables, faults);
  if (const auto opcode = rule.word("opcode", kDataOpcodes)) made.opcode = kNumbers[*opcode];
  made.fin = rule.flag("fin");
  made.copies = static_cast<std::uint64_t>(rule.whole("copies", 0, 1000).value_or(0));
  read_insertions(rule, "before", made.before, variables, faults);
  read_insertions(rule, "after", made.after, variables, faults);
  made.delay_ns = rule.duration_ns("delay").value_or(0);
  rule.end();
  if (faults.size() != before) return std::nullopt;
  if (made.id.empty() && variables == nullptr) rule.fault("a rule wants an id");
  if (!made.acts()) rule.fault("the rule does nothing");
  if (made.drop && (made.changes() || made.copies != 0 || made.delay_ns != 0))
    rule.fault("a rule that drops changes nothing, delays nothing, and leaves no copies");
  return faults.size() == before ? std::optional(std::move(made)) : std::nullopt;
}

}  // namespace wstap::rules
