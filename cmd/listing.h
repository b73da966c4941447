// SPDX-License-Identifier: Apache-2.0
// What `wstap inspect` makes of a capture's records: lists of frames, messages, flows or faults, or a count.
// One file each.
#pragma once

#include <string>

#include "cmd/columns.h"
#include "formats/event_reader.h"
#include "formats/json_view.h"

namespace wstap::cmd {

enum class Shape : std::uint8_t {
  line,        ///< one line each
  raw,         ///< annotated bytes
  structured,  ///< every field
  json,        ///< JSON Lines to read
  jsonl,       ///< JSON Lines that lose nothing
  columns,     ///< chosen fields
};

/// How entries are printed.
struct Form {
  Shape shape = Shape::line;
  bool colour = false;
  Columns columns;
};

constexpr bool is_json(Shape shape) noexcept {
  return shape == Shape::json || shape == Shape::jsonl;
}
constexpr formats::JsonDetail json_detail(Shape shape) noexcept {
  return shape == Shape::jsonl ? formats::JsonDetail::lossless : formats::JsonDetail::readable;
}

/// Takes records one by one and appends what is to be printed.
class Listing {
 public:
  virtual ~Listing() = default;
  virtual void take(const formats::Record& record, formats::EventReader& reader, std::string& out) = 0;
  /// After the last record.
  virtual void finish(std::string&) {}
  /// Nothing that may still come is of interest.
  virtual bool satisfied() const { return false; }
  /// Something was found that makes the command fail.
  virtual bool found_fault() const { return false; }
  /// Rules would have blocked something.
  virtual bool would_block() const { return false; }
};

}  // namespace wstap::cmd
