// SPDX-License-Identifier: Apache-2.0
// Lines of a descriptor, for who has more to wait for than the next of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wstap::cmd {

class LineInput {
 public:
  /// @param longest  bytes of a line: of a longer one all but the beginning is passed over.
  explicit LineInput(int fd, std::size_t longest) : fd_(fd), longest_(longest) {}

  int descriptor() const noexcept { return fd_; }
  /// Reads what is there; to be called when there is something to be read. @return false at the end, and when
  /// it cannot be read.
  bool read_some();
  bool ended() const noexcept { return ended_; }

  struct Line {
    std::string_view text;  ///< valid until the next call
    bool too_long = false;
  };
  /// The next whole line, without its end; at the end what stands behind the last one.
  std::optional<Line> next();

 private:
  int fd_;
  std::size_t longest_;
  std::string text_;
  std::size_t begin_ = 0;    ///< of the line that is not taken yet
  std::size_t scanned_ = 0;  ///< there is no end of a line before it
  bool skipping_ = false;    ///< the rest of a line that was too long
  bool ended_ = false;
};

}  // namespace wstap::cmd
