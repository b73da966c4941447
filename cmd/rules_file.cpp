// SPDX-License-Identifier: Apache-2.0
#include "cmd/rules_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cmd/output.h"
#include "libcore/base/units.h"

namespace wstap::cmd {
namespace {

// A file of rules; /dev/zero has no end.
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

std::expected<rules::RuleSet, std::vector<std::string>> read_rules(std::istream& from,
                                                                   const std::string& path) {
  std::string text;
  std::array<char, 16 * 1024> block;
  while (text.size() <= kMostBytes && (from.read(block.data(), block.size()) || from.gcount() > 0))
    text.append(block.data(), static_cast<std::size_t>(from.gcount()));
  if (text.size() > kMostBytes)
    return std::unexpected(std::vector{fmt::format("{}: over {}", path, format_size(kMostBytes))});
  if (!from.eof()) return std::unexpected(std::vector{fmt::format("{}: {}", path, std::strerror(errno))});
  auto rules = rules::parse(text);
  if (rules) return std::move(*rules);
  std::vector<std::string> faults;
  for (const auto& fault : rules.error())
    faults.push_back(fmt::format("{}:{}:{}: {}", path, fault.line, fault.column, fault.text));
  return std::unexpected(std::move(faults));
}

}  // namespace

std::expected<rules::RuleSet, std::vector<std::string>> read_rules(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return read_rules(file, path);
}

std::optional<rules::RuleSet> load_rules(const std::string& path, std::string_view command, Io& io) {
  auto rules = path == "-" ? read_rules(io.in, "standard input") : read_rules(path);
  if (rules) return std::move(*rules);
  for (const auto& fault : rules.error()) complain_in_lines(io, command, fault);
  return std::nullopt;
}

std::string summary(const rules::RuleSet& rules) {
  const auto counted = [](std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  const bool scoped = !rules.scope.everything() || rules.recorded;
  return fmt::format("{}{}{}{}, {}, {}, {}", scoped ? "scope, " : "",
                     rules.limits.empty() ? "" : counted(rules.limits.size(), "limit") + ", ",
                     rules.holds.empty() ? "" : counted(rules.holds.size(), "hold") + ", ",
                     counted(rules.safety.rules.size(), "safety rule"),
                     counted(rules.redactions.size(), "redaction"),
                     counted(rules.transforms.size(), "transform"), counted(rules.macros.size(), "macro"));
}

}  // namespace wstap::cmd
