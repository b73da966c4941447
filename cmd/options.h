// SPDX-License-Identifier: Apache-2.0
// Options that several commands have in common, and kinds of options: sizes, durations, choices. Includes
// CLI11; for the files that declare options.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cmd/logging.h"
#include "libcore/base/ascii.h"

namespace wstap::cmd {

/// -v, -q, --log-format: what is said on standard error.
void add_log_options(CLI::App& app, LogOptions& options);

/// --color: whether standard output has colours.
enum class Colour : std::uint8_t { automatic, always, never };
void add_colour_option(CLI::App& app, Colour& colour);
/// What --color means here: `automatic` looks at the terminal and at NO_COLOR.
bool wants_colour(Colour colour);

/// --deflate: whose compressed messages are inflated for reading (DEF-8).
enum class Deflate : std::uint8_t { on, off, send, receive };
CLI::Option* add_deflate_option(CLI::App& app, Deflate& deflate);
/// By ws::index: whether it reads that direction inflated.
std::array<bool, 2> reads_deflate(Deflate deflate);

/// A whole number from `least` to `most`.
template <class Number>
CLI::Option* add_count(CLI::App& app, const std::string& name, Number& count, std::uint64_t least,
                       std::uint64_t most, const std::string& text) {
  const auto set = [&count, name, least, most](const std::string& value) {
    const auto parsed = parse_decimal<std::uint64_t>(value);
    if (!parsed || *parsed < least || *parsed > most)
      throw CLI::ValidationError(name, fmt::format("'{}' is not a number from {} to {}", value, least, most));
    count = static_cast<Number>(*parsed);
  };
  return app.add_option_function<std::string>(name, set, text)->type_name("N");
}

/// For a flag that a function takes: CLI11 checks only those that set a variable.
CLI::Validator flag_value();

/// A number of bytes. Where `bytes` is 0 at first, that means "off", and can be said so.
CLI::Option* add_size(CLI::App& app, const std::string& name, std::uint64_t& bytes, const std::string& text);
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& duration,
                          const std::string& text);

/// The words an option takes and what they mean, in the order of the help.
template <class Enum>
using Words = std::vector<std::pair<std::string, Enum>>;

/// An option that takes one of a few words.
template <class Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& value, const Words<Enum>& words,
                        const std::string& text) {
  std::string type, default_word;
  for (const auto& [word, meaning] : words) {
    type += (type.empty() ? "" : "|") + word;
    if (meaning == value) default_word = word;
  }
  const auto set = [&value, words, type, name](const std::string& given) {
    for (const auto& [word, meaning] : words) {
      if (word != given) continue;
      value = meaning;
      return;
    }
    throw CLI::ValidationError(name, "'" + given + "' is not one of " + type);
  };
  return app.add_option_function<std::string>(name, set, text)->type_name(type)->default_str(default_word);
}

/// Options declared while it lives come under a heading of their own in the help.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, const std::string& heading) : app_(app) {
    app.option_defaults()->group(heading);
  }
  ~OptionGroup() { app_.option_defaults()->group("Options"); }
  OptionGroup(const OptionGroup&) = delete;
  OptionGroup& operator=(const OptionGroup&) = delete;

 private:
  CLI::App& app_;
};

}  // namespace wstap::cmd
