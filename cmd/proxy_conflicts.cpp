// SPDX-License-Identifier: Apache-2.0
#include "cmd/proxy_conflicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace wstap::cmd {
namespace {

/// What stands on the command line itself: neither environment nor files are in CLI11's parse order.
class Typed {
 public:
  explicit Typed(const CLI::App& app) : app_(app) {}

  bool has(const std::string& option) const {
    return std::ranges::any_of(app_.parse_order(),
                               [&option](const CLI::Option* typed) { return typed->check_name(option); });
  }
  /// @return the first of them that is there; empty: none.
  std::string first(std::initializer_list<const char*> options) const {
    for (const char* option : options)
      if (has(option)) return option;
    return {};
  }

 private:
  const CLI::App& app_;
};

std::string useless_for_capture(const Typed& typed, const ProxySettings& s) {
  if (s.capture.path.empty()) {
    const auto option = typed.first({"--force", "--on-capture-error", "--fsync", "--max-recorded-payload",
                                     "--rotate-size", "--rotate-time"});
    if (!option.empty())
      return fmt::format("{0}: nothing is recorded without -w (add -w FILE, or leave {0} out)", option);
  }
  if (s.capture.path == "-" && typed.has("--write")) {
    const auto option = typed.first({"--force", "--rotate-size", "--rotate-time"});
    if (!option.empty())
      return fmt::format("{0}: -w - is standard output, not a file (name a file, or leave {0} out)", option);
  }
  return {};
}

/// One flag by two names: whichever came last would win.
bool says_yes_and_no(const CLI::App& app, const char* flag) {
  const auto& given = app.get_option(flag)->results();
  const auto has = [&given](const char* value) { return std::ranges::find(given, value) != given.end(); };
  return has("true") && has("false");
}

}  // namespace

void declare_proxy_conflicts(CLI::App& app) {
  app.get_option("--insecure")->excludes(app.get_option("--upstream-ca"));
}

std::string find_useless_option(const CLI::App& app, const ProxySettings& s) {
  const Typed typed(app);
  if (says_yes_and_no(app, "--print")) return "--print and --no-print: only one can be meant (leave one out)";
  if (auto useless = useless_for_capture(typed, s); !useless.empty()) return useless;
  if (s.rules == "-") return "--rules -: standard input cannot be read again at a SIGHUP (name a file)";
  if (typed.has("--detect-timeout") && typed.has("--reverse"))
    return "--detect-timeout: with --reverse there are no tunnels (leave one of them out)";
  if (typed.has("--on-message-limit") && s.net.flow.on_message_limit == pipeline::OnMessageLimit::close &&
      typed.has("--max-message") && s.net.flow.max_message_bytes == 0)
    return "--on-message-limit close: with --max-message off no message is too large (set a limit, or leave "
           "one of them out)";
  if (typed.has("--inflate-work") && typed.has("--inflate") &&
      s.net.flow.inflate == pipeline::InflateWhen::never)
    return "--inflate-work: with --inflate never nothing is inflated (leave one of them out)";
  return {};
}

}  // namespace wstap::cmd
