// SPDX-License-Identifier: Apache-2.0
// Reads captures record by record: in place from a mapped file, or from a pipe.
#pragma once

#include "formats/byte_source.h"
#include "formats/record_decoder.h"

namespace wstap::formats {

class CaptureReader {
 public:
  /// @error the system's own; bad_magic and newer_version when the file does not begin as a capture does.
  static Result<CaptureReader> open(const std::string& path, SourceOptions options = {});

  /// The next record, or nothing at a clean end. Views are valid until the next call.
  /// @error truncated  offset: start of the torn record, all before it is sound; the detail says how much of
  /// it is
  ///                   there. corrupt, record_too_large, newer_version  offset: start of the record. Errors
  ///                   are sticky.
  Result<std::optional<Record>> next();

  /// The bytes of the record that next() returned last; valid as long as it is.
  Bytes raw() const noexcept { return raw_; }
  std::uint64_t offset() const noexcept { return offset_; }
  /// A writer holds the file: a torn end is only what it is about to finish.
  bool being_written() const { return source_->being_written(); }

 private:
  explicit CaptureReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  std::unexpected<Error> stop(Error error);
  Result<Bytes> next_message();

  std::unique_ptr<ByteSource> source_;
  DecoderScratch scratch_;
  Bytes raw_;
  std::size_t to_consume_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<Error> stopped_;
  bool begun_ = false;
};

}  // namespace wstap::formats
