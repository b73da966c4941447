// SPDX-License-Identifier: Apache-2.0
// How expected faults travel: as values. Exceptions are for bugs, allocation and third-party edges.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace wstap {

/// One fault: which, with what numbers, where.
struct Error {
  std::error_code code;      ///< compare with an Errc; never parse text
  std::string detail;        ///< the numbers: "payload_len=131072 limit=65536"
  std::uint64_t offset = 0;  ///< bytes from the start of the stream or file

  /// "MESSAGE: DETAIL", or the message alone.
  std::string text() const { return detail.empty() ? code.message() : code.message() + ": " + detail; }
};

template <class T>
using Result = std::expected<T, Error>;

/// A failed Result from an error code (or an Errc that converts to one).
inline std::unexpected<Error> fail(std::error_code code, std::string detail = {}, std::uint64_t offset = 0) {
  return std::unexpected(Error{code, std::move(detail), offset});
}

}  // namespace wstap
