// SPDX-License-Identifier: Apache-2.0
// Frames as filters look at them (PIPE-4).
#pragma once

#include "libcore/filter/filter.h"
#include "libcore/pipeline/envelope.h"
#include "libcore/pipeline/flow_names.h"

namespace wstap::pipeline {

/// The names of opcodes, verdicts and anomalies.
const filter::Vocabulary& vocabulary() noexcept;

/// @param payload  unmasked, and as DEF-2 has it. All arguments outlive what is returned.
filter::Subject subject_of(const Envelope& envelope, Bytes payload, const filter::FlowSubject& flow) noexcept;

/// The same of a payload that is a message, whole or so far: opcode, number and length are the message's.
filter::Subject message_subject_of(const Envelope& envelope, Bytes payload,
                                   const filter::FlowSubject& flow) noexcept;

}  // namespace wstap::pipeline
