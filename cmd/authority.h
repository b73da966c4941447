// SPDX-License-Identifier: Apache-2.0
// The certificate authority a command works with: the machine's own, or one that was brought (TLS-2).
#pragma once

#include <string>

#include "libcore/tls/authority.h"

namespace CLI {
class App;
}

namespace wstap::cmd {

struct AuthorityOptions {
  std::string certificate, key;  ///< files; both empty: the machine's own
};

/// --ca-cert and --ca-key.
void add_authority_options(CLI::App& app, AuthorityOptions& options);

/// @error as tls::Authority; the detail names the file.
Result<tls::Authority> open_authority(const AuthorityOptions& options);

}  // namespace wstap::cmd
