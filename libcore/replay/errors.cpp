// SPDX-License-Identifier: Apache-2.0
#include "libcore/replay/errors.h"

#include <string>

namespace wstap::replay {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "replay"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::no_beginning: return "the recording begins in the middle of the flow";
      case Errc::not_recorded: return "the recording does not have its payload";
      case Errc::not_readable: return "its message cannot be inflated";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

}  // namespace wstap::replay
