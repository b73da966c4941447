// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.h"

#include <fmt/format.h>

#include <sstream>

#include "cmd/usage_error.h"
#include "libcore/base/printable.h"

namespace wstap::cmd {
namespace {

constexpr std::size_t kWidth = 79;  // some terminals break a line that fills them
constexpr std::size_t kColumn = 28;

/// Appends `text` in lines of at most kWidth, broken at spaces; the first begins at column `at`, the others
/// at `indent`.
void append_wrapped(std::string& out, std::string_view text, std::size_t at, std::size_t indent) {
  bool first_of_line = true;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    if (!first_of_line && at + 1 + word.size() > kWidth) {
      out += '\n' + std::string(indent, ' ');
      at = indent;
      first_of_line = true;
    }
    if (!first_of_line) out += ' ', ++at;
    out += word;
    at += word.size();
    first_of_line = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string entry(const std::string& name, std::string_view description) {
  std::string out = "  " + name;
  const bool fits = out.size() + 2 <= kColumn;
  out += fits ? std::string(kColumn - out.size(), ' ') : '\n' + std::string(kColumn, ' ');
  append_wrapped(out, description, kColumn, kColumn);
  return out + '\n';
}

}  // namespace

HelpFormatter::HelpFormatter() {
  label("SUBCOMMAND", "COMMAND");
  label("Subcommands", "Commands");
  label("Positionals", "Arguments");
}

/// What a command is about comes before what every command has.
std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  const std::string common = "Options";
  const auto group_text = [&](const std::string& group) {
    const auto options = app->get_options([&group](const CLI::Option* option) {
      return option->get_group() == group && option->nonpositional();
    });
    return options.empty() ? std::string() : make_group(group, false, options);
  };
  std::string out = make_description(app) + make_usage(app, std::move(name)) + make_positionals(app);
  out += make_subcommands(app, mode);
  for (const auto& group : app->get_groups())
    if (!group.empty() && group != common) out += group_text(group);
  return out + group_text(common) + '\n' + make_footer(app);
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = make_option_name(option, is_positional);
  if (const auto comma = name.find(','); comma != std::string::npos) name.insert(comma + 1, " ");
  name.resize(std::min(name.find('{'), name.size()));  // "{false}" behind the negative form of a flag
  return entry(name + make_option_opts(option), make_option_desc(option));
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string text;
  if (option->get_type_size() == 0) return text;
  if (!option->get_type_name().empty()) text += " " + option->get_type_name();
  if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
  if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
  return text;
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  return entry(sub->get_name(), sub->get_description());
}

/// Lines that are indented are examples, and stay whole.
std::string HelpFormatter::make_footer(const CLI::App* app) const {
  std::string out;
  std::istringstream footer(app->get_footer());
  for (std::string line; std::getline(footer, line); out += '\n') {
    if (line.starts_with(' ')) {
      out += line;
    } else {
      append_wrapped(out, line, 0, 0);
    }
  }
  return out;
}

std::string command_path(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += ' ' + at->get_name();
  }
  return path;
}

std::string usage_text(const CLI::App& app, const CLI::ParseError& error) {
  const auto path = command_path(app);
  return fmt::format("{}: {} (see '{} --help')", path, printable(usage_fault(app, error)), path);
}

}  // namespace wstap::cmd
