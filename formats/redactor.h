// SPDX-License-Identifier: Apache-2.0
// What stands between a proxy and all who record or show what it sees: they get to know what was said as
// output rules leave it (SAFE-4). What peers send each other is not touched.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "formats/flow_book.h"
#include "libcore/pipeline/tap.h"
#include "libcore/steps/output_rules.h"

namespace wstap::formats {

/// Thread-safe. Without rules it passes everything on, at the price of one atomic load.
///
/// In a direction that rules concern, a message whose payload is not plainly innocent is recorded without the
/// bytes that came: its frames have their headers, and its last one what the message says, inflated and
/// redacted (Mark::content). Compressed bytes are not recorded where later messages may refer to them, nor
/// windows. What cannot be read, and what belongs to a message whose beginning was not seen, is withheld.
class Redactor final : public pipeline::Tap {
 public:
  /// @param to  outlives this.
  /// @param limits, max_waiting_bytes  bound what is inflated, see FlowBook; and messages in fragments alike.
  explicit Redactor(pipeline::Tap& to, ws::InflateLimits limits = {},
                    std::uint64_t max_waiting_bytes = kMaxWaitingBytes);

  /// From now on these; null: none. A flow that is open, and in which nothing was read so far, is withheld
  /// where it would take its past to read it.
  void use(std::shared_ptr<const steps::OutputRules> rules);

  Result<void> flow_opened(const pipeline::FlowOpened& flow) override;
  Result<void> burst(const pipeline::Burst& burst) override;
  Result<void> outcome(const pipeline::Outcome& outcome) override;
  Result<void> flow_closed(const pipeline::FlowClosed& closed) override;
  Result<void> connection(const pipeline::ConnectionRecord& connection) override;
  Result<void> note(const pipeline::Note& note) override;
  std::uint32_t next_part() override { return to_.next_part(); }
  Result<void> window(const pipeline::Window& window) override;
  /// What was withheld cannot be read again: the direction is then lost.
  std::optional<std::array<ws::MessageReader, 2>> recall(pipeline::FlowId flow,
                                                         const ws::InflateLimits& limits) override {
    return to_.recall(flow, limits);
  }

 private:
  /// What is told of a frame instead of what came.
  struct Kept {
    bool as_it_came = true;
    bool readable = true;  ///< else what left instead is not to be read either
    std::optional<Buffer> content;
    std::vector<std::string> redacted;
  };
  /// A burst in the making.
  struct Progress {
    const pipeline::Burst& burst;
    std::uint32_t frame = 0;
    std::size_t mark = 0;
    std::size_t room = 0;  ///< bytes that its record has for contents
  };
  /// A direction.
  struct Lane {
    Buffer said;  ///< by its open message so far, if that is not compressed
    bool too_large = false;
    bool takeover = true;      ///< compressed messages refer to earlier ones
    bool looked_into = false;  ///< something may have been withheld: windows would have it
  };
  using Lanes = std::array<Lane, 2>;  ///< by ws::index

  FlowBook new_book() const;
  Lanes& lanes_of(pipeline::FlowId flow);
  void forget_all();
  void watch();
  pipeline::Burst redacted(const pipeline::Burst& burst);
  void take(Progress& at, Lane& lane, const pipeline::Envelope& envelope, Bytes payload);
  Kept judge(Lane& lane, const pipeline::Envelope& envelope, Bytes payload);
  Kept judge_close(Bytes payload) const;
  Kept judge_alone(const pipeline::Envelope& envelope, Bytes payload) const;
  Kept judge_message(const Lane& lane, const pipeline::Envelope& envelope, Bytes payload) const;
  Kept judge_fragment(Lane& lane, const pipeline::Envelope& envelope, Bytes payload);
  void join(Lane& lane, Bytes payload);
  void forget(Lane& lane);
  Buffer sent_version(ws::Direction direction, Bytes sent, bool is_fragment) const;
  pipeline::FlowOpened redacted(pipeline::FlowOpened flow) const;
  pipeline::ConnectionFacts redacted(pipeline::ConnectionFacts facts) const;

  pipeline::Tap& to_;
  const ws::InflateLimits limits_;
  const std::uint64_t max_waiting_bytes_;
  std::atomic<bool> watches_{false};  ///< there are rules, or flows that had some
  std::mutex lock_;
  std::shared_ptr<const steps::OutputRules> rules_;
  FlowBook book_;
  std::map<pipeline::FlowId, Lanes> flows_;  ///< those that the book was told of
  std::uint64_t joined_bytes_ = 0;
  // What redacted() returns.
  Buffer raw_;
  std::vector<std::uint32_t> ends_;
  std::vector<pipeline::Mark> marks_;
};

}  // namespace wstap::formats
