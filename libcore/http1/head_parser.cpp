// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/head_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/http1/body.h"
#include "libcore/http1/errors.h"

namespace wstap::http1 {
namespace {

/// One line of a head: with its end, without it, and where it starts.
struct Line {
  std::string_view whole, text;
  std::size_t offset = 0;
};

/// Walks the lines of one head.
class Lines {
 public:
  Lines(std::string_view head, bool strict) : head_(head), strict_(strict) {}

  Result<Line> next() {
    const auto lf = head_.find('\n', at_);
    const auto end = lf == std::string_view::npos ? head_.size() : lf + 1;
    Line line{head_.substr(at_, end - at_), head_.substr(at_, end - at_), at_};
    at_ = end;
    if (line.text.ends_with('\n')) line.text.remove_suffix(1);
    const bool crlf = line.text.ends_with('\r');
    if (crlf) line.text.remove_suffix(1);
    if (!crlf && strict_) return fail(Errc::bare_lf, {}, line.offset + line.text.size());
    if (strict_)
      if (auto fault = check_characters(line)) return std::unexpected(*fault);
    return line;
  }

 private:
  static std::optional<Error> check_characters(const Line& line) {
    for (std::size_t i = 0; i < line.text.size(); ++i) {
      const auto c = static_cast<unsigned char>(line.text[i]);
      if (c == '\r') return Error{Errc::bare_cr, {}, line.offset + i};
      if ((c < 0x20 && c != '\t') || c == 0x7f)
        return Error{Errc::control_character, fmt::format("0x{:02x}", c), line.offset + i};
    }
    return std::nullopt;
  }

