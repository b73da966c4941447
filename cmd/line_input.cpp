// SPDX-License-Identifier: Apache-2.0
#include "cmd/line_input.h"

#include <unistd.h>

#include <cerrno>

namespace wstap::cmd {
namespace {

constexpr std::size_t kReadAtOnce = 64 * 1024;

}  // namespace

bool LineInput::read_some() {
  if (begin_ > text_.size() / 2) {  // so that each byte is moved about once
    text_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  const std::size_t had = text_.size();
  ssize_t got = 0;
  text_.resize_and_overwrite(had + kReadAtOnce, [&](char* to, std::size_t) {
    got = ::read(fd_, to + had, kReadAtOnce);
    return had + (got > 0 ? static_cast<std::size_t>(got) : 0);
  });
  const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
  if (got <= 0 && !later) ended_ = true;
  return !ended_;
}

std::optional<LineInput::Line> LineInput::next() {
  for (;;) {
    const std::size_t end = text_.find('\n', scanned_);
    const bool whole = end != std::string::npos;
    const std::string_view line = std::string_view(text_).substr(begin_, whole ? end - begin_ : text_.npos);
    scanned_ = whole ? end + 1 : text_.size();
    if (skipping_) {
      begin_ = scanned_;
      if (!whole) return std::nullopt;
      skipping_ = false;
      continue;
    }
    const bool too_long = line.size() > longest_;
    if (!whole && !too_long && (!ended_ || line.empty())) return std::nullopt;
    begin_ = scanned_;
    skipping_ = too_long && !whole;
    return Line{line.substr(0, longest_), too_long};
  }
}

}  // namespace wstap::cmd
