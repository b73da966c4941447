// SPDX-License-Identifier: Apache-2.0
// ClientHellos: hostile bytes, and the same bytes in other records. The first byte picks the records' size. A
// hello that has been read does not change when more comes, and one that is refused stays refused.
#include <cstdlib>

#include "libcore/tls/client_hello.h"

using namespace wstap;
using namespace wstap::tls;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// `handshake` in records of `most` bytes.
Buffer records(Bytes handshake, std::size_t most) {
  Buffer wire;
  while (!handshake.empty()) {
    const Bytes piece = handshake.first(std::min(most, handshake.size()));
    wire.insert(wire.end(), {std::byte{0x16}, std::byte{3}, std::byte{1}});
    wire.push_back(static_cast<std::byte>(piece.size() >> 8));
    wire.push_back(static_cast<std::byte>(piece.size() & 0xff));
    append(wire, piece);
    handshake = handshake.subspan(piece.size());
  }
  return wire;
}

void check_prefixes(Bytes wire) {
  const auto whole = parse_client_hello(wire);
  for (std::size_t length = 0; length < wire.size(); length += 1 + length / 16) {
    const auto early = parse_client_hello(wire.first(length));
    if (!early) require(!whole);
    if (early && *early) require(whole && *whole && **whole == **early);
  }
}

void check_fingerprints(const ClientHello& hello) {
  require(ja3(hello).size() == 32);
  require(ja4(hello).size() == 36);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Bytes in = std::as_bytes(std::span(data, size)).subspan(1);
  // As a connection's bytes, records and all.
  check_prefixes(in);
  // As a handshake message: the records around it make no difference.
  const auto many = parse_client_hello(records(in, std::max<std::size_t>(data[0], 1)));
  const auto few = parse_client_hello(records(in, 16384));
  require(many.has_value() == few.has_value());
  if (!few) return 0;
  require(*many == *few);
  if (*few) check_fingerprints(**few);
  return 0;
}
