// SPDX-License-Identifier: Apache-2.0
// A filter expression, and behind a NUL a payload for it to look at: it compiles and then says the opposite
// of its negation, or an error names a place inside it.
#include <cstdlib>

#include "libcore/filter/column.h"
#include "libcore/filter/errors.h"
#include "tests/support/filter_subject.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

Result<filter::Filter> compiled(const std::string& expression) {
  return filter::Filter::compile(expression, test::kVocabulary);
}

void check_error(std::string_view expression, const Error& error) {
  require(error.offset <= expression.size());
  const auto text = filter::explain(expression, error);
  require(text.size() < 4096 && text.back() == '^');
}

void evaluate(const filter::Filter& filter, const std::string& expression, std::string_view payload) {
  test::FilterSubject about;
  about.say(payload);
  const bool holds = filter.matches(about.subject);
  const auto negation = compiled("not (" + expression + ")");
  require(!negation || negation->matches(about.subject) != holds);
  about.subject.payload = std::nullopt;
  if (!filter.reads_payload()) require(filter.matches(about.subject) == holds);
}

void print(std::string_view list, std::string_view payload) {
  const auto columns = filter::parse_columns(list);
  if (!columns) return check_error(list, columns.error());
  test::FilterSubject about;
  about.say(payload);
  std::string out;
  for (const auto& column : *columns) column.print(out, about.subject, test::kVocabulary);
  for (const char c : out) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
  const std::string expression(input.substr(0, input.find('\0')));
  const auto payload = input.substr(std::min(expression.size() + 1, input.size()));
  if (const auto filter = compiled(expression)) {
    evaluate(*filter, expression, payload);
  } else {
    check_error(expression, filter.error());
  }
  print(expression, payload);
  return 0;
}
