// SPDX-License-Identifier: Apache-2.0
// `wstap intercept --jsonl`: held items on standard output, decisions on standard input, an answer for each
// (HOLD-6).
#pragma once

#include <string>
#include <unordered_map>

#include "cmd/command.h"
#include "cmd/line_input.h"
#include "libcore/control/client.h"

namespace wstap::cmd {

/// Waits for all sides at once: a program may write all it decides before it reads what comes of it.
class JsonlReviews {
 public:
  JsonlReviews(control::Client& proxy, Io& io);
  /// Until standard input ends and all is answered, or nobody reads the answers.
  Exit run();

 private:
  Result<void> take_replies();
  void take_reply(const control::Reply& reply);
  /// @error the connection's
  Result<void> take_lines();
  Result<void> decide(std::string_view line);
  /// @return false when nobody reads it any more.
  bool write_some();
  bool write_all();
  Exit lost(const Error& error);
  std::size_t unwritten() const noexcept { return out_.size() - written_; }
  void answer(std::string_view id, const pipeline::ReviewAnswer& answer);

  control::Client& proxy_;
  Io& io_;
  LineInput lines_;
  std::string out_;
  std::size_t written_ = 0;
  std::unordered_map<std::uint32_t, std::string> open_;  ///< ids of decisions, by what their answers carry
};

}  // namespace wstap::cmd
