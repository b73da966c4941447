// SPDX-License-Identifier: Apache-2.0
// Request and response heads (RFC 9112 sections 2 to 5) as lists of verbatim lines: what nobody changed is
// written as it came, with its order, case, spelling and odd white space (UPG-4).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::http1 {

struct Field {
  std::string name;   ///< as written
  std::string value;  ///< without white space at its ends
  std::string line;   ///< verbatim, with its line end
};

class Fields {
 public:
  void add_verbatim(Field field) { fields_.push_back(std::move(field)); }
  /// Appends "name: value".
  void add(std::string_view name, std::string_view value);
  /// Continues the last field with a folded line, whose white space reads as one space (RFC 9112 5.2).
  /// @return false when there is no field yet.
  bool fold_into_last(std::string_view text, std::string_view line);
  /// Changes the first `name` in its place (its later repetitions go), or appends it. A field that has this
  /// value already stays as it is written.
  void set(std::string_view name, std::string_view value);
  void remove_if(const std::function<bool(const Field&)>& unwanted) { std::erase_if(fields_, unwanted); }
  void remove(std::string_view name);

  /// The value of the first field called `name`; null when there is none.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Some field called `name` lists `token`: case-insensitive, comma-separated, repeated fields count
  /// (UPG-1).
  bool has_token(std::string_view name, std::string_view token) const;
  /// All values of `name`, joined with ", " (RFC 9110 5.3).
  std::string joined(std::string_view name) const;

  const std::vector<Field>& list() const noexcept { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct RequestHead {
  std::string method, target, version;
  std::string first_line;  ///< verbatim, with its line end
  Fields fields;
  std::string end;  ///< the blank line, verbatim

  std::string text() const;
  /// Writes the first line anew.
  void set_target(std::string_view new_target);
};

struct ResponseHead {
  int status = 0;
  std::string version, reason;
  std::string first_line;
  Fields fields;
  std::string end;

  std::string text() const;
  /// 1xx but 101: another head follows.
  bool is_interim() const noexcept { return status >= 100 && status < 200 && status != 101; }
};

}  // namespace wstap::http1
