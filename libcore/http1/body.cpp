// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/body.h"

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/http1/errors.h"

namespace wstap::http1 {
namespace {

constexpr std::size_t kMaxSizeLine = 16 * 1024;
constexpr std::size_t kMaxTrailers = 64 * 1024;

BodyFraming declared(const Fields& fields, BodyFraming otherwise) {
  if (fields.count("Transfer-Encoding") != 0) {
    // A lenient parser lets other codings through: only a final chunked tells where they end.
    const auto codings = fields.joined("Transfer-Encoding");
    const auto last = codings.rfind(',');
    const bool chunked =
        iequals(trim(std::string_view(codings).substr(last == std::string::npos ? 0 : last + 1)), "chunked");
    return {chunked ? BodyFraming::Kind::chunked : BodyFraming::Kind::until_close, 0};
  }
  const auto length = content_length(fields);
  if (!length) return otherwise;
  return {*length == 0 ? BodyFraming::Kind::none : BodyFraming::Kind::length, *length};
}

template <class Head>
bool persists(const Head& head) {
  if (head.fields.has_token("Connection", "close")) return false;
  return head.version == "HTTP/1.1" || head.fields.has_token("Connection", "keep-alive");
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::uint64_t> content_length(const Fields& fields) {
  const auto* value = fields.find("Content-Length");
  if (value == nullptr) return std::nullopt;
  std::string_view list = *value;
  return parse_decimal<std::uint64_t>(next_element(list));
}

BodyFraming framing_of(const RequestHead& head) {
  auto framing = declared(head.fields, {});
  // A request cannot end with its connection (RFC 9112 6.3, rule 4).
  if (framing.kind == BodyFraming::Kind::until_close) framing = {};
  return framing;
}

BodyFraming framing_of(const ResponseHead& head, std::string_view method) {
  const bool never = method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304 ||
                     (method == "CONNECT" && head.status < 300);
  if (never) return {};
  return declared(head.fields, {BodyFraming::Kind::until_close, 0});
}

bool keeps_alive(const RequestHead& head) {
  return persists(head);
}
bool keeps_alive(const ResponseHead& head) {
  return persists(head);
}

BodyReader::BodyReader(BodyFraming framing)
    : framing_(framing), left_(framing.length), done_(framing.kind == BodyFraming::Kind::none) {}

Result<std::size_t> BodyReader::take(Bytes in) {
  std::size_t taken = 0;
  while (taken < in.size() && !done_) {
    const auto piece = next(in.subspan(taken));
    if (!piece) return std::unexpected(piece.error());
    taken += piece->bytes;
  }
  return taken;
}

Result<BodyReader::Piece> BodyReader::next(Bytes in) {
  if (done_) return Piece{};
  switch (framing_.kind) {
    case BodyFraming::Kind::until_close: return Piece{in.size(), in};
    case BodyFraming::Kind::chunked: return next_chunked(in);
    default: break;
  }
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
  left_ -= taken;
  done_ = left_ == 0;
  return Piece{taken, in.first(taken)};
}

Result<BodyReader::Piece> BodyReader::next_chunked(Bytes in) {
  std::size_t at = 0;
  while (at < in.size() && !done_ && state_ != Chunk::data) {
    if (auto ok = chunk_byte(static_cast<char>(in[at])); !ok) return std::unexpected(ok.error());
    ++at;
    ++offset_;
  }
  if (state_ != Chunk::data) return Piece{at, {}};
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
  offset_ += taken;
  left_ -= taken;
  if (left_ == 0) state_ = Chunk::data_cr;
  return Piece{at + taken, in.subspan(at, taken)};
}

Result<void> BodyReader::bad(const char* why) const {
  return fail(Errc::bad_chunk, why, offset_);
}

/// RFC 9112 section 7.1, one byte at a time; chunk data goes by in next_chunked.
Result<void> BodyReader::chunk_byte(char c) {
  switch (state_) {
    case Chunk::size: return size_byte(c);
    case Chunk::extension:
      if (c == '\n') return bad("line feed without carriage return");
      if (++line_bytes_ > kMaxSizeLine) return bad("the size line is too long");
      if (c == '\r') state_ = Chunk::size_lf;
      return {};
    case Chunk::size_lf:
      if (c != '\n') return bad("carriage return without line feed");
      state_ = left_ == 0 ? Chunk::trailer_start : Chunk::data;
      digits_ = 0;
      line_bytes_ = 0;
      return {};
    case Chunk::data_cr:
      if (c != '\r') return bad("the data is longer than its size");
      state_ = Chunk::data_lf;
      return {};
    case Chunk::data_lf:
      if (c != '\n') return bad("carriage return without line feed");
      state_ = Chunk::size;
      return {};
    case Chunk::data: return {};
    default: return trailer_byte(c);
  }
}

Result<void> BodyReader::size_byte(char c) {
  const int value = hex_digit(c);
  if (value >= 0) {
    if (++digits_ > 15) return bad("the size is too large");
    left_ = left_ << 4 | static_cast<unsigned>(value);
    return {};
  }
  if (digits_ == 0) return bad("no size");
  if (c == '\r') {
    state_ = Chunk::size_lf;
  } else if (c == ';' || c == ' ' || c == '\t') {
    state_ = Chunk::extension;
  } else {
    return bad("not a hexadecimal size");
  }
  return {};
}

Result<void> BodyReader::trailer_byte(char c) {
  if (++line_bytes_ > kMaxTrailers) return fail(Errc::trailers_too_large, {}, offset_);
  const bool of_last_line = state_ == Chunk::end_lf || (state_ == Chunk::trailer_start && c == '\r');
  if (!of_last_line) trailer_lines_ += c;
  switch (state_) {
    case Chunk::trailer_start:
      if (c == '\n') return bad("line feed without carriage return");
      if (c != '\r' && !is_token_char(c)) return bad("a trailer without a name");
      state_ = c == '\r' ? Chunk::end_lf : Chunk::trailer_name;
      return {};
    case Chunk::trailer_name:
      // A line that is none might be taken for the next request by whoever is less strict.
      if (c != ':' && !is_token_char(c)) return bad("a trailer without a colon");
      if (c == ':') state_ = Chunk::trailer;
      return {};
    case Chunk::trailer:
      if (c == '\n') return bad("line feed without carriage return");
      if (c == '\r') state_ = Chunk::trailer_lf;
      return {};
    case Chunk::trailer_lf:
      if (c != '\n') return bad("carriage return without line feed");
      state_ = Chunk::trailer_start;
      return {};
    default:  // end_lf
      if (c != '\n') return bad("carriage return without line feed");
      done_ = true;
      return {};
  }
}

}  // namespace wstap::http1
