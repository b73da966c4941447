// SPDX-License-Identifier: Apache-2.0
// Header sections that are too large: by their bytes, by the number of their fields, by what few bytes unfold
// to (H2-4).
#include <gmock/gmock.h>

#include "tests/unit/h2/raw_peer.h"

namespace wstap::h2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using namespace test;
using frames::block;
using frames::frame;
using frames::literal;
using wstap::test::concat;

constexpr Limits kFew{.header_list_bytes = 4'000, .header_fields = 20};

/// HEADERS and as many CONTINUATION as it takes.
Buffer section(std::uint32_t stream, Bytes fields, unsigned flags) {
  constexpr std::size_t kMost = 16'384;
  Buffer out;
  std::uint8_t type = frames::headers;
  do {
    const Bytes part = fields.first(std::min(kMost, fields.size()));
    fields = fields.subspan(part.size());
    append(out, frame(type, fields.empty() ? flags | frames::end_headers : flags, stream, part));
    type = frames::continuation;
    flags = 0;
  } while (!fields.empty());
  return out;
}

Buffer get_with(Bytes more) {
  return concat({frames::get_block(), more});
}
Buffer fields(std::size_t count, std::size_t value_bytes) {
  Buffer out;
  for (std::size_t i = 0; i < count; ++i) append(out, literal("x", std::string(value_bytes, 'v')));
  return out;
}
/// A field of 4,000 bytes that is put into the table, and then named again and again by one byte each.
Buffer bomb(std::size_t times) {
  Buffer out = literal("x", std::string(4'000, 'v'), 0x40);
  out.insert(out.end(), times, std::byte{0xbe});
  return out;
}

class HeaderLimits : public testing::Test {
 protected:
  void expect_refused(Bytes wire, const char* what) {
    SCOPED_TRACE(what);
    RawPeer raw(Role::server, kFew);
    raw.greet();
    raw.output();
    EXPECT_TRUE(raw.say(wire)) << "the connection goes on";
    EXPECT_TRUE(raw.peer.records.empty());
    EXPECT_THAT(raw.peer.refusals, ElementsAre(Pair(1, "its head is too large (answered with 431)")));
    EXPECT_EQ(raw.peer.session.open_streams(), 0U);
    const Buffer out = raw.output();
    EXPECT_THAT(text(out), HasSubstr("431"));
    EXPECT_LT(out.size(), 100U);
    raw.say(frames::get(3));
    EXPECT_EQ(raw.peer.only(), 3);
  }
};

// H2-4
TEST_F(HeaderLimits, H2_4_RequestsThatAreTooLargeAreAnsweredByTheSession) {
  constexpr auto kEnd = frames::end_stream;
  expect_refused(section(1, get_with(fields(1, 4'000)), kEnd), "bytes of one field");
  expect_refused(section(1, get_with(fields(5, 800)), kEnd), "bytes of several");
  expect_refused(section(1, get_with(fields(21, 1)), kEnd), "fields");
  expect_refused(section(1, get_with(fields(20, 4'000)), kEnd), "several frames");
  expect_refused(section(1, get_with(bomb(16'000)), kEnd), "64 MB out of 20 KB");
}

TEST_F(HeaderLimits, WhatIsWithinTheLimitsPasses) {
  RawPeer raw(Role::server, kFew);
  raw.greet();
  raw.say(section(1, get_with(fields(20, 1)), frames::end_stream));
  EXPECT_EQ(raw.peer[1].head().size(), 24U) << "pseudo-header fields are not counted";
  // All but the bytes of this field.
  Fields others = {
      {":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a.test"}, {"x", ""}};
  const std::size_t room = 4'000 - list_size(others);
  raw.say(section(3, get_with(fields(1, room)), frames::end_stream));
  EXPECT_EQ(list_size(raw.peer[3].head()), 4'000U);
  raw.say(section(5, get_with(fields(1, room + 1)), frames::end_stream));
  EXPECT_EQ(raw.peer.records.count(5), 0U);
}

// H2-4
TEST_F(HeaderLimits, H2_4_WhatFollowsTheHeadOfARefusedRequestIsNotWaitedFor) {
  RawPeer raw(Role::server, kFew);
  raw.greet();
  raw.output();
  raw.say(section(1, get_with(fields(1, 4'000)), 0));
  EXPECT_EQ(raw.said(), "HEADERS 1\nRST_STREAM 1 NO_ERROR\n");
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(raw.say(frame(frames::data, 0, 1, random_bytes(16'000, 1))));
  EXPECT_TRUE(raw.peer.records.empty());
  EXPECT_THAT(raw.said(), HasSubstr("WINDOW_UPDATE 0\n")) << "the connection does not stall for it";
}

TEST_F(HeaderLimits, TrailersOfARefusedRequestAreNoRequest) {
  RawPeer raw(Role::server, kFew);
  raw.greet();
  raw.output();
  // In one piece, so that they come before the request is answered.
  raw.say(
      concat({section(1, get_with(fields(21, 1)), 0), section(1, block({{"x", "y"}}), frames::end_stream)}));
  EXPECT_TRUE(raw.peer.records.empty());
  EXPECT_EQ(raw.said(), "HEADERS 1\n");
  EXPECT_EQ(raw.peer.session.open_streams(), 0U);
  EXPECT_TRUE(raw.say(frames::get(3)));
}

// H2-4
TEST_F(HeaderLimits, H2_4_TrailersThatAreTooLargeEndTheStream) {
  RawPeer raw(Role::server, kFew);
  raw.greet();
  raw.output();
  raw.say(section(1, frames::get_block(), 0));
  raw.say(section(1, fields(21, 1), frames::end_stream));
  EXPECT_EQ(raw.said(), "RST_STREAM 1 ENHANCE_YOUR_CALM\n");
  EXPECT_EQ(raw.peer[1].reset, static_cast<std::uint32_t>(Code::enhance_your_calm));
  EXPECT_TRUE(raw.peer[1].closed);
  EXPECT_EQ(raw.peer[1].sections.size(), 1U);
}

// H2-4
TEST_F(HeaderLimits, H2_4_ResponsesThatAreTooLargeEndTheStream) {
  for (const auto& more : {fields(21, 1), fields(2, 2'000), bomb(100)}) {
    RawPeer raw(Role::client, kFew);
    raw.greet();
    const auto head = Fields{{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}};
    const StreamId id = raw.peer.session.request(head, true).value();
    raw.output();
    raw.say(section(1, concat({block({{":status", "200"}}), more}), 0));
    EXPECT_EQ(raw.said(), "RST_STREAM 1 ENHANCE_YOUR_CALM\n");
    EXPECT_EQ(raw.peer[id].reset, static_cast<std::uint32_t>(Code::enhance_your_calm));
    EXPECT_TRUE(raw.peer[id].closed);
    EXPECT_TRUE(raw.peer[id].sections.empty());
    // What was put into the table by a section that was dropped can be referred to.
    EXPECT_TRUE(raw.peer.session.request(head, true).has_value());
    raw.output();
    EXPECT_TRUE(raw.say(section(3, block({{":status", "204"}}), frames::end_stream)));
    EXPECT_EQ(raw.peer[3].sections.size(), 1U);
  }
}

}  // namespace
}  // namespace wstap::h2
