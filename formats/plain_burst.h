// SPDX-License-Identifier: Apache-2.0
// A burst without marks, written and read by hand: nearly every record of a capture is one, and Cap'n Proto's
// own builder would copy its bytes.
#pragma once

#include <array>
#include <optional>

#include "formats/record.h"

namespace wstap::formats {

/// The part of a burst without marks that stands before its `ends`, so that ends and raw can be written from
/// where they are. What follows: ends (unless `ends_bytes` is 0), `ends_padding` zeros, raw, `raw_padding`
/// zeros.
struct BurstHead {
  std::array<std::uint64_t, 7> words;
  std::size_t ends_bytes = 0;
  std::size_t ends_padding = 0;
  std::size_t raw_padding = 0;

  Bytes bytes() const noexcept { return std::as_bytes(std::span(words)); }
  std::size_t total(std::size_t raw_bytes) const noexcept {
    return sizeof words + ends_bytes + ends_padding + raw_bytes + raw_padding;
  }
};
BurstHead encode_head(const pipeline::Burst& burst) noexcept;

/// The burst in `message`, if that begins as encode_head would begin it; nothing for any other message, which
/// may be a burst all the same. Views the message; `ends` is not checked, and empty for a burst of one frame.
/// @param message  exactly one message, at an address divisible by 8.
std::optional<pipeline::Burst> read_plain_burst(Bytes message) noexcept;

}  // namespace wstap::formats
