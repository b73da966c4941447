// SPDX-License-Identifier: Apache-2.0
// The records of a capture as plain values, and the limits they keep (wstap-capture(5)).
#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "formats/gap.h"
#include "libcore/pipeline/burst.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::formats {

constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kMaxRecordBytes = 32U << 20;
/// Payloads up to this fit into a record, whatever else it says.
constexpr std::size_t kMaxPayloadBytes = 31U << 20;

/// The first record of every part.
struct Header {
  std::uint16_t version = kFormatVersion;
  std::array<std::byte, 16> capture_id{};
  std::uint32_t part = 1;
  std::string tool;
  UnixNs time_ns = 0;
  std::vector<std::string> options;
};

/// A kind of record that this version does not know, or has no use for.
struct Skipped {};

/// A Burst's views are valid until the next record is read.
using Record =
    std::variant<Skipped, Header, pipeline::FlowOpened, pipeline::Burst, pipeline::Outcome,
                 pipeline::FlowClosed, pipeline::ConnectionRecord, pipeline::Window, pipeline::Note, Gap>;

}  // namespace wstap::formats
