// SPDX-License-Identifier: Apache-2.0
#include "cmd/intercept_facts.h"

#include <fmt/format.h>

#include <ostream>

#include "cmd/control_access.h"
#include "cmd/intercept_once.h"
#include "cmd/output.h"
#include "formats/held_view.h"
#include "formats/json_writer.h"
#include "formats/review_json.h"
#include "libcore/base/printable.h"
#include "libcore/base/rfc3339.h"
#include "libcore/pipeline/frame_subject.h"
#include "libcore/pipeline/hold_cause.h"

namespace wstap::cmd {
namespace {

using formats::JsonWriter;

constexpr std::string_view kName = "intercept";

Exit print(Io& io, std::string_view text) {
  io.out << text;
  return io.out.flush() ? Exit::ok : output_failed(io);
}

/// Asks, and hands on what answers it as `Answer`.
template <class Answer, class Use>
Exit with_answer(control::Client& proxy, decltype(control::Request::body) request, Io& io, Use use) {
  const auto reply = proxy.ask(std::move(request));
  if (!reply) return connection_failed(reply.error(), io);
  const auto* answer = std::get_if<Answer>(&reply->body);
  if (answer != nullptr) return use(*answer);
  complain(io, kName, "the proxy answers something else");
  return Exit::network;
}

bool takes(const filter::Filter& filter, const pipeline::HeldItem& item) {
  auto envelope = formats::envelope_of(item);
  envelope.cause = pipeline::hold_cause(item.rules);
  envelope.note_hold();
  const pipeline::FlowNames names(item.id.flow, item.upgrade_url, {});
  const auto flow = names.subject();
  return filter.matches(pipeline::subject_of(envelope, item.payload, flow));
}

std::string flow_line(const control::FlowSummary& flow) {
  return fmt::format(
      "{:<9} {}  {} -> {}  -> {} frames {} bytes  <- {} frames {} bytes  held {}, waiting {}\n", flow.id,
      printable(flow.url), printable(flow.client), printable(flow.server), flow.frames[0], flow.bytes[0],
      flow.frames[1], flow.bytes[1], flow.held, flow.waiting);
}

std::string flow_json(const control::FlowSummary& flow) {
  std::string out;
  JsonWriter json(out);
  json.add_word("type", "flow");
  json.add("flow", flow.id);
  json.add_word("start", rfc3339(flow.since_ns));
  json.add_if("url", flow.url);
  json.add_if("client", flow.client);
  json.add_if("server", flow.server);
  for (const auto direction : {ws::Direction::send, ws::Direction::receive}) {
    json.open_object(name(direction));
    json.add("frames", flow.frames[ws::index(direction)]);
    json.add("bytes", flow.bytes[ws::index(direction)]);
    json.close_object();
  }
  json.add("held", flow.held);
  json.add("waiting", flow.waiting);
  json.close_object();
  return out + '\n';
}

std::string rules_json(const control::Rules& rules) {
  std::string out;
  JsonWriter json(out);
  json.add_word("type", "rules");
  json.add_if("path", rules.path);
  json.add("version", rules.version);
  json.add_list("rules", rules.rules);
  json.add_if("refused", rules.refused);
  json.close_object();
  return out + '\n';
}

std::string rules_lines(const control::Rules& rules) {
  std::string out;
  for (const auto& rule : rules.rules) out += printable(rule) + '\n';
  return out;
}

struct Counter {
  std::string_view name;
  std::uint64_t control::Stats::* value;
};
constexpr std::array kCounters = {
    Counter{"flows", &control::Stats::flows},
    Counter{"frames", &control::Stats::frames},
    Counter{"bytes", &control::Stats::bytes},
    Counter{"frames_unmasked", &control::Stats::frames_unmasked},
    Counter{"bytes_inflated", &control::Stats::bytes_inflated},
    Counter{"held_now", &control::Stats::held_now},
    Counter{"waiting_frames", &control::Stats::waiting_frames},
    Counter{"waiting_bytes", &control::Stats::waiting_bytes},
    Counter{"held", &control::Stats::held},
    Counter{"released", &control::Stats::released},
    Counter{"dropped", &control::Stats::dropped},
    Counter{"modified", &control::Stats::modified},
    Counter{"timed_out", &control::Stats::timed_out},
    Counter{"turned_away", &control::Stats::turned_away},
};

}  // namespace

Exit list_items(control::Client& proxy, const std::optional<filter::Filter>& filter, FactsForm form, Io& io) {
  return with_answer<control::Items>(proxy, control::List{}, io, [&](const control::Items& items) {
    const auto now = SystemClock().now_ns();
    for (const auto& item : items.items) {
      if (filter && !takes(*filter, *item)) continue;
      std::string line;
      form.json ? formats::held_json(line, *item) : formats::held_line(line, *item, now, form.colour);
      io.out << line;
    }
    return print(io, {});
  });
}

Exit show_item(control::Client& proxy, const std::string& id, Shape shape, Io& io) {
  const auto wanted = pipeline::held_id_of(id);
  if (!wanted) {
    complain(io, kName, bad_id_text(id));
    return Exit::usage;
  }
  return with_answer<control::Items>(proxy, control::List{wanted}, io, [&](const control::Items& items) {
    if (items.items.empty()) {
      complain(io, kName, fmt::format("{} is not held, or not any more (see 'wstap intercept list')", id));
      return Exit::failed;
    }
    std::string out;
    const auto& item = *items.items.front();
    shape == Shape::json  ? formats::held_json(out, item)
    : shape == Shape::raw ? formats::raw_view(out, item)
                          : formats::structured_view(out, item);
    return print(io, out);
  });
}

Exit show_flows(control::Client& proxy, FactsForm form, Io& io) {
  return with_answer<control::Flows>(proxy, control::ListFlows{}, io, [&](const control::Flows& flows) {
    for (const auto& flow : flows.flows) io.out << (form.json ? flow_json(flow) : flow_line(flow));
    return print(io, {});
  });
}

Exit show_rules(control::Client& proxy, bool reload, FactsForm form, Io& io) {
  return with_answer<control::Rules>(proxy, control::AskRules{reload}, io, [&](const control::Rules& rules) {
    const auto status = print(io, form.json ? rules_json(rules) : rules_lines(rules));
    if (rules.refused.empty()) return status;
    complain_in_lines(io, kName, "the rules stay as they are: " + rules.refused);
    return Exit::failed;
  });
}

Exit show_stats(control::Client& proxy, FactsForm form, Io& io) {
  return with_answer<control::Stats>(proxy, control::AskStats{}, io, [&](const control::Stats& stats) {
    std::string out;
    if (!form.json) {
      for (const auto& [name, value] : kCounters) out += fmt::format("{}: {}\n", name, stats.*value);
      return print(io, out);
    }
    JsonWriter json(out);
    json.add_word("type", "stats");
    for (const auto& [name, value] : kCounters) json.add(name, stats.*value);
    json.close_object();
    return print(io, out + '\n');
  });
}

}  // namespace wstap::cmd
