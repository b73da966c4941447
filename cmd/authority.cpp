// SPDX-License-Identifier: Apache-2.0
#include "cmd/authority.h"

#include <CLI/CLI.hpp>

#include "libcore/base/clock.h"
#include "libcore/tls/errors.h"

namespace wstap::cmd {

void add_authority_options(CLI::App& app, AuthorityOptions& options) {
  auto* certificate = app.add_option("--ca-cert", options.certificate,
                                     "use this authority instead of the machine's own: certificate (PEM)")
                          ->type_name("FILE");
  auto* key = app.add_option("--ca-key", options.key, "... and its private key (PEM)")
                  ->type_name("FILE")
                  ->needs(certificate);
  certificate->needs(key);
}

Result<tls::Authority> open_authority(const AuthorityOptions& options) {
  if (!options.certificate.empty()) return tls::Authority::load(options.certificate, options.key);
  const auto folder = tls::default_authority_dir();
  if (folder.empty())
    return fail(tls::Errc::bad_file, "no place for a certificate authority (set HOME or XDG_DATA_HOME)");
  return tls::Authority::open_or_create(folder, SystemClock().now_ns());
}

}  // namespace wstap::cmd
