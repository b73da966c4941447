// SPDX-License-Identifier: Apache-2.0
// Configuration files: TOML, a table for each command, a key for each option (CLI-3).
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wstap::cmd {

/// "close-timeout" is set by WSTAP_CLOSE_TIMEOUT.
std::string environment_name(std::string_view option);

/// What is wrong with a file, with line and column.
class ConfigFileError final : public CLI::ConfigError {
 public:
  explicit ConfigFileError(std::string why) : CLI::ConfigError(std::move(why), CLI::ExitCodes::ConfigError) {}
};

/// `value` switches off a flag that excludes others: one that is off excludes nothing, so that CLI11 must not
/// see it.
bool takes_back(const CLI::Option& option, std::string_view value);

/// Reads them for CLI11, which lets a file win over the environment: what the environment sets is left out,
/// and so is what cannot go with an option that the command line, the environment or an earlier file sets.
class ConfigFile final : public CLI::Config {
 public:
  /// @param app  whose options the entries are; outlives this.
  explicit ConfigFile(const CLI::App& app) : app_(app) {}

  /// @throws ConfigFileError  no TOML, or a value that no option can have
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
  /// wstap writes none.
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

 private:
  bool is_outranked(const CLI::ConfigItem& item) const;
  bool is_taken_back(const CLI::ConfigItem& item) const;

  const CLI::App& app_;
  mutable std::vector<const CLI::Option*> off_;  ///< what the files so far take back
};

}  // namespace wstap::cmd
