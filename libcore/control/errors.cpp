// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/errors.h"

#include <string>

namespace wstap::control {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "control"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::connect_failed: return "cannot connect";
      case Errc::timed_out: return "timed out";
      case Errc::peer_closed: return "connection closed early";
      case Errc::protocol: return "protocol error";
      case Errc::other_version: return "another version of the protocol";
      case Errc::refused: return "refused";
      case Errc::address_in_use: return "address already in use";
      case Errc::not_private: return "not private";
      case Errc::not_ours: return "belongs to another user";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

}  // namespace wstap::control
