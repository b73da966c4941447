// SPDX-License-Identifier: Apache-2.0
// Configuration files: TOML, a table for each command, a key for each option (CLI-3).
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wstap::cmd {

/// "close-timeout" is set by WSTAP_CLOSE_TIMEOUT.
std::string environment_name(std::string_view option);

/// What is wrong with a file, behind its name, line and column.
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
  /// Where what an option has was read, "FILE:LINE"; empty: in no file.
  std::string place_of(const CLI::Option& option) const;
  /// ... or an entry by its full name, "proxy.max-frame", known or not.
  std::string place_of(const std::string& entry) const;
  /// wstap writes none.
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

 private:
  std::string current_file() const;
  bool is_outranked(const CLI::ConfigItem& item) const;
  bool is_taken_back(const CLI::ConfigItem& item) const;

  const CLI::App& app_;
  // CLI11 has files read by const members, one after the other.
  mutable std::vector<const CLI::Option*> off_;  ///< what the files so far take back
  mutable std::size_t files_ = 0;                ///< that were read
  mutable std::map<const CLI::Option*, std::string> options_;
  mutable std::map<std::string, std::string> entries_;
};

}  // namespace wstap::cmd
