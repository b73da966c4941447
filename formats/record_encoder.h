// SPDX-License-Identifier: Apache-2.0
// Records to bytes: Cap'n Proto messages in standard framing.
#pragma once

#include <array>

#include "formats/record.h"

namespace wstap::formats {

Buffer encode(const Header& header);
Buffer encode(const pipeline::FlowOpened& flow);
Buffer encode(const pipeline::Outcome& outcome);
Buffer encode(const pipeline::FlowClosed& closed);
Buffer encode(const pipeline::ConnectionRecord& connection);
Buffer encode(const pipeline::Note& note);
/// A burst of any shape; copies its bytes.
Buffer encode(const pipeline::Burst& burst);

/// The part of a burst without marks that stands before its `ends`, so that ends and raw can be written from
/// where they are. What follows: ends (unless `ends_bytes` is 0), `ends_padding` zeros, raw, `raw_padding`
/// zeros.
struct BurstHead {
  std::array<std::byte, 56> bytes;
  std::size_t ends_bytes = 0;
  std::size_t ends_padding = 0;
  std::size_t raw_padding = 0;

  std::size_t total(std::size_t raw_bytes) const noexcept {
    return bytes.size() + ends_bytes + ends_padding + raw_bytes + raw_padding;
  }
};
BurstHead encode_head(const pipeline::Burst& burst) noexcept;

}  // namespace wstap::formats
