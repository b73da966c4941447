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
  Result<void> note(const pipeline::Note& note) override { return to_.note(note); }
  std::uint32_t next_part() override { return to_.next_part(); }
  Result<void> window(const pipeline::Window& window) override;
  std::optional<std::array<ws::MessageReader, 2>> recall(pipeline::FlowId flow,
                                                         const ws::InflateLimits& limits) override;

 private:
  /// What is told of a frame instead of what came.
  struct Kept {
    bool as_it_came = true;
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
  /// The open message of a direction, if it is not compressed.
  struct Joined {
    Buffer said;
    bool too_large = false;
  };

  FlowBook new_book() const;
  void know(pipeline::FlowId flow);
  pipeline::Burst redacted(const pipeline::Burst& burst);
  void take(Progress& at, const pipeline::Envelope& envelope, Bytes payload);
  Kept judge(const pipeline::Envelope& envelope, Bytes payload);
  Kept judge_close(const pipeline::Envelope& envelope, Bytes payload) const;
  Kept judge_alone(const pipeline::Envelope& envelope, Bytes payload) const;
  Kept judge_message(const pipeline::Envelope& envelope, Bytes payload) const;
  Kept judge_fragment(const pipeline::Envelope& envelope, Bytes payload);
  void join(Joined& message, Bytes payload);
  void forget(Joined& message);
  Buffer sent_version(ws::Direction direction, Bytes sent) const;
  pipeline::ConnectionFacts redacted(pipeline::ConnectionFacts facts) const;

  pipeline::Tap& to_;
  const ws::InflateLimits limits_;
  const std::uint64_t max_waiting_bytes_;
  std::atomic<bool> any_{false};  ///< there are rules
  std::mutex lock_;
  std::shared_ptr<const steps::OutputRules> rules_;
  FlowBook book_;
  /// Flows that the book was told of: by ws::index, whether compressed messages refer to earlier ones.
  std::map<pipeline::FlowId, std::array<bool, 2>> takeover_;
  std::map<std::pair<pipeline::FlowId, ws::Direction>, Joined> joined_;
  std::uint64_t joined_bytes_ = 0;
  // What redacted() returns.
  Buffer raw_;
  std::vector<std::uint32_t> ends_;
  std::vector<pipeline::Mark> marks_;
};

}  // namespace wstap::formats
