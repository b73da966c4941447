// SPDX-License-Identifier: Apache-2.0
#include "formats/errors.h"

#include <string>

namespace wstap::formats {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "capture"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::truncated: return "the last record is torn";
      case Errc::corrupt: return "corrupt record";
      case Errc::bad_magic: return "not a wstap capture";
      case Errc::newer_version: return "a capture of a newer version";
      case Errc::record_too_large: return "record too large";
      case Errc::reader_gone: return "nobody reads the capture any more";
      case Errc::exists: return "the file exists";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

std::unexpected<Error> in_the_way(const std::string& path) {
  return fail(Errc::exists, path + " (use --force to overwrite it)");
}

}  // namespace wstap::formats
