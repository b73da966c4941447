// SPDX-License-Identifier: Apache-2.0
// A capture of one flow in which everything happens that frames can be: messages compressed and not, whole
// and in fragments, control frames between them, faults of every kind, frames cut and frames of wstap's own.
#pragma once

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "tests/support/deflating_peer.h"
#include "tests/support/message_peers.h"
#include "tests/support/sample_capture.h"

namespace wstap::test {

class RandomRecording {
 public:
  struct Style {
    bool compresses = true;
    bool takeover = true;
    bool faults = true;    ///< some peers break the rules
    bool resumed = false;  ///< it begins in the middle of the flow
    bool giants = false;   ///< some messages are over a bound
  };

  RandomRecording(std::uint32_t seed, Style style) : style_(style), engine_(seed) {
    records_.push_back(formats::encode(formats::Header{.tool = "random"}));
    auto flow = plain_flow_opened(1);
    if (style.compresses)
      flow.extensions = style.takeover ? "permessage-deflate"
                                       : "permessage-deflate; server_no_context_takeover; "
                                         "client_no_context_takeover";
    if (style.resumed) {
      flow.next_sequence = sequence_ = 100;
      flow.resumed = {{{{true, style.compresses, false, ws::kText, 90, 10}, {40, 400}},
                       {{false, false, false, 0, 0, 0}, {50, 500}}}};
    }
    records_.push_back(formats::encode(flow));
    for (auto& peer : peers_)
      peer = std::make_unique<DeflatingPeer>(DeflateStyle{.takeover = style.takeover});
  }

  /// The records, after so many more messages.
  const std::vector<Buffer>& say(int messages) {
    for (int i = 0; i < messages; ++i) say_something(one_in(2) ? 0 : 1);
    while (!waiting_[0].empty() || !waiting_[1].empty()) flush(waiting_[0].empty() ? 1 : 0);
    return records_;
  }
  void close() { records_.push_back(formats::encode(full_flow_closed(1))); }

 private:
  bool one_in(unsigned n) { return engine_() % n == 0; }

  Buffer content() {
    static constexpr std::array<std::string_view, 6> kWords = {
        "frame ", "mask ", "{\"id\":", "\xe2\x98\x83", "0123456789", "\n"};
    Buffer said;
    if (style_.giants && one_in(12)) return Buffer(1'500'000, std::byte{'x'});
    const std::size_t words = one_in(15) ? 6000 : engine_() % 60;
    for (std::size_t i = 0; i < words; ++i) append(said, kWords[engine_() % kWords.size()]);
    if (style_.faults && one_in(8)) append(said, "\xff");
    return said;
  }

  void say_something(std::size_t lane) {
    if (style_.faults && one_in(25)) add(lane, {.opcode = 0, .payload = content()});  // perhaps a stray one
    if (style_.faults && one_in(60)) add(lane, {.opcode = 8, .payload = bytes("\x03\xe8")});
    if (style_.faults && one_in(40))
      add(lane, {.opcode = 2, .payload = random_bytes(40, static_cast<std::uint32_t>(engine_())), .rsv = 4});
    const bool compressed = style_.compresses && !one_in(4);
    const Buffer said = content();
    const Buffer payload = compressed ? peers_[lane]->message(said) : said;
    auto frames =
        frames_of(one_in(4) ? 2 : 1, compressed, in_pieces(payload, one_in(2) ? 1 : 2 + engine_() % 4));
    if (style_.faults && one_in(30)) frames.pop_back();
    for (auto& frame : frames) {
      add(lane, std::move(frame));
      if (one_in(6))
        add(lane, {.opcode = one_in(2) ? std::uint8_t{9} : std::uint8_t{10}, .payload = bytes("ping")});
      if (one_in(5)) flush(lane);
      if (one_in(5)) flush(1 - lane);
    }
  }

  void add(std::size_t lane, WireFrame frame) {
    if (lane == 0) frame.mask = {{1, 2, 3, static_cast<std::uint8_t>(engine_())}};
    Buffer raw = wire(frame);
    pipeline::Mark mark{.frame = static_cast<std::uint32_t>(waiting_[lane].size())};
    if (style_.faults && one_in(40) && frame.payload.size() > 3) raw.resize(raw.size() - 2);  // recorded cut
    if (one_in(20)) mark.tags = {"tag"};
    if (one_in(20)) mark.verdict = pipeline::Verdict::dropped;
    if (one_in(20))
      mark = {.frame = mark.frame,
              .verdict = pipeline::Verdict::changed,
              .cause = "rule",
              .sent = bytes("\x81\x01y")};
    if (one_in(30)) mark.verdict = pipeline::Verdict::injected;
    if (mark.verdict != pipeline::Verdict::forwarded || !mark.tags.empty()) marks_[lane].push_back(mark);
    waiting_[lane].push_back(std::move(raw));
    if (one_in(3)) flush(lane);
  }

  void flush(std::size_t lane) {
    if (waiting_[lane].empty()) return;
    OwnBurst burst{.flow = 1,
                   .direction = lane == 0 ? ws::Direction::send : ws::Direction::receive,
                   .first_sequence = sequence_,
                   .time_ns = ++time_,
                   .frames = std::exchange(waiting_[lane], {}),
                   .marks = std::exchange(marks_[lane], {})};
    sequence_ += burst.frames.size();
    records_.push_back(formats::encode(burst.view()));
  }

  Style style_;
  std::mt19937 engine_;
  std::vector<Buffer> records_;
  std::array<std::unique_ptr<DeflatingPeer>, 2> peers_;
  std::array<std::vector<Buffer>, 2> waiting_;  ///< frames of the burst to come
  std::array<std::vector<pipeline::Mark>, 2> marks_;
  pipeline::Sequence sequence_ = pipeline::kFirstFrame;
  UnixNs time_ = kSampleTime;
};

}  // namespace wstap::test
