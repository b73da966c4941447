// SPDX-License-Identifier: Apache-2.0
#include "cmd/payload_editor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <utility>

#include "cmd/output.h"
#include "cmd/whole_file.h"
#include "libcore/base/hex.h"

namespace wstap::cmd {
namespace {

constexpr std::size_t kRow = 16;

std::unexpected<Error> system_fault(const std::string& path) {
  return fail(std::error_code(errno, std::generic_category()), path);
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

Result<EditedFile> EditedFile::make(std::string_view name, std::string_view content) {
  const char* base = variable("TMPDIR");
  EditedFile file;
  std::string directory = fmt::format("{}/wstap-edit-XXXXXX", base != nullptr ? base : "/tmp");
  if (::mkdtemp(directory.data()) == nullptr) return system_fault(directory);
  file.directory_ = directory;
  file.path_ = fmt::format("{}/{}", directory, name);
  const int fd = ::open(file.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_fault(file.path_);
  const bool written = write_whole(fd, as_bytes(content));
  if (::close(fd) != 0 || !written) return system_fault(file.path_);
  return file;
}

EditedFile::EditedFile(EditedFile&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), path_(std::exchange(other.path_, {})) {}

EditedFile::~EditedFile() {
  // With what editors leave beside it: it has the payload as well.
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Result<std::string> EditedFile::content() const {
  const auto content = read_whole_file(path_);
  if (!content) return std::unexpected(content.error());
  return std::string(as_text(*content));
}

std::string editor_script() {
  const char* editor = variable("VISUAL");
  if (editor == nullptr) editor = variable("EDITOR");
  // Such a variable may have options.
  return fmt::format("{} \"$1\"", editor != nullptr ? editor : "vi");
}

std::string hex_for_editing(Bytes payload) {
  std::string out = "# Two digits are a byte. What stands behind # does not count.\n";
  for (std::size_t at = 0; at < payload.size(); at += kRow) {
    std::string hex, text;
    for (const auto byte : payload.subspan(at, std::min(kRow, payload.size() - at))) {
      const auto c = static_cast<unsigned char>(byte);
      hex += fmt::format("{:02x} ", c);
      text += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.';
    }
    out += fmt::format("{:<{}} # {}\n", hex, kRow * 3, text);
  }
  return out;
}

std::optional<Buffer> bytes_of_edited_hex(std::string_view text) {
  std::string digits;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    digits += line.substr(0, line.find('#'));
    digits += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return from_hex(digits);
}

std::string without_added_end(std::string edited, std::string_view before) {
  if (before.ends_with('\n') || !edited.ends_with('\n')) return edited;
  edited.pop_back();
  if (!before.ends_with('\r') && edited.ends_with('\r')) edited.pop_back();
  return edited;
}

}  // namespace wstap::cmd
