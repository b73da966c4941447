// SPDX-License-Identifier: Apache-2.0
#include "cmd/hold_options.h"

#include "cmd/options.h"
#include "libcore/filter/errors.h"
#include "libcore/pipeline/frame_subject.h"

namespace wstap::cmd {
namespace {

using pipeline::HoldSettings;
using pipeline::OnFull;
using pipeline::OnTimeout;

constexpr std::chrono::seconds kShortestTimeout{1};

struct Setting {
  const char* option;
  void (*copy)(const HoldSettings& given, HoldSettings& to);
};

template <auto Part>
constexpr Setting setting(const char* option) {
  return {option, [](const HoldSettings& given, HoldSettings& to) { to.*Part = given.*Part; }};
}

constexpr std::array kSettings = {
    setting<&HoldSettings::capacity>("--hold-capacity"),
    setting<&HoldSettings::bytes>("--hold-bytes"),
    setting<&HoldSettings::on_full>("--hold-on-full"),
    setting<&HoldSettings::timeout_ns>("--hold-timeout"),
    setting<&HoldSettings::on_timeout>("--hold-on-timeout"),
    setting<&HoldSettings::control_waits>("--hold-control"),
    setting<&HoldSettings::keepalive_ns>("--hold-keepalive"),
    setting<&HoldSettings::keepalive_client_ns>("--hold-keepalive-client"),
};

std::int64_t nanoseconds(std::chrono::milliseconds time) {
  return std::chrono::nanoseconds(time).count();
}

}  // namespace

void declare_hold_options(CLI::App& app, HoldOptions& o, std::string& control) {
  const OptionGroup group(app, "Frames that wait for a decision");
  app.add_option(
         "--hold", o.filters,
         "hold frames that this wstap-filter(7) picks until somebody decides, see wstap-intercept(1); may "
         "be repeated")
      ->type_name("FILTER")
      ->allow_extra_args(false);
  add_duration(app, "--hold-timeout", o.timeout, "how long frames are held at most; at least 1s");
  add_choice<OnTimeout>(app, "--hold-on-timeout", o.settings.on_timeout,
                        {{"release", OnTimeout::release}, {"drop", OnTimeout::drop}},
                        "what becomes of frames that nobody decided about in time");
  add_count(app, "--hold-capacity", o.settings.capacity, 1, 1'000'000,
            "frames that are held, and that wait behind them, at a time")
      ->default_str(std::to_string(o.settings.capacity));
  add_size(app, "--hold-bytes", o.settings.bytes, "memory that they take");
  add_choice<OnFull>(
      app, "--hold-on-full", o.settings.on_full,
      {{"wait", OnFull::wait}, {"release", OnFull::release}, {"drop", OnFull::drop}},
      "what becomes of frames to be held beyond that: they are not read yet, pass, or are dropped");
  add_choice<bool>(app, "--hold-control", o.settings.control_waits, {{"overtake", false}, {"wait", true}},
                   "whether Pings and Pongs overtake what is held");
  add_duration(app, "--hold-keepalive", o.keepalive,
               "how often the server gets a Ping of wstap's own while a frame is held");
  add_duration(app, "--hold-keepalive-client", o.keepalive_client, "... and the client");
  app.add_option("--control", control,
                 "socket for wstap-intercept(1) and other programs of this user; off: none (default: "
                 "$XDG_RUNTIME_DIR/wstap/PID.sock)")
      ->type_name("SOCKET");
}

std::string complete_hold_options(const CLI::App& app, HoldOptions& o) {
  for (const auto& expression : o.filters) {
    auto filter = filter::Filter::compile(expression, pipeline::vocabulary());
    if (!filter) return "--hold: " + filter::explain(expression, filter.error());
    if (filter->reads_any(filter::is_of_recording))
      return "--hold: frames are judged before they have a verdict: verdict, cause and held are of "
             "recordings";
    if (const auto unfit = steps::unfit_for_holding(*filter); !unfit.empty())
      return fmt::format("--hold: {}", unfit);
    const auto number = o.rules.size() + 1;
    o.rules.push_back(
        {.id = number == 1 ? "--hold" : fmt::format("--hold/{}", number), .filter = std::move(*filter)});
  }
  if (o.timeout < kShortestTimeout)
    return "--hold-timeout: what is held does not wait for ever, and nobody decides in less than a second "
           "(give at least 1s)";
  o.settings.timeout_ns = nanoseconds(o.timeout);
  o.settings.keepalive_ns = nanoseconds(o.keepalive);
  o.settings.keepalive_client_ns = nanoseconds(o.keepalive_client);
  if (o.settings.bytes == 0) o.settings.bytes = std::numeric_limits<std::uint64_t>::max();
  for (const auto& each : kSettings)
    if (app.get_option(each.option)->count() != 0) o.given.push_back(each.copy);
  return {};
}

void HoldOptions::add_to(rules::RuleSet& to) const {
  to.holds.insert(to.holds.end(), rules.begin(), rules.end());
  for (const auto copy : given) copy(settings, to.hold_queue);
}

}  // namespace wstap::cmd
