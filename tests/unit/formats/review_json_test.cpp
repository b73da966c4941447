// SPDX-License-Identifier: Apache-2.0
// Held items, and what becomes of them, as JSON Lines: which members, in which order (HOLD-2, HOLD-6,
// HOLD-7).
#include "formats/review_json.h"

#include <gtest/gtest.h>

#include "libcore/filter/json_values.h"
#include "tests/support/terminal.h"

namespace wstap::formats {
namespace {

constexpr UnixNs kSince = 1'767'225'600'123'456'789;  // 2026-01-01T00:00:00.123456789Z
constexpr UnixNs kMinute = 60'000'000'000;

pipeline::HeldItem item_of(std::uint8_t opcode, std::string_view payload) {
  pipeline::HeldItem item;
  item.id = {1, 7};
  item.first = 7;
  item.opcode = opcode;
  item.upgrade_url = "ws://h/p";
  item.header = {.fin = true, .opcode = opcode, .header_len = 2, .payload_len = payload.size()};
  item.payload = to_buffer(as_bytes(payload));
  item.raw = to_buffer(as_bytes("raw"));
  item.rules = {"transfers"};
  item.since_ns = kSince;
  item.expires_ns = kSince + kMinute;
  return item;
}

std::string json_of(const pipeline::HeldItem& item) {
  std::string out;
  held_json(out, item);
  EXPECT_EQ(out.back(), '\n');
  EXPECT_TRUE(filter::is_json(out)) << out;
  EXPECT_FALSE(test::acts_on_terminal(out)) << out;
  return out;
}

bool has(const pipeline::HeldItem& item, std::string_view members) {
  return json_of(item).find(members) != std::string::npos;
}

TEST(HeldJson, HasTheseMembersInThisOrder) {  // HOLD-2
  EXPECT_EQ(
      json_of(item_of(ws::kText, "Hello")),
      R"({"type":"held","id":"1:7","flow_id":1,"sequence":7,"direction":"client_to_server","opcode":"text",)"
      R"("fin":true,"rsv":0,"masked":false,"length":5,"compressed":false,"upgrade_url":"ws://h/p",)"
      R"("payload":"Hello","raw_b64":"cmF3","rules":["transfers"],"since":"2026-01-01T00:00:00.123456789Z",)"
      R"("expires":"2026-01-01T00:01:00.123456789Z","on_timeout":"release"})"
      "\n");
}

TEST(HeldJson, PayloadsAreTextOrBytesAsInspectHasThem) {  // HOLD-2
  EXPECT_TRUE(has(item_of(ws::kBinary, "Hello"), R"("payload_b64":"SGVsbG8=")"));
  EXPECT_TRUE(has(item_of(ws::kText, "\xff"), R"("payload_b64":"/w==")"));
  EXPECT_TRUE(has(item_of(ws::kText, ""), R"("payload":"")"));
  EXPECT_TRUE(has(item_of(ws::kPing, "p"), R"("payload_b64":"cA==")"));
  EXPECT_TRUE(has(item_of(ws::kText, "\x1b[2J\u0085"), R"("payload":"\u001b[2J\u0085")"));
}

TEST(HeldJson, ACloseHasCodeAndReason) {  // HOLD-2
  using namespace std::string_view_literals;
  EXPECT_TRUE(has(item_of(ws::kClose,
                          "\x03\xe8"
                          "bye"),
                  R"("payload":"bye","close_code":1000,"close_reason":"bye",)"));
  EXPECT_TRUE(has(item_of(ws::kClose, ""), R"("payload":"","raw_b64")"));
  EXPECT_TRUE(has(item_of(ws::kClose, "\x03"sv), R"("payload_b64":"Aw==")"));
}

TEST(HeldJson, CompressedTextIsTextOnlyInflated) {  // HOLD-2
  auto item = item_of(ws::kText, "Hello");
  item.compressed = true;
  item.header.payload_len = 3;
  item.inflation = ws::Inflation::done;
  EXPECT_TRUE(has(item, R"("length":3,"compressed":true,)"));
  EXPECT_TRUE(has(item, R"("payload":"Hello","raw_b64":"cmF3","payload_length":5,)"));
  item.inflation = ws::Inflation::opaque;
  EXPECT_TRUE(has(item, R"("payload_b64":"SGVsbG8=","raw_b64":"cmF3","payload_length":5,"opaque":true,)"));
}

TEST(HeldJson, WhatIsUnusualIsSaid) {  // HOLD-2
  auto item = item_of(ws::kText, "a");
  item.direction = ws::Direction::receive;
  item.first = 4;
  item.whole = false;
  item.tags = {"slow"};
  item.on_timeout = pipeline::OnTimeout::drop;
  EXPECT_TRUE(has(item, R"("direction":"server_to_client")"));
  EXPECT_TRUE(has(item, R"("message":4,"whole":false,"rules":["transfers"],"tags":["slow"],)"));
  EXPECT_TRUE(has(item, R"("on_timeout":"drop"})"));
}

TEST(HeldJson, AUrlThatIsNoTextIsBytes) {
  auto item = item_of(ws::kText, "a");
  item.upgrade_url = "ws://\xff";
  EXPECT_TRUE(has(item, R"("upgrade_url_b64":"d3M6Ly//")"));
}

TEST(SettledJson, SaysWhatAndWho) {  // HOLD-7
  std::string out;
  settled_json(out, {.id = {3, 9}, .how = "drop", .by = "ann\n"});
  EXPECT_EQ(out, "{\"type\":\"settled\",\"id\":\"3:9\",\"how\":\"drop\",\"by\":\"ann\\n\"}\n");
}

TEST(AnswerJson, HasWhatThereIs) {  // HOLD-6
  using Result = pipeline::ReviewAnswer::Result;
  std::string out;
  answer_json(out, "1:7", {});
  answer_json(out, "1:8", {.result = Result::late, .by = "timeout", .reason = "decided already"});
  answer_json(out, "", {.result = Result::refused, .by = {}, .reason = "no"});
  EXPECT_EQ(out, R"({"id":"1:7","result":"ok"})"
                 "\n"
                 R"({"id":"1:8","result":"late","by":"timeout","reason":"decided already"})"
                 "\n"
                 R"({"id":null,"result":"refused","reason":"no"})"
                 "\n");
}

}  // namespace
}  // namespace wstap::formats
