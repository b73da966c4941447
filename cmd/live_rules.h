// SPDX-License-Identifier: Apache-2.0
// The rules a running proxy works by: SIGHUP, or a reviewer, has their file read again (PIPE-3).
#pragma once

#include <mutex>

#include "cmd/proxy_options.h"
#include "formats/redactor.h"
#include "libcore/net/proxy.h"
#include "libcore/rules/rule_set.h"

namespace wstap::cmd {

/// Any thread, but for the constructor.
class LiveRules {
 public:
  /// All outlive it.
  LiveRules(const ProxySettings& settings, net::Proxy& proxy, formats::Redactor& redactor, Clock& clock,
            Log& log)
      : path_(settings.rules),
        hold_(settings.hold),
        proxy_(proxy),
        redactor_(redactor),
        clock_(clock),
        log_(log) {}

  bool has_file() const noexcept { return !path_.empty(); }
  /// Puts these in force, with what options say. @param rules  what the file said when the proxy began.
  void begin(rules::RuleSet rules);
  /// For SIGHUP.
  void reload();
  /// For a reviewer, who may not make safety weaker (SAFE-6).
  control::Rules tell(bool reload);

 private:
  void use(rules::RuleSet rules);
  std::string reload_for_reviewer();

  const std::string& path_;
  const HoldOptions& hold_;
  net::Proxy& proxy_;
  formats::Redactor& redactor_;
  Clock& clock_;
  Log& log_;
  std::mutex lock_;
  rules::RuleSet in_force_;
  std::uint64_t version_ = 0;
};

}  // namespace wstap::cmd
