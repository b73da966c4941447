// SPDX-License-Identifier: Apache-2.0
// The filter language, wstap-filter(7): an expression that picks frames or messages (FIL-1, FIL-2).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libcore/base/result.h"
#include "libcore/filter/field.h"
#include "libcore/filter/subject.h"

namespace wstap::filter {

struct Program;

/// Typed and compiled once. Copies share what was compiled; thread-safe.
class Filter {
 public:
  /// @param vocabulary  outlives nothing: names become numbers.
  /// @error see Errc. Error::offset is where in `expression`; explain() shows it.
  static Result<Filter> compile(std::string_view expression, const Vocabulary& vocabulary);

  bool matches(const Subject& subject) const;
  /// It may match something in this direction of this flow.
  bool may_match(const FlowSubject& flow, bool receive) const;
  /// ... that has this opcode, and is a message in one frame or a control frame.
  bool may_match(const FlowSubject& flow, bool receive, std::uint8_t opcode) const;
  /// ... of any flow.
  bool may_match(bool receive) const;

  /// Some comparison is of this field.
  bool reads(Field field) const noexcept { return (fields_ >> static_cast<unsigned>(field) & 1) != 0; }
  /// ... of one of those that have this property.
  bool reads_any(bool (*property)(Field)) const noexcept;
  /// It acts on messages, since it wants what they say (FIL-2).
  bool reads_payload() const noexcept { return reads_any(filter::reads_payload); }

 private:
  Filter(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
  std::uint32_t fields_ = 0;
};

}  // namespace wstap::filter
