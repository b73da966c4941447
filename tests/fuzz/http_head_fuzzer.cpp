// SPDX-License-Identifier: Apache-2.0
// Heads: found in one buffer and in pieces alike; what either parser accepts is written again as it came, and
// what strict accepts lenient does too, in the same way. The first byte picks the size of the pieces.
#include <cstdlib>

#include "libcore/http1/body.h"
#include "libcore/http1/head_parser.h"
#include "libcore/http1/upgrade.h"

using namespace wstap;
using namespace wstap::http1;

namespace {

constexpr HeadLimits kLimits{.max_bytes = 4096, .max_fields = 20};

void require(bool holds) {
  if (!holds) std::abort();
}

/// @return the length of the head; nothing when there is none, or it is refused.
std::optional<std::size_t> find_in_pieces(Bytes in, std::size_t piece) {
  HeadFinder finder(kLimits.max_bytes);
  for (std::size_t shown = 0; shown < in.size();) {
    shown = std::min(in.size(), shown + piece);
    const auto found = finder.find(in.first(shown));
    if (!found) return std::nullopt;
    if (*found) return *found;
  }
  return std::nullopt;
}

template <class Head>
void check(const Result<Head>& strict, const Result<Head>& lenient, Bytes in) {
  if (lenient) require(lenient->text() == as_text(in));
  if (!lenient) require(lenient.error().offset <= in.size());
  if (!strict) return require(strict.error().offset <= in.size());
  require(strict->text() == as_text(in));
  require(lenient.has_value() && lenient->fields.list().size() == strict->fields.list().size());
}

void rewrite(RequestHead head) {
  framing_of(head);
  is_websocket_upgrade(head);
  if (is_absolute_form(head.target)) {
    const auto url = parse_url(head.target);
    if (!url) return;
    address_to_origin(head, &*url);
    require(head.fields.count("Host") == 1);
  }
  strip_hop_by_hop(head);
  // What leaves is again a head, and the same one to whoever reads it next.
  const auto again = parse_request(as_bytes(head.text()), Strictness::strict, kLimits);
  if (head.fields.list().size() <= kLimits.max_fields) require(again && again->text() == head.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes in = std::as_bytes(std::span(data, size)).subspan(1);
  const auto length = find_in_pieces(in, std::max<std::size_t>(data[0], 1));
  require(length == find_in_pieces(in, std::max<std::size_t>(in.size(), 1)));
  if (!length) return 0;
  const Bytes head = in.first(*length);
  const auto request = parse_request(head, Strictness::strict, kLimits);
  check(request, parse_request(head, Strictness::lenient, kLimits), head);
  if (request) rewrite(*request);
  const auto response = parse_response(head, Strictness::strict, kLimits);
  check(response, parse_response(head, Strictness::lenient, kLimits), head);
  if (response) framing_of(*response, "GET");
  return 0;
}
