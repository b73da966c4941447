// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/filter.h"

#include <algorithm>

#include "libcore/filter/compiler.h"
#include "libcore/filter/parser.h"

namespace wstap::filter {

Filter::Filter(std::shared_ptr<const Program> program) : program_(std::move(program)) {
  for (const auto& node : program_->nodes) fields_ |= 1U << static_cast<unsigned>(node.condition.field);
}

Result<Filter> Filter::compile(std::string_view expression, const Vocabulary& vocabulary) {
  const auto parsed = parse(expression);
  if (!parsed) return std::unexpected(parsed.error());
  auto program = filter::compile(**parsed, vocabulary);
  if (!program) return std::unexpected(std::move(program.error()));
  return Filter(std::make_shared<const Program>(std::move(*program)));
}

bool Filter::matches(const Subject& subject) const {
  return run(*program_, subject);
}

bool Filter::may_match(const FlowSubject& flow, bool receive) const {
  return may_hold(*program_, &flow, receive);
}

bool Filter::may_match(const FlowSubject& flow, bool receive, std::uint8_t opcode) const {
  return may_hold(*program_, &flow, receive, opcode);
}

bool Filter::may_match(bool receive) const {
  return may_hold(*program_, nullptr, receive);
}

bool Filter::reads_any(bool (*property)(Field)) const noexcept {
  return std::ranges::any_of(
      all_fields(), [&](const FieldInfo& entry) { return reads(entry.field) && property(entry.field); });
}

}  // namespace wstap::filter
