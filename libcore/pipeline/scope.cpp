// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcore/base/address.h"
#include "libcore/base/ascii.h"

namespace wstap::pipeline {
namespace {

constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "ws", "wss"};

/// `*` stands for any characters.
bool glob(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0;
  std::optional<std::size_t> star;  // the last one, and where what it stands for ends
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star) {
      p = *star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Names differ neither by case nor by the dot of the root, addresses not by how they are written.
std::string canonical_host(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  if (auto address = canonical_address(host)) return std::move(*address);
  return to_lower(host);
}

struct Ports {
  std::uint16_t first = 0, last = 65535;
};
/// "443", "8000-8999", "*".
std::optional<Ports> parse_ports(std::string_view text) {
  if (text == "*") return Ports{};
  const auto dash = text.find('-');
  const auto first = parse_decimal<std::uint16_t>(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_decimal<std::uint16_t>(text.substr(dash + 1));
  if (!first || !last || *first > *last || *first == 0) return std::nullopt;
  return Ports{*first, *last};
}

/// What is wrong with the path of a pattern; empty: nothing.
std::string fault_of_path(std::string_view path, std::string_view host) {
  if (path.find_first_of("?#") != std::string_view::npos) return "a path has neither query nor fragment here";
  const bool is_prefix_length = path.size() > 1 && parse_decimal<std::uint8_t>(path.substr(1));
  if (!is_prefix_length || !canonical_address(host)) return {};
  return fmt::format("'{}' is no path; a network is written as 10.0.* is", path);
}

/// Where the port begins, with its colon.
std::size_t end_of_host(std::string_view authority) noexcept {
  if (!authority.starts_with('[')) return std::min(authority.find(':'), authority.size());
  return std::min(authority.find(']'), authority.size() - 1) + 1;
}

}  // namespace

std::string host_and_port(const Destination& to) {
  return fmt::format("{}:{}", canonical_host(to.host), to.port);
}

std::optional<TargetPattern> TargetPattern::parse(std::string_view text, std::string& why) {
  TargetPattern made;
  made.text_ = text;
  if (const auto end = text.find("://"); end != std::string_view::npos) {
    made.scheme_ = to_lower(text.substr(0, end));
    if (std::ranges::find(kSchemes, made.scheme_) == kSchemes.end()) {
      why = fmt::format("'{}' is not one of http, https, ws, wss", text.substr(0, end));
      return std::nullopt;
    }
    text.remove_prefix(end + 3);
  }
  const auto authority = text.substr(0, text.find('/'));
  made.path_ = text.substr(authority.size());
  const auto host_end = authority.empty() ? 0 : end_of_host(authority);
  auto host = authority.substr(0, host_end);
  auto ports = authority.substr(host_end);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("[]@ \t?#") != std::string_view::npos) {
    why = "it names no host (* is any)";
    return std::nullopt;
  }
  made.host_ = canonical_host(host);
  made.of_addresses_ = made.host_.find_first_not_of("0123456789.*") == std::string::npos &&
                       made.host_.find_first_of("0123456789") != std::string::npos;
  if (why = fault_of_path(made.path_, host); !why.empty()) return std::nullopt;
  if (ports.empty()) return made;
  const auto parsed = ports.starts_with(':') ? parse_ports(ports.substr(1)) : std::nullopt;
  if (!parsed) {
    why = fmt::format("'{}' is no port, as :443, :8000-8999 and :* are; an IPv6 address has brackets", ports);
    return std::nullopt;
  }
  made.first_port_ = parsed->first;
  made.last_port_ = parsed->last;
  return made;
}

bool TargetPattern::covers_host(const Destination& to) const noexcept {
  if (to.port < first_port_ || to.port > last_port_) return false;
  const auto host = canonical_host(to.host);
  return (!of_addresses_ || canonical_address(host)) && glob(host_, host);
}

bool TargetPattern::covers(const Destination& to) const noexcept {
  if (!covers_host(to)) return false;
  // A WebSocket is what its upgrade is, and more.
  const bool websockets = scheme_.starts_with("ws");
  const bool secure = scheme_.ends_with('s') && scheme_ != "ws";
  const bool scheme_fits =
      scheme_.empty() || ((!websockets || to.upgrade) && secure == (to.scheme == "https"));
  return scheme_fits && (path_.empty() || glob(path_, to.path));
}

std::string Scope::refusal(const Destination& to) const {
  const bool host_only = to.scheme.empty();
  const auto denies = [&](const TargetPattern& each) {
    return host_only ? each.is_of_host() && each.covers_host(to) : each.covers(to);
  };
  const auto allows = [&](const TargetPattern& each) {
    return host_only ? each.covers_host(to) : each.covers(to);
  };
  if (const auto found = std::ranges::find_if(deny, denies); found != deny.end())
    return fmt::format("out of scope: denied by \"{}\"", found->text());
  if (!allow.empty() && std::ranges::none_of(allow, allows)) return "out of scope: not allowed";
  return {};
}

std::string Scope::refusal_unread(const Destination& to) const {
  if (!unread) return "out of scope: it cannot be read";
  const auto denies = [&](const TargetPattern& each) { return each.covers_host(to); };
  const auto allows = [&](const TargetPattern& each) { return each.is_of_host() && each.covers_host(to); };
  if (const auto found = std::ranges::find_if(deny, denies); found != deny.end())
    return fmt::format("out of scope: it cannot be read, and \"{}\" denies some of it", found->text());
  if (!allow.empty() && std::ranges::none_of(allow, allows))
    return "out of scope: it cannot be read, and not all of it is allowed";
  return {};
}

}  // namespace wstap::pipeline
