// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/port.h"

namespace wstap::control {

Reply::Reply() = default;
Reply::Reply(std::uint32_t to, Body what) : serial(to), body(std::move(what)) {}
Reply::Reply(const Reply&) = default;
Reply::Reply(Reply&&) noexcept = default;
Reply& Reply::operator=(const Reply&) = default;
Reply& Reply::operator=(Reply&&) noexcept = default;
Reply::~Reply() = default;

}  // namespace wstap::control
