// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/limit_rules.h"

#include <array>

#include "libcore/rules/scope_rules.h"
#include "libcore/rules/values.h"

namespace wstap::rules {
namespace {

constexpr std::array<std::string_view, 2> kPer = {"host", "all"};

bool bounds_frames(const pipeline::Limit& limit) {
  return limit.frames_per_second != 0 || limit.bytes_per_second != 0 || limit.bytes != 0;
}

}  // namespace

std::optional<pipeline::Limit> read_limit(const toml::table& found, Faults& faults) {
  const std::size_t before = faults.size();
  Table table(found, faults);
  pipeline::Limit made;
  made.id = table.text("id").value_or("");
  made.targets = read_targets(table, "targets", false);
  made.per_host = table.word("per", kPer).value_or(0) == 0;
  const auto directions = read_directions(table);
  made.directions = directions.value_or(made.directions);
  made.upgrades_per_second = table.rate("upgrades_per_second").value_or(0);
  made.frames_per_second = table.rate("frames_per_second").value_or(0);
  made.bytes_per_second = static_cast<double>(table.size("bytes_per_second").value_or(0));
  made.bytes = table.size("bytes").value_or(0);
  made.duration_ns = table.duration_ns("duration").value_or(0);
  table.end();
  if (faults.size() != before) return std::nullopt;
  if (made.id.empty()) table.fault("a limit wants an id");
  if (!bounds_frames(made) && made.upgrades_per_second == 0 && made.duration_ns == 0)
    table.fault(
        "a limit wants a bound: upgrades_per_second, frames_per_second, bytes_per_second, bytes or duration");
  if (directions && !bounds_frames(made))
    table.fault(*found.get("direction"),
                "direction says whose frames count, and nothing bounds frames or bytes here");
  return faults.size() == before ? std::optional(std::move(made)) : std::nullopt;
}

}  // namespace wstap::rules
