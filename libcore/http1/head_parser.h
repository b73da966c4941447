// SPDX-License-Identifier: Apache-2.0
// Heads out of bytes. Strict by default: whatever two parsers could read differently is refused by name
// (UPG-9).
#pragma once

#include <optional>

#include "libcore/base/result.h"
#include "libcore/http1/head.h"

namespace wstap::http1 {

enum class Strictness : std::uint8_t {
  strict,
  /// `--lenient-heads`: passes what can be read in some way, and reads it as RFC 9112 says where it says so
  /// (Transfer-Encoding before Content-Length, folded lines continue), else takes the first of two readings.
  lenient,
};

struct HeadLimits {
  std::size_t max_bytes = 64 * 1024;
  std::size_t max_fields = 200;
};

/// Looks for the end of a head in a growing buffer, each byte once.
class HeadFinder {
 public:
  explicit HeadFinder(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  /// @param so_far  all bytes since the head's start: those of the last call, and more behind them.
  /// @return the length of the head with its blank line; nothing while it is not complete. Bare line feeds
  /// end lines
  ///         here, so that a parser gets to see and refuse them.
  /// @error head_too_large
  Result<std::optional<std::size_t>> find(Bytes so_far);

 private:
  std::size_t max_bytes_;
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
};

/// How many bytes of empty lines stand before a request (RFC 9112 2.2 asks to skip at least one).
std::size_t blank_prefix(Bytes in) noexcept;

/// @param head  exactly one head, as HeadFinder delimits it.
/// @error one of Errc; the offset is where in `head` the fault stands.
Result<RequestHead> parse_request(Bytes head, Strictness strictness, HeadLimits limits = {});
Result<ResponseHead> parse_response(Bytes head, Strictness strictness, HeadLimits limits = {});

/// Fields without a first line, as they may follow a last chunk (RFC 9112 7.1.2).
/// @param lines  complete ones, without the empty one behind them.
Result<Fields> parse_trailers(std::string_view lines, Strictness strictness);

}  // namespace wstap::http1
