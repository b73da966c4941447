// SPDX-License-Identifier: Apache-2.0
// The compressor of altered messages: what a plain zlib reads of it, within the agreed window.
#include "libcore/ws/deflater.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/bytes.h"
#include "tests/support/inflating_peer.h"

namespace wstap::ws {
namespace {

using test::bytes;
using test::hex;
using test::InflatingPeer;

Buffer message(Deflater& deflater, Bytes content) {
  Buffer out;
  deflater.begin();
  deflater.add(content, out);
  deflater.end(out);
  return out;
}

/// Words of a small vocabulary: there is much to refer back to, at every distance.
Buffer words(std::mt19937& engine, std::size_t size) {
  Buffer text;
  while (text.size() < size) append(text, std::to_string(engine() % 400) + " ");
  return text;
}

// RFC 7692 7.2.3.1 and 7.2.3.6
TEST(Deflater, WritesTheRfcsExamples) {
  Deflater deflater({});
  EXPECT_EQ(message(deflater, bytes("Hello")), hex("f2 48 cd c9 c9 07 00"));
  EXPECT_EQ(message(deflater, bytes("Hello")), hex("f2 00 11 00 00"));
  EXPECT_EQ(message(deflater, {}), hex("00"));
}

struct Parameters {
  bool takeover;
  std::uint8_t window_bits;
};
class DeflaterWindows : public testing::TestWithParam<Parameters> {};

// DEF-1, DEF-4: a peer whose window is no larger than agreed reads every message.
TEST_P(DeflaterWindows, KeepWithinWhatWasAgreed) {
  const auto [takeover, bits] = GetParam();
  std::mt19937 engine(bits);
  Deflater deflater({takeover, bits});
  InflatingPeer peer(takeover, bits);
  for (int i = 0; i < 200; ++i) {
    const Buffer content = words(engine, i % 7 == 0 ? 0 : engine() % 5000);
    ASSERT_EQ(peer.message(message(deflater, content)), content) << i;
  }
}

std::vector<Parameters> all_parameters() {
  std::vector<Parameters> all;
  for (const bool takeover : {true, false})
    for (std::uint8_t bits = 8; bits <= 15; ++bits) all.push_back({takeover, bits});
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, DeflaterWindows, testing::ValuesIn(all_parameters()), [](const auto& each) {
  return std::string(each.param.takeover ? "Takeover" : "Alone") + std::to_string(each.param.window_bits);
});

// DEF-5: what leaves while the message goes on can be read at once, and the whole of it at its end.
TEST(Deflater, FlushesInsideAMessage) {
  Deflater deflater({});
  InflatingPeer peer;
  deflater.begin();
  Buffer out;
  deflater.add(bytes("first, "), out);
  deflater.flush(out);
  const std::size_t flushed = out.size();
  deflater.add(bytes("second"), out);
  deflater.end(out);
  EXPECT_GT(flushed, 7U);
  EXPECT_EQ(peer.message(out), bytes("first, second"));

  out.clear();
  deflater.begin();
  deflater.add(bytes("all of it"), out);
  deflater.flush(out);
  deflater.end(out);  // with nothing new
  EXPECT_EQ(peer.message(out), bytes("all of it"));
  EXPECT_EQ(peer.message(message(deflater, bytes("next"))), bytes("next"));
}

// DEF-4: a message that never reached the peer is not referred to.
TEST(Deflater, ForgetsWhatDidNotLeave) {
  Deflater deflater({});
  InflatingPeer peer;
  const Buffer secret = bytes("something to refer to, again and again");
  message(deflater, secret);
  deflater.forget();
  EXPECT_EQ(peer.message(message(deflater, secret)), secret);
}

}  // namespace
}  // namespace wstap::ws
