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
#include "libcore/steps/extraction.h"
#include "libcore/steps/rule_list.h"

namespace wstap::steps {

struct JsonSetting {
  filter::JsonPointer pointer;
  Template value;  ///< JSON
};

/// A frame that a rule makes: uncompressed, whole.
struct Insertion {
  std::uint8_t opcode = ws::kText;
  Template payload;
};

struct TransformRule {
  std::string id;
  std::optional<filter::Filter> filter;  ///< none: everything

  // What becomes of what the filter picks, in this order.
  std::vector<Extraction> extractions;  ///< from what it was before
  std::vector<std::string> tags;
  bool drop = false;
  std::optional<RuleList> replacements;  ///< one after the other
  std::vector<JsonSetting> settings;
  std::optional<std::uint16_t> close_code;
  std::optional<Template> close_reason;
  std::optional<std::uint8_t> opcode;
  std::optional<bool> fin;
  std::uint64_t copies = 0;  ///< that leave behind it
  std::vector<Insertion> before, after;
  std::int64_t delay_ns = 0;  ///< after which it leaves, and what comes behind it

  /// It looks at what messages say, or changes that, or acts on all of them: fragments are judged with their
  /// message (FIL-2).
  bool acts_on_messages() const noexcept;
  /// What it puts before a message, or does later, wants that none of it has left.
  bool keeps_fragments() const noexcept;
  bool changes() const noexcept;
  bool changes_content() const noexcept;
  /// It changes or drops what it picks.
  bool alters() const noexcept { return drop || changes(); }
  bool reads_payloads() const noexcept;
  /// It does something.
  bool acts() const noexcept {
    return alters() || copies != 0 || delay_ns != 0 || !tags.empty() || !before.empty() || !after.empty() ||
           !extractions.empty();
  }
  /// All variables that it uses have values.
  bool has_all(const Variables& variables) const noexcept;
};

/// Rules that share variables, each flow its own, from when they are extracted until the flow ends.
struct Macro {
  std::string id;
  std::vector<std::string> variables;  ///< their names
  std::vector<TransformRule> rules;

  /// "ID", or where the rule has one of its own "ID/RULE".
  std::string name_of(const TransformRule& rule) const { return rule.id.empty() ? id : id + '/' + rule.id; }
};

/// The step Transform of a rule set. Rules are applied in order, then those of macros, each to what the one
/// before it made.
class Transform final : public pipeline::Step {
 public:
  explicit Transform(std::vector<TransformRule> rules, std::vector<Macro> macros = {})
      : all_(std::make_shared<const All>(std::move(rules), std::move(macros))) {}
  pipeline::StepKind kind() const noexcept override { return pipeline::StepKind::transform; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames& flow) const override;

  struct All {
    std::vector<TransformRule> rules;
    std::vector<Macro> macros;
  };

 private:
  std::shared_ptr<const All> all_;  ///< flows keep it when it is replaced
};

}  // namespace wstap::steps
