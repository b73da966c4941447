// SPDX-License-Identifier: Apache-2.0
// A proxy that only holds frames, for tests of `wstap intercept`: a real control server, and behind it items
// that come and go as standard input says. What reviewers decide stands on standard output.
//
//   held_frames SOCKET
//     hold ID OPCODE RULE HEX [receive]    an item comes; HEX "-": an empty payload
//     many N LENGTH                        N text items of flow 1, from 1:2 on, of so many bytes
//     settle ID HOW BY                     one is decided elsewhere
//     refuse ID                            the next decision about it cannot be done
#include <fmt/format.h>

#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "formats/control_codec.h"
#include "formats/decision_json.h"
#include "libcore/base/hex.h"
#include "libcore/control/server.h"

namespace wstap {
namespace {

using pipeline::HeldId;
using pipeline::HeldItem;
using pipeline::HeldItemPtr;
using pipeline::ReviewAnswer;

constexpr UnixNs kMinute = 60'000'000'000;

void say(const std::string& line) {
  std::cout << line << '\n' << std::flush;
}

std::string text_of(const pipeline::Review& review) {
  std::string text = fmt::format("review {} {} by={}", to_text(review.id), name(review.action), review.by);
  if (review.body) text += " body=" + to_hex(*review.body);
  if (review.opcode) text += fmt::format(" opcode={}", ws::opcode_name(*review.opcode));
  if (review.fin) text += fmt::format(" fin={}", *review.fin);
  if (review.close_code) text += fmt::format(" code={}", *review.close_code);
  if (review.close_reason) text += fmt::format(" reason={}", *review.close_reason);
  if (!review.raw.empty()) text += " raw=" + to_hex(review.raw);
  return text;
}

class HeldFrames final : public control::Port {
 public:
  void hold(HeldItem item) {
    const std::lock_guard lock(lock_);
    const auto shared = std::make_shared<const HeldItem>(std::move(item));
    items_[shared->id] = shared;
    for (auto* watcher : watchers_) watcher->held(shared);
  }
  void settle(const pipeline::Settled& settled) {
    const std::lock_guard lock(lock_);
    settle_locked(settled);
  }
  void refuse(HeldId id) {
    const std::lock_guard lock(lock_);
    refused_.insert(id);
  }

  std::vector<HeldItemPtr> items() const override {
    const std::lock_guard lock(lock_);
    return all();
  }
  HeldItemPtr item(HeldId id) const override {
    const std::lock_guard lock(lock_);
    const auto found = items_.find(id);
    return found == items_.end() ? nullptr : found->second;
  }
  void review(pipeline::Review review, Done<ReviewAnswer> done) override {
    const std::lock_guard lock(lock_);
    using Result = ReviewAnswer::Result;
    if (!items_.contains(review.id)) {
      const auto by = settled_.find(review.id);
      return done({.result = Result::late,
                   .by = by != settled_.end() ? by->second : "",
                   .reason = by != settled_.end() ? "it is decided already" : "there is no such item"});
    }
    say(text_of(review));
    if (refused_.erase(review.id) != 0)
      return done({.result = Result::refused, .by = {}, .reason = "a rule blocks that"});
    settle_locked({review.id, std::string(name(review.action)), review.by});
    done({});
  }
  void inject(pipeline::InjectRequest request, Done<ReviewAnswer> done) override {
    say(fmt::format("inject {} {} {} {} after={} by={}", request.flow, ws::long_name(request.direction),
                    ws::opcode_name(request.opcode), to_hex(request.payload),
                    request.after ? to_text(*request.after) : "-", request.by));
    const bool known = request.flow == 1;
    done(known ? ReviewAnswer{} : ReviewAnswer{ReviewAnswer::Result::refused, {}, "there is no such flow"});
  }
  void flows(Done<std::vector<control::FlowSummary>> done) override {
    control::FlowSummary flow;
    flow.id = 1;
    flow.url = "ws://example.com/chat\x1b[2J";
    flow.client = "127.0.0.1:1";
    flow.server = "127.0.0.1:2";
    flow.since_ns = 1'767'225'600'000'000'000;
    flow.frames = {3, 4};
    flow.bytes = {30, 40};
    flow.held = 1;
    flow.waiting = 2;
    done({flow});
  }
  void rules(bool reload, Done<control::Rules> done) override {
    done({.path = "rules.toml",
          .version = 3,
          .rules = {"hold:transfers"},
          .refused = reload ? "rules.toml:1:2: no" : ""});
  }
  control::Stats stats() const override {
    control::Stats stats;
    stats.flows = 1;
    stats.frames = 7;
    stats.held_now = 2;
    return stats;
  }

