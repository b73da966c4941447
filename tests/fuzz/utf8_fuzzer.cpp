// SPDX-License-Identifier: Apache-2.0
// The validator, whole and in pieces, agrees with a decoder that takes its time; so does what is printable.
#include <algorithm>
#include <cstdlib>

#include "libcore/base/printable.h"
#include "libcore/ws/utf8.h"
#include "tests/support/naive_utf8.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

bool valid_in_pieces(Bytes text, std::size_t piece) {
  ws::Utf8Validator validator;
  bool valid = true;
  for (; !text.empty(); text = text.subspan(std::min(piece, text.size()))) {
    const bool still = validator.feed(text.first(std::min(piece, text.size())));
    require(valid || !still);  // once invalid, always invalid
    valid = still;
  }
  return valid && validator.complete();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 32;
  const Bytes text = std::as_bytes(std::span(data, size)).subspan(1);

  const bool valid = test::code_points(text).has_value();
  require(ws::is_utf8(text) == valid);
  require(valid_in_pieces(text, piece) == valid);

  const std::string shown = printable(as_text(text));
  const auto codes = test::code_points(as_bytes(shown));
  require(codes.has_value());
  for (const auto code : *codes) require(code >= 0x20 && (code < 0x7f || code > 0x9f));
  return 0;
}
