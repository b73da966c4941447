// SPDX-License-Identifier: Apache-2.0
// Reads bent requests and replies of the control protocol, for a bounded time:
//   control_fuzzer SECONDS [SEED [NUMBER]]
#include "formats/control_codec.h"
#include "tests/fuzz/driver.h"
#include "tests/support/control_samples.h"

namespace wstap::fuzz {
namespace {

const formats::ControlCodec kCodec;

/// Conversations to begin with: each message alone, and all behind each other.
std::vector<Buffer> seed_streams() {
  std::vector<Buffer> seeds;
  Buffer requests, replies;
  for (const auto& request : test::sample_requests()) {
    seeds.push_back(kCodec.encode(request));
    append(requests, seeds.back());
  }
  for (const auto& reply : test::sample_replies()) {
    seeds.push_back(kCodec.encode(reply));
    append(replies, seeds.back());
  }
  seeds.push_back(requests);
  seeds.push_back(replies);
  return seeds;
}

/// Reads a stream to its end, to where more is needed, or to the first fault. What was understood is the same
/// after another turn through bytes.
void read_all(Bytes stream, const auto& take) {
  for (;;) {
    // Memory of its own, so that nobody reads beyond the end unseen.
    const Buffer rest = to_buffer(stream);
    const auto taken = take(rest);
    require(taken || taken.error().code == std::errc::bad_message, "a fault is a bad message");
    if (!taken || !*taken) return;
    require((*taken)->used > 0 && (*taken)->used <= rest.size(), "a message is part of what there is");
    const auto said = test::told((*taken)->message);
    const auto again = take(kCodec.encode((*taken)->message));
    require(again && *again, "what was understood can be said again");
    require(test::told((*again)->message) == said, "and is understood the same");
    stream = stream.subspan((*taken)->used);
  }
}

}  // namespace
}  // namespace wstap::fuzz

int main(int argc, char** argv) {
  using namespace wstap;
  return fuzz::drive(
      "control_fuzzer", argc, argv, fuzz::seed_streams(), [](const fuzz::Mutator::Mutant& mutant) {
        fuzz::read_all(mutant.bytes, [](Bytes bytes) { return fuzz::kCodec.take_request(bytes); });
        fuzz::read_all(mutant.bytes, [](Bytes bytes) { return fuzz::kCodec.take_reply(bytes); });
      });
}
