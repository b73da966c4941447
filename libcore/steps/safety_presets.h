// SPDX-License-Identifier: Apache-2.0
// The presets of safety rules (SAFE-5): what they look for, ready to compile.
//
// RE2 has no look-around. How a preset keeps to borders instead:
//  - Where a find begins: at \b, or behind an escape. A payload is read as it is sent, so what stands in
//  front
//    of a number may be the "n" of JSON's "\n" or the "20" of a URL's "%20": the pattern consumes
//    the escape, and the find is its group `secret` alone.
//  - Where it ends: at \b, which is also the border to letters that are not ASCII (all of them are no word
//    characters to RE2). Patterns consume nothing behind a find, so a border serves the next find too.
//  - What takes more than that (check digits, "0.4111...", pictures that look like addresses) is a locator's.
// A preset of several patterns applies them one after the other, under one name.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "libcore/steps/rule_list.h"

namespace wstap::steps {

enum class PresetKind : std::uint8_t {
  input,   ///< of what clients send: finds what is to be blocked
  output,  ///< of what is recorded: finds what is to be replaced
};

struct Preset {
  std::string_view name;
  PresetKind kind;
  std::vector<PatternSpec> patterns;
  std::string_view replacement;  ///< unless somebody names another; empty for input
  std::string_view meaning;      ///< one line for people

  /// A rule of that name, to be compiled.
  RuleSpec rule() const { return {std::string(name), patterns, std::string(replacement)}; }
};

/// All of them, input first.
std::span<const Preset> all_presets();
/// Their names, for nearest().
std::span<const std::string_view> preset_names();
/// Null: there is none of this name.
const Preset* find_preset(std::string_view name);

}  // namespace wstap::steps
