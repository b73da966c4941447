// SPDX-License-Identifier: Apache-2.0
// A rules file, and behind a NUL what somebody says: the rules are read whole, and then judge it, or all that
// is wrong with them has a place inside the file.
#include <algorithm>
#include <cstdlib>

#include "libcore/rules/rule_set.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text, const std::vector<rules::Fault>& faults) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  require(!faults.empty());
  for (const auto& fault : faults) require(!fault.text.empty() && fault.line <= lines);
}

void judge(const pipeline::Pipeline& pipeline, Bytes said) {
  const pipeline::FlowNames names(1, "wss://example.com/chat", "chat");
  (void)pipeline.records(names);
  (void)pipeline.scope().refusal({"example.com", 443, "https", "/chat", true});
  pipeline::Limiter limiter;
  limiter.use(pipeline.limits());
  if (const auto hit = limiter.admit(names.destination(), 1)) require(hit->wait_ns > 0);
  auto limits = limiter.limits_of(names.destination());
  const auto passage = limiter.pass(limits, ws::Direction::send, said, 2);
  require(passage.bytes <= said.size() && (passage.hit || passage.bytes == said.size()));
  const pipeline::Plan plan = pipeline.plan(names);
  for (const auto direction : {ws::Direction::receive, ws::Direction::send}) {
    pipeline::Envelope envelope{.flow = 1, .sequence = 2, .direction = direction};
    envelope.frame.header = {.fin = true, .opcode = ws::kText, .payload_len = said.size()};
    envelope.placement = {.part = ws::Part::whole, .message_opcode = ws::kText};
    envelope.says = pipeline::Says::message;
    const auto decision = plan.judge(envelope, said);
    require(decision.kind == pipeline::Decision::Kind::go_on || !decision.cause.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto text = input.substr(0, input.find('\0'));
  const auto read = rules::parse(text);
  if (!read) {
    check(text, read.error());
    return 0;
  }
  judge(read->pipeline(), as_bytes(input.substr(text.size())));
  if (read->output && read->output->payloads(ws::Direction::receive) != nullptr)
    (void)read->output->payloads(ws::Direction::receive)->rewrite(as_bytes(input.substr(text.size())));
  return 0;
}
