// SPDX-License-Identifier: Apache-2.0
// wstap inspect: shows what captures hold.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "cmd/count.h"
#include "cmd/damage.h"
#include "cmd/extract.h"
#include "cmd/flow_listing.h"
#include "cmd/frame_listing.h"
#include "cmd/input_files.h"
#include "cmd/last_resort.h"
#include "cmd/lint.h"
#include "cmd/message_listing.h"
#include "cmd/options.h"
#include "cmd/origin.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/rehearsal.h"
#include "cmd/rules_file.h"
#include "cmd/signals.h"
#include "formats/errors.h"
#include "formats/repair.h"
#include "libcore/filter/errors.h"
#include "libcore/pipeline/flow_options.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "inspect";
constexpr std::size_t kWriteAtOnce = 64 * 1024;
// What is formatted already is written within moments, unless nobody takes it.
constexpr std::chrono::milliseconds kDrain{2000}, kCut{500};

struct Options {
  std::vector<std::string> files;
  std::string frame;
  std::string repair_to, write_to;
  Shape format = Shape::line;
  Colour colour = Colour::automatic;
  Deflate deflate = Deflate::on;
  std::string filter, fields, rules;
  bool flows = false, messages = false, lint = false, raw = false, structured = false, json = false,
       count = false, by_rule = false, list_fields = false;
  bool follow = false, force = false, quiet = false;

  Shape shape() const {
    if (!fields.empty()) return Shape::columns;
    return json ? Shape::json : raw ? Shape::raw : structured ? Shape::structured : format;
  }
};

/// @return what is wrong; empty: nothing.
std::string contradiction(const Options& options) {
  if (options.files.empty() && !options.list_fields) return "FILE is required (see 'wstap inspect --help')";
  if (!options.frame.empty() && !parse_frame_id(options.frame))
    return fmt::format("--frame: '{}' is not FLOW:SEQ, as in 1:2", options.frame);
  if (!options.repair_to.empty() && options.files.size() != 1) return "--repair: expected one capture";
  if (options.repair_to == "-" && ::isatty(STDOUT_FILENO) == 1)
    return "--repair -: a capture is binary and standard output is a terminal (redirect it: > OUT)";
  if (options.rules == "-" && std::ranges::count(options.files, "-") != 0)
    return "--rules -: standard input can be read only once";
  if (options.by_rule && options.rules.empty()) return "--by-rule: whose? (add --rules FILE)";
  if (options.files.size() > 1 && options.follow) return "--follow: expected one capture";
  return {};
}

std::unique_ptr<Listing> make_count(const Options& options, const Reading& reading) {
  if (options.messages) return std::make_unique<CountOfMessages>(reading);
  if (!reading.filter) return std::make_unique<Count>(options.flows);
  if (options.flows) return std::make_unique<CountOfFlows>(reading);
  return std::make_unique<CountOfFrames>(reading);
}

/// @param rules  null: none are to be rehearsed.
std::unique_ptr<Listing> make_listing(const Options& options, const Reading& reading, Columns columns,
                                      const rules::RuleSet* rules) {
  Form form{options.shape(), wants_colour(options.colour), std::move(columns)};
  if (rules != nullptr) {
    const auto telling = options.by_rule ? Rehearsal::Telling::by_rule
                         : options.count ? Rehearsal::Telling::count
                                         : Rehearsal::Telling::each;
    return std::make_unique<Rehearsal>(std::move(form), reading, *rules, telling);
  }
  if (options.count) return make_count(options, reading);
  if (options.lint) return std::make_unique<Lint>(form.shape, reading);
  if (options.messages) return std::make_unique<MessageListing>(std::move(form), reading);
  if (options.flows) return std::make_unique<FlowListing>(form, reading, options.follow);
  return std::make_unique<FrameListing>(std::move(form), reading, parse_frame_id(options.frame));
}

/// Says what is wrong with an expression.
void complain_of(const CLI::App& app, std::string_view option, std::string_view expression,
                 const Error& error, Io& io) {
  complain_in_lines(io, kName,
                    with_origin(app, fmt::format("{}: {}", option, filter::explain(expression, error))));
}

/// None: the filter is no good, which is said.
std::optional<Reading> reading_of(const CLI::App& app, const Options& options, Io& io) {
  Reading reading{pipeline::inflating({.reads_deflate = reads_deflate(options.deflate)}), std::nullopt};
  if (options.filter.empty()) return reading;
  auto filter = filter::Filter::compile(options.filter, pipeline::vocabulary());
  if (!filter) {
    complain_of(app, "--filter", options.filter, filter.error(), io);
    return std::nullopt;
  }
  reading.filter = std::move(*filter);
  return reading;
}

std::optional<Columns> columns_of(const CLI::App& app, const Options& options, Io& io) {
  if (options.fields.empty()) return Columns();
  auto columns = filter::parse_columns(options.fields);
  if (!columns) {
    complain_of(app, "--fields", options.fields, columns.error(), io);
    return std::nullopt;
  }
  return Columns(std::move(*columns));
}

