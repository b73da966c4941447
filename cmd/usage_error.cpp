// SPDX-License-Identifier: Apache-2.0
#include "cmd/usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <vector>

#include "cmd/config_file.h"
#include "cmd/origin.h"

namespace wstap::cmd {
namespace {

// What CLI11's own texts are made of; it has no codes for them.
constexpr std::string_view kAtLeast = ": At least ", kAtMost = ": At Most ", kMissing = " missing",
                           kRequired = " required ",
                           kNotConverted = "Could not convert: ", kNotParsed = "INI was not able to parse ",
                           kNotConfigurable = ": This option is not allowed in a configuration file",
                           kTooMany = ": too many inputs for a flag", kExcludes = " excludes ";

/// The words nobody knew what to do with.
std::string unexpected(const std::vector<std::string>& given) {
  return fmt::format("'{}' was not expected", given.empty() ? std::string() : given.front());
}

/// A command is wanted, and none was given, or something else.
std::string missing_command(const CLI::App& at, const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (const CLI::App* sub : at.get_subcommands({})) names.push_back(sub->get_name());
  const auto known = fmt::format("{}", fmt::join(names, ", "));
  if (given.empty()) return "a command is missing: " + known;
  if (given.front().starts_with('-')) return unexpected(given);
  return fmt::format("there is no command '{}', but {}", given.front(), known);
}

/// The text before `mark`, if that is in it.
std::optional<std::string> before(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(0, at));
}

/// The values of an option, for people to see which they are; secrets are nobody's to see.
std::string values(const CLI::Option* option) {
  if (option == nullptr || is_secret(*option)) return {};
  std::vector<std::string> quoted;
  for (const auto& value : option->results()) quoted.push_back(fmt::format("'{}'", value));
  return fmt::format(": {}", fmt::join(quoted, ", "));
}

/// More values than one option takes.
std::string too_many(const CLI::App& app, const std::string& name) {
  const auto* option = option_at_fault(app, name).option;
  return fmt::format("{}: one value is expected, and there are {}{}", name,
                     option == nullptr ? 2 : option->results().size(), values(option));
}

/// A file says that it has none.
std::string too_few(const CLI::App& app, const std::string& name) {
  const auto* option = option_at_fault(app, name).option;
  return fmt::format("{}: a value is missing{}", name,
                     option == nullptr ? "" : ": " + option->get_type_name());
}

/// A value that is not what its option takes. @param text  "NAME = VALUE".
std::string unfit(const CLI::App& app, std::string_view text) {
  const auto name = before(text, " = ").value_or(std::string(text));
  const auto value = text.substr(std::min(name.size() + 3, text.size()));
  const auto* option = option_at_fault(app, name).option;
  const bool is_flag = option == nullptr || option->get_expected_min() == 0;
  return fmt::format("{}: '{}' is not {}", name, value, is_flag ? "true or false" : option->get_type_name());
}

/// An entry of a configuration file that cannot be one.
std::string entry_fault(const CLI::App& app, std::string_view text) {
  std::string entry, what;
  if (const auto name = before(text, kNotConfigurable)) {
    entry = *name;
    what = fmt::format("'{}' cannot be set in a file", entry);
  } else if (const auto flag = before(text, kTooMany)) {
    entry = *flag;
    what = fmt::format("'{}' is true or false, and not a list", entry);
  } else {
    entry = text.substr(text.starts_with(kNotParsed) ? kNotParsed.size() : 0);
    what = fmt::format("unknown entry '{}'", entry);
  }
  const auto files = std::dynamic_pointer_cast<ConfigFile>(app.get_config_formatter());
  const auto place = files ? files->place_of(entry) : std::string();
  return fmt::format("{}: {}", place.empty() ? "configuration file" : place, what);
}

/// Two options that exclude each other, with the places of both.
std::string exclusion(const CLI::App& app, std::string_view text) {
  const auto one = before(text, kExcludes).value_or(std::string());
  const auto other = text.substr(std::min(one.size() + kExcludes.size(), text.size()));
  auto where = origin(option_at_fault(app, one));
  const auto also = origin(option_at_fault(app, other));
  if (!also.empty() && also != where) where += (where.empty() ? "" : ", ") + also;
  return where.empty() ? std::string(text) : fmt::format("{}: {}", where, text);
}

/// CLI11's texts about options, as this program says it.
std::string option_fault(const CLI::App& app, std::string_view text) {
  if (const auto name = before(text, kAtMost)) return too_many(app, *name);
  if (const auto name = before(text, kAtLeast)) return too_few(app, *name);
  if (text.starts_with(kNotConverted)) return unfit(app, text.substr(kNotConverted.size()));
  if (text.ends_with(kMissing) && text.find(kRequired) != std::string_view::npos) {
    const auto name = before(text, ": ").value_or(std::string());
    const auto type = text.substr(text.find(kRequired) + kRequired.size());
    return fmt::format("{}: a value is missing: {}", name, type.substr(0, type.size() - kMissing.size()));
  }
  return std::string(text);
}

}  // namespace

std::string usage_fault(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& at = innermost(app);
  const auto unknown = app.remaining(true);
  const std::string_view text = error.what();
  const bool wants_command = at.get_require_subcommand_min() != 0;
  if (wants_command && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return missing_command(at, unknown);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return unexpected(unknown);
  if (dynamic_cast<const ConfigFileError*>(&error) != nullptr) return std::string(text);
  if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr || text.ends_with(kTooMany))
    return entry_fault(app, text);
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) return exclusion(app, text);
  return with_origin(app, option_fault(app, text));
}

}  // namespace wstap::cmd
