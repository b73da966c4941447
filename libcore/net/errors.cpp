// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/errors.h"

#include <string>

namespace wstap::net {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "net"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::resolve_failed: return "cannot resolve";
      case Errc::connect_failed: return "cannot connect";
      case Errc::timed_out: return "timed out";
      case Errc::self_dial: return "refusing to connect to myself";
      case Errc::peer_closed: return "connection closed early";
      case Errc::protocol: return "protocol error";
      case Errc::cancelled: return "stopping";
      case Errc::address_in_use: return "address already in use";
      case Errc::bad_address: return "not an address";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

int http_status_for(const std::error_code& code) noexcept {
  if (code == Errc::timed_out) return 504;
  if (code == Errc::self_dial) return 403;
  return 502;
}

unsigned char socks_reply_for(const std::error_code& code) noexcept {
  if (code == Errc::timed_out) return 0x06;       // TTL expired
  if (code == Errc::self_dial) return 0x02;       // not allowed by ruleset
  if (code == Errc::resolve_failed) return 0x04;  // host unreachable
  if (code == Errc::connect_failed) return 0x05;  // connection refused
  return 0x01;                                    // general failure
}

}  // namespace wstap::net
