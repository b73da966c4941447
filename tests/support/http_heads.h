// SPDX-License-Identifier: Apache-2.0
// HTTP/1 heads parsed from text for tests that start from a good one. Throws when the parser refuses: a slip
// in a test.
#pragma once

#include <stdexcept>
#include <string_view>

#include "libcore/http1/head_parser.h"

namespace wstap::test {

template <class Head>
Head parsed_or_throw(Result<Head> head) {
  if (!head) throw std::invalid_argument("not a head: " + head.error().text());
  return *std::move(head);
}

inline http1::RequestHead request(std::string_view text,
                                  http1::Strictness strictness = http1::Strictness::strict) {
  return parsed_or_throw(http1::parse_request(as_bytes(text), strictness));
}

inline http1::ResponseHead response(std::string_view text,
                                    http1::Strictness strictness = http1::Strictness::strict) {
  return parsed_or_throw(http1::parse_response(as_bytes(text), strictness));
}

}  // namespace wstap::test