  std::vector<HeldItemPtr> watch(pipeline::HoldWatcher& watcher) override {
    const std::lock_guard lock(lock_);
    watchers_.insert(&watcher);
    return all();
  }
  void unwatch(pipeline::HoldWatcher& watcher) override {
    const std::lock_guard lock(lock_);
    watchers_.erase(&watcher);
  }

 private:
  std::vector<HeldItemPtr> all() const {
    std::vector<HeldItemPtr> items;
    for (const auto& [id, item] : items_) items.push_back(item);
    return items;
  }
  void settle_locked(const pipeline::Settled& settled) {
    items_.erase(settled.id);
    settled_[settled.id] = settled.by;
    for (auto* watcher : watchers_) watcher->settled(settled);
  }

  mutable std::mutex lock_;
  std::map<HeldId, HeldItemPtr> items_;
  std::map<HeldId, std::string> settled_;  ///< by whom
  std::set<HeldId> refused_;
  std::set<pipeline::HoldWatcher*> watchers_;
};

HeldItem item_of(HeldId id, std::uint8_t opcode, const std::string& rule, Buffer payload,
                 ws::Direction direction) {
  HeldItem item;
  item.id = id;
  item.first = id.sequence;
  item.direction = direction;
  item.opcode = opcode;
  item.upgrade_url = "ws://example.com/chat";
  item.header = {.fin = true, .opcode = opcode, .payload_len = payload.size()};
  item.header.header_len = ws::minimal_header_len(payload.size(), false);
  item.raw.resize(ws::kMaxHeader);
  item.raw.resize(ws::encode_header(item.header, item.raw));
  append(item.raw, Bytes(payload));
  item.payload = std::move(payload);
  item.rules = {rule};
  item.since_ns = SystemClock().now_ns();
  item.expires_ns = item.since_ns + kMinute;
  return item;
}

void obey(HeldFrames& proxy, const std::string& line) {
  std::istringstream words(line);
  std::string verb, id, a, b, c, d;
  words >> verb >> id >> a >> b >> c >> d;
  const auto held = pipeline::held_id_of(id).value_or(HeldId());
  const auto direction = d.empty() && c != "receive" ? ws::Direction::send : ws::Direction::receive;
  if (verb == "hold")
    proxy.hold(item_of(held, formats::opcode_of(a).value_or(0), b,
                       from_hex(c == "-" ? "" : c).value_or(Buffer()), direction));
  if (verb == "many")
    for (std::uint64_t i = 0; i < std::stoull(id); ++i)
      proxy.hold(item_of({1, 2 + i}, ws::kText, "many", Buffer(std::stoull(a), std::byte{'x'}),
                         ws::Direction::send));
  if (verb == "settle") proxy.settle({held, a, b});
  if (verb == "refuse") proxy.refuse(held);
  say("done " + line);
}

class NoLog final : public Log {
 public:
  bool wants(LogLevel) const noexcept override { return false; }
  void line(LogLevel, std::string_view) override {}
};

int run(const std::string& path) {
  HeldFrames proxy;
  const formats::ControlCodec codec;
  NoLog log;
  control::ServerOptions options;
  options.path = path;
  options.program = "held_frames";
  control::Server server(std::move(options), proxy, codec, log);
  if (const auto started = server.start(); !started) {
    std::cerr << started.error().text() << '\n';
    return 1;
  }
  say("ready");
  for (std::string line; std::getline(std::cin, line);) obey(proxy, line);
  server.stop();
  return 0;
}

}  // namespace
}  // namespace wstap

int main(int argc, char** argv) {
  return argc == 2 ? wstap::run(argv[1]) : 2;
}
