// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/pattern.h"

#include <re2/re2.h>

#include "libcore/filter/errors.h"

namespace wstap::filter {

Result<Pattern> Pattern::compile(std::string_view text, PatternText kind) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(kind == PatternText::utf8 ? re2::RE2::Options::EncodingUTF8
                                                 : re2::RE2::Options::EncodingLatin1);
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) return fail(Errc::bad_pattern, compiled->error());
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(Bytes text) const {
  const std::string_view view = as_text(text);
  return re2::RE2::PartialMatch(re2::StringPiece(view.data(), view.size()), *compiled_);
}

}  // namespace wstap::filter
