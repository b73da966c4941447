// SPDX-License-Identifier: Apache-2.0
// `wstap intercept` on a terminal: one held item after the other, in the manner of `git add -p` (HOLD-6).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cmd/command.h"
#include "cmd/console.h"
#include "cmd/line_input.h"
#include "cmd/payload_editor.h"
#include "cmd/review_queue.h"
#include "cmd/signal_descriptor.h"
#include "libcore/control/client.h"

namespace wstap::cmd {

class Reviewer {
 public:
  Reviewer(control::Client& proxy, bool colour, Io& io);
  /// Until somebody quits, or the proxy does.
  Exit run();

 private:
  using Review = pipeline::Review;

  // What comes from elsewhere, while a person thinks.
  /// Waits once: for a key, another descriptor (-1: none), the next second, the proxy, signals. What the last
  /// two bring is done with. @return which of the others is ready.
  struct Ready {
    bool input = false, other = false;
  };
  Ready wait(bool wants_input, int other = -1);
  void take_replies();
  void take_reply(const control::Reply& reply);
  void take_answer(std::uint32_t serial, const pipeline::ReviewAnswer& answer);
  void take_signals();
  void stop_for_a_while();
  /// Nobody is to be asked about this item any more.
  bool is_over() const noexcept { return quit_ || lost_ || (current_ && gone_); }

  // The conversation.
  void idle();
  void review();
  /// A key that was pressed, under a prompt that counts down. None: it is over.
  std::optional<char> ask_key();
  /// A yes or no. @return false also when it is over
  bool confirms(std::string_view question);
  /// A line, as somebody writes it. None: it is over, or nothing was written.
  std::optional<std::string> ask_line(std::string_view question);
  /// @return whether nothing more is to be asked about the item.
  bool act(char key);
  bool decide(Review review);
  /// Sends it, and waits for what comes of it, which is said. None: it is over.
  std::optional<pipeline::ReviewAnswer::Result> submit(Review review);
  void await_answer(bool slow);
  bool decide_always(Review::Action action);
  void decide_aside(pipeline::HeldItemPtr item, Review::Action action);
  bool edit_text();
  bool edit_hex();
  bool edit_close();
  bool send_edited(Buffer payload);
  /// What the editor left. None: it is unchanged, or that went wrong, which is said.
  std::optional<std::string> edited(std::string_view name, const std::string& content);
  bool run_editor(const EditedFile& file);
  void listen_behind_editor(int process, int pid);
  void show_content();
  Exit ended();

  control::Client& proxy_;
  Io& io_;
  SignalDescriptor signals_;
  Console console_;
  ReviewQueue queue_;
  pipeline::HeldItemPtr current_;                     ///< what is asked about; null: nothing
  bool as_bytes_ = false;                             ///< how it is shown
  std::chrono::steady_clock::time_point heeds_from_;  ///< keys before were meant for another item
  std::optional<pipeline::Settled> gone_;             ///< it was decided elsewhere
  std::optional<std::uint32_t> deciding_;             ///< the answer that is waited for
  std::optional<pipeline::ReviewAnswer> answer_;      ///< ... that came
  std::optional<Buffer> draft_;                       ///< what was edited, and refused
  struct Aside {
    pipeline::HeldItemPtr item;
    Review::Action action;
  };
  std::set<pipeline::HeldId> skipped_;    ///< ... and still held
  std::map<std::uint32_t, Aside> aside_;  ///< decisions without a question, not answered yet
  bool quit_ = false;
  int signal_ = 0;
  std::optional<Error> lost_;
};

}  // namespace wstap::cmd
