// SPDX-License-Identifier: Apache-2.0
// Writes JSON at the speed at which frames are listed: straight into the line that is printed.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_text.h"
#include "libcore/base/hex.h"
#include "libcore/ws/utf8.h"

namespace wstap::formats {

/// Appends one object to a string. Names are the program's own, plain ASCII; values are anybody's.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) { out_ += '{'; }

  void open_object(std::string_view name) { member(name, "{"); }
  void open_list(std::string_view name) { member(name, "["); }
  /// An object within a list.
  void open_element() {
    separate();
    out_ += '{';
  }
  void close_object() { out_ += '}'; }
  void close_list() { out_ += ']'; }

  /// @param text  UTF-8.
  void add(std::string_view name, std::string_view text) {
    member(name, "\"");
    append_json_text(out_, text);
    out_ += '"';
  }
  /// A word of the program's own: nothing in it is to be escaped.
  [[gnu::always_inline]] void add_word(std::string_view name, std::string_view word) {
    member(name, "\"");
    out_ += word;
    out_ += '"';
  }
  void add(std::string_view name, std::unsigned_integral auto number) {
    char digits[20];
    const char* end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    member(name, {digits, end});
  }
  void add_flag(std::string_view name, bool value) { member(name, value ? "true" : "false"); }
  void add_base64(std::string_view name, Bytes bytes) { member(name, '"' + to_base64(bytes) + '"'); }
  /// What a peer sent: as text under `name` when it is UTF-8, else as base64 under `name`_b64.
  void add_bytes(std::string_view name, Bytes bytes) {
    ws::is_utf8(bytes) ? add(name, as_text(bytes)) : add_base64(std::string(name) + "_b64", bytes);
  }
  /// The same, and nothing for nothing.
  void add_if(std::string_view name, std::string_view text) {
    if (!text.empty()) add_bytes(name, as_bytes(text));
  }
  /// Nothing for an empty list.
  void add_list(std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    open_list(name);
    for (const auto& text : texts) {
      separate();
      out_ += json_string(text);
    }
    close_list();
  }
  /// Members that are JSON already.
  void add_written(std::string_view members) {
    if (members.empty()) return;
    separate();
    out_ += members;
  }

 private:
  /// Inline, so that what is known of `name` and `value` when this is compiled need not be found out again.
  [[gnu::always_inline]] void member(std::string_view name, std::string_view value) {
    separate();
    const std::size_t at = out_.size(), end = at + name.size() + value.size() + 3;
    out_.resize_and_overwrite(end, [&](char* text, std::size_t) {
      char* to = text + at;
      *to++ = '"';
      to = std::copy(name.begin(), name.end(), to);
      *to++ = '"';
      *to++ = ':';
      std::copy(value.begin(), value.end(), to);
      return end;
    });
  }
  /// A value never ends in a bracket that opens.
  void separate() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }

  std::string& out_;
};

}  // namespace wstap::formats
