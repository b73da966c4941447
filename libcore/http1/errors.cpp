// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/errors.h"

#include <string>

namespace wstap::http1 {
namespace {

const char* text(Errc e) {
  switch (e) {
    case Errc::head_too_large: return "the head is too large";
    case Errc::too_many_fields: return "too many header fields";
    case Errc::bad_request_line: return "malformed request line";
    case Errc::bad_status_line: return "malformed status line";
    case Errc::bad_version: return "unsupported HTTP version";
    case Errc::bad_field_name: return "invalid header field name";
    case Errc::space_before_colon: return "white space before the colon of a header field";
    case Errc::missing_colon: return "header line without a colon";
    case Errc::obs_fold: return "folded header line";
    case Errc::bare_lf: return "line feed without carriage return";
    case Errc::bare_cr: return "carriage return without line feed";
    case Errc::control_character: return "control character in a header field";
    case Errc::two_hosts: return "more than one Host";
    case Errc::missing_host: return "no Host in an HTTP/1.1 request";
    case Errc::bad_host: return "invalid Host";
    case Errc::two_content_lengths: return "more than one Content-Length";
    case Errc::bad_content_length: return "invalid Content-Length";
    case Errc::length_with_transfer_encoding: return "Content-Length together with Transfer-Encoding";
    case Errc::bad_transfer_encoding: return "Transfer-Encoding that is not exactly chunked";
    case Errc::bad_target: return "invalid request target";
    case Errc::bad_chunk: return "malformed chunk";
    case Errc::trailers_too_large: return "the trailers are too large";
  }
  return "unknown";
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "http1"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

int status_for(const std::error_code& code) noexcept {
  if (code == Errc::head_too_large || code == Errc::too_many_fields) return 431;
  if (code == Errc::bad_version) return 505;
  return 400;
}

}  // namespace wstap::http1
