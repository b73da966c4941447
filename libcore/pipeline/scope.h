// SPDX-License-Identifier: Apache-2.0
// What may be reached through a proxy: HostScope, by host and port before anything is dialled, and HttpScope,
// by the URL of each request. The first two steps of the pipeline; the others see frames.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wstap::pipeline {

/// Where somebody wants to go.
struct Destination {
  std::string_view host;  ///< without the brackets of an IPv6 literal
  std::uint16_t port = 0;
  std::string_view scheme;  ///< "http" or "https"; empty: only host and port are known
  std::string_view path;    ///< without the query
  bool upgrade = false;     ///< to a WebSocket
};

/// "example.com:443", so that no two ways to write a host give another.
std::string host_and_port(const Destination& to);

/// "*.example.com:443", "10.0.0.*", "[::1]:8000-8999", "wss://*/chat/*", "example.com/admin*".
class TargetPattern {
 public:
  /// @return none: `why` says what is wrong.
  static std::optional<TargetPattern> parse(std::string_view text, std::string& why);

  /// All of it applies.
  bool covers(const Destination& to) const noexcept;
  /// ... as far as host and port say.
  bool covers_host(const Destination& to) const noexcept;
  /// Host and port say all.
  bool is_of_host() const noexcept { return scheme_.empty() && path_.empty(); }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_, scheme_, host_, path_;  ///< empty: any
  std::uint16_t first_port_ = 0, last_port_ = 65535;
  bool of_addresses_ = false;  ///< the host is one, or a part of one: no name is meant
};

/// Immutable; shared by workers.
struct Scope {
  std::vector<TargetPattern> allow;  ///< none: everything
  std::vector<TargetPattern> deny;   ///< also of what is allowed
  bool unread = true;                ///< tunnels that nobody here can read may pass

  bool everything() const noexcept { return allow.empty() && deny.empty() && unread; }
  /// Why not; empty: it may be reached. While only host and port are known, a pattern that says more lets in
  /// what it allows, and does not deny yet.
  std::string refusal(const Destination& to) const;
  /// The same of a tunnel to there whose requests, if it has any, nobody will see.
  std::string refusal_unread(const Destination& to) const;
};

}  // namespace wstap::pipeline
