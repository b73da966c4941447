// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/safety_presets.h"

#include <algorithm>

#include "libcore/steps/preset_patterns.h"

namespace wstap::steps {
namespace {

std::vector<Preset> make_presets() {
  using enum PresetKind;
  return {
      {"destructive-sql", input, destructive_sql_patterns(), "",
       "SQL that drops, truncates, or deletes or updates every row"},
      {"destructive-os-command", input, destructive_os_command_patterns(), "",
       "commands that erase files or disks, or stop the machine"},
      {"credit-card", output, credit_card_patterns(), "[credit-card]",
       "card numbers of 13 to 19 digits, grouped or not, with an issuer's beginning and a right check digit"},
      {"email", output, email_patterns(), "[email]", "e-mail addresses"},
      {"japan-my-number", output, japan_my_number_patterns(), "[my-number]",
       "Japanese individual numbers: 12 digits, grouped by four or not, with a right check digit"},
      {"japan-phone", output, japan_phone_patterns(), "[phone]",
       "Japanese telephone numbers: fixed, mobile, toll-free; with +81 or 0"},
      {"bearer-token", output, bearer_token_patterns(), "[token]",
       "tokens behind 'Bearer', access, refresh and ID tokens by name, and all JSON Web Tokens"},
      {"aws-key", output, aws_key_patterns(), "[aws-key]",
       "AWS access key ids, and secret keys and session tokens by name"},
      {"private-key", output, private_key_patterns(), "[private-key]", "PEM blocks of private keys"},
      {"auth-headers", output, auth_headers_patterns(), "[masked]",
       "values of Authorization, Cookie and API key headers in HTTP heads; the names stay"},
  };
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = make_presets();
  return all;
}

}  // namespace

std::span<const Preset> all_presets() {
  return presets();
}

std::span<const std::string_view> preset_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Preset& preset : presets()) all.push_back(preset.name);
    return all;
  }();
  return names;
}

const Preset* find_preset(std::string_view name) {
  const auto found = std::ranges::find(presets(), name, &Preset::name);
  return found == presets().end() ? nullptr : &*found;
}

}  // namespace wstap::steps
