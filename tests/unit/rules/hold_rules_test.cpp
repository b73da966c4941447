// SPDX-License-Identifier: Apache-2.0
// [[hold]] and [hold_queue] of rules files: what they mean, and what is wrong with them (HOLD-1, HOLD-5).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/rules/rule_set.h"

namespace wstap::test {
namespace {

TEST(HoldRules, Hold5_SettingsAsTheyAreWritten) {
  const auto rules = rules::parse(
      "[hold_queue]\ncapacity = 7\nbytes = \"1M\"\ntimeout = \"90s\"\non_timeout = \"drop\"\non_full = "
      "\"release\"\n"
      "control = \"wait\"\nkeepalive = \"off\"\nkeepalive_client = \"2s\"\n"
      "[[hold]]\nid = \"a\"\nfilter = 'text'\npause = \"flow\"\nphase = \"websocket_frame\"\n[[hold]]\nid = "
      "\"b\"\n");
  ASSERT_TRUE(rules) << rules.error().front().text;
  const auto& queue = rules->hold_queue;
  EXPECT_EQ(queue.capacity, 7U);
  EXPECT_EQ(queue.bytes, 1U << 20);
  EXPECT_EQ(queue.timeout_ns, 90'000'000'000);
  EXPECT_EQ(queue.on_timeout, pipeline::OnTimeout::drop);
  EXPECT_EQ(queue.on_full, pipeline::OnFull::release);
  EXPECT_TRUE(queue.control_waits);
  EXPECT_EQ(queue.keepalive_ns, 0);
  EXPECT_EQ(queue.keepalive_client_ns, 2'000'000'000);
  ASSERT_EQ(rules->holds.size(), 2U);
  EXPECT_TRUE(rules->holds[0].pauses_flow);
  EXPECT_FALSE(rules->holds[1].pauses_flow);
  EXPECT_FALSE(rules->holds[1].filter);
  EXPECT_EQ(rules->pipeline().holds().capacity, 7U);
}

TEST(HoldRules, Hold5_DefaultsWithoutAWord) {
  const auto rules = rules::parse("");
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->hold_queue.capacity, 100U);
  EXPECT_EQ(rules->hold_queue.timeout_ns, 60'000'000'000);
  EXPECT_EQ(rules->hold_queue.on_full, pipeline::OnFull::wait);
}

TEST(HoldRules, Hold1_WhatIsWrongAndWhere) {
  struct Wrong {
    std::string toml;
    std::size_t line;
    std::string text;
  };
  for (const auto& [toml, line, text] : {
           Wrong{"[[hold]]\nfilter = 'text'\n", 1, "wants an id"},
           Wrong{"[[hold]]\nid = 'a'\n[[hold]]\nid = 'a'\n", 4, "'a'"},
           Wrong{"[[hold]]\nid = 'a'\nfilter = 'verdict == dropped'\n", 3, "before they have a verdict"},
           Wrong{"[[hold]]\nid = 'a'\nfilter = 'tag == \"x\"'\n", 3, "transforms"},
           Wrong{"[[hold]]\nid = 'a'\nphase = 'http_request'\n", 3, "websocket_frame"},
           Wrong{"[[hold]]\nid = 'a'\npause = 'both'\n", 3, "flow"},
           Wrong{"[[hold]]\nid = 'a'\naction = 'drop'\n", 3, "action"},
           Wrong{"[hold_queue]\ntimeout = '500ms'\n", 2, "at least"},
           Wrong{"[hold_queue]\ncapacity = 0\n", 2, "capacity"},
           Wrong{"[hold_queue]\non_full = 'close'\n", 2, "release"},
           Wrong{"[hold_queue]\nkeepalive = 'never'\n", 2, "keepalive"},
       }) {
    const auto rules = rules::parse(toml);
    ASSERT_FALSE(rules) << toml;
    EXPECT_EQ(rules.error().front().line, line) << toml << rules.error().front().text;
    EXPECT_THAT(rules.error().front().text, testing::HasSubstr(text)) << toml;
  }
}

}  // namespace
}  // namespace wstap::test
