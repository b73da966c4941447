// SPDX-License-Identifier: Apache-2.0
// Who plays a script, under any answers: what it says and finds does not depend on how they arrive. Then two
// halves of the input as JSON: what differs one way differs the other way, and nothing differs from itself.
// The first byte is the size of the pieces, the second chooses the options.
#include "libcore/replay/player.h"
#include "tests/fuzz/require.h"
#include "tests/support/bytes.h"
#include "tests/support/fixed_entropy.h"

namespace wstap::test {
namespace {

replay::Script script() {
  replay::Script made;
  for (const char* text : {"> ask", "< {\"a\":1}", "< b", "> more", "< c"}) {
    replay::Line line;
    line.ours = text[0] == '>';
    line.sequence = made.lines.size() + 2;
    line.opcode = ws::kText;
    line.payload = bytes(text + 2);
    line.frames = {2, 1};
    made.lines.push_back(std::move(line));
  }
  return made;
}

struct Played {
  Buffer said;
  std::vector<replay::Finding> findings;
  bool failed = false, over = false;
};

Played play(Bytes answers, std::size_t piece, unsigned bits) {
  static const replay::Script kScript = script();
  FixedEntropy entropy;
  replay::PlayOptions options;
  options.max_frame_bytes = options.max_message_bytes = 3000;
  if ((bits & 1) != 0) options.role = replay::Role::server;
  if ((bits & 2) != 0) options.match = replay::Match::exact;
  const auto live = ws::negotiated(ws::parse_extensions((bits & 4) != 0 ? "permessage-deflate" : ""));
  replay::Player player(kScript, live, options, entropy);
  Played played;
  Buffer unread;
  const auto turn = [&] {
    Bytes rest = unread;
    auto said = player.turn(rest, 0);
    unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(unread.size() - rest.size()));
    played.failed = !said;
    if (said) append(played.said, *said);
  };
  turn();
  while (!answers.empty() && !played.failed && !player.over()) {
    const Bytes next = answers.first(std::min(piece, answers.size()));
    append(unread, next);
    answers = answers.subspan(next.size());
    turn();
  }
  player.ended();
  played.findings = player.findings();
  played.over = player.over();
  return played;
}

void check_player(Bytes answers, std::size_t piece, unsigned bits) {
  const Played whole = play(answers, std::max<std::size_t>(answers.size(), 1), bits);
  const Played pieces = play(answers, piece, bits);
  require(whole.over && pieces.over && whole.failed == pieces.failed);
  require(whole.findings.size() == pieces.findings.size());
  for (std::size_t i = 0; i < whole.findings.size(); ++i) {
    require(whole.findings[i].kind == pieces.findings[i].kind);
    require(whole.findings[i].line == pieces.findings[i].line &&
            whole.findings[i].got == pieces.findings[i].got);
  }
}

void check_json(std::string_view a, std::string_view b) {
  const auto there = replay::json_differences(a, b, {}), back = replay::json_differences(b, a, {});
  require(there.has_value() == back.has_value());
  if (!there) return;
  require(there->size() == back->size());
  for (std::size_t i = 0; i < there->size(); ++i) {
    require((*there)[i].pointer == (*back)[i].pointer);
    require((*there)[i].expected == (*back)[i].got && (*there)[i].got == (*back)[i].expected);
  }
  require(replay::json_differences(a, a, {})->empty());
}

}  // namespace
}  // namespace wstap::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wstap;
  if (size < 2) return 0;
  const Bytes input = std::as_bytes(std::span(data + 2, size - 2));
  test::check_player(input, data[0] % 64 + std::size_t{1}, data[1]);
  const std::string_view text = as_text(input);
  test::check_json(text.substr(0, text.size() / 2), text.substr(text.size() / 2));
  return 0;
}
