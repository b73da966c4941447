// SPDX-License-Identifier: Apache-2.0
#include "cmd/flow_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/line_view.h"

namespace wstap::cmd {
namespace {

/// Ends of flows, and kinds of notes, that mean that a limit was hit (LIM-1, LIM-2, LIM-4, LIM-5).
constexpr std::array<std::string_view, 7> kLimits = {"frame_too_big",   "message_too_big", "idle_timeout",
                                                     "message_limited", "buffers_limited", "rate_limited",
                                                     "hold_queue_full"};

bool is_limit(std::string_view text) {
  return text.starts_with("limit '") ||
         std::ranges::find(kLimits, text.substr(0, text.find(':'))) != kLimits.end();
}

}  // namespace

/// @param text  makes the line, if anybody wants it.
template <class Text>
void FlowLog::line(bool limit, Text text) {
  const LogLevel level = limit ? LogLevel::warning : level_;
  if (log_.wants(level)) log_.line(level, (limit ? "limit hit: " : "") + text());
}

Result<void> FlowLog::flow_opened(const pipeline::FlowOpened& flow) {
  line(false, [&] {
    return fmt::format("flow {}: {} opened by {}", flow.id, flow.facts.url, flow.facts.client.address);
  });
  return {};
}

Result<void> FlowLog::flow_closed(const pipeline::FlowClosed& closed) {
  line(is_limit(closed.reason), [&] {
    return fmt::format("flow {}: {}  {}", closed.id, name(closed.state), formats::ending_text(closed));
  });
  return {};
}

Result<void> FlowLog::connection(const pipeline::ConnectionRecord& connection) {
  line(is_limit(connection.reason), [&] {
    return fmt::format("{}: {} {}: {}", connection.facts.client.address, connection.facts.url,
                       name(connection.kind), connection.reason);
  });
  return {};
}

Result<void> FlowLog::note(const pipeline::Note& note) {
  if (note.flow == 0) return {};  // who noted it has said it
  line(is_limit(note.text), [&] { return fmt::format("flow {}: {}", note.flow, note.text); });
  return {};
}

}  // namespace wstap::cmd
