// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/errors.h"

namespace wstap::steps {
namespace {

const char* text(Errc e) {
  switch (e) {
    case Errc::bad_pattern: return "bad pattern";
    case Errc::bad_replacement: return "bad replacement";
  }
  return "unknown";
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "steps"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

}  // namespace wstap::steps
