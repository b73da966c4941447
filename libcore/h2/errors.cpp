// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/errors.h"

#include <string>

namespace wstap::h2 {
namespace {

const char* text(Errc e) {
  switch (e) {
    case Errc::bad_preface: return "this is not HTTP/2";
    case Errc::protocol: return "HTTP/2 protocol error";
    case Errc::flooded: return "too many HTTP/2 frames that bring nothing";
    case Errc::too_many_streams: return "no further request can be sent on this connection";
  }
  return "unknown";
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "h2"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

}  // namespace wstap::h2
