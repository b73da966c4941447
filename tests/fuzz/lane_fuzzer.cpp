// SPDX-License-Identifier: Apache-2.0
// One direction of a flow under any bytes: what is recorded does not depend on how they arrive, and what
// leaves is what was recorded as leaving. The first byte is the size of the pieces and whether messages are
// judged whole, the second chooses the options.
#include <algorithm>
#include <cstdio>

#include "libcore/pipeline/flow.h"
#include "tests/fuzz/require.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/parsed_frame.h"
#include "tests/support/recording_tap.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;

struct Setup {
  Setup(unsigned bits, bool judges_whole, bool passes)
      : whole_messages(judges_whole), passes_messages(passes) {
    direction = (bits & 1) != 0 ? ws::Direction::receive : ws::Direction::send;
    if ((bits & 2) != 0) options.forward = pipeline::Forward::verbatim;
    if ((bits & 4) != 0) options.on_anomaly = pipeline::OnAnomaly::close;
    if ((bits & 8) != 0) options.on_message_limit = pipeline::OnMessageLimit::close;
    if ((bits & 16) != 0) extensions = "permessage-deflate";
    if ((bits & 32) != 0) extensions = "x-unknown";
    edits = (bits & 64) != 0;
    options.force_edit = (bits & 128) != 0;
    options.max_frame_bytes = 2000;
    options.max_message_bytes = 3000;
  }
  bool verbatim() const {
    return options.forward == pipeline::Forward::verbatim || extensions == "x-unknown";
  }
  ws::Direction direction;
  pipeline::FlowOptions options;
  std::string extensions;
  bool edits = false;
  bool whole_messages;
  bool passes_messages;  ///< steps have nothing to do with messages of one frame
};

/// Drops some control frames, and has something to say of fragments.
pipeline::Decision edit_all_but_messages(const pipeline::Envelope& envelope, Bytes) {
  const auto& header = envelope.frame.header;
  if (header.opcode == ws::kPing && header.payload_len % 2 == 1) return dropped("odd");
  pipeline::Decision decision;
  if (!header.fin) decision.tags = {"more"};
  return decision;
}

/// Drops some frames, changes others and puts some among them, by their payload.
pipeline::Decision edit(const pipeline::Envelope& envelope, Bytes payload) {
  if (payload.empty()) return {};
  switch (static_cast<unsigned>(payload[0]) % 8) {
    case 1: return dropped("odd");
    case 2: return replaced(envelope, Buffer(payload.size() * 2, std::byte{'x'}), "longer");
    case 3: return replaced(envelope, {}, "shorter");
    case 4: {
      pipeline::Decision decision;
      decision.before.push_back({{.fin = true, .opcode = 1}, to_buffer(payload.first(1)), "before"});
      decision.after.push_back({{.fin = true, .opcode = 9}, {}, "behind"});
      return decision;
    }
    default: return {};
  }
}

/// What became of one input.
struct Run {
  RecordingTap tap;
  Buffer left;
  std::string fault;
  pipeline::FlowClosed closed;
};

/// What was pending became something.
void settle(RecordingTap& tap) {
  for (auto& outcome : tap.outcomes) {
    const auto frame = std::ranges::find(tap.frames, outcome.sequence, &RecordedFrame::sequence);
    require(frame != tap.frames.end() && frame->verdict == Verdict::pending);
    frame->verdict = outcome.verdict;
    frame->cause = outcome.cause;
    frame->sent = outcome.sent;
  }
}

Run run(const Setup& setup, Bytes input, std::size_t piece) {
  Run run;
  FixedEntropy entropy;
  pipeline::Counters counters;
  pipeline::LaneScratch scratch;
  pipeline::Pipeline steps;
  const auto step =
      scripted(pipeline::StepKind::transform, setup.passes_messages ? edit_all_but_messages : edit);
  step->whole_messages = {setup.whole_messages, setup.whole_messages};
  step->passes_messages = {setup.passes_messages, setup.passes_messages};
  step->wants_payload = !setup.passes_messages;
  if (setup.edits) steps = pipeline::Pipeline({step});
  pipeline::FlowOpened opened;
  opened.id = 1;
  opened.extensions = setup.extensions;
  pipeline::Flow flow(std::move(opened), steps, {setup.options, run.tap, entropy, counters});
  require(flow.open().has_value());

  Buffer unread;
  for (; !input.empty() && run.fault.empty(); input = input.subspan(std::min(piece, input.size()))) {
    append(unread, input.first(std::min(piece, input.size())));
    for (bool more = true; more;) {
      const auto turn = flow.take(setup.direction, unread, 0, scratch);
      append(run.left, turn.out);
      require(turn.used <= unread.size() && (!turn.more || turn.used != 0));
      unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(turn.used));
      if (turn.fault) run.fault = turn.fault->reason;
      require(turn.fault || turn.more || turn.wanted > unread.size());
      more = turn.more;
    }
  }
  if (run.fault.empty()) {
    append(run.left, flow.release(setup.direction, 0, scratch, false).out);
    require(!flow.release_due(setup.direction));
    flow.ended(setup.direction, pipeline::StreamEnd::eof, unread);
  }
  flow.farewell(0);
  require(flow.finish(0).has_value());
  run.closed = run.tap.closed.at(0);
  std::erase_if(run.tap.frames, [](const auto& frame) { return frame.verdict == Verdict::synthetic; });
  settle(run.tap);
  return run;
}

