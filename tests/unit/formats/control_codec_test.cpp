// SPDX-License-Identifier: Apache-2.0
// Every request and reply of the control protocol: written and read again, in pieces, and by Cap'n Proto's
// own tool (HOLD-6).
#include "formats/control_codec.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/control_samples.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

using test::told;

const ControlCodec kCodec;

auto take(const control::Request&, Bytes bytes) {
  return kCodec.take_request(bytes);
}
auto take(const control::Reply&, Bytes bytes) {
  return kCodec.take_reply(bytes);
}

void expect_same_again(const auto& said) {
  SCOPED_TRACE(told(said));
  const Buffer bytes = kCodec.encode(said);
  const auto taken = take(said, bytes);
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ((*taken)->used, bytes.size());
  EXPECT_EQ(told((*taken)->message), told(said));
}

TEST(ControlCodec, RequestsComeBack) {  // HOLD-6
  for (const auto& request : test::sample_requests()) expect_same_again(request);
}

TEST(ControlCodec, RepliesComeBack) {  // HOLD-6, HOLD-2
  for (const auto& reply : test::sample_replies()) expect_same_again(reply);
}

// No request says anything of rules but that the proxy is to read its own file again (SAFE-6).
TEST(ControlCodec, CarriesNoRules) {
  const auto with = kCodec.encode(control::Request{1, control::AskRules{true}});
  const auto without = kCodec.encode(control::Request{1, control::AskRules{false}});
  ASSERT_EQ(with.size(), without.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < with.size(); ++i) different += with[i] != without[i] ? 1 : 0;
  EXPECT_EQ(different, 1U);
}

template <class Said>
void expect_stream(const std::vector<Said>& samples) {
  Buffer stream;
  for (const auto& said : samples) append(stream, kCodec.encode(said));
  Bytes rest = stream;
  for (const auto& said : samples) {
    const auto taken = take(said, rest);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ(told((*taken)->message), told(said));
    EXPECT_EQ((*taken)->used % 8, 0U);
    rest = rest.subspan((*taken)->used);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(ControlCodec, MessagesFollowEachOther) {
  expect_stream(test::sample_requests());
  expect_stream(test::sample_replies());
}

template <class Said>
void expect_more_is_asked_for(const std::vector<Said>& samples) {
  for (const auto& said : samples) {
    const Buffer bytes = kCodec.encode(said);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of its own, so that a sanitizer sees whoever reads beyond it.
      const Buffer part = to_buffer(Bytes(bytes).first(size));
      const auto taken = take(said, part);
      ASSERT_TRUE(taken) << size << taken.error().text();
      ASSERT_FALSE(*taken) << size;
    }
  }
}

TEST(ControlCodec, PartsOfAMessageAskForMore) {
  expect_more_is_asked_for(test::sample_requests());
  expect_more_is_asked_for(test::sample_replies());
}

TEST(ControlCodec, ReadsAtAnyAddress) {
  for (const auto& said : test::sample_requests()) {
    for (std::size_t shift = 1; shift < 8; ++shift) {
      Buffer moved(shift);
      append(moved, kCodec.encode(said));
      const auto taken = kCodec.take_request(Bytes(moved).subspan(shift));
      ASSERT_TRUE(taken && *taken);
      EXPECT_EQ(told((*taken)->message), told(said));
    }
  }
}

TEST(ControlCodec, LargePayloadsFit) {  // HOLD-3
  pipeline::Review review;
  review.body = Buffer(64U << 20, std::byte{1});
  const auto request = kCodec.encode(control::Request{1, control::Decide{review}});
  EXPECT_LE(request.size(), control::kMaxRequestBytes);
  EXPECT_TRUE(kCodec.take_request(request).value());
  pipeline::HeldItem item;
  item.payload = *review.body;
  item.raw = *review.body;
  const auto reply = kCodec.encode(control::Reply{0, control::Held{test::shared(std::move(item))}});
  EXPECT_LE(reply.size(), control::kMaxReplyBytes);
  EXPECT_TRUE(kCodec.take_reply(reply).value());
}

/// What `capnp VERB SCHEMA TYPE` makes of `in`.
std::string capnp(const std::string& verb, const std::string& type, std::string_view in) {
  const test::TempDir folder;
  test::write_file(folder / "in", in);
  const std::string command = std::string(WSTAP_CAPNP) + " " + verb + " " + WSTAP_CONTROL_SCHEMA + " " +
                              type + " <" + (folder / "in") + " >" + (folder / "out");
  EXPECT_EQ(std::system(command.c_str()), 0);
  return test::read_file(folder / "out");
}

TEST(ControlCodec, CapnpToolReadsWhatIsSaid) {  // HOLD-6
  pipeline::Review review;
  review.id = {7, 12};
  review.action = pipeline::Review::Action::modify;
  review.body = test::bytes("Hello");
  EXPECT_EQ(
      capnp("decode --short", "Request",
            as_text(kCodec.encode(control::Request{3, control::Decide{review}}))),
      "(serial = 3, decide = (id = (flow = 7, sequence = 12), action = modify, by = \"\", hasBody = true, "
      "body = \"Hello\", hasOpcode = false, opcode = 0, hasFin = false, fin = false, hasCloseCode = false, "
      "closeCode = 0, hasCloseReason = false, raw = \"\"))\n");
  EXPECT_EQ(capnp("decode --short", "Reply",
                  as_text(kCodec.encode(control::Reply{0, pipeline::Settled{{7, 12}, "release", "Ada"}}))),
            "(serial = 0, settled = (id = (flow = 7, sequence = 12), how = \"release\", by = \"Ada\"))\n");
}

TEST(ControlCodec, ReadsWhatTheCapnpToolSays) {  // HOLD-6
  const auto bytes =
      capnp("encode", "Request", "(serial = 9, inject = (flow = 7, direction = receive, opcode = 2))");
  const auto taken = kCodec.take_request(as_bytes(bytes));
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(told((*taken)->message), "9: inject 7 receive 2  none ''");
}

}  // namespace
}  // namespace wstap::formats