/// Reads everything, prints as it goes. @return false when nobody reads the output any more.
bool list(formats::EventReader& reader, Listing& listing, const Options& options, Exit& status, Io& io) {
  const bool watched = options.follow || ::isatty(STDOUT_FILENO) == 1;
  const bool at_once = watched || !std::ranges::all_of(options.files, is_file);
  Progress progress("reading", total_bytes(options.files), !watched && !options.quiet);
  std::string out;
  std::uint64_t bytes = 0;
  const auto flush = [&] {
    if (!out.empty()) io.out.write(out.data(), static_cast<std::streamsize>(out.size())).flush();
    out.clear();
    return io.out.good();
  };
  while (!listing.satisfied()) {
    const auto record = reader.next();
    if (!record) {
      if (!flush()) return false;
      status = std::max(status, report_damage(record.error(), reader.path(), reader.being_written(), io));
      continue;
    }
    if (!*record) break;
    if (const auto& note = reader.part_note(); !note.empty() && !options.quiet) {
      if (!flush()) return false;
      report_part(note, reader.path(), io);
    }
    progress.update(bytes += reader.record_bytes());
    listing.take(**record, reader, out);
    if ((at_once || out.size() >= kWriteAtOnce) && !flush()) return false;
  }
  listing.finish(out);
  return flush();
}

Exit show(const Options& options, const Reading& reading, Columns columns, const rules::RuleSet* rules,
          Io& io) {
  std::atomic<bool> stop{false};
  LastResort last_resort(kName);
  std::optional<StopSignals> signals;  // only here: elsewhere a signal ends the process as it always does
  formats::SourceOptions source;
  if (options.follow) {
    signals.emplace().listen([&](int count, int signal) {
      stop = true;
      last_resort.arm(count == 1 ? kDrain : kCut, signal);
    });
    source = {.follow = true, .stop = [&stop] { return stop.load(); }};
  }
  auto reader = formats::EventReader::open(options.files, std::move(source));
  if (!reader) {
    complain(io, kName, reader.error().text());
    return exit_for(reader.error().code);
  }
  const auto listing = make_listing(options, reading, std::move(columns), rules);
  Exit status = Exit::ok;
  if (!list(*reader, *listing, options, status, io)) return output_failed(io);
  if (status == Exit::ok && listing->found_fault()) return Exit::failed;
  if (status == Exit::ok && listing->would_block()) return Exit::blocked;
  if (!options.frame.empty() && !listing->satisfied() && status == Exit::ok) {
    complain(io, kName, fmt::format("there is no frame {} (see 'wstap inspect --flows')", options.frame));
    return Exit::failed;
  }
  return status;
}

Exit repair(const Options& options, Io& io) {
  const auto done = formats::repair(options.files.front(), options.repair_to, options.force);
  if (!done && done.error().code == formats::Errc::reader_gone) return Exit::ok;
  if (!done) {
    complain(io, kName, done.error().text());
    return exit_for(done.error().code);
  }
  if (options.quiet) return Exit::ok;
  io.err << fmt::format("wstap {}: {} records, {} bytes written to {}\n", kName, done->records, done->bytes,
                        options.repair_to);
  if (done->damage)
    io.err << fmt::format("wstap {}: left out from byte {} on: {}\n", kName, done->damage->offset,
                          done->damage->text());
  return Exit::ok;
}

Exit run(const CLI::App& app, const Options& options, Io& io) {
  if (const auto wrong = contradiction(options); !wrong.empty()) {
    complain(io, kName, with_origin(app, wrong));
    return Exit::usage;
  }
  if (options.list_fields) {
    io.out << field_list();
    return io.out.flush() ? Exit::ok : output_failed(io);
  }
  if (!options.repair_to.empty()) return repair(options, io);
  const auto reading = reading_of(app, options, io);
  auto columns = columns_of(app, options, io);
  if (!reading || !columns) return Exit::usage;
  if (!options.write_to.empty())
    return extract({.files = options.files,
                    .to = options.write_to,
                    .filter = options.filter,
                    .messages = options.messages,
                    .force = options.force,
                    .quiet = options.quiet},
                   *reading, io);
  std::optional<rules::RuleSet> rules;
  if (!options.rules.empty() && !(rules = load_rules(options.rules, kName, io))) return Exit::usage;
  return show(options, *reading, std::move(*columns), rules ? &*rules : nullptr, io);
}