ParsedFrame only_frame(Bytes raw) {
  const auto frames = parse_frames(raw);
  require(frames.size() == 1);
  return frames[0];
}

/// The recording holds the input's first frames, and says what left.
void check(const Setup& setup, Bytes input, const Run& run) {
  std::vector<ParsedFrame> leaving;
  std::size_t at = 0;
  for (const auto& frame : run.tap.frames) {
    if (frame.verdict == Verdict::injected) {
      leaving.push_back(only_frame(frame.raw));
      continue;
    }
    require(at + frame.raw.size() <= input.size());
    require(std::ranges::equal(input.subspan(at, frame.raw.size()), frame.raw));
    at += frame.raw.size();
    switch (frame.verdict) {
      case Verdict::dropped: require(!frame.sent); break;
      case Verdict::truncated:
      case Verdict::changed: leaving.push_back(only_frame(frame.sent.value())); break;
      default:
        require(frame.verdict == Verdict::forwarded && !frame.sent);
        leaving.push_back(only_frame(frame.raw));
    }
  }
  require(run.closed.counts[ws::index(setup.direction)].bytes == at);
  const auto left = parse_frames(run.left);
  // While a message waits for its last frame, others overtake it.
  const bool in_order = !setup.edits || (setup.extensions != "permessage-deflate" && !setup.whole_messages);
  require(in_order ? left == leaving : std::ranges::is_permutation(left, leaving));
  if (setup.verbatim()) return;
  for (const auto& frame : left) {
    require(frame.mask.has_value() == (setup.direction == ws::Direction::send));
    require((frame.rsv & 3) == 0);
  }
}

/// How often something was noted: what is given up alike in one turn is one note, "2 times …".
std::size_t occasions(const std::vector<pipeline::Note>& notes) {
  std::size_t count = 0;
  for (const auto& note : notes) {
    std::size_t times = 1;
    std::sscanf(note.text.c_str(), "not_injected: %zu times ", &times);
    count += times;
  }
  return count;
}

void check_same(const Run& whole, const Run& pieces) {
  require(whole.fault == pieces.fault);
  require(whole.closed.state == pieces.closed.state);
  require(whole.closed.reason == pieces.closed.reason);
  require(whole.closed.offset == pieces.closed.offset);
  require(whole.closed.close_code == pieces.closed.close_code);
  require(occasions(whole.tap.notes) == occasions(pieces.tap.notes));
  // A frame that its header already condemned is recorded only when all of it was there at once.
  const auto& frames = whole.tap.frames;
  const auto& others = pieces.tap.frames;
  require(others.size() == frames.size() || (!whole.fault.empty() && others.size() + 1 == frames.size()));
  for (std::size_t i = 0; i < others.size(); ++i) {
    require(frames[i].raw == others[i].raw && frames[i].sequence == others[i].sequence);
    require(frames[i].verdict == others[i].verdict && frames[i].cause == others[i].cause);
  }
  require(parse_frames(whole.left) == parse_frames(pieces.left));
}

}  // namespace
}  // namespace wstap::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wstap;
  if (size < 2) return 0;
  const Bytes input = std::as_bytes(std::span(data + 2, size - 2));
  const test::Setup setup(data[1], (data[0] & 128) != 0, (data[0] & 64) != 0);
  const auto whole = test::run(setup, input, std::max<std::size_t>(input.size(), 1));
  const auto pieces = test::run(setup, input, (data[0] & 63) + std::size_t{1});
  test::check(setup, input, whole);
  test::check(setup, input, pieces);
  test::check_same(whole, pieces);
  return 0;
}
