// SPDX-License-Identifier: Apache-2.0
// Where a body ends, and what its content is (RFC 9112 section 6). Bodies that stay in HTTP/1 are passed on
// as they are, chunk extensions and trailers included: only their end has to be found.
#pragma once

#include <optional>

#include "libcore/base/result.h"
#include "libcore/http1/head.h"

namespace wstap::http1 {

struct BodyFraming {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
  bool operator==(const BodyFraming&) const = default;
};

/// The first Content-Length as a number, the first of a list at that; nothing when there is none to be read.
std::optional<std::uint64_t> content_length(const Fields& fields);

/// RFC 9112 6.3. The head is one that parse_request or parse_response accepted.
BodyFraming framing_of(const RequestHead& head);
/// @param method  of the request this answers.
BodyFraming framing_of(const ResponseHead& head, std::string_view method);

/// The connection may carry another message afterwards (RFC 9112 9.3).
bool keeps_alive(const RequestHead& head);
bool keeps_alive(const ResponseHead& head);

/// Follows one body through any split of its bytes.
class BodyReader {
 public:
  explicit BodyReader(BodyFraming framing);

  /// @return how many bytes at the front of `in` belong to the body; all of them until done().
  /// @error bad_chunk; trailers_too_large. The offset counts from the body's start.
  Result<std::size_t> take(Bytes in);

  struct Piece {
    std::size_t bytes = 0;  ///< so many at the front of `in` were taken
    Bytes content;          ///< the last of them, without what frames them; empty: all were framing
  };
  /// As take(), but no further than one run of content goes.
  Result<Piece> next(Bytes in);

  bool done() const noexcept { return done_; }
  /// The lines behind the last chunk, without the empty one (RFC 9112 7.1.2).
  const std::string& trailer_lines() const noexcept { return trailer_lines_; }
  /// Only the end of the stream ends this body.
  bool ends_with_stream() const noexcept { return framing_.kind == BodyFraming::Kind::until_close; }

 private:
  enum class Chunk : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer,
    trailer_lf,
    end_lf
  };
  Result<Piece> next_chunked(Bytes in);
  Result<void> chunk_byte(char c);
  Result<void> size_byte(char c);
  Result<void> trailer_byte(char c);
  Result<void> bad(const char* why) const;

  BodyFraming framing_;
  std::uint64_t left_ = 0;  ///< of the body, or of the chunk
  std::uint64_t offset_ = 0;
  std::size_t line_bytes_ = 0;  ///< of the size line, or of all trailers
  std::string trailer_lines_;
  unsigned digits_ = 0;
  Chunk state_ = Chunk::size;
  bool done_ = false;
};

}  // namespace wstap::http1