void declare_what(CLI::App& app, Options& options) {
  const OptionGroup group(app, "What to show");
  app.add_flag("--flows", options.flows, "list flows, and connections that became none");
  app.add_flag("--messages", options.messages, "list messages: fragments joined, compressed ones inflated");
  app.add_option("--frame", options.frame,
                 "show this frame only; SEQ 0 and 1 are the upgrade's request and response")
      ->type_name("FLOW:SEQ");
  app.add_flag("--count", options.count,
               "print how many frames there are; with --flows or --messages: how many of those");
  app.add_flag("--lint", options.lint,
               "list what RFC 6455 and 7692 forbid; exit status 1 if there is anything");
  app.add_option("--rules", options.rules,
                 "list what these rules would have done to it, see wstap-rules(5); exit status 6 if they "
                 "would have blocked anything")
      ->type_name("FILE")
      ->configurable(false);
  app.add_flag("--by-rule", options.by_rule, "with --rules: how often each rule would have done something")
      ->configurable(false);
  app.add_option("-Y,--filter", options.filter, "only what this expression picks, see wstap-filter(7)")
      ->type_name("FILTER");
}

void declare_shape(CLI::App& app, Options& options) {
  const OptionGroup group(app, "How to show it");
  add_choice<Shape>(
      app, "--format", options.format,
      {{"text", Shape::line},
       {"raw", Shape::raw},
       {"structured", Shape::structured},
       {"json", Shape::json},
       {"jsonl", Shape::jsonl}},
      "a line each; header and payload as bytes; every field, one a line; JSON Lines; the lossless "
      "JSON Lines, which hold every record with its bytes");
  app.add_flag("--raw", options.raw, "the same as --format raw");
  app.add_flag("--structured", options.structured, "the same as --format structured");
  app.add_flag("--json", options.json, "the same as --format json");
  app.add_option("-e,--fields", options.fields,
                 "these fields as columns, separated by commas; --list-fields lists them")
      ->type_name("LIST");
  app.add_flag("--list-fields", options.list_fields, "list the fields that filters and columns know");
  add_deflate_option(app, options.deflate);
  add_colour_option(app, options.colour);
}

void declare_reading(CLI::App& app, Options& options) {
  const OptionGroup group(app, "Reading and writing");
  app.add_flag("--follow", options.follow, "at the end wait for what is still written");
  // Not in the environment, where it would be the proxy's: what is to be listed must not be written.
  app.add_option("-w,--write", options.write_to,
                 "write a new capture instead: of everything, or of what the filter picks; several captures "
                 "are merged by time")
      ->type_name("OUT")
      ->configurable(false);
  app.add_option("--repair", options.repair_to, "copy all records before the damage to this new file")
      ->type_name("OUT");
  app.add_flag("--force", options.force, "overwrite that file");
  app.add_flag("-q,--quiet", options.quiet, "no progress, no notes");
}

/// Each option with those that make no sense beside it.
void declare_conflicts(CLI::App& app) {
  const auto exclude = [&app](const char* option, std::initializer_list<const char*> others) {
    for (const char* other : others) app.get_option(option)->excludes(app.get_option(other));
  };
  exclude("--flows", {"--messages", "--frame", "--lint"});
  exclude("--messages", {"--frame", "--lint"});
  exclude("--frame", {"--count", "--lint"});
  exclude("--count", {"--lint", "--format", "--raw", "--structured", "--json"});
  exclude("--lint", {"--raw", "--structured"});
  exclude("--format", {"--raw", "--structured", "--json"});
  exclude("--raw", {"--structured", "--json"});
  exclude("--structured", {"--json"});
  exclude("--fields", {"--flows", "--count", "--lint", "--format", "--raw", "--structured", "--json"});
  exclude("--filter", {"--frame"});
  exclude("--by-rule", {"--flows", "--messages", "--frame", "--count", "--lint", "--filter", "--format",
                        "--raw", "--structured", "--json", "--fields", "--repair", "--write"});
  exclude("--rules", {"--flows", "--messages", "--frame", "--lint", "--repair", "--write"});
  exclude("--repair", {"--flows", "--messages", "--frame", "--count", "--lint", "--format", "--raw",
                       "--structured", "--json", "--fields", "--filter", "--deflate", "--follow", "--write"});
  // What is written must be inflated where nobody can later, so --deflate has no say.
  exclude("--write", {"--flows", "--frame", "--count", "--lint", "--format", "--raw", "--structured",
                      "--json", "--fields", "--deflate", "--follow"});
}

}  // namespace

Run setup_inspect(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->files, "captures, read one after the other as one; -: standard input")
      ->type_name("");
  declare_what(app, *options);
  declare_shape(app, *options);
  declare_reading(app, *options);
  declare_conflicts(app);
  app.footer(
      "A frame's line: UTC time, FLOW:SEQ, -> (client to server) or <-, opcode, payload length, + (more "
      "fragments "
      "follow), z (compressed), rsv=N, the verdict unless it was forwarded, anomalies after !, payload.\n"
      "  wstap inspect --json session.wstap | jq -r 'select(.opcode == \"text\").payload'\n"
      "Manual: wstap-inspect(1)");
  return [&app, options](Io& io) { return run(app, *options, io); };
}

}  // namespace wstap::cmd
