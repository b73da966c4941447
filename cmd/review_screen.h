// SPDX-License-Identifier: Apache-2.0
// What a person at a terminal sees of a held item. Nothing of what peers sent gets there but as text (INS-5).
#pragma once

#include <string>

#include "cmd/console.h"
#include "libcore/pipeline/held.h"

namespace wstap::cmd {

/// Which item it is, and who holds it why.
std::string item_heading(const pipeline::HeldItem& item, const Console& console);

/// What it says: text, JSON with indents, a Close as code and reason, all else in hexadecimal; as much as
/// goes into the window.
std::string item_content(const pipeline::HeldItem& item, Console::Size window);
/// Its header and payload as bytes, as `inspect --raw` shows them; likewise.
std::string item_bytes(const pipeline::HeldItem& item, Console::Size window);

/// "58s, 3 wait [r,d,...]? ": as much of it as fits.
std::string item_prompt(const pipeline::HeldItem& item, std::size_t others, UnixNs now_ns,
                        Console::Size window);
/// What the keys do.
std::string item_help(const pipeline::HeldItem& item);

/// "released", "dropped", ...
std::string_view done_text(pipeline::Review::Action action) noexcept;

}  // namespace wstap::cmd
