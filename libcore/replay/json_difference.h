// SPDX-License-Identifier: Apache-2.0
// Where two JSON documents differ (RFC 8259), by JSON pointer (RFC 6901).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wstap::replay {

/// One value that is another, or that only one of the two has.
struct JsonDifference {
  std::string pointer;                       ///< "/user/id"; empty: the document itself
  std::optional<std::string> expected, got;  ///< as JSON; containers as "{...}" and "[...]"
  bool operator==(const JsonDifference&) const = default;
};

/// Order of members does not count, nor how numbers and strings are written.
/// @param ignored  pointers of what may be anything, or missing, with all that is in it.
/// @return none: one of the two is no JSON.
std::optional<std::vector<JsonDifference>> json_differences(std::string_view expected, std::string_view got,
                                                            const std::vector<std::string>& ignored);

}  // namespace wstap::replay
