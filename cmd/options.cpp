// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <unistd.h>

#include <cstdlib>

#include "libcore/base/units.h"
#include "libcore/ws/direction.h"

namespace wstap::cmd {

void add_log_options(CLI::App& app, LogOptions& options) {
  auto* verbose =
      app.add_flag("-v,--verbose", options.verbose, "say on standard error what happens to each connection")
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("-q,--quiet", options.quiet, "say nothing but errors")->excludes(verbose);
  add_choice<LogFormat>(app, "--log-format", options.format,
                        {{"text", LogFormat::text}, {"json", LogFormat::json}},
                        "form of the lines on standard error");
}

void add_colour_option(CLI::App& app, Colour& colour) {
  add_choice<Colour>(app, "--color", colour,
                     {{"auto", Colour::automatic}, {"always", Colour::always}, {"never", Colour::never}},
                     "colours on standard output; auto: on a terminal, unless NO_COLOR is set");
}

CLI::Option* add_deflate_option(CLI::App& app, Deflate& deflate) {
  return add_choice<Deflate>(
      app, "--deflate", deflate,
      {{"on", Deflate::on}, {"off", Deflate::off}, {"send", Deflate::send}, {"receive", Deflate::receive}},
      "read compressed messages inflated: of both directions, of none, of one; others are the bytes they "
      "are");
}

std::array<bool, 2> reads_deflate(Deflate deflate) {
  std::array<bool, 2> reads{};
  reads[ws::index(ws::Direction::send)] = deflate == Deflate::on || deflate == Deflate::send;
  reads[ws::index(ws::Direction::receive)] = deflate == Deflate::on || deflate == Deflate::receive;
  return reads;
}

bool wants_colour(Colour colour) {
  if (colour != Colour::automatic) return colour == Colour::always;
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

CLI::Validator flag_value() {
  return {[](const std::string& value) {
            try {
              CLI::detail::to_flag_value(value);
              return std::string();
            } catch (const std::invalid_argument&) {
              return fmt::format("'{}' is not true or false", value);
            }
          },
          ""};
}

CLI::Option* add_size(CLI::App& app, const std::string& name, std::uint64_t& bytes, const std::string& text) {
  const auto set = [&bytes, name](const std::string& value) {
    const auto parsed = parse_size(value);
    if (!parsed)
      throw CLI::ValidationError(name,
                                 fmt::format("'{}' is not a size such as 65536, 64KiB, 16M or off", value));
    bytes = *parsed;
  };
  return app.add_option_function<std::string>(name, set, text)
      ->type_name("SIZE")
      ->default_str(bytes == 0 ? "off" : format_size(bytes));
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& duration,
                          const std::string& text) {
  const auto set = [&duration, name](const std::string& value) {
    const auto parsed = parse_duration(value);
    if (!parsed)
      throw CLI::ValidationError(name, "'" + value + "' is not a duration such as 500ms, 1.5s, 5m or off");
    duration = *parsed;
  };
  return app.add_option_function<std::string>(name, set, text)
      ->type_name("DURATION")
      ->default_str(format_duration(duration));
}

}  // namespace wstap::cmd
