// SPDX-License-Identifier: Apache-2.0
// A capture file being written: made for its user's eyes only, never in another's place unasked, and appended
// to in whole records.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>

#include "formats/file_lock.h"
#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::formats {

/// A piece of a gathered write. The bytes are only read.
inline iovec piece(Bytes bytes) noexcept {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

class OutputFile {
 public:
  OutputFile() = default;

  /// Makes the file, mode 0600, and locks it for as long as it is open. "-" is standard output, as it is.
  /// @param force  take the place of what is there.
  /// @error exists: it is there, or somebody writes to it; the system's own. The detail names the file and
  /// says what to do.
  static Result<OutputFile> create(const std::string& path, bool force);

  /// Appends all of `pieces`, which are `total` bytes, or nothing of them.
  /// @error reader_gone; the system's own; the detail names the file. What a failed write left behind is
  /// taken back; where that cannot be done, every later call fails too.
  Result<void> append(std::span<iovec> pieces, std::size_t total);
  Result<void> append(Bytes bytes);
  /// @error the system's own. Does nothing to what is no regular file.
  Result<void> sync();

  bool is_regular() const noexcept { return regular_; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  const std::string& path() const noexcept { return path_; }

 private:
  Result<void> take_over(bool force);
  Error take_back(Error why);

  Descriptor fd_;
  std::string path_;
  bool regular_ = false;
  bool torn_ = false;        ///< ends within a record
  std::uint64_t bytes_ = 0;  ///< whole records, and what stood before them
};

}  // namespace wstap::formats
