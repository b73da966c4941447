// SPDX-License-Identifier: Apache-2.0
// What a reviewer's decision makes of what is held, or why it cannot (HOLD-3, SAFE-6).
#pragma once

#include <expected>

#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/held.h"
#include "libcore/pipeline/parcel.h"

namespace wstap::pipeline {

/// How causes begin that name who decided.
inline constexpr std::string_view kReviewer = "reviewer:";

/// @return what the parcel's decision becomes, or a reason for the reviewer.
std::expected<Decision, std::string> decide(const Parcel& held, const Review& review, const Plan& plan,
                                            const FlowOptions& options);
/// What the plan's checking steps make of bytes that are to leave in the place of what is held.
Decision check_raw(const Parcel& held, Bytes raw, const Plan& plan);
/// @param direction  in which it is to leave. @return a frame for the flow, or a reason.
std::expected<NewFrame, std::string> make_injection(InjectRequest request, const Plan& plan,
                                                    const FlowOptions& options);

}  // namespace wstap::pipeline
