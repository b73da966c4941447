// SPDX-License-Identifier: Apache-2.0
// What RFC 6455 and RFC 7692 forbid and a relay can still pass on: shown on the frame, never silently
// repaired.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace wstap::ws {

enum class Anomaly : std::uint8_t {
  unmasked_from_client,
  masked_from_server,
  reserved_opcode,
  rsv_without_extension,
  rsv1_on_continuation,
  rsv1_on_control,
  stray_continuation,
  data_inside_message,
  non_minimal_length,
  control_too_long,
  fragmented_control,
  text_not_utf8,
  close_reason_not_utf8,
  close_payload_of_one_byte,
  forbidden_close_code,
  after_close,
  invalid_deflate,
  extension_not_offered,  ///< of the upgrade response: one, or terms of one, that the request did not offer
  wrong_accept,           ///< of the upgrade response: Sec-WebSocket-Accept does not answer Sec-WebSocket-Key
};

struct AnomalyInfo {
  Anomaly anomaly;
  std::string_view name;     ///< as in captures, views and filters
  std::string_view section;  ///< "RFC 6455 5.1"
  std::string_view meaning;  ///< one line for people
};
const AnomalyInfo& info(Anomaly anomaly) noexcept;
/// All of them, in the order of the enumeration.
std::span<const AnomalyInfo> all_anomalies() noexcept;
/// The one of this name; null: no version up to this one knows it.
const AnomalyInfo* find_anomaly(std::string_view name) noexcept;

/// A small set of anomalies; a frame mostly has none.
class AnomalySet {
 public:
  constexpr void add(Anomaly a) noexcept { bits_ |= bit(a); }
  constexpr void add(AnomalySet other) noexcept { bits_ |= other.bits_; }
  /// Those of this set that are not in `other`.
  constexpr AnomalySet without(AnomalySet other) const noexcept {
    AnomalySet rest;
    rest.bits_ = bits_ & ~other.bits_;
    return rest;
  }
  constexpr bool has(Anomaly a) const noexcept { return (bits_ & bit(a)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  /// A bit each, the first anomaly's the lowest.
  constexpr std::uint32_t bits() const noexcept { return bits_; }
  constexpr bool operator==(const AnomalySet&) const noexcept = default;

  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& entry : all_anomalies())
      if (has(entry.anomaly)) visit(entry);
  }

 private:
  static constexpr std::uint32_t bit(Anomaly a) noexcept { return 1U << static_cast<unsigned>(a); }
  std::uint32_t bits_ = 0;
};

}  // namespace wstap::ws
