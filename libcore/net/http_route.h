// SPDX-License-Identifier: Apache-2.0
// Where an HTTP/1 request goes, by what it says and by the connection it came on (UPG-5, UPG-6). Decides
// only: no sockets.
#pragma once

#include <optional>
#include <string>

#include "libcore/http1/head.h"
#include "libcore/http1/target.h"
#include "libcore/net/socks5.h"
#include "libcore/pipeline/scope.h"

namespace wstap::net {

/// Where the requests of a stream go. Constructed, never brace-initialized: see Target.
struct Site {
  enum class Kind : std::uint8_t {
    any,       ///< a forward proxy's port: each request names its target
    upstream,  ///< `--reverse`: one upstream, dialled when needed
    tunnel,    ///< inside CONNECT or SOCKS: one upstream, one connection, dialled before
    own,       ///< http://wstap.ca/
  };
  Site() = default;
  Site(Kind what, http1::Url upstream) : kind(what), url(std::move(upstream)) {}

  Kind kind = Kind::any;
  http1::Url url;       ///< of the upstream, but for Kind::any
  std::string failure;  ///< every request is answered 502 with this (TLS-3); empty: none
};

/// What becomes of one request.
struct Route {
  enum class Kind : std::uint8_t {
    upstream,        ///< it is passed on to `url`
    connect,         ///< it asks for a tunnel to `url.authority`
    own_site,        ///< it is for http://wstap.ca/, and answered by `url.path`
    no_credentials,  ///< it must show some first: 407
    malformed,       ///< its target is none: `error`
    refused,         ///< it is answered with `status` and `reason`
    out_of_scope,    ///< the same
    unreachable,     ///< the same, and recorded whatever was asked for (TLS-3)
  };
  Route(Kind what, http1::Url where) : kind(what), url(std::move(where)) {}

  Kind kind;
  http1::Url url;  ///< where the request goes, or would have gone
  Error error;
  int status = 0;
  std::string reason;
};

/// @param credentials  what a forward proxy's clients must show; none: anybody may.
/// @param upgrade  it is one to a WebSocket.
Route route(const Site& site, const std::optional<SocksCredentials>& credentials,
            const pipeline::Scope& scope, const http1::RequestHead& request, bool upgrade);

/// Where a URL leads, and where a tunnel does. `url` and `to` outlive what is returned.
pipeline::Destination destination_of(const http1::Url& url, bool upgrade) noexcept;
pipeline::Destination destination_of(const http1::Authority& to) noexcept;

}  // namespace wstap::net
