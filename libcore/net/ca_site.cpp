// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/ca_site.h"

#include "libcore/base/ascii.h"
#include "libcore/http1/reply.h"

namespace wstap::net {

bool is_ca_site(std::string_view host) noexcept {
  return iequals(host, "wstap.ca") || iequals(host, "wstap.ca:80");
}

std::string ca_site_reply(std::string_view method, std::string_view path, const tls::Interception& tls) {
  if (method == "HEAD") return http1::without_body(ca_site_reply("GET", path, tls));
  if (method != "GET") return http1::not_allowed_reply("GET, HEAD", "there is only something to get here");
  const auto& authority = tls.authority();
  if (path == "/" || path == "/wstap-ca.pem")
    return http1::content_reply("application/x-x509-ca-cert", as_bytes(authority.pem()), "wstap-ca.pem");
  if (path == "/wstap-ca.der" || path == "/wstap-ca.cer")
    return http1::content_reply("application/x-x509-ca-cert", authority.der(), "wstap-ca.cer");
  if (path == "/wstap-ca.p12")
    return http1::content_reply("application/x-pkcs12", authority.p12(""), "wstap-ca.p12");
  return http1::error_reply(404, "there is /wstap-ca.pem, /wstap-ca.der and /wstap-ca.p12");
}

namespace {

std::string behind_scheme(const http1::Url& url) {
  return (url.host_field.empty() ? url.authority.text() : url.host_field) + url.path;
}

}  // namespace

std::string websocket_url(const http1::Url& url) {
  return (url.secure() ? "wss://" : "ws://") + behind_scheme(url);
}

std::string http_url(const http1::Url& url) {
  return (url.secure() ? "https://" : "http://") + behind_scheme(url);
}

}  // namespace wstap::net
