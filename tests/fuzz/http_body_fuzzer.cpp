// SPDX-License-Identifier: Apache-2.0
// Bodies: their end, or their fault and its place, is the same in one buffer and in pieces. The first byte
// picks the size of the pieces, the second the framing.
#include <cstdlib>

#include "libcore/http1/body.h"

using namespace wstap;
using namespace wstap::http1;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::uint64_t taken = 0;
  bool done = false;
  std::optional<Error> error;
};

Outcome read(BodyFraming framing, Bytes in, std::size_t piece) {
  BodyReader reader(framing);
  Outcome outcome;
  while (!in.empty() && !reader.done()) {
    const Bytes part = in.first(std::min(piece, in.size()));
    const auto taken = reader.take(part);
    if (!taken) {
      outcome.error = taken.error();
      break;
    }
    require(*taken == part.size() || (*taken < part.size() && reader.done()));
    outcome.taken += *taken;
    in = in.subspan(*taken);
  }
  outcome.done = reader.done();
  return outcome;
}

BodyFraming framing(std::uint8_t choice) {
  if (choice < 192) return {BodyFraming::Kind::chunked, 0};
  if (choice == 255) return {BodyFraming::Kind::until_close, 0};
  return {BodyFraming::Kind::length, std::uint64_t{choice} - 191};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Bytes in = std::as_bytes(std::span(data, size)).subspan(2);
  const auto whole = read(framing(data[1]), in, std::max<std::size_t>(in.size(), 1));
  const auto pieces = read(framing(data[1]), in, std::max<std::size_t>(data[0], 1));
  require(whole.done == pieces.done && whole.error.has_value() == pieces.error.has_value());
  if (whole.error) {
    require(whole.error->code == pieces.error->code && whole.error->offset == pieces.error->offset);
    require(whole.error->offset < in.size());
  } else {
    require(whole.taken == pieces.taken);
  }
  return 0;
}
