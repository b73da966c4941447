// SPDX-License-Identifier: Apache-2.0
// The server's side of SOCKS5: the same dialogue in one buffer and in pieces. The first byte picks the size
// of the pieces, its lowest bit whether a password is asked for.
#include <cstdlib>

#include "libcore/net/socks5.h"

using namespace wstap;
using namespace wstap::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Dialogue {
  Buffer answers;
  std::optional<Target> target;
  bool refused = false;
  std::size_t used = 0;
  bool operator==(const Dialogue&) const = default;
};

/// One step. @return false when the server wants more, or is at an end.
bool step(Socks5Server& server, Bytes& unread, Dialogue& dialogue) {
  const auto before = unread.size();
  auto next = server.next(unread);
  require(unread.size() <= before);
  dialogue.used += before - unread.size();
  if (std::holds_alternative<Socks5Server::NeedMore>(next)) {
    require(unread.size() == before);
    return false;
  }
  if (const auto* answer = std::get_if<Socks5Server::Answer>(&next)) {
    require(unread.size() < before);
    append(dialogue.answers, answer->bytes);
    return true;
  }
  if (const auto* request = std::get_if<Socks5Server::Request>(&next)) {
    require(!request->target.host.empty() && request->target.port != 0);
    dialogue.target = request->target;
  } else {
    append(dialogue.answers, std::get<Socks5Server::Refused>(next).bytes);
    dialogue.refused = true;
  }
  return false;
}

Dialogue talk(std::optional<SocksCredentials> credentials, Bytes wire, std::size_t piece) {
  Socks5Server server(std::move(credentials));
  Dialogue dialogue;
  std::size_t shown = 0;
  while (!dialogue.target && !dialogue.refused && shown < wire.size()) {
    shown = std::min(wire.size(), shown + piece);
    Bytes unread = wire.first(shown).subspan(dialogue.used);
    while (step(server, unread, dialogue)) {
    }
  }
  return dialogue;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes wire = std::as_bytes(std::span(data, size)).subspan(1);
  std::optional<SocksCredentials> credentials;
  if ((data[0] & 1) != 0) credentials = SocksCredentials{"u", "p"};
  const auto whole = talk(credentials, wire, std::max<std::size_t>(wire.size(), 1));
  require(whole == talk(credentials, wire, static_cast<std::size_t>(data[0] >> 1) + 1));
  return 0;
}
