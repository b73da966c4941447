// SPDX-License-Identifier: Apache-2.0
// A compiled filter: comparisons, each of which says where to go on. Nothing is allocated to evaluate one,
// JSON aside.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libcore/filter/json_values.h"
#include "libcore/filter/pattern.h"
#include "libcore/filter/subject.h"
#include "libcore/filter/syntax.h"

namespace wstap::filter {

/// Both ends are in it.
struct Range {
  std::int64_t first = 0, last = 0;
};

/// What a value of JSON is compared with.
struct JsonOperand {
  JsonValue::Kind kind = JsonValue::Kind::null;
  std::string text;  ///< of a string; of a boolean or a number: as written
};

/// One comparison. The operand that its type wants is set, the others are empty.
struct Condition {
  Field field = Field::flow;
  Op op = Op::present;
  std::int64_t number = 0;
  std::uint32_t json = 0;  ///< index of the pointer
  std::vector<Range> ranges;
  std::vector<std::string> texts;
  std::vector<JsonOperand> values;
  std::vector<Pattern> pattern;  ///< one, or none
};

struct Program {
  static constexpr std::int32_t kTrue = -1, kFalse = -2;
  struct Node {
    Condition condition;
    std::int32_t yes = kTrue, no = kFalse;  ///< the next node, or the result
  };
  std::vector<Node> nodes;
  std::int32_t start = kTrue;
  std::vector<JsonPointer> pointers;
};

/// The values of a subject's payload at a program's pointers, found when the first is asked for.
class JsonOfSubject {
 public:
  JsonOfSubject(const Subject& subject, const Program& program) : subject_(subject), program_(program) {}
  /// Null: there is none, or the payload is not JSON.
  const JsonValue* at(std::uint32_t pointer);

 private:
  const Subject& subject_;
  const Program& program_;
  std::optional<std::vector<JsonValue>> values_;
  bool looked_ = false;
};

bool holds(const Condition& condition, const Subject& subject, JsonOfSubject& json);
bool run(const Program& program, const Subject& subject);
/// Some subject of this flow and direction may be one for which it holds: what is not known yet may be
/// anything.
/// @param flow  null: of any flow. @param opcode  of a message in one frame or of a control frame; none: it
/// may be any frame.
bool may_hold(const Program& program, const FlowSubject* flow, bool receive,
              std::optional<std::uint8_t> opcode = std::nullopt);

}  // namespace wstap::filter
