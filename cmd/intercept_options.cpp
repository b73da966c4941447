// SPDX-License-Identifier: Apache-2.0
#include "cmd/intercept_options.h"

#include <unistd.h>

#include <limits>
#include <thread>

#include "libcore/ws/close.h"
#include "libcore/ws/opcode.h"

namespace wstap::cmd {
namespace {

using Action = InterceptOptions::Action;
using OptionalOpcode = std::optional<std::uint8_t>;

void exclude_each_other(CLI::App& app, std::initializer_list<const char*> options) {
  for (const char* one : options)
    for (const char* other : options)
      if (one != other) app.get_option(one)->excludes(app.get_option(other));
}

void declare_reviewing(CLI::App& app, InterceptOptions& options) {
  const OptionGroup group(app, "Who decides, if not a person at the terminal");
  app.add_flag("--jsonl", options.jsonl,
               "held items on standard output, decisions on standard input, JSON Lines both")
      ->configurable(false);
  app.add_option("--exec", options.hook.command,
                 "run this in a shell for each held item, which is JSON on its standard input; it says its "
                 "decision as JSON, or nothing: release")
      ->type_name("COMMAND")
      ->configurable(false);
  exclude_each_other(app, {"--jsonl", "--exec"});
  add_duration(app, "--exec-timeout", options.hook.timeout,
               "end such a command after so long; then the proxy's timeout decides");
  options.hook.jobs = std::max(1U, std::thread::hardware_concurrency());
  add_count(app, "--jobs", options.hook.jobs, 1, 1'000,
            "so many such commands run at a time; default: as many as there are processors");
}

CLI::App& declare_action(CLI::App& app, const std::shared_ptr<InterceptOptions>& options, Action action,
                         const std::string& name, const std::string& text) {
  CLI::App* sub = app.add_subcommand(name, text);
  sub->group("Commands")->fallthrough();
  // What is done once stands in no file, and in no variable.
  sub->option_defaults()->configurable(false);
  sub->callback([options, action] { options->action = action; });
  return *sub;
}

void declare_json(CLI::App& sub, InterceptOptions& options) {
  sub.add_flag("--json", options.json, "JSON Lines");
}

void declare_choice(CLI::App& sub, InterceptOptions& options) {
  sub.add_option("ID", options.choice.ids, "items, as list shows them: FLOW:SEQ")->type_name("");
  sub.add_flag("--all", options.choice.all, "all that is held now");
}

void declare_opcode(CLI::App& sub, OptionalOpcode& opcode) {
  add_choice<OptionalOpcode>(sub, "--opcode", opcode,
                             {{"text", ws::kText},
                              {"binary", ws::kBinary},
                              {"continuation", ws::kContinuation},
                              {"close", ws::kClose},
                              {"ping", ws::kPing},
                              {"pong", ws::kPong}},
                             "make it a frame of this kind");
}

void add_text(CLI::App& sub, const std::string& name, std::optional<std::string>& to, const std::string& type,
              const std::string& text) {
  sub.add_option(name, to, text)->type_name(type);
}

void declare_modify(CLI::App& sub, ModifyOptions& options) {
  sub.add_option("ID", options.id, "the item: FLOW:SEQ")->required()->type_name("");
  add_text(sub, "--text", options.body.text, "TEXT", "another payload");
  add_text(sub, "--body-file", options.body.file, "FILE",
           "another payload, from this file; -: standard input");
  add_text(sub, "--hex", options.body.hex, "HEX", "another payload, in hexadecimal");
  declare_opcode(sub, options.opcode);
  sub.add_flag_function(
      "--fin", [&options](std::int64_t) { options.fin = true; }, "the last frame of its message");
  sub.add_flag_function(
      "--no-fin", [&options](std::int64_t) { options.fin = false; }, "more frames of its message follow");
  add_count(sub, "--close-code", options.close_code, 0, std::numeric_limits<std::uint16_t>::max(),
            "of a Close, another code");
  add_text(sub, "--close-reason", options.close_reason, "TEXT", "of a Close, another reason");
  add_text(sub, "--raw-file", options.raw.file, "FILE",
           "send what this file holds in its place, byte for byte; -: standard input");
  add_text(sub, "--raw-hex", options.raw.hex, "HEX", "send these bytes in its place");
  exclude_each_other(sub, {"--text", "--body-file", "--hex", "--raw-file", "--raw-hex"});
  exclude_each_other(sub, {"--fin", "--no-fin"});
  for (const char* raw : {"--raw-file", "--raw-hex"})
    for (const char* other : {"--opcode", "--fin", "--no-fin", "--close-code", "--close-reason"})
      sub.get_option(raw)->excludes(sub.get_option(other));
  for (const char* body : {"--text", "--body-file", "--hex"})
    for (const char* other : {"--close-code", "--close-reason"})
      sub.get_option(body)->excludes(sub.get_option(other));
}

void declare_inject(CLI::App& sub, InjectOptions& options) {
  add_count(sub, "--flow", options.flow, 1, std::numeric_limits<pipeline::FlowId>::max(),
            "among the frames of this flow")
      ->required();
  add_choice<ws::Direction>(sub, "--to", options.direction,
                            {{"client", ws::Direction::receive}, {"server", ws::Direction::send}},
                            "who is to get it")
      ->required()
      ->default_str("");
  add_text(sub, "--text", options.payload.text, "TEXT", "a text message");
  add_text(sub, "--binary", options.payload.file, "FILE",
           "a binary message from this file; -: standard input");
  add_text(sub, "--hex", options.payload.hex, "HEX", "a binary message, in hexadecimal");
  sub.add_flag_function(
      "--ping", [&options](std::int64_t) { options.opcode = ws::kPing; },
      "a Ping; its payload may be given as above");
  sub.add_flag_function(
      "--pong", [&options](std::int64_t) { options.opcode = ws::kPong; }, "a Pong, likewise");
  add_count(sub, "--close", options.close_code, 0, std::numeric_limits<std::uint16_t>::max(),
            "a Close with this code")
      ->type_name("CODE");
  sub.add_option("--close-reason", options.close_reason, "... and this reason")->type_name("TEXT");
  sub.add_option("--after", options.after, "behind this held item, instead of before all that waits")
      ->type_name("ID");
  exclude_each_other(sub, {"--text", "--binary", "--hex", "--close"});
  exclude_each_other(sub, {"--ping", "--pong", "--close"});
}

bool gives_something(const ModifyOptions& modify) {
  return modify.body.text || modify.body.hex || modify.body.file || modify.raw.hex || modify.raw.file ||
         modify.opcode || modify.fin || modify.close_code || modify.close_reason;
}

bool gives_something(const InjectOptions& inject) {
  return inject.payload.text || inject.payload.hex || inject.payload.file || inject.opcode ||
         inject.close_code;
}

}  // namespace

void declare_intercept(CLI::App& app, const std::shared_ptr<InterceptOptions>& options) {
  add_control_options(app, options->access);
  declare_reviewing(app, *options);
  add_colour_option(app, options->colour);
  app.require_subcommand(0, 1);
  const auto action = [&](Action what, const std::string& name, const std::string& text) -> CLI::App& {
    return declare_action(app, options, what, name, text);
  };
  CLI::App& list = action(Action::list, "list", "Print what is held, a line each");
  declare_json(list, *options);
  list.add_option("-Y,--filter", options->filter, "only what this expression picks, see wstap-filter(7)")
      ->type_name("FILTER");
  CLI::App& show = action(Action::show, "show", "Print one held item in full");
  show.add_option("ID", options->id, "the item: FLOW:SEQ")->required()->type_name("");
  show.add_flag("--raw", options->raw, "header and payload as bytes");
  declare_json(show, *options);
  exclude_each_other(show, {"--raw", "--json"});
  declare_choice(action(Action::release, "release", "Let items go on as they are"), *options);
  declare_choice(action(Action::drop, "drop", "Take items out"), *options);
  declare_modify(action(Action::modify, "modify", "Let an item go on changed, or other bytes in its place"),
                 options->modify);
  declare_inject(action(Action::inject, "inject", "Put a frame among those of a flow"), options->inject);
  declare_json(action(Action::watch, "watch", "Print items as they come, and what becomes of them"),
               *options);
  declare_json(action(Action::flows, "flows", "Print the flows that are open"), *options);
  CLI::App& rules = action(Action::rules, "rules", "Print the rules in force");
  rules.add_flag("--reload", options->reload, "have the proxy read its rules file again first");
  declare_json(rules, *options);
  declare_json(action(Action::stats, "stats", "Print the proxy's counters"), *options);
}

std::string contradiction(const InterceptOptions& options) {
  const bool alone = options.action == Action::review;
  if (!alone && options.jsonl) return "--jsonl: it goes without a command";
  if (!alone && !options.hook.command.empty()) return "--exec: it goes without a command";
  if (options.action == Action::release || options.action == Action::drop) {
    if (options.choice.all && !options.choice.ids.empty()) return "--all: then no ID is wanted";
    if (!options.choice.all && options.choice.ids.empty()) return "an ID is missing (or --all)";
  }
  if (options.action == Action::modify && !gives_something(options.modify))
    return "what is to be changed? (--text, --body-file, --hex, --opcode, --fin, --close-code, --raw-file, "
           "...)";
  if (options.action == Action::inject) {
    if (!gives_something(options.inject))
      return "what is to be put there? (--text, --binary, --hex, --ping, --pong or --close)";
    if (!options.inject.close_reason.empty() && !options.inject.close_code)
      return "--close-reason: it goes with --close";
    if (options.inject.close_reason.size() > ws::kLongestReason)
      return fmt::format("--close-reason: it has {} bytes, {} is the most",
                         options.inject.close_reason.size(), ws::kLongestReason);
  }
  const bool at_terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  if (alone && !options.jsonl && options.hook.command.empty() && !at_terminal)
    return "without a terminal, say who decides: --jsonl, --exec COMMAND, or a command such as list, release "
           "or "
           "drop";
  return {};
}

}  // namespace wstap::cmd
