// SPDX-License-Identifier: Apache-2.0
#include "formats/repair.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "formats/capture_reader.h"
#include "formats/errors.h"

namespace wstap::formats {
namespace {

class Output {
 public:
  Output(const std::string& path, bool force)
      : path_(path),
        fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0600)) {}
  ~Output() {
    if (fd_ >= 0) ::close(fd_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Result<void> opened() const {
    if (fd_ >= 0) return {};
    if (errno == EEXIST) return fail(Errc::exists, path_ + " (use --force to overwrite it)");
    return fail(std::error_code(errno, std::generic_category()), path_);
  }
  Result<void> write(Bytes bytes) const {
    while (!bytes.empty()) {
      const auto put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail(std::error_code(errno, std::generic_category()), path_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

 private:
  const std::string& path_;
  int fd_;
};

}  // namespace

Result<Repaired> repair(const std::string& from, const std::string& to, bool force) {
  auto reader = CaptureReader::open(from);
  if (!reader) return std::unexpected(reader.error());
  Repaired result;
  auto record = reader->next();
  if (!record) return std::unexpected(record.error());
  const Output output(to, force);
  if (auto ok = output.opened(); !ok) return std::unexpected(ok.error());
  for (; record && *record; record = reader->next()) {
    if (auto ok = output.write(reader->raw()); !ok) return std::unexpected(ok.error());
    ++result.records;
    result.bytes += reader->raw().size();
  }
  if (!record) result.damage = record.error();
  return result;
}

}  // namespace wstap::formats
