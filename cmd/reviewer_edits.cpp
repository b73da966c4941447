// SPDX-License-Identifier: Apache-2.0
// How a person changes what is held.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "cmd/review_screen.h"
#include "cmd/reviewer.h"
#include "cmd/shell.h"
#include "libcore/base/ascii.h"
#include "libcore/base/printable.h"
#include "libcore/filter/json_values.h"
#include "libcore/ws/close.h"
#include "libcore/ws/utf8.h"

namespace wstap::cmd {

bool Reviewer::edit_text() {
  const Buffer& before = draft_ ? *draft_ : current_->payload;
  const bool readable = !current_->compressed || current_->inflation == ws::Inflation::done;
  if (!readable || !ws::is_utf8(before) || current_->opcode == ws::kBinary) return edit_hex();
  const std::string content(as_text(before));
  auto text = edited(filter::is_json(content) ? "payload.json" : "payload.txt", content);
  if (!text) return false;
  *text = without_added_end(std::move(*text), content);
  if (*text == content && !draft_) {
    console_.say("unchanged\n");
    return false;
  }
  return send_edited(to_buffer(as_bytes(*text)));
}

bool Reviewer::edit_hex() {
  const Buffer before = draft_ ? *draft_ : current_->payload;
  const auto text = edited("payload.hex", hex_for_editing(before));
  if (!text) return false;
  const auto bytes = bytes_of_edited_hex(*text);
  if (!bytes) {
    console_.say("that is not hexadecimal, two digits a byte\n");
    return false;
  }
  if (*bytes == before && !draft_) {
    console_.say("unchanged\n");
    return false;
  }
  return send_edited(*bytes);
}

bool Reviewer::send_edited(Buffer payload) {
  if (payload.empty() && !confirms("send an empty payload [y,n]? ")) return false;
  draft_ = std::move(payload);
  return decide({.action = Review::Action::modify, .body = *draft_});
}

bool Reviewer::edit_close() {
  if (current_->opcode != ws::kClose) {
    console_.say("only a Close has a code and a reason\n");
    return false;
  }
  const auto close = ws::parse_close(current_->payload);
  const auto code = ask_line(fmt::format("code [{}]: ", close.code ? std::to_string(*close.code) : "none"));
  if (!code) return false;
  const auto number = code->empty() ? close.code : parse_decimal<std::uint16_t>(*code);
  if (!number) {
    console_.say("a code is a number from 0 to 65535\n");
    return false;
  }
  const auto reason = ask_line(fmt::format("reason [{}] (-: none): ", printable(as_text(close.reason))));
  if (!reason) return false;
  if (code->empty() && reason->empty()) {
    console_.say("unchanged\n");
    return false;
  }
  Review review{.action = Review::Action::modify, .close_code = *number};
  if (!reason->empty()) review.close_reason = *reason == "-" ? std::string() : *reason;
  return decide(std::move(review));
}

std::optional<std::string> Reviewer::edited(std::string_view name, const std::string& content) {
  const auto file = EditedFile::make(name, content);
  if (!file) {
    console_.say(file.error().text() + '\n');
    return std::nullopt;
  }
  if (!run_editor(*file) || is_over()) return std::nullopt;
  auto text = file->content();
  if (text) return std::move(*text);
  console_.say(text.error().text() + '\n');
  return std::nullopt;
}

/// While it runs, the proxy is listened to: the item may be decided elsewhere, which is said behind it.
bool Reviewer::run_editor(const EditedFile& file) {
  console_.lines();
  console_.mute();
  const auto pid = start_shell({.script = editor_script(), .argument = file.path()});
  if (!pid) {
    console_.keys();
    console_.unmute();
    console_.say(pid.error().text() + '\n');
    return false;
  }
  const Descriptor process = watch_process(*pid);
  int status = 0;
  pid_t ended = 0;
  while (process.get() >= 0 && (ended = ::waitpid(*pid, &status, WNOHANG)) == 0)
    listen_behind_editor(process.get(), *pid);
  if (ended != *pid)
    while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
    }
  console_.keys();
  console_.unmute();
  const auto failure = failure_text(status);
  if (!failure.empty()) console_.say(fmt::format("the editor failed: {}\n", failure));
  return failure.empty();
}

void Reviewer::listen_behind_editor(int process, int pid) {
  take_replies();
  std::array<pollfd, 3> waits = {pollfd{process, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                                 pollfd{lost_ ? -1 : proxy_.descriptor(), POLLIN, 0}};
  ::poll(waits.data(), waits.size(), -1);
  while (const int signal = signals_.take()) {
    // What keys send goes to the editor as well, whose matter it is. It stops together with its parent, or
    // the shell around both does not notice.
    if (signal == SIGTSTP) ::raise(SIGSTOP);
    if (signal != SIGTERM && signal != SIGHUP) continue;
    quit_ = true;
    signal_ = signal;
    ::kill(pid, signal);
  }
}

}  // namespace wstap::cmd
