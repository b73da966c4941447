// SPDX-License-Identifier: Apache-2.0
// What is known of one TLS connection, as plain values: filled by libcore/tls, recorded by everything above.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"

namespace wstap {

/// The certificate a server showed.
struct CertificateFacts {
  std::string subject;  ///< RFC 2253 form: "CN=example.com,O=..."
  std::string issuer;
  UnixNs not_before_ns = 0;
  UnixNs not_after_ns = 0;
  std::string sha256;              ///< of the DER form, lower-case hex
  std::vector<std::string> names;  ///< subjectAltName: DNS names and IP addresses as text
};

/// One leg's TLS. Empty strings where a fact does not exist.
struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< the IANA name: "TLS_AES_128_GCM_SHA256"
  std::string alpn;     ///< "http/1.1"
  std::string sni;
  std::string ja3;  ///< MD5 in hex, of the client's hello
  std::string ja4;
  std::optional<CertificateFacts> certificate;  ///< server leg only
};

}  // namespace wstap
