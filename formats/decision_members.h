// SPDX-License-Identifier: Apache-2.0
// The members of a decision as they stand in its JSON: each of them known, once, and of the right type.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libcore/base/bytes.h"

namespace wstap::formats {

class DecisionMembers {
 public:
  enum Key : std::uint8_t {
    id,
    action,
    override_body,
    override_body_b64,
    opcode,
    fin,
    close_code,
    close_reason,
    raw_b64,
    direction,
    flow_id,
    after,
  };
  static constexpr std::size_t kKeys = 12;
  static std::string_view name(Key key) noexcept;

  /// Reads all it can, also behind the first fault, so that an id is known. @param text  outlives it.
  explicit DecisionMembers(std::string_view text);

  bool has(Key key) const noexcept { return !values_[key].empty(); }
  // Each: none when it is not there, or is of another type, which is then the fault.
  std::optional<std::string> text(Key key);
  std::optional<Buffer> base64(Key key);
  std::optional<bool> flag(Key key);
  std::optional<std::uint64_t> number(Key key, std::uint64_t least, std::uint64_t most);

  /// The first that is wrong; empty: nothing so far.
  const std::string& fault() const noexcept { return fault_; }
  void refuse(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }
  void refuse(Key key, std::string_view why);

 private:
  void scan(std::string_view text);
  std::optional<Key> key_of(std::string_view quoted);

  std::array<std::string_view, kKeys> values_{};  ///< as written
  std::string fault_;
};

}  // namespace wstap::formats
