// SPDX-License-Identifier: Apache-2.0
// What `wstap intercept` shows of a proxy: held items, flows, rules in force, counters.
#pragma once

#include <optional>
#include <string>

#include "cmd/command.h"
#include "cmd/listing.h"
#include "libcore/filter/filter.h"
#include "libcore/net/control_client.h"

namespace wstap::cmd {

struct FactsForm {
  bool json = false;
  bool colour = false;
};
Exit list_items(net::ControlClient& proxy, const std::optional<filter::Filter>& filter, FactsForm form,
                Io& io);
/// @param shape  structured, raw or json. 1: there is no such item; 2: the id makes no sense.
Exit show_item(net::ControlClient& proxy, const std::string& id, Shape shape, Io& io);
Exit show_flows(net::ControlClient& proxy, FactsForm form, Io& io);
/// 1: the file was not taken, which is said.
Exit show_rules(net::ControlClient& proxy, bool reload, FactsForm form, Io& io);
Exit show_stats(net::ControlClient& proxy, FactsForm form, Io& io);

}  // namespace wstap::cmd
