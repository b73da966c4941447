// SPDX-License-Identifier: Apache-2.0
// Where a reader's bytes come from: a file mapped into memory, or a pipe, or a file that still grows.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::formats {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// At least `wanted` unread bytes in one piece, if there are so many; fewer only at the end. Valid until
  /// the next call of any member; begins at an address divisible by 8 as long as only multiples of 8 are
  /// consumed.
  virtual Result<Bytes> look(std::size_t wanted) = 0;
  virtual void consume(std::size_t bytes) = 0;
  /// At the end: waits a little for more. @return false when no more is to come, or none is wanted; else look
  /// again, and anew: a writer may have taken back what did not become a whole record.
  virtual bool wait_for_more() { return false; }
  /// A follow was told to end: nothing further is wanted.
  virtual bool stopped() const { return false; }
  /// Somebody holds the file for writing: its end is not the last word.
  virtual bool being_written() const { return false; }
};

struct SourceOptions {
  bool follow = false;         ///< at the end, wait for more
  std::function<bool()> stop;  ///< ends a follow; asked before each record, and while waiting
  /// Asked at the end of a followed file that nobody writes any more: whether another file goes on. Then it
  /// is the end.
  std::function<bool()> continued;
};

/// @param path  "-": standard input.
/// @error the system's own; the detail names the file.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, SourceOptions options);

}  // namespace wstap::formats
