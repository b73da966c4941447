// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/hold_rules.h"

#include <array>

#include "libcore/rules/values.h"

namespace wstap::rules {
namespace {

constexpr std::array<std::string_view, 1> kPhases = {"websocket_frame"};
constexpr std::array<std::string_view, 2> kPauses = {"direction", "flow"};
constexpr std::array<std::string_view, 2> kOnTimeout = {"release", "drop"};
constexpr std::array<std::string_view, 3> kOnFull = {"wait", "release", "drop"};
constexpr std::array<std::string_view, 2> kControl = {"overtake", "wait"};
constexpr std::int64_t kSecond = 1'000'000'000, kMostFrames = 1'000'000;

void read_timeout(Table& table, const toml::table& found, pipeline::HoldSettings& settings) {
  const auto timeout = table.duration_ns("timeout");
  if (!timeout) return;
  if (*timeout < kSecond)
    table.fault(*found.get("timeout"),
                "what is held does not wait for ever, and nobody decides in less than a second: timeout is "
                "at least \"1s\"");
  settings.timeout_ns = *timeout;
}

/// A duration, or "off".
void read_keepalive(Table& table, const toml::table& found, std::string_view key, std::int64_t& ns) {
  if (found[key].value<std::string_view>() == "off") {
    (void)table.text(key);
    ns = 0;
  } else if (const auto every = table.duration_ns(key)) {
    ns = *every;
  }
}

}  // namespace

std::optional<steps::HoldRule> read_hold(const toml::table& found, Faults& faults) {
  const std::size_t before = faults.size();
  Table table(found, faults);
  steps::HoldRule made;
  made.id = table.text("id").value_or("");
  (void)table.word("phase", kPhases);
  made.filter = read_filter(table, "filter");
  if (made.filter)
    if (const auto unfit = steps::unfit_for_holding(*made.filter); !unfit.empty())
      table.fault(*found.get("filter"), std::string(unfit));
  made.pauses_flow = table.word("pause", kPauses).value_or(0) == 1;
  table.end();
  if (faults.size() != before) return std::nullopt;
  if (made.id.empty()) table.fault("a rule that holds wants an id");
  return faults.size() == before ? std::optional(std::move(made)) : std::nullopt;
}

void read_hold_queue(const toml::table& found, pipeline::HoldSettings& settings, Faults& faults) {
  Table table(found, faults);
  if (const auto capacity = table.whole("capacity", 1, kMostFrames))
    settings.capacity = static_cast<std::uint64_t>(*capacity);
  if (const auto bytes = table.size("bytes")) settings.bytes = *bytes;
  read_timeout(table, found, settings);
  if (const auto action = table.word("on_timeout", kOnTimeout))
    settings.on_timeout = static_cast<pipeline::OnTimeout>(*action);
  if (const auto full = table.word("on_full", kOnFull))
    settings.on_full = static_cast<pipeline::OnFull>(*full);
  if (const auto control = table.word("control", kControl)) settings.control_waits = *control == 1;
  read_keepalive(table, found, "keepalive", settings.keepalive_ns);
  read_keepalive(table, found, "keepalive_client", settings.keepalive_client_ns);
  table.end();
}

}  // namespace wstap::rules
