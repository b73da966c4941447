// SPDX-License-Identifier: Apache-2.0
// wstap rules: says whether a rules file is good, and what its rules look at.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cmd/command.h"
#include "cmd/output.h"
#include "cmd/rules_file.h"
#include "libcore/base/printable.h"
#include "libcore/base/units.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "rules";

struct Options {
  std::string file;
  bool quiet = false;
};

/// Of what is not of both.
const char* in_directions(bool sends, bool receives) {
  if (sends && receives) return "";
  return sends ? ", send" : receives ? ", receive" : ", never";
}

std::string line_of(const pipeline::Scope& scope) {
  if (scope.everything()) return {};
  std::string text = "scope:";
  for (const auto& [verb, patterns] : {std::pair(" allow", &scope.allow), std::pair(" deny", &scope.deny)}) {
    if (!patterns->empty()) text += verb;
    for (const auto& pattern : *patterns) text += ' ' + printable(pattern.text());
  }
  if (!scope.unread) text += " no unread tunnels";
  return text + '\n';
}

std::string line_of(const pipeline::Limit& limit) {
  std::string text = fmt::format("limit {}:", printable(limit.id));
  for (const auto& [bound, what] :
       {std::pair(limit.upgrades_per_second, "upgrades/s"), std::pair(limit.frames_per_second, "frames/s"),
        std::pair(limit.bytes_per_second, "bytes/s")})
    if (bound != 0) text += fmt::format(" {} {}", bound, what);
  if (limit.bytes != 0) text += fmt::format(" {}", format_size(limit.bytes));
  if (limit.duration_ns != 0) text += " for " + format_duration_ns(limit.duration_ns);
  text += limit.per_host ? ", each host" : ", all";
  return text + in_directions(limit.directions[0], limit.directions[1]) + '\n';
}

/// What a rule acts on (FIL-2).
std::string line_of(std::string_view kind, std::string_view id, const steps::TransformRule& rule) {
  std::string text =
      fmt::format("{} {}: {}", kind, printable(id), rule.acts_on_messages() ? "messages" : "frames");
  const bool sends = !rule.filter || rule.filter->may_match(false);
  const bool receives = !rule.filter || rule.filter->may_match(true);
  return text + in_directions(sends, receives) + '\n';
}

std::string line_of(const steps::InputRule& rule) {
  std::string text =
      fmt::format("safety.input {}: {}", printable(rule.spec.id), rule.blocks ? "blocks" : "logs");
  for (const auto& [looks, what] : {std::pair(rule.texts, " text"), std::pair(rule.binaries, " binary"),
                                    std::pair(rule.controls, " control")})
    if (looks) text += what;
  return text + in_directions(rule.directions[0], rule.directions[1]) + '\n';
}

std::string line_of(const steps::OutputRule& rule) {
  std::string text = fmt::format("safety.output {}: redacts", printable(rule.spec.id));
  for (const auto& [looks, what] :
       {std::pair(rule.payloads[0], " payload-send"), std::pair(rule.payloads[1], " payload-receive"),
        std::pair(rule.heads[0], " head-request"), std::pair(rule.heads[1], " head-response"),
        std::pair(rule.urls, " url"), std::pair(rule.close_reasons, " close_reason")})
    if (looks) text += what;
  return text + '\n';
}

Exit check(const Options& options, Io& io) {
  const auto rules = load_rules(options.file, kName, io);
  if (!rules) return Exit::usage;
  if (options.quiet) return Exit::ok;
  io.out << line_of(rules->scope);
  if (rules->recorded) io.out << "capture: a part of the flows\n";
  for (const auto& limit : rules->limits) io.out << line_of(limit);
  for (const auto& rule : rules->safety.rules) io.out << line_of(rule);
  for (const auto& rule : rules->redactions) io.out << line_of(rule);
  for (const auto& rule : rules->transforms) io.out << line_of("transform", rule.id, rule);
  for (const auto& macro : rules->macros)
    for (const auto& rule : macro.rules) io.out << line_of("macro", macro.name_of(rule), rule);
  return io.out.flush() ? Exit::ok : output_failed(io);
}

}  // namespace

Run setup_rules(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  app.footer(
      "Every fault is said with its line and column; the exit status is then 2. A rule that looks at "
      "payloads acts on "
      "messages, others on frames.\n"
      "  wstap rules check rules.toml && wstap proxy --rules rules.toml\n"
      "Manual: wstap-rules(1), wstap-rules(5)");
  CLI::App* sub =
      app.add_subcommand("check", "Say what is wrong with a rules file, or what its rules act on");
  sub->group("Commands");
  sub->add_option("FILE", options->file, "the rules file; - is standard input")->required()->type_name("");
  sub->add_flag("-q,--quiet", options->quiet, "say nothing of a good file");
  return [options](Io& io) { return check(*options, io); };
}

}  // namespace wstap::cmd
