// SPDX-License-Identifier: Apache-2.0
// `wstap proxy` with one step that alters messages by how they begin, so that tests with real peers can tell
// what should arrive; no option of the program configures such a step yet. tests/support/altering.py runs it.
//
// The step judges uncompressed messages frame by frame, compressed ones whole:
//   drop:...    01...   does not leave
//   change:X    02 X    leaves as changed:XX, 82 XX
//   inject:...  03...   passes, between the text "injected" and the same in binary
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string_view>

#include "cmd/authority.h"
#include "cmd/output.h"
#include "cmd/proxy_options.h"
#include "cmd/signals.h"
#include "libcore/net/proxy_core.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Verdict;

/// How messages of one type begin.
struct Tags {
  std::string_view drop, change, changed, inject;
};
constexpr Tags kText{"drop:", "change:", "changed:", "inject:"};
constexpr Tags kBinary{"\x01", "\x02", "\x82", "\x03"};
constexpr std::string_view kInjected = "injected";

Decision altered(const ws::FrameHeader& header, std::string_view content, const Tags& tags) {
  Decision decision{.cause = "altering", .header = header};
  if (content.starts_with(tags.drop)) {
    decision.kind = Decision::Kind::drop;
    decision.verdict = Verdict::dropped;
  } else if (content.starts_with(tags.change)) {
    decision.kind = Decision::Kind::replace;
    decision.verdict = Verdict::changed;
    const auto rest = content.substr(tags.change.size());
    for (const auto part : {tags.changed, rest, rest}) append(decision.payload, part);
  } else if (content.starts_with(tags.inject)) {
    const Buffer payload = to_buffer(as_bytes(kInjected));
    decision.before.push_back({{.fin = true, .opcode = ws::kText}, payload, "altering"});
    decision.after.push_back({{.fin = true, .opcode = ws::kBinary}, payload, "altering"});
    decision.cause.clear();
  } else {
    decision.cause.clear();
  }
  return decision;
}

using Directions = std::array<bool, 2>;  ///< by ws::index

class AlteringFlow final : public pipeline::FlowStep {
 public:
  explicit AlteringFlow(Directions directions) : directions_(directions) {}

  pipeline::Needs needs() const override { return {.payloads = true, .alters = true}; }
  Decision judge(const pipeline::Envelope& envelope, Bytes payload) override {
    const bool in_message = envelope.placement.part != ws::Part::none;
    if (!in_message || !directions_[ws::index(envelope.direction)] || !envelope.says_content()) return {};
    const bool text = envelope.placement.message_opcode == ws::kText;
    return altered(envelope.frame.header, as_text(payload), text ? kText : kBinary);
  }

 private:
  Directions directions_;
};

class AlteringStep final : public pipeline::Step {
 public:
  explicit AlteringStep(Directions directions) : directions_(directions) {}

  pipeline::StepKind kind() const noexcept override { return pipeline::StepKind::transform; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames&) const override {
    return std::make_unique<AlteringFlow>(directions_);
  }

 private:
  Directions directions_;
};

/// What `wstap proxy` can be told, and what only this program can.
struct Settings {
  cmd::ProxySettings proxy;
  Directions directions = {true, true};
};

void declare(CLI::App& app, Settings& s) {
  cmd::declare_proxy_options(app, s.proxy);
  cmd::add_choice<Directions>(app, "--directions", s.directions,
                              {{"both", {true, true}}, {"send", {true, false}}, {"receive", {false, true}}},
                              "messages to alter");
}

/// @return what went wrong; empty: nothing.
std::string serve(Settings& s, Log& log) {
  cmd::StopSignals signals;
  auto authority = cmd::open_authority(s.proxy.authority);
  if (!authority) return authority.error().text();
  auto tls = tls::Interception::make(std::move(*authority), s.proxy.tls);
  if (!tls) return tls.error().text();
  SystemClock clock;
  auto writer = formats::CaptureWriter::open(s.proxy.capture, clock);
  if (!writer) return writer.error().text();

  net::ProxyCore core(s.proxy.net, {**writer, clock, log, *tls});
  core.pipeline.replace(pipeline::Pipeline({std::make_shared<AlteringStep>(s.directions)}));
  const auto bound = core.listen();
  if (!bound) return bound.error().text();
  const auto address = cmd::ready_text({net::to_string(bound->front())});
  if (auto told = cmd::replace_file(s.proxy.ready_file, address); !told) return told.error().text();
  signals.listen([&core](int, int) { core.stop(); });
  const bool drained = core.run();
  signals.end();
  return drained ? "" : "connections were cut, or recording failed";
}

int run(int argc, char** argv) {
  CLI::App app("wstap proxy with a step that alters messages by how they begin", "altering_proxy");
  Settings settings;
  declare(app, settings);
  app.get_option("--write")->required();
  app.get_option("--ready-file")->required();
  CLI11_PARSE(app, argc, argv);
  std::string wrong = cmd::complete_proxy_settings(app, settings.proxy);
  const auto log = cmd::make_log("altering_proxy", settings.proxy.log);
  if (wrong.empty()) wrong = serve(settings, *log);
  if (wrong.empty()) return 0;
  std::cerr << "altering_proxy: " << wrong << '\n';
  return 1;
}

}  // namespace
}  // namespace wstap::test

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return wstap::test::run(argc, argv);
}
