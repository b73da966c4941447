// SPDX-License-Identifier: Apache-2.0
// wstap intercept: decides about frames that a running proxy holds (HOLD-6).
#include <fmt/format.h>

#include "cmd/intercept_facts.h"
#include "cmd/intercept_options.h"
#include "cmd/intercept_watch.h"
#include "cmd/jsonl_reviews.h"
#include "cmd/origin.h"
#include "cmd/reviewer.h"
#include "libcore/filter/errors.h"
#include "libcore/pipeline/frame_subject.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "intercept";

using Action = InterceptOptions::Action;
using pipeline::Review;

/// Of `list`. @return whether it makes sense.
bool compile(const CLI::App& app, const std::string& expression, std::optional<filter::Filter>& filter,
             Io& io) {
  if (expression.empty()) return true;
  auto compiled = filter::Filter::compile(expression, pipeline::vocabulary());
  if (!compiled) {
    complain_in_lines(io, kName,
                      with_origin(app, "--filter: " + filter::explain(expression, compiled.error())));
    return false;
  }
  filter = std::move(*compiled);
  return true;
}

Exit review(control::Client& proxy, const InterceptOptions& options, Io& io) {
  if (options.jsonl) return JsonlReviews(proxy, io).run();
  if (!options.hook.command.empty()) return HookReviews(proxy, options.hook, io).run();
  return Reviewer(proxy, wants_colour(options.colour), io).run();
}

Exit act(control::Client& proxy, const InterceptOptions& options, const std::optional<filter::Filter>& filter,
         Io& io) {
  const bool colour = wants_colour(options.colour);
  const FactsForm form{options.json, colour};
  switch (options.action) {
    case Action::review: return review(proxy, options, io);
    case Action::list: return list_items(proxy, filter, form, io);
    case Action::show:
      return show_item(proxy, options.id,
                       options.json  ? Shape::json
                       : options.raw ? Shape::raw
                                     : Shape::structured,
                       io);
    case Action::release: return decide(proxy, options.choice, Review::Action::release, io);
    case Action::drop: return decide(proxy, options.choice, Review::Action::drop, io);
    case Action::modify: return modify(proxy, options.modify, io);
    case Action::inject: return inject(proxy, options.inject, io);
    case Action::watch: return watch_items(proxy, {options.json, colour}, io);
    case Action::flows: return show_flows(proxy, form, io);
    case Action::rules: return show_rules(proxy, options.reload, form, io);
    case Action::stats: return show_stats(proxy, form, io);
  }
  return Exit::usage;
}

Exit run(const CLI::App& app, const InterceptOptions& options, Io& io) {
  if (const auto wrong = contradiction(options); !wrong.empty()) {
    complain(io, kName, with_origin(app, wrong));
    return Exit::usage;
  }
  std::optional<filter::Filter> filter;
  if (!compile(app, options.filter, filter, io)) return Exit::usage;
  Exit status = Exit::ok;
  auto proxy = reach_proxy(app, options.access, io, status);
  return proxy ? act(*proxy, options, filter, io) : status;
}

}  // namespace

Run setup_intercept(CLI::App& app) {
  auto options = std::make_shared<InterceptOptions>();
  declare_intercept(app, options);
  app.footer(
      "On a terminal, and without a command, it shows one held item after the other and asks what is to "
      "become of "
      "it. What nobody decides about in time, the proxy releases or drops.\n"
      "  wstap intercept --exec 'grep -q secret && echo \"{\\\"action\\\":\\\"drop\\\"}\"; true'\n"
      "Manual: wstap-intercept(1)");
  return [&app, options](Io& io) { return run(app, *options, io); };
}

}  // namespace wstap::cmd
