// SPDX-License-Identifier: Apache-2.0
#include "formats/byte_source.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "formats/file_lock.h"

namespace wstap::formats {
namespace {

constexpr std::size_t kReadAtOnce = 256 * 1024;
constexpr int kFollowPollMs = 100;

std::unexpected<Error> system_error(const std::string& path) {
  return fail(std::error_code(errno, std::generic_category()), path == "-" ? "standard input" : path);
}

class MappedFile final : public ByteSource {
 public:
  MappedFile(void* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  ~MappedFile() override {
    if (memory_ != nullptr) ::munmap(memory_, bytes_);
  }
  Result<Bytes> look(std::size_t) override {
    return Bytes(static_cast<const std::byte*>(memory_), bytes_).subspan(at_);
  }
  void consume(std::size_t bytes) override { at_ += bytes; }

 private:
  void* memory_;
  std::size_t bytes_;
  std::size_t at_ = 0;
};

class StreamSource final : public ByteSource {
 public:
  StreamSource(Descriptor fd, std::string path, bool regular, SourceOptions options)
      : fd_(std::move(fd)), path_(std::move(path)), regular_(regular), options_(std::move(options)) {}

  Result<Bytes> look(std::size_t wanted) override {
    while (end_ - begin_ < wanted) {
      const auto got = read_some(wanted);
      if (!got) return std::unexpected(got.error());
      if (*got == 0) break;
    }
    return Bytes(buffer_).subspan(begin_, end_ - begin_);
  }
  void consume(std::size_t bytes) override { begin_ += bytes; }
  bool wait_for_more() override {
    if (!options_.follow || !regular_ || stopped() || left_) return false;
    // What was written last may have come after the last look: once more.
    left_ = options_.continued && !being_written() && options_.continued();
    if (!left_) ::poll(nullptr, 0, kFollowPollMs);
    // Whatever is unread is read again.
    const auto unread = static_cast<off_t>(end_ - begin_);
    if (unread != 0 && ::lseek(fd_.get(), -unread, SEEK_CUR) >= 0) end_ = begin_;
    return true;
  }
  bool stopped() const override { return options_.follow && options_.stop && options_.stop(); }
  bool being_written() const override { return regular_ && is_being_written(fd_.get()); }

 private:
  Result<std::size_t> read_some(std::size_t wanted) {
    if (begin_ != 0 && (begin_ == end_ || buffer_.size() - begin_ < wanted)) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - end_ < kReadAtOnce / 2 || buffer_.size() - begin_ < wanted) {
      // Grows with what is there: a record's length is believed only as far as it arrives.
      buffer_.resize(std::max(kReadAtOnce, std::min(begin_ + wanted, 2 * end_ + kReadAtOnce)));
    }
    for (;;) {
      const auto got = ::read(fd_.get(), buffer_.data() + end_, buffer_.size() - end_);
      if (got < 0 && errno == EINTR) {
        if (options_.stop && options_.stop()) return 0;
        continue;
      }
      if (got < 0) return system_error(path_);
      end_ += static_cast<std::size_t>(got);
      return static_cast<std::size_t>(got);
    }
  }

  Descriptor fd_;
  std::string path_;
  bool regular_;
  SourceOptions options_;
  Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool left_ = false;  ///< its writer went on in another file
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, SourceOptions options) {
  Descriptor fd(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) return system_error(path);
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    return system_error(path);
  }
  const bool regular = S_ISREG(info.st_mode);
  // A file that is still written may be shortened under a mapping, and that would be fatal.
  if (regular && path != "-" && !options.follow && !is_being_written(fd.get())) {
    const auto bytes = static_cast<std::size_t>(info.st_size);
    if (bytes == 0) return std::make_unique<MappedFile>(nullptr, 0);
    void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (memory != MAP_FAILED) {
      ::madvise(memory, bytes, MADV_SEQUENTIAL);
      return std::make_unique<MappedFile>(memory, bytes);
    }
  }
  return std::make_unique<StreamSource>(std::move(fd), path, regular, std::move(options));
}

}  // namespace wstap::formats
