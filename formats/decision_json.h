// SPDX-License-Identifier: Apache-2.0
// A decision that a program writes, as JSON (HOLD-3, HOLD-6). Strict: what is misspelt or contradicts itself
// must not let a frame through that somebody wanted otherwise.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libcore/control/port.h"

namespace wstap::formats {

struct Decision {
  std::string id;  ///< as it was written; comes back in the answer. Empty: there is none
  std::variant<pipeline::Review, pipeline::InjectRequest> wish;
};

struct BadDecision {
  std::string id;   ///< as far as one could be read
  std::string why;  ///< begins with the key that is wrong; printable
};

/// The longest id that comes back; of an injection it can be anything.
inline constexpr std::size_t kLongestId = 256;

/// Bytes: what the largest request may carry, in base64.
inline constexpr std::size_t kLongestDecision = control::kMaxRequestBytes / 3 * 4 + 4096;

/// There is nothing but white space.
bool says_nothing(std::string_view text) noexcept;

/// @param text  one JSON object. Who decides (`by`) is for the caller to fill in.
/// @param about  the item, where that is known already: "id" may be left out, and must not say another.
std::expected<Decision, BadDecision> read_decision(std::string_view text,
                                                   std::optional<pipeline::HeldId> about = {});

/// The opcode of this name, as in "text" or "reserved-0x3".
std::optional<std::uint8_t> opcode_of(std::string_view name);

}  // namespace wstap::formats
