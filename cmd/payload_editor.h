// SPDX-License-Identifier: Apache-2.0
// A payload in a file of its own, for the editor that somebody likes, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

/// A file that nobody else can read, in a directory of its own. Both are gone when this is.
class EditedFile {
 public:
  /// @param name  by whose end editors tell what it is: "payload.json".
  /// @error the system's own.
  static Result<EditedFile> make(std::string_view name, std::string_view content);
  EditedFile(EditedFile&& other) noexcept;
  EditedFile& operator=(EditedFile&&) = delete;
  ~EditedFile();

  const std::string& path() const noexcept { return path_; }
  Result<std::string> content() const;

 private:
  EditedFile() = default;
  std::string directory_, path_;
};

/// $VISUAL, $EDITOR, or vi; to be run as `sh -c SCRIPT sh FILE`.
std::string editor_script();

/// How a payload is edited in hexadecimal: sixteen bytes a line, behind # what they are as text.
std::string hex_for_editing(Bytes payload);
/// @return none: it is no hexadecimal.
std::optional<Buffer> bytes_of_edited_hex(std::string_view text);

/// What was written, without the end of the last line that editors add to what had none.
std::string without_added_end(std::string edited, std::string_view before);

}  // namespace wstap::cmd
