// SPDX-License-Identifier: Apache-2.0
// The certificate authority that clients are asked to trust: made on first use, unique to the machine
// (TLS-2).
#pragma once

#include <memory>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"
#include "libcore/base/tls_facts.h"

struct x509_st;
struct evp_pkey_st;

namespace wstap::tls {

/// $XDG_DATA_HOME/wstap, or ~/.local/share/wstap; empty when neither variable is set.
std::string default_authority_dir();

class Authority {
 public:
  /// Loads `dir`/wstap-ca.pem and wstap-ca.key; makes them, and `dir` (0700), when they are not there. Two
  /// processes that do so at once end up with the same authority.
  /// @error bad_file; key_permissions; mismatch; openssl; the system's own. The detail names the file.
  static Result<Authority> open_or_create(const std::string& dir, UnixNs now);
  /// Somebody's own authority (--ca-cert, --ca-key). Who may read its key is its owner's affair.
  /// @error bad_file; mismatch. The detail names the file.
  static Result<Authority> load(const std::string& certificate_path, const std::string& key_path);

  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  ~Authority();

  const std::string& certificate_path() const noexcept { return certificate_path_; }
  CertificateFacts facts() const;
  std::string pem() const;
  Buffer der() const;
  /// The certificate alone, without its key, as PKCS #12.
  Buffer p12(const std::string& password) const;

  x509_st* certificate() const noexcept;
  evp_pkey_st* key() const noexcept;

 private:
  struct Parts;
  Authority(std::unique_ptr<Parts> parts, std::string certificate_path);
  std::unique_ptr<Parts> parts_;
  std::string certificate_path_;
};

}  // namespace wstap::tls
