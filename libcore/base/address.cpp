// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace wstap {
namespace {

std::string text_of(in_addr address) {
  if (address.s_addr == htonl(INADDR_ANY)) address.s_addr = htonl(INADDR_LOOPBACK);
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

std::string text_of(in6_addr address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr mapped{};
    std::memcpy(&mapped.s_addr, &address.s6_addr[12], sizeof mapped.s_addr);
    return text_of(mapped);
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&address)) address = in6addr_loopback;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &address, text.data(), text.size());
  return text.data();
}

}  // namespace

std::optional<std::string> canonical_address(std::string_view host) {
  const std::string text(host);
  in6_addr six{};
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return text_of(six);
  in_addr four{};
  // inet_aton() takes what getaddrinfo() does, and whatever stands behind a blank.
  const bool is_plain = host.find_first_not_of("0123456789abcdefxABCDEFX.") == std::string_view::npos;
  if (is_plain && inet_aton(text.c_str(), &four) == 1) return text_of(four);
  return std::nullopt;
}

}  // namespace wstap
