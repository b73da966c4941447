// SPDX-License-Identifier: Apache-2.0
// What cannot be made of a frame, though a step wants it (PIPE-5, DEF-5, DEF-6).
#pragma once

#include "libcore/pipeline/step.h"

namespace wstap::pipeline {

/// How causes begin that say why a frame was not changed.
inline constexpr std::string_view kEditRefused = "edit_refused:";

/// How the message of a frame stands.
struct MessageStanding {
  bool compressed = false;
  bool waits = false;  ///< nothing of it has left, nor will before it is whole
  bool lost = false;   ///< it cannot be inflated, nor what follows it
};

/// Makes a decision one that leaves the frame alone, and says why, where it wants what cannot be done.
void refuse_impossible(const Envelope& envelope, const MessageStanding& message, Decision& decision);

/// ... and one that keeps the frame back, as a step wants it, where it decided otherwise before.
void become_drop(Decision& all, Decision& drop);

/// SAFE-6, of a frame that is to leave beside another. @return why it may not, which its cause then says too;
/// none: it may.
std::optional<NotInjected> refuse_beside(const Plan& plan, NewFrame& frame, const Envelope& beside);

}  // namespace wstap::pipeline