  std::string_view head_;
  bool strict_;
  std::size_t at_ = 0;
};

/// RFC 9112 section 5: name, colon, value; no white space between name and colon.
Result<Field> parse_field(const Line& line, bool strict) {
  const auto colon = line.text.find(':');
  if (colon == std::string_view::npos) {
    if (strict) return fail(Errc::missing_colon, {}, line.offset);
    return Field{{}, std::string(trim(line.text)), std::string(line.whole)};
  }
  const auto name = line.text.substr(0, colon);
  if (strict && (name.ends_with(' ') || name.ends_with('\t')))
    return fail(Errc::space_before_colon, std::string(trim(name)), line.offset + name.size() - 1);
  if (strict && !is_token(name)) return fail(Errc::bad_field_name, std::string(name), line.offset);
  return Field{std::string(trim(name)), std::string(trim(line.text.substr(colon + 1))),
               std::string(line.whole)};
}

Result<void> parse_fields(Lines& lines, Fields& fields, std::string& blank, bool strict, HeadLimits limits) {
  for (;;) {
    auto line = lines.next();
    if (!line) return std::unexpected(line.error());
    if (line->text.empty()) {
      blank = line->whole;
      return {};
    }
    if (line->text.front() == ' ' || line->text.front() == '\t') {
      if (strict) return fail(Errc::obs_fold, {}, line->offset);
      if (fields.fold_into_last(trim(line->text), line->whole)) continue;
    }
    if (fields.list().size() == limits.max_fields)
      return fail(Errc::too_many_fields, fmt::format("limit={}", limits.max_fields), line->offset);
    auto field = parse_field(*line, strict);
    if (!field) return std::unexpected(field.error());
    fields.add_verbatim(std::move(*field));
  }
}

/// A failed Result at the place of the first field called `name`, or of a later one: the head consists of
/// verbatim lines.
template <class Head>
std::unexpected<Error> fail_at(const Head& head, std::string_view name, std::size_t repetition, Errc code,
                               std::string detail = {}) {
  std::uint64_t offset = head.first_line.size();
  for (const auto& field : head.fields.list()) {
    if (iequals(field.name, name) && repetition-- == 0) break;
    offset += field.line.size();
  }
  return fail(code, std::move(detail), offset);
}

/// RFC 9112 section 6: what says how long the body is must say it once and plainly.
template <class Head>
Result<void> check_framing(const Head& head) {
  const auto& fields = head.fields;
  const auto lengths = fields.count("Content-Length");
  if (lengths > 1) return fail_at(head, "Content-Length", 1, Errc::two_content_lengths);
  if (lengths == 1) {
    const auto& value = *fields.find("Content-Length");
    const bool list = value.find(',') != std::string::npos;
    if (list || !parse_decimal<std::uint64_t>(value))
      return fail_at(head, "Content-Length", 0, list ? Errc::two_content_lengths : Errc::bad_content_length,
                     value);
  }
  const auto codings = fields.count("Transfer-Encoding");
  if (codings == 0) return {};
  if (lengths != 0) return fail_at(head, "Transfer-Encoding", 0, Errc::length_with_transfer_encoding);
  // An empty one beside another counts: the next parser may read only one of the two.
  const auto& coding = *fields.find("Transfer-Encoding");
  if (codings > 1 || !iequals(coding, "chunked") || head.version != "HTTP/1.1")
    return fail_at(head, "Transfer-Encoding", codings > 1 ? 1 : 0, Errc::bad_transfer_encoding,
                   fields.joined("Transfer-Encoding"));
  return {};
}

/// What no leniency can pass on: a request whose end is not to be known (RFC 9112 6.3, rules 4 and 5).
Result<void> check_body_end(const RequestHead& head) {
  const auto& fields = head.fields;
  if (const auto codings = fields.count("Transfer-Encoding"); codings != 0) {
    if (framing_of(head).kind != BodyFraming::Kind::chunked)
      return fail_at(head, "Transfer-Encoding", codings - 1, Errc::bad_transfer_encoding,
                     fields.joined("Transfer-Encoding"));
  } else if (fields.count("Content-Length") != 0 && !content_length(fields)) {
    return fail_at(head, "Content-Length", 0, Errc::bad_content_length, *fields.find("Content-Length"));
  }
  return {};
}

Result<void> check_host(const RequestHead& head) {
  const auto hosts = head.fields.count("Host");
  if (hosts > 1) return fail_at(head, "Host", 1, Errc::two_hosts);
  if (hosts == 0 && head.version == "HTTP/1.1") return fail(Errc::missing_host);
  if (hosts == 0) return {};
  const auto& host = *head.fields.find("Host");
  if (host.find_first_of(" \t,/@\\") != std::string::npos)
    return fail_at(head, "Host", 0, Errc::bad_host, host);
  return {};
}

bool known_version(std::string_view version) {
  return version == "HTTP/1.1" || version == "HTTP/1.0";
}

Result<void> parse_request_line(const Line& line, RequestHead& head, bool strict) {
  head.first_line = line.whole;
  const auto first = line.text.find(' ');
  const auto last = line.text.rfind(' ');
  if (first == std::string_view::npos || first == last) return fail(Errc::bad_request_line, {}, line.offset);
  head.method = line.text.substr(0, first);
  head.target = trim(line.text.substr(first, last - first));
  head.version = line.text.substr(last + 1);
  if (!is_token(head.method)) return fail(Errc::bad_request_line, "method", line.offset);
  if (!known_version(head.version)) {
    const bool http = head.version.starts_with("HTTP/") && head.version.size() == 8;
    return fail(http ? Errc::bad_version : Errc::bad_request_line, head.version, line.offset + last + 1);
  }
  const bool odd =
      head.target.find_first_of(" \t#") != std::string::npos || last - first != head.target.size() + 1;
  if (head.target.empty() || (strict && odd))
    return fail(Errc::bad_target, head.target, line.offset + first + 1);
  return {};
}

/// RFC 9112 section 4; the reason may be empty, and then its space be missing.
Result<void> parse_status_line(const Line& line, ResponseHead& head) {
  head.first_line = line.whole;
  head.version = line.text.substr(0, line.text.find(' '));
  if (!known_version(head.version)) {
    const bool http = head.version.starts_with("HTTP/");
    return fail(http ? Errc::bad_version : Errc::bad_status_line, head.version.substr(0, 64), line.offset);
  }
  const auto rest = line.text.substr(std::min(line.text.size(), head.version.size() + 1));
  const auto status = parse_decimal<unsigned>(rest.substr(0, 3));
  if (rest.size() < 3 || !status || *status < 100 || (rest.size() > 3 && rest[3] != ' '))
    return fail(Errc::bad_status_line, std::string(rest.substr(0, 64)),
                line.offset + head.version.size() + 1);
  head.status = static_cast<int>(*status);
  head.reason = rest.size() > 4 ? rest.substr(4) : std::string_view();
  return {};
}

}  // namespace

Result<std::optional<std::size_t>> HeadFinder::find(Bytes so_far) {
  const auto text = as_text(so_far);
  while (seen_ < text.size()) {
    const auto lf = text.find('\n', seen_);
    if (lf == std::string_view::npos) {
      seen_ = text.size();
      break;
    }
    seen_ = lf + 1;
    const auto line = text.substr(line_start_, lf - line_start_);
    const bool blank = line.empty() || line == "\r";
    line_start_ = seen_;
    if (blank && seen_ <= max_bytes_) return seen_;
    if (blank) break;
  }
  if (seen_ > max_bytes_) return fail(Errc::head_too_large, fmt::format("limit={}", max_bytes_), max_bytes_);
  return std::nullopt;
}

std::size_t blank_prefix(Bytes in) noexcept {
  std::size_t at = 0;
  while (at + 1 < in.size() && in[at] == std::byte{'\r'} && in[at + 1] == std::byte{'\n'}) at += 2;
  return at;
}

Result<RequestHead> parse_request(Bytes bytes, Strictness strictness, HeadLimits limits) {
  const bool strict = strictness == Strictness::strict;
  Lines lines(as_text(bytes), strict);
  RequestHead head;
  const auto line = lines.next();
  if (!line) return std::unexpected(line.error());
  if (auto ok = parse_request_line(*line, head, strict); !ok) return std::unexpected(ok.error());
  if (auto ok = parse_fields(lines, head.fields, head.end, strict, limits); !ok)
    return std::unexpected(ok.error());
  const auto framing = strict ? check_framing(head) : check_body_end(head);
  if (!framing) return std::unexpected(framing.error());
  if (strict)
    if (auto ok = check_host(head); !ok) return std::unexpected(ok.error());
  return head;
}

Result<ResponseHead> parse_response(Bytes bytes, Strictness strictness, HeadLimits limits) {
  const bool strict = strictness == Strictness::strict;
  Lines lines(as_text(bytes), strict);
  ResponseHead head;
  const auto line = lines.next();
  if (!line) return std::unexpected(line.error());
  if (auto ok = parse_status_line(*line, head); !ok) return std::unexpected(ok.error());
  if (auto ok = parse_fields(lines, head.fields, head.end, strict, limits); !ok)
    return std::unexpected(ok.error());
  if (strict)
    if (auto ok = check_framing(head); !ok) return std::unexpected(ok.error());
  return head;
}

Result<Fields> parse_trailers(std::string_view lines, Strictness strictness) {
  const bool strict = strictness == Strictness::strict;
  const std::string section = std::string(lines) + "\r\n";
  Lines walk(section, strict);
  Fields fields;
  std::string blank;
  if (auto ok = parse_fields(walk, fields, blank, strict, {}); !ok) return std::unexpected(ok.error());
  return fields;
}

}  // namespace wstap::http1
