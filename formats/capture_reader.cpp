// SPDX-License-Identifier: Apache-2.0
#include "formats/capture_reader.h"

#include <fmt/format.h>

#include "formats/errors.h"

namespace wstap::formats {

Result<CaptureReader> CaptureReader::open(const std::string& path, SourceOptions options) {
  auto source = open_source(path, std::move(options));
  if (!source) return std::unexpected(source.error());
  return CaptureReader(std::move(*source));
}

std::unexpected<Error> CaptureReader::stop(Error error) {
  error.offset = offset_;
  stopped_ = error;
  return std::unexpected(std::move(error));
}

/// One whole message; empty at a clean end, and where a follow is to end.
Result<Bytes> CaptureReader::next_message() {
  source_->consume(to_consume_);
  offset_ += std::exchange(to_consume_, 0);
  raw_ = {};
  if (source_->stopped()) return Bytes();
  for (std::size_t wanted = 8;;) {
    const auto in = source_->look(wanted);
    if (!in) return stop(in.error());
    const auto needed = bytes_needed(*in);
    if (!needed) return stop(begun_ ? needed.error() : Error{Errc::bad_magic, needed.error().text()});
    if (*needed <= in->size()) {
      to_consume_ = *needed;
      return raw_ = in->first(*needed);
    }
    if (in->size() >= wanted) {
      wanted = *needed;
    } else if (source_->wait_for_more()) {
      wanted = 8;
    } else if (in->empty()) {
      return Bytes();
    } else {
      return stop({Errc::truncated, fmt::format("{} of {} bytes are there", in->size(), *needed)});
    }
  }
}

Result<std::optional<Record>> CaptureReader::next() {
  if (stopped_) return std::unexpected(*stopped_);
  const auto message = next_message();
  if (!message) return std::unexpected(message.error());
  if (message->empty() && !begun_ && !source_->stopped()) return stop({Errc::bad_magic, "it is empty"});
  if (message->empty()) return std::nullopt;
  auto record = decode(*message, scratch_);
  if (!record && record.error().code == Errc::corrupt && !begun_)
    return stop({Errc::bad_magic, record.error().detail});
  if (!record) return stop(record.error());
  if (!begun_ && !std::holds_alternative<Header>(*record))
    return stop({Errc::bad_magic, "it does not begin with a header"});
  begun_ = true;
  return std::optional(std::move(*record));
}

}  // namespace wstap::formats
