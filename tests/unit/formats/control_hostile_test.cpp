// SPDX-License-Identifier: Apache-2.0
// What anybody might write to a control socket: bent messages, lengths that lie, requests of later versions
// (HOLD-7: it costs nobody but whoever wrote it).
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "formats/control_codec.h"
#include "tests/support/control_samples.h"

namespace wstap::formats {
namespace {

using test::told;
using Words = std::vector<std::uint64_t>;

const ControlCodec kCodec;

Words words_of(const Buffer& bytes) {
  Words words(bytes.size() / 8);
  std::memcpy(words.data(), bytes.data(), words.size() * 8);
  return words;
}
Bytes bytes_of(const Words& words) {
  return std::as_bytes(std::span(words));
}

/// A segment table and nothing else: how many segments beyond the first, their lengths in words.
Buffer table(std::uint32_t further, const std::vector<std::uint32_t>& lengths) {
  std::vector<std::uint32_t> numbers = {further};
  numbers.insert(numbers.end(), lengths.begin(), lengths.end());
  if (numbers.size() % 2 != 0) numbers.push_back(0);
  return to_buffer(std::as_bytes(std::span(numbers)));
}

/// Bytes of text and payload that came out, and entries of lists.
std::size_t size_of(const control::Reply& reply) {
  std::size_t total = 0;
  const auto add = [&](const auto& list) {
    total += list.size();
    for (const auto& entry : list) total += entry.size();
  };
  const auto add_item = [&](const pipeline::HeldItem& item) {
    total += 1 + item.payload.size() + item.raw.size() + item.upgrade_url.size();
    add(item.rules);
    add(item.tags);
  };
  if (const auto* items = std::get_if<control::Items>(&reply.body))
    for (const auto& item : items->items) add_item(*item);
  if (const auto* held = std::get_if<control::Held>(&reply.body)) add_item(*held->item);
  if (const auto* rules = std::get_if<control::Rules>(&reply.body)) add(rules->rules);
  if (const auto* flows = std::get_if<control::Flows>(&reply.body))
    for (const auto& flow : flows->flows)
      total += 1 + flow.url.size() + flow.client.size() + flow.server.size();
  return total;
}
std::size_t size_of(const control::Request& request) {
  if (const auto* decide = std::get_if<control::Decide>(&request.body)) {
    const auto& review = decide->review;
    return review.raw.size() + review.by.size() + review.body.value_or(Buffer()).size() +
           review.close_reason.value_or("").size();
  }
  const auto* inject = std::get_if<control::Inject>(&request.body);
  return inject != nullptr ? inject->request.payload.size() + inject->request.by.size() : 0;
}

/// What is read of `bytes` is in proportion to them: once its words, and a little.
template <class Taken>
void expect_proportion(const Taken& taken, Bytes bytes) {
  if (!taken) {
    EXPECT_EQ(taken.error().code, std::errc::bad_message);
  } else if (*taken) {
    EXPECT_LE((*taken)->used, bytes.size());
    EXPECT_LE(size_of((*taken)->message), bytes.size() + 1024 * 8);
  }
}

void bend_each_byte(const Buffer& sound, const auto& take) {
  for (std::size_t at = 0; at < sound.size(); ++at)
    for (const unsigned change : {0x01U, 0x80U, 0xffU, 0x04U, 0x10U}) {
      Buffer bent = sound;
      bent[at] ^= static_cast<std::byte>(change);
      SCOPED_TRACE(at);
      expect_proportion(take(bent), bent);
    }
}

TEST(HostileControl, OneBentByteIsAnErrorOrAnotherMessage) {
  for (const auto& said : test::sample_requests())
    bend_each_byte(kCodec.encode(said), [](Bytes bytes) { return kCodec.take_request(bytes); });
  for (const auto& said : test::sample_replies())
    bend_each_byte(kCodec.encode(said), [](Bytes bytes) { return kCodec.take_reply(bytes); });
}

// Wherever a pointer may stand, one that promises more than there is, or leads in a circle.
TEST(HostileControl, PointersThatLie) {
  const Words hostile = {
      0xffffffff00000001 | 7ULL << 32,
      0xfffffff800000001,
      0xfffffff900000001,
      0xfffffffa00000001,
      0xfffffffc00000001,
      0xfffffffe00000001,
      0x0000000700000001,
      0x00000000fffffffc,
      0x00000001fffffffc,
      0x0001000000000000,
      0x0000000ffffffffd,
      0xfffffffffffffffc,
      0x0000000000000002,
      0x0000000000000006,
      0xffffffffffffffff,
      0x0001000100000000 | 0xfffffffc,
  };
  for (const auto& said : test::sample_replies()) {
    const Words sound = words_of(kCodec.encode(said));
    for (std::size_t at = 1; at < sound.size(); ++at)
      for (const auto word : hostile) {
        Words words = sound;
        words[at] = word;
        expect_proportion(kCodec.take_reply(bytes_of(words)), bytes_of(words));
      }
  }
}

TEST(HostileControl, ListsOfNothingAreBounded) {
  for (const auto& said : test::sample_replies()) {
    const Words sound = words_of(kCodec.encode(said));
    for (std::size_t at = 1; at + 1 < sound.size(); ++at) {
      Words words = sound;
      words[at] = 0x0000000700000001;      // a composite list behind the next word, of no words
      words[at + 1] = 0x000000007ffffffc;  // its tag: half a billion elements of no size
      expect_proportion(kCodec.take_reply(bytes_of(words)), bytes_of(words));
    }
  }
}

// Two fields that point at one payload would make twice of it.
TEST(HostileControl, WhatIsPointedToTwiceCountsTwice) {
  pipeline::HeldItem item;
  item.payload = Buffer(100'000, std::byte{'x'});
  item.raw = Buffer(1, std::byte{'y'});
  Words words = words_of(kCodec.encode(control::Reply{0, control::Held{test::shared(item)}}));
  const auto is_list = [](std::uint64_t word, std::uint64_t bytes) {
    return (word & 3) == 1 && word >> 32 == (bytes << 3 | 2);
  };
  std::size_t changed = 0;
  for (std::size_t at = 1; at + 1 < words.size(); ++at) {
    // The payload's pointer leads to another segment: the one behind it is made the same.
    if ((words[at] & 7) != 2 || !is_list(words[at + 1], 1)) continue;
    words[at + 1] = words[at];
    ++changed;
  }
  ASSERT_EQ(changed, 1U);
  const auto taken = kCodec.take_reply(bytes_of(words));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, std::errc::bad_message);
}

TEST(HostileControl, TooLongIsSaidBeforeAnythingOfItCame) {
  constexpr std::uint32_t kRequest = control::kMaxRequestBytes / 8 - 1,
                          kReply = control::kMaxReplyBytes / 8 - 1;
  EXPECT_FALSE(kCodec.take_request(table(0, {kRequest})).value());
  EXPECT_EQ(kCodec.take_request(table(0, {kRequest + 1})).error().code, std::errc::bad_message);
  EXPECT_FALSE(kCodec.take_reply(table(0, {kReply})).value());
  EXPECT_EQ(kCodec.take_reply(table(0, {kReply + 1})).error().code, std::errc::bad_message);
  EXPECT_EQ(kCodec.take_request(table(1, {0xffffffff, 0xffffffff})).error().code, std::errc::bad_message);
  EXPECT_EQ(kCodec.take_request(table(512, {1})).error().code, std::errc::bad_message);
  EXPECT_EQ(kCodec.take_request(table(0, {0})).error().code, std::errc::bad_message);
  EXPECT_EQ(kCodec.take_request(as_bytes("GET / HTTP/1.1\r\n\r\n")).error().code, std::errc::bad_message);
}

/// The encoded request's words with the only one that is `from` made `to`.
Buffer with_number(const control::Request& request, std::uint16_t from, std::uint16_t to) {
  Buffer bytes = kCodec.encode(request);
  std::size_t found = 0;
  for (std::size_t at = 8; at + 1 < bytes.size(); at += 2) {
    std::uint16_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    if (number != from) continue;
    std::memcpy(bytes.data() + at, &to, sizeof to);
    ++found;
  }
  EXPECT_EQ(found, 1U);
  return bytes;
}

// What a later version asks for is not taken for something else.
TEST(NewerControl, RequestsThatAreNotKnownAreUnknown) {
  const auto expect_unknown = [](const Buffer& bytes) {
    const auto taken = kCodec.take_request(bytes);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ((*taken)->message.serial, 77U);
    EXPECT_TRUE(std::holds_alternative<control::Unknown>((*taken)->message.body));
  };
  constexpr std::uint16_t kStats = 8;
  for (const auto kind : std::to_array<std::uint16_t>({9, 10, 255, 65535}))
    expect_unknown(with_number({77, control::AskStats{}}, kStats, kind));
  pipeline::Review review;
  review.id = {500, 600};
  review.action = pipeline::Review::Action::send_raw;
  constexpr std::uint16_t kSendRaw = 3;
  expect_unknown(with_number({77, control::Decide{review}}, kSendRaw, 4));
}

}  // namespace
}  // namespace wstap::formats
