// SPDX-License-Identifier: Apache-2.0
// Rules that change frames and messages on their way (PIPE-6).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/filter/filter.h"
#include "libcore/filter/json_values.h"
#include "libcore/pipeline/step.h"
#include "libcore/steps/redaction.h"

namespace wstap::steps {

struct JsonSetting {
  filter::JsonPointer pointer;
  std::string value;  ///< JSON
};

/// A frame that a rule makes: uncompressed, whole.
struct Insertion {
  std::uint8_t opcode = ws::kText;
  Buffer payload;
};

struct TransformRule {
  std::string id;
  std::optional<filter::Filter> filter;  ///< none: everything

  // What becomes of what the filter picks, in this order.
  std::vector<std::string> tags;
  bool drop = false;
  std::optional<RuleList> replacements;  ///< one after the other
  std::vector<JsonSetting> settings;
  std::optional<std::uint16_t> close_code;
  std::optional<std::string> close_reason;
  std::optional<std::uint8_t> opcode;
  std::optional<bool> fin;
  std::uint64_t copies = 0;  ///< that leave behind it
  std::vector<Insertion> before, after;

  /// It looks at what messages say, or changes that: fragments are judged with their message (FIL-2).
  bool acts_on_messages() const noexcept;
  bool changes() const noexcept;
  /// It changes or drops what it picks.
  bool alters() const noexcept { return drop || changes(); }
  bool reads_payloads() const noexcept;
};

/// The step Transform of a rule set. Rules are applied in order, each to what the one before it made.
class Transform final : public pipeline::Step {
 public:
  explicit Transform(std::vector<TransformRule> rules)
      : rules_(std::make_shared<const std::vector<TransformRule>>(std::move(rules))) {}
  pipeline::StepKind kind() const noexcept override { return pipeline::StepKind::transform; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames& flow) const override;

 private:
  std::shared_ptr<const std::vector<TransformRule>> rules_;  ///< flows keep them when they are replaced
};

}  // namespace wstap::steps
