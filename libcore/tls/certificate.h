// SPDX-License-Identifier: Apache-2.0
// Making and reading X.509 certificates (RFC 5280): ECDSA P-256 throughout. For .cpp files of libcore/tls.
#pragma once

#include <span>

#include "libcore/base/result.h"
#include "libcore/base/tls_facts.h"
#include "libcore/tls/openssl_ptr.h"

namespace wstap::tls {

KeyPtr new_p256_key();

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> names;  ///< DNS names and IP addresses as text; none for a CA
  UnixNs not_before_ns = 0;
  UnixNs not_after_ns = 0;
  bool is_ca = false;
};

/// Issues a certificate for `subject_key`, signed with `issuer_key`.
/// @param issuer  null: self-signed.
/// @error openssl
Result<X509Ptr> issue(const CertificateRequest& request, EVP_PKEY* subject_key, X509* issuer,
                      EVP_PKEY* issuer_key);

CertificateFacts facts_of(X509* certificate);
UnixNs not_after_ns(const X509* certificate);

std::string to_pem(X509* certificate);
Result<X509Ptr> certificate_from_pem(const std::string& path);
Result<KeyPtr> key_from_pem(const std::string& path);

}  // namespace wstap::tls
