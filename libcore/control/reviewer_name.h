// SPDX-License-Identifier: Apache-2.0
// By which names reviewers are known.
#pragma once

#include <string>
#include <string_view>

namespace wstap::control {

/// Names stand in causes, in captures and on terminals.
/// @return what is wrong with it, for people; empty: nothing.
std::string fault_of_name(std::string_view name);

}  // namespace wstap::control
