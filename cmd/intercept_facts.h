// SPDX-License-Identifier: Apache-2.0
// What `wstap intercept` shows of a proxy: held items, flows, rules in force, counters.
#pragma once

#include <optional>
#include <string>

#include "cmd/command.h"
#include "cmd/listing.h"
#include "libcore/control/client.h"
#include "libcore/filter/filter.h"

namespace wstap::cmd {

struct FactsForm {
  bool json = false;
  bool colour = false;
};
Exit list_items(control::Client& proxy, const std::optional<filter::Filter>& filter, FactsForm form, Io& io);
/// @param shape  structured, raw or json. 1: there is no such item; 2: the id makes no sense.
Exit show_item(control::Client& proxy, const std::string& id, Shape shape, Io& io);
Exit show_flows(control::Client& proxy, FactsForm form, Io& io);
/// 1: the file was not taken, which is said.
Exit show_rules(control::Client& proxy, bool reload, FactsForm form, Io& io);
Exit show_stats(control::Client& proxy, FactsForm form, Io& io);

}  // namespace wstap::cmd
