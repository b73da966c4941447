// SPDX-License-Identifier: Apache-2.0
// Regular expressions of RE2: linear in what they read, whatever a user wrote and a peer sent.
#pragma once

#include <memory>
#include <string_view>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace re2 {
class RE2;
}

namespace wstap::filter {

enum class PatternText : std::uint8_t {
  utf8,
  bytes,  ///< a character is a byte; the pattern's own characters stand for their UTF-8 bytes
};

/// Copies share the compiled pattern. Thread-safe.
class Pattern {
 public:
  /// @error bad_pattern  with RE2's reason.
  static Result<Pattern> compile(std::string_view text, PatternText kind);
  /// Some part of `text` matches.
  bool found_in(Bytes text) const;
  const re2::RE2& re2() const noexcept { return *compiled_; }

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace wstap::filter
