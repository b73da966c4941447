// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/deflate_parameters.h"

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/handshake.h"

namespace wstap::ws {
namespace {

constexpr std::array<std::string_view, 2> kNoTakeover = {"client_no_context_takeover",
                                                         "server_no_context_takeover"};
constexpr std::array<std::string_view, 2> kWindowBits = {"client_max_window_bits", "server_max_window_bits"};

/// A parameter list taken apart. Malformed: a parameter that is unknown, stands there twice, or has a value
/// that it cannot have (RFC 7692 7.1).
struct Parameters {
  std::array<bool, 2> no_takeover{};
  std::array<bool, 2> has_window_bits{};
  std::array<std::optional<std::uint8_t>, 2> window_bits;  ///< the value, if there is a good one
  bool well_formed = true;
};

/// 8 to 15, without leading zeros (RFC 7692 7.1.2).
std::optional<std::uint8_t> window_bits(std::string_view text) {
  const auto bits = parse_decimal<std::uint8_t>(text);
  const bool good = bits && *bits >= 8 && *bits <= 15 && !text.starts_with('0');
  return good ? bits : std::nullopt;
}

Parameters read(const Extension& extension) {
  Parameters read;
  for (const auto& [name, value] : extension.parameters) {
    bool known = false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (iequals(name, kNoTakeover[i])) {
        known = !value && !read.no_takeover[i];
        read.no_takeover[i] = true;
      } else if (iequals(name, kWindowBits[i])) {
        const auto bits = value ? window_bits(*value) : std::nullopt;
        known = !read.has_window_bits[i] && value.has_value() == bits.has_value();
        if (!read.has_window_bits[i]) read.window_bits[i] = bits;
        read.has_window_bits[i] = true;
      }
    }
    read.well_formed = read.well_formed && known;
  }
  return read;
}

bool is_deflate(const Extension& extension) {
  return iequals(extension.name, "permessage-deflate");
}

/// @param answer  well-formed.
bool answers(const Parameters& offer, const Parameters& answer) {
  constexpr std::size_t kClient = index(Direction::send), kServer = index(Direction::receive);
  // An offer's server_max_window_bits needs a value; a lone client_max_window_bits says "choose" (7.1.2.2).
  if (!offer.well_formed || (offer.has_window_bits[kServer] && !offer.window_bits[kServer])) return false;
  for (const std::size_t side : {kClient, kServer})
    if (answer.has_window_bits[side] && !answer.window_bits[side]) return false;
  // What the client asks of the server must be granted; what it says of itself is a hint (7.1.1).
  if (offer.no_takeover[kServer] && !answer.no_takeover[kServer]) return false;
  if (offer.window_bits[kServer]) {
    if (!answer.window_bits[kServer] || *answer.window_bits[kServer] > *offer.window_bits[kServer])
      return false;
  }
  if (!answer.window_bits[kClient]) return true;
  if (!offer.has_window_bits[kClient]) return false;
  return *answer.window_bits[kClient] <= offer.window_bits[kClient].value_or(15);
}

}  // namespace

DeflateAgreement deflate_agreement(const Extension& accepted) noexcept {
  const Parameters parameters = read(accepted);
  DeflateAgreement agreement;
  for (std::size_t i = 0; i < 2; ++i)
    agreement[i] = {!parameters.no_takeover[i], parameters.window_bits[i].value_or(15)};
  return agreement;
}

bool answers_an_offer(const std::vector<Extension>& offered, const std::vector<Extension>& accepted) {
  bool answered = false;
  for (const auto& extension : accepted) {
    const auto is_offered = [&](const auto& fits) { return std::ranges::any_of(offered, fits); };
    if (!is_deflate(extension)) {
      if (!is_offered([&](const Extension& offer) { return iequals(offer.name, extension.name); }))
        return false;
      continue;
    }
    const Parameters answer = read(extension);
    const bool good = answer.well_formed && is_offered([&](const Extension& offer) {
                        return is_deflate(offer) && answers(read(offer), answer);
                      });
    if (answered || !good) return false;
    answered = true;
  }
  return true;
}

}  // namespace wstap::ws
