// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/http_route.h"

#include <fmt/format.h>

#include "libcore/http1/reply.h"
#include "libcore/net/ca_site.h"

namespace wstap::net {
namespace {

Route malformed(Error error) {
  Route route(Route::Kind::malformed, {});
  route.error = std::move(error);
  return route;
}

Route refused(http1::Url url, int status, std::string reason) {
  Route route(Route::Kind::refused, std::move(url));
  route.status = status;
  route.reason = std::move(reason);
  return route;
}

bool shows(const SocksCredentials& wanted, const http1::RequestHead& request) {
  const auto* given = request.fields.find("Proxy-Authorization");
  return given != nullptr && http1::basic_credentials_match(*given, wanted.user, wanted.password);
}

Route out_of_scope(http1::Url url, std::string reason) {
  Route route = refused(std::move(url), 403, std::move(reason));
  route.kind = Route::Kind::out_of_scope;
  return route;
}

Route route_connect(const Site& site, const pipeline::Scope& scope, const http1::RequestHead& request) {
  if (site.kind == Site::Kind::upstream)
    return refused(site.url, 501,
                   fmt::format("this port is a reverse proxy for {}://{}: it takes no CONNECT",
                               site.url.scheme, site.url.host_field));
  if (site.kind != Site::Kind::any) return refused(site.url, 501, "CONNECT inside a tunnel");
  auto target = http1::parse_authority(request.target, 0);
  if (!target) return malformed(target.error());
  http1::Url url;
  url.authority = std::move(*target);
  if (is_ca_site(url.authority.host)) return Route(Route::Kind::connect, std::move(url));
  if (auto why = scope.refusal(destination_of(url.authority)); !why.empty())
    return out_of_scope(std::move(url), std::move(why));
  return Route(Route::Kind::connect, std::move(url));
}

/// What the request itself says of where it is to go.
Result<http1::Url> requested_url(const Site& site, const http1::RequestHead& request) {
  if (http1::is_absolute_form(request.target)) return http1::parse_url(request.target);
  http1::Url url = site.url;
  url.path = request.target;
  if (const auto* host = request.fields.find("Host")) url.host_field = *host;
  return url;
}

bool is_for_own_site(const Site& site, const http1::Url& url) {
  return is_ca_site(url.authority.host) || (site.kind == Site::Kind::any && is_ca_site(url.host_field));
}

}  // namespace

pipeline::Destination destination_of(const http1::Url& url, bool upgrade) noexcept {
  const std::string_view path = url.path;
  return {url.authority.host, url.authority.port, url.secure() ? "https" : "http",
          path.substr(0, path.find('?')), upgrade};
}

pipeline::Destination destination_of(const http1::Authority& to) noexcept {
  return {to.host, to.port, {}, {}, false};
}

Route route(const Site& site, const std::optional<SocksCredentials>& credentials,
            const pipeline::Scope& scope, const http1::RequestHead& request, bool upgrade) {
  const bool names_target = site.kind == Site::Kind::any;
  if (names_target && credentials && !shows(*credentials, request))
    return Route(Route::Kind::no_credentials, {});
  if (request.method == "CONNECT") return route_connect(site, scope, request);
  auto url = requested_url(site, request);
  if (!url) return malformed(url.error());
  if (is_for_own_site(site, *url)) return Route(Route::Kind::own_site, std::move(*url));
  if (names_target && url->authority.host.empty())
    return refused(std::move(*url), 400,
                   "this is a proxy: configure it as one, or start it with --reverse URL to put it in "
                   "front of one server");
  // Inside a tunnel, and behind --reverse, the connection decides where requests go, not what they say.
  if (!names_target) url->authority = site.url.authority, url->scheme = site.url.scheme;
  if (auto why = scope.refusal(destination_of(*url, upgrade)); !why.empty())
    return out_of_scope(std::move(*url), std::move(why));
  if (site.failure.empty()) return Route(Route::Kind::upstream, std::move(*url));
  auto failed = refused(std::move(*url), 502, site.failure);
  failed.kind = Route::Kind::unreachable;
  return failed;
}

}  // namespace wstap::net
