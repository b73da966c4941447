// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/socks5.h"

#include <algorithm>
#include <asio/ip/address.hpp>

namespace wstap::net {
namespace {

constexpr std::byte kVersion{5};
constexpr std::byte kPasswordVersion{1};
constexpr unsigned char kNoAuth = 0x00;
constexpr unsigned char kUserPassword = 0x02;
constexpr unsigned char kNoneAcceptable = 0xff;
constexpr unsigned char kCommandNotSupported = 0x07;
constexpr unsigned char kAddressNotSupported = 0x08;
constexpr unsigned char kGeneralFailure = 0x01;

Buffer bytes_of(std::initializer_list<unsigned char> values) {
  Buffer bytes;
  for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// Takes as long as the strings do, whatever they hold.
bool same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return difference == 0;
}

}  // namespace

Socks5Server::Step Socks5Server::next(Bytes& in) {
  switch (state_) {
    case State::greeting: return greeting(in);
    case State::password: return password(in);
    case State::request: return request(in);
    case State::done: break;
  }
  return NeedMore{};
}

/// RFC 1928 section 3: version, count, methods.
Socks5Server::Step Socks5Server::greeting(Bytes& in) {
  if (in.size() < 2 || in.size() < 2 + static_cast<std::size_t>(in[1])) return NeedMore{};
  const auto methods = in.subspan(2, static_cast<std::size_t>(in[1]));
  const auto version = in[0];
  in = in.subspan(2 + methods.size());
  if (version != kVersion) return Refused{{}, "not SOCKS5"};
  const auto offers = [&](auto method) {
    return std::find(methods.begin(), methods.end(), static_cast<std::byte>(method)) != methods.end();
  };
  // Where nobody is asked, any user will do: some clients insist on saying who they are.
  const auto wanted = credentials_ || !offers(kNoAuth) ? kUserPassword : kNoAuth;
  if (!offers(wanted))
    return Refused{bytes_of({5, kNoneAcceptable}), credentials_
                                                       ? "the client offers no user/password authentication"
                                                       : "the client insists on authentication"};
  state_ = wanted == kUserPassword ? State::password : State::request;
  return Answer{bytes_of({5, wanted})};
}

/// RFC 1929 section 2: version, user, password, each with its length before it.
Socks5Server::Step Socks5Server::password(Bytes& in) {
  if (in.size() < 2) return NeedMore{};
  const auto user_len = static_cast<std::size_t>(in[1]);
  if (in.size() < 3 + user_len) return NeedMore{};
  const auto password_len = static_cast<std::size_t>(in[2 + user_len]);
  if (in.size() < 3 + user_len + password_len) return NeedMore{};
  const auto user = as_text(in.subspan(2, user_len));
  const auto secret = as_text(in.subspan(3 + user_len, password_len));
  const bool known =
      in[0] == kPasswordVersion &&
      (!credentials_ || (same(credentials_->user, user) && same(credentials_->password, secret)));
  in = in.subspan(3 + user_len + password_len);
  if (!known) return Refused{bytes_of({1, 1}), "wrong user or password"};
  state_ = State::request;
  return Answer{bytes_of({1, 0})};
}

/// RFC 1928 section 4: version, command, reserved, address type, address, port.
Socks5Server::Step Socks5Server::request(Bytes& in) {
  if (in.size() < 5) return NeedMore{};
  constexpr std::size_t kFixed = 4;
  constexpr std::size_t kPort = 2;
  const auto type = static_cast<unsigned char>(in[3]);
  std::size_t address_len = 0;
  std::size_t at = kFixed;
  switch (type) {
    case 1: address_len = 4; break;
    case 3: address_len = static_cast<std::size_t>(in[4]), at = kFixed + 1; break;
    case 4: address_len = 16; break;
    default: return Refused{reply(kAddressNotSupported), "unknown address type"};
  }
  if (in.size() < at + address_len + kPort) return NeedMore{};
  const auto version = in[0];
  const auto command = in[1];
  const Bytes address = in.subspan(at, address_len);
  Target target{{}, load_be<std::uint16_t>(in.subspan(at + address_len))};
  if (type == 3) {
    target.host = as_text(address);
  } else if (type == 1) {
    target.host = asio::ip::make_address_v4(load_be<std::uint32_t>(address)).to_string();
  } else {
    asio::ip::address_v6::bytes_type raw{};
    std::transform(address.begin(), address.end(), raw.begin(),
                   [](std::byte byte) { return static_cast<unsigned char>(byte); });
    target.host = asio::ip::make_address_v6(raw).to_string();
  }
  in = in.subspan(at + address_len + kPort);
  if (version != kVersion) return Refused{{}, "not SOCKS5"};
  if (command != std::byte{1}) return Refused{reply(kCommandNotSupported), "only CONNECT is supported"};
  if (target.host.empty() || target.port == 0 || target.host.find('\0') != std::string::npos)
    return Refused{reply(kGeneralFailure), "the request names no target"};
  state_ = State::done;
  return Request{std::move(target)};
}

Buffer Socks5Server::reply(unsigned char code) {
  // The bound address is of no use to the client: zeros, as most servers send.
  return bytes_of({5, code, 0, 1, 0, 0, 0, 0, 0, 0});
}

}  // namespace wstap::net
