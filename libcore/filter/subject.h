// SPDX-License-Identifier: Apache-2.0
// What a filter looks at: one frame, or one message. Filled by whoever has one; a filter knows nothing else
// of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"

namespace wstap::filter {

/// The same for all frames of a flow. Views belong to whoever filled it.
struct FlowSubject {
  std::uint64_t id = 0;
  std::string_view url;   ///< as the client asked for it
  std::string_view host;  ///< of it, without port and brackets
  std::string_view path;  ///< of it, without the query
  std::string_view subprotocol;
};

/// The names that belong to numbers in a Subject: what `opcode == text` and `anomaly == after_close` are
/// compiled to. Views static names.
struct Vocabulary {
  std::span<const std::string_view> opcodes;    ///< 16
  std::span<const std::string_view> verdicts;   ///< by number
  std::span<const std::string_view> anomalies;  ///< by bit
};

/// Views are read during an evaluation only.
struct Subject {
  const FlowSubject& flow;
  std::uint64_t sequence = 0;
  UnixNs time_ns = 0;
  bool receive = false;  ///< server to client
  std::uint8_t opcode = 0;
  std::uint8_t rsv = 0;  ///< RSV1=4, RSV2=2, RSV3=1
  bool fin = false;
  bool masked = false;
  bool compressed = false;
  bool held = false;
  std::uint8_t verdict = 0;
  std::uint64_t length = 0;         ///< payload bytes on the wire
  std::uint32_t anomalies = 0;      ///< a bit each
  std::optional<Bytes> payload;     ///< what it says, inflated; none: nobody can read it
  std::uint64_t payload_bytes = 0;  ///< of all it says; more than `payload` where that was cut
  bool content = true;  ///< the payload says something by itself; a part of compressed bytes does not
  bool text = false;    ///< ... and is of a text message
  std::optional<std::uint16_t> close_code;
  std::string_view close_reason;  ///< of a Close with a code
  std::string_view cause;         ///< of the verdict
  std::span<const std::string> tags;
};

}  // namespace wstap::filter
