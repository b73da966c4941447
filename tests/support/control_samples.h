// SPDX-License-Identifier: Apache-2.0
// What can be said over a control socket: of every kind, with every field set, with none, at the extremes;
// and written out field by field, to be compared.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <string>
#include <vector>

#include "libcore/base/hex.h"
#include "libcore/control/port.h"
#include "tests/support/bytes.h"

namespace wstap::test {

constexpr auto kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr auto kMost64 = std::numeric_limits<std::uint64_t>::max();
constexpr auto kMostTime = std::numeric_limits<UnixNs>::max();

inline pipeline::HeldItem full_item(pipeline::HeldId id = {kMost32, kMost64}) {
  using namespace std::string_view_literals;
  pipeline::HeldItem item;
  item.id = id;
  item.direction = ws::Direction::receive;
  item.upgrade_url = "wss://example.com/chat?\x01\xff\0."sv;
  item.header = {.fin = true,
                 .masked = true,
                 .rsv = 7,
                 .opcode = 15,
                 .header_len = 14,
                 .mask = {std::byte{0x80}, std::byte{1}, std::byte{0}, std::byte{0xff}},
                 .payload_len = kMost64};
  item.opcode = 2;
  item.first = kMost64 - 1;
  item.compressed = true;
  item.inflation = ws::Inflation::needs_part;
  item.whole = false;
  item.payload = random_bytes(301, 1);
  item.raw = random_bytes(97, 2);
  item.rules = {"hold:transfers", "", "x"};
  using namespace std::string_literals;
  item.tags = {"a\0b"s, "\xff"};
  item.since_ns = std::numeric_limits<UnixNs>::min();
  item.expires_ns = kMostTime;
  item.on_timeout = pipeline::OnTimeout::drop;
  return item;
}
inline pipeline::HeldItemPtr shared(pipeline::HeldItem item) {
  return std::make_shared<const pipeline::HeldItem>(std::move(item));
}
/// A text of a client's that waits.
inline pipeline::HeldItemPtr held_text(pipeline::FlowId flow, pipeline::Sequence sequence,
                                       std::string_view text = "Hello") {
  pipeline::HeldItem item;
  item.id = {flow, sequence};
  item.opcode = 1;
  item.payload = bytes(text);
  return shared(std::move(item));
}

inline pipeline::Review full_review() {
  using namespace std::string_view_literals;
  pipeline::Review review;
  review.id = {kMost32, kMost64};
  review.action = pipeline::Review::Action::send_raw;
  review.by = "Ada Lovelace";
  review.body = random_bytes(300, 3);
  review.opcode = 255;
  review.fin = true;
  review.close_code = 65535;
  review.close_reason = "\xff\0bye"sv;
  review.raw = random_bytes(50, 4);
  return review;
}

/// Given, but empty, is not the same as left out.
inline pipeline::Review empty_review() {
  pipeline::Review review;
  review.action = pipeline::Review::Action::modify;
  review.body = Buffer();
  review.opcode = 0;
  review.fin = false;
  review.close_code = 0;
  review.close_reason = "";
  return review;
}

inline std::vector<control::Request> sample_requests() {
  std::vector<control::Request> samples = {
      {0, control::Unknown{}},
      {kMost32, control::Hello{65535, std::string(64, 'n')}},
      {1, control::Hello{0, ""}},
      {2, control::List{}},
      {3, control::List{pipeline::HeldId{kMost32, kMost64}}},
      {4, control::List{pipeline::HeldId{}}},
      {5, control::Watch{}},
      {6, control::Decide{full_review()}},
      {7, control::Decide{empty_review()}},
      {8, control::Decide{}},
      {9, control::Inject{}},
      {10, control::Inject{{kMost32, ws::Direction::receive, 255, random_bytes(99, 5),
                            pipeline::HeldId{kMost32, kMost64}, "Grace"}}},
      {11, control::Inject{{1, ws::Direction::send, 0, {}, pipeline::HeldId{}, ""}}},
      {12, control::ListFlows{}},
      {13, control::AskRules{false}},
      {14, control::AskRules{true}},
      {15, control::AskStats{}},
  };
  for (const auto action : {pipeline::Review::Action::release, pipeline::Review::Action::drop}) {
    pipeline::Review review;
    review.id = {1, 2};
    review.action = action;
    samples.push_back({16, control::Decide{review}});
  }
  return samples;
}

inline std::vector<control::Reply> sample_replies() {
  using Result = pipeline::ReviewAnswer::Result;
  return {
      {0, control::Unknown{}},
      {1, control::Welcome{65535, kMost32, "wstap 0.1.0"}},
      {2, control::Items{}},
      {3, control::Items{{shared(full_item()), shared({}), held_text(1, 2)}, true}},
      {0, control::Held{shared(full_item())}},
      {0, control::Held{shared({})}},
      {0, pipeline::Settled{{kMost32, kMost64}, "modify_and_forward", "Ada"}},
      {0, pipeline::Settled{}},
      {kMost32, control::Caught{}},
      {4, pipeline::ReviewAnswer{}},
      {5, pipeline::ReviewAnswer{Result::late, "Ada", "decided 2 s ago"}},
      {6, pipeline::ReviewAnswer{Result::refused, "", "after a Close"}},
      {7, control::Flows{}},
      {8,
       control::Flows{
           {{kMost32, "ws://x", "127.0.0.1:1", "[::1]:2", kMostTime, {1, kMost64}, {kMost64, 2}, kMost64, 3},
            {}}}},
      {9, control::Rules{}},
      {10, control::Rules{"/etc/rules.toml", kMost64, {"hold:a", "", "safety:b"}, "line 3: no"}},
      {11, control::Stats{}},
      {12, control::Stats{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, kMost64}},
      {13, control::Refusal{"why not"}},
      {0, control::Refusal{}},
  };
}

inline std::string told(pipeline::HeldId id) {
  return pipeline::to_text(id);
}
template <class T>
std::string told(const std::optional<T>& value) {
  if (!value) return "none";
  if constexpr (std::is_same_v<T, Buffer>)
    return to_hex(*value);
  else if constexpr (std::is_same_v<T, pipeline::HeldId>)
    return told(*value);
  else
    return fmt::format("'{}'", *value);
}

inline std::string told(const pipeline::HeldItem& i) {
  const auto& h = i.header;
  return fmt::format("{} {} '{}' [{} {} {} {} {} {} {}] {} {} {} {} {} {} {} {} {} {} {} {}", told(i.id),
                     name(i.direction), i.upgrade_url, h.fin, h.masked, h.rsv, h.opcode, h.header_len,
                     to_hex(h.mask), h.payload_len, i.opcode, i.first, i.compressed,
                     static_cast<int>(i.inflation), i.whole, to_hex(i.payload), to_hex(i.raw), i.rules,
                     i.tags, i.since_ns, i.expires_ns, name(i.on_timeout));
}

inline std::string told(const control::Unknown&) {
  return "unknown";
}
inline std::string told(const control::Hello& h) {
  return fmt::format("hello {} '{}'", h.version, h.name);
}
inline std::string told(const control::List& l) {
  return "list " + told(l.id);
}
inline std::string told(const control::Watch&) {
  return "watch";
}
inline std::string told(const control::Decide& d) {
  const auto& r = d.review;
  return fmt::format("decide {} {} '{}' {} {} {} {} {} {}", told(r.id), name(r.action), r.by, told(r.body),
                     told(r.opcode), told(r.fin), told(r.close_code), told(r.close_reason), to_hex(r.raw));
}
inline std::string told(const control::Inject& i) {
  const auto& r = i.request;
  return fmt::format("inject {} {} {} {} {} '{}'", r.flow, name(r.direction), r.opcode, to_hex(r.payload),
                     told(r.after), r.by);
}
inline std::string told(const control::ListFlows&) {
  return "flows?";
}
inline std::string told(const control::AskRules& a) {
  return fmt::format("rules? {}", a.reload);
}
inline std::string told(const control::AskStats&) {
  return "stats?";
}

inline std::string told(const control::Welcome& w) {
  return fmt::format("welcome {} {} '{}'", w.version, w.pid, w.program);
}
inline std::string told(const control::Items& items) {
  std::string all = fmt::format("items more={}", items.more);
  for (const auto& item : items.items) all += "\n  " + told(*item);
  return all;
}
inline std::string told(const control::Held& h) {
  return "held " + told(*h.item);
}
inline std::string told(const pipeline::Settled& s) {
  return fmt::format("settled {} '{}' '{}'", told(s.id), s.how, s.by);
}
inline std::string told(const control::Caught&) {
  return "caught";
}
inline std::string told(const pipeline::ReviewAnswer& a) {
  return fmt::format("answer {} '{}' '{}'", name(a.result), a.by, a.reason);
}
inline std::string told(const control::Flows& flows) {
  std::string all = "flows";
  for (const auto& f : flows.flows)
    all += fmt::format("\n  {} '{}' '{}' '{}' {} {} {} {} {}", f.id, f.url, f.client, f.server, f.since_ns,
                       f.frames, f.bytes, f.held, f.waiting);
  return all;
}
inline std::string told(const control::Rules& r) {
  return fmt::format("rules '{}' {} {} '{}'", r.path, r.version, r.rules, r.refused);
}
inline std::string told(const control::Stats& s) {
  return fmt::format("stats {} {} {} {} {} {} {} {} {} {} {} {} {} {}", s.flows, s.frames, s.bytes,
                     s.frames_unmasked, s.bytes_inflated, s.held_now, s.waiting_frames, s.waiting_bytes,
                     s.held, s.released, s.dropped, s.modified, s.timed_out, s.turned_away);
}
inline std::string told(const control::Refusal& r) {
  return fmt::format("refusal '{}'", r.reason);
}

/// A request or a reply.
template <class Said>
  requires requires(const Said& said) { said.serial; }
std::string told(const Said& said) {
  return fmt::format("{}: {}", said.serial,
                     std::visit([](const auto& body) { return told(body); }, said.body));
}

}  // namespace wstap::test
