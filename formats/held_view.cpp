// SPDX-License-Identifier: Apache-2.0
#include "formats/held_view.h"

#include <fmt/format.h>

#include "formats/line_view.h"
#include "libcore/base/printable.h"
#include "libcore/base/rfc3339.h"

namespace wstap::formats {
namespace {

constexpr UnixNs kSecond = 1'000'000'000;

void field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("{}: {}\n", name, printable(value));
}

}  // namespace

pipeline::Envelope envelope_of(const pipeline::HeldItem& item) {
  pipeline::Envelope envelope;
  envelope.flow = item.id.flow;
  envelope.sequence = item.id.sequence;
  envelope.time_ns = item.since_ns;
  envelope.direction = item.direction;
  envelope.frame = {item.header, item.raw};
  envelope.frame.header.opcode = item.opcode;
  // What another process says need not fit together.
  if (item.header.header_len > item.raw.size()) envelope.frame.header.header_len = 0;
  envelope.placement.compressed = item.compressed;
  envelope.inflation = item.inflation;
  envelope.verdict = pipeline::Verdict::pending;
  envelope.tags = item.tags;
  // A continuation may be of either kind, and is text where it can be read as such.
  const bool may_be_text = item.opcode == ws::kText || item.opcode == ws::kContinuation;
  envelope.placement.message_opcode = may_be_text ? ws::kText : ws::kBinary;
  return envelope;
}

std::string rules_text(const pipeline::HeldItem& item) {
  std::string text;
  for (const auto& rule : item.rules) text += (text.empty() ? "" : ", ") + printable(rule);
  return text;
}

std::string time_left(const pipeline::HeldItem& item, UnixNs now_ns) {
  const UnixNs left = item.expires_ns - now_ns;
  return left <= 0 ? "expired" : fmt::format("{}s", (left + kSecond - 1) / kSecond);
}

void held_line(std::string& out, const pipeline::HeldItem& item, UnixNs now_ns, bool colour) {
  auto envelope = envelope_of(item);
  const auto left = time_left(item, now_ns);
  envelope.cause = item.expires_ns <= now_ns ? left : fmt::format("{} in {}", name(item.on_timeout), left);
  for (auto rule = item.rules.rbegin(); rule != item.rules.rend(); ++rule)
    envelope.cause = fmt::format("{}, {}", *rule, envelope.cause);
  LineView(colour).frame(out, envelope, item.payload);
}

void settled_line(std::string& out, const pipeline::Settled& settled, UnixNs now_ns, bool colour) {
  const auto time = rfc3339(now_ns).substr(11, 15);
  const char* const faint = colour ? "\x1b[2m" : "";
  const char* const plain = colour ? "\x1b[0m" : "";
  out += fmt::format("{}{}{}  {:<9} = {} ({})\n", faint, time, plain, to_text(settled.id),
                     printable(settled.how), printable(settled.by));
}

void raw_view(std::string& out, const pipeline::HeldItem& item) {
  raw_view(out, envelope_of(item), item.payload);
}

void structured_view(std::string& out, const pipeline::HeldItem& item) {
  structured_view(out, envelope_of(item), item.payload);
  field(out, "url", item.upgrade_url);
  for (const auto& rule : item.rules) field(out, "held by", rule);
  field(out, "expires", rfc3339(item.expires_ns));
  field(out, "on timeout", name(item.on_timeout));
  if (!item.whole) out += "whole: false\n";
}

}  // namespace wstap::formats
