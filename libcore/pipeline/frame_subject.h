// SPDX-License-Identifier: Apache-2.0
// Frames and flows as filters look at them (PIPE-4).
#pragma once

#include "libcore/filter/filter.h"
#include "libcore/pipeline/envelope.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::pipeline {

/// The names of opcodes, verdicts and anomalies.
const filter::Vocabulary& vocabulary() noexcept;

/// What filters know of a flow, kept while it lives.
class FlowNames {
 public:
  FlowNames(FlowId id, std::string url, std::string subprotocol);
  explicit FlowNames(const FlowOpened& flow) : FlowNames(flow.id, flow.facts.url, flow.subprotocol) {}
  filter::FlowSubject subject() const noexcept;

 private:
  FlowId id_;
  std::string url_, host_, path_, subprotocol_;
};

/// @param payload  unmasked, and as DEF-2 has it. All arguments outlive what is returned.
filter::Subject subject_of(const Envelope& envelope, Bytes payload, const filter::FlowSubject& flow) noexcept;

}  // namespace wstap::pipeline
