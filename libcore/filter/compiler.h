// SPDX-License-Identifier: Apache-2.0
// From syntax to a program: every comparison is checked against its field's type.
#pragma once

#include "libcore/filter/program.h"

namespace wstap::filter {

/// @error unknown_name, wrong_type, bad_pattern
Result<Program> compile(const Expression& expression, const Vocabulary& vocabulary);

/// The index of a pointer in `pointers`, which gets it unless it has it.
/// @error syntax  it is no JSON pointer.
Result<std::uint32_t> pointer_index(const FieldUse& use, std::vector<JsonPointer>& pointers);

}  // namespace wstap::filter
