// SPDX-License-Identifier: Apache-2.0
// Header sections of HTTP/2 (RFC 9113 8.2, 8.3): lists of fields in the order in which they came, with the
// pseudo-header fields first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wstap::h2 {

struct Field {
  std::string name;            ///< lower case; ":method" and the like are fields as any other
  std::string value;           ///< without white space at its ends
  bool never_indexed = false;  ///< whoever passes it on says so as well (RFC 7541 7.1.3)
  bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

/// What a field counts for besides its bytes (RFC 9113 6.5.2).
constexpr std::size_t kFieldOverhead = 32;

/// The value of the first field called `name`; null when there is none.
const std::string* find(const Fields& fields, std::string_view name) noexcept;
/// Its size by RFC 9113 6.5.2: of each field, the bytes of name and value, and 32.
std::size_t list_size(const Fields& fields) noexcept;

}  // namespace wstap::h2
