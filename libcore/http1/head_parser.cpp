// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/head_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
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
  if (strict && (line.text.starts_with(' ') || line.text.starts_with('\t')))
    return fail(Errc::obs_fold, {}, line.offset);
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
    if (fields.list().size() == limits.max_fields)
      return fail(Errc::too_many_fields, fmt::format("limit={}", limits.max_fields), line->offset);
    auto field = parse_field(*line, strict);
    if (!field) return std::unexpected(field.error());
    fields.add_verbatim(std::move(*field));
  }
}

/// RFC 9112 section 6: what says how long the body is must say it once and plainly.
Result<void> check_framing(const Fields& fields, std::string_view version) {
  const auto lengths = fields.count("Content-Length");
  if (lengths > 1) return fail(Errc::two_content_lengths);
  if (lengths == 1) {
    const auto& value = *fields.find("Content-Length");
    if (value.find(',') != std::string::npos) return fail(Errc::two_content_lengths, value);
    if (!parse_decimal<std::uint64_t>(value)) return fail(Errc::bad_content_length, value);
  }
  if (fields.count("Transfer-Encoding") == 0) return {};
  if (lengths != 0) return fail(Errc::length_with_transfer_encoding);
  const auto coding = fields.joined("Transfer-Encoding");
  if (!iequals(coding, "chunked") || version != "HTTP/1.1") return fail(Errc::bad_transfer_encoding, coding);
  return {};
}

Result<void> check_host(const RequestHead& head) {
  const auto hosts = head.fields.count("Host");
  if (hosts > 1) return fail(Errc::two_hosts);
  if (hosts == 0 && head.version == "HTTP/1.1") return fail(Errc::missing_host);
  if (hosts == 1 && head.fields.find("Host")->find_first_of(" \t,/@\\") != std::string::npos)
    return fail(Errc::bad_host, *head.fields.find("Host"));
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
  if (strict) {
    if (auto ok = check_framing(head.fields, head.version); !ok) return std::unexpected(ok.error());
    if (auto ok = check_host(head); !ok) return std::unexpected(ok.error());
  }
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
    if (auto ok = check_framing(head.fields, head.version); !ok) return std::unexpected(ok.error());
  return head;
}

}  // namespace wstap::http1
