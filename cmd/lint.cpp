// SPDX-License-Identifier: Apache-2.0
#include "cmd/lint.h"

#include <fmt/format.h>

#include "libcore/base/printable.h"

namespace wstap::cmd {

/// A later part says again what was open when it began.
void Lint::opened(const pipeline::FlowOpened& flow, std::string& out) {
  if (!flow.resumed && selection().takes(subject_of(flow.id)))
    report(out, "<- response", flow.id, 1, flow.anomalies);
}

void Lint::frame(const pipeline::Envelope& envelope, Bytes, std::string& out) {
  const bool sends = envelope.direction == ws::Direction::send;
  const auto where = fmt::format("{} {}", sends ? "->" : "<-", ws::opcode_name(envelope.frame.header.opcode));
  report(out, where, envelope.flow, envelope.sequence, envelope.anomalies);
}

void Lint::report(std::string& out, std::string_view where, pipeline::FlowId flow,
                  pipeline::Sequence sequence, ws::AnomalySet anomalies) {
  anomalies.for_each([&](const ws::AnomalyInfo& entry) {
    found_ = true;
    if (is_json(shape_)) {
      formats::JsonWriter json(out);
      json.add_word("type", "anomaly");
      json.add_if("capture", capture_);
      json.add("flow", flow);
      json.add("seq", sequence);
      json.add_word("name", entry.name);
      json.add_word("section", entry.section);
      json.add_word("meaning", entry.meaning);
      json.close_object();
      out += '\n';
    } else {
      out += fmt::format("{}: {}:{} {}: {} ({}): {}\n", printable(capture_), flow, sequence, where,
                         entry.name, entry.section, entry.meaning);
    }
  });
}

}  // namespace wstap::cmd
