// SPDX-License-Identifier: Apache-2.0
// Everything the proxy needs of TLS, in one place: the authority, its leaves, and how connections to both
// sides are set up (TLS-1, TLS-3, TLS-6).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/tls/authority.h"
#include "libcore/tls/channel.h"

namespace wstap::tls {

struct InterceptionOptions {
  bool insecure = false;                   ///< -k: whatever certificate the upstream shows
  std::optional<std::string> upstream_ca;  ///< PEM file to trust instead of the system's store
  std::vector<std::string> key_logs;       ///< files for the secrets of both legs
};

/// Thread-safe once made.
class Interception {
 public:
  /// @error bad_file; the system's own: a file of the options cannot be used.
  static Result<Interception> make(Authority authority, InterceptionOptions options);
  Interception(Interception&&) noexcept;
  Interception& operator=(Interception&&) noexcept;
  ~Interception();

  const Authority& authority() const noexcept;

  /// wstap's side of the client's leg: a server that shows a leaf for `name`.
  /// @param alpn  what to agree on, if the client offers it; empty: nothing.
  /// @error openssl
  Result<std::unique_ptr<Channel>> accept(Wire& wire, const std::string& name,
                                          std::vector<std::string> other_names, std::vector<std::string> alpn,
                                          UnixNs now) const;
  /// wstap's side of the server's leg: a client that asks for `host` and verifies what it is shown.
  Result<std::unique_ptr<Channel>> connect(Wire& wire, const std::string& host,
                                           const std::vector<std::string>& alpn) const;

 private:
  struct Parts;
  explicit Interception(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace wstap::tls
