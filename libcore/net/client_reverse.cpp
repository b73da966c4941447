// SPDX-License-Identifier: Apache-2.0
// What comes to the port of a reverse proxy (UPG-6).
#include "libcore/net/client_session.h"
#include "libcore/net/tls_accept.h"
#include "libcore/net/tls_dial.h"

namespace wstap::net {

using pipeline::ConnectionKind;

/// Connects to the upstream, before it is asked for anything.
asio::awaitable<Result<void>> ClientSession::reach_reverse(std::vector<std::string> alpn) {
  const auto url = reverse_url();
  auto reached = co_await dial_tunnel(url.authority);
  if (reached && url.secure())
    reached = co_await start_upstream_tls(core_, seat_, server_, url.authority.host, std::move(alpn),
                                          facts_.server);
  if (!reached) server_ = Stream();
  co_return reached;
}

/// Where both may agree on HTTP/2 the upstream is connected first: what it speaks is what the client is
/// offered (TLS-6), unless wstap translates.
asio::awaitable<bool> ClientSession::accept_reverse_tls() {
  const auto url = reverse_url();
  auto alpn = only_http1();
  const auto hello = co_await read_client_hello(client_, core_.options.handshake_timeout);
  const bool offers_h2 = hello && offers_http2(*hello);
  if (offers_h2 && core_.options.bridge) {
    alpn = {"h2"};
  } else if (offers_h2 && url.secure() && refusal(url.authority).empty()) {
    const auto reached = co_await reach_reverse(upstream_alpn(*hello, false));
    // Where nobody is reached, each request is told why.
    if (reached && !facts_.server.tls->alpn.empty()) alpn = {facts_.server.tls->alpn};
  }
  const std::string fault = co_await accept_tls(url.authority.host, std::move(alpn), {});
  if (!fault.empty()) record(url, ConnectionKind::failed, fault);
  const bool accepted = fault.empty();
  co_return accepted;
}

asio::awaitable<void> ClientSession::serve_reverse(Opening opening) {
  const auto url = reverse_url();
  const bool agreed_h2 = server_ && facts_.server.tls && facts_.server.tls->alpn == "h2";
  if (agreed_h2) co_return co_await serve_h2(Site(Site::Kind::upstream, url), url.authority.host);
  if (opening == Opening::http1 || opening == Opening::other)
    co_return co_await serve_http(Site(Site::Kind::upstream, url));
  if (!may_reach(url.authority)) co_return;
  const bool h2 = opening == Opening::h2_preface, bridge = h2 && core_.options.bridge;
  std::vector<std::string> alpn;
  if (h2) alpn.emplace_back("h2");
  if (bridge) alpn.emplace_back("http/1.1");
  const auto reached = co_await reach_reverse(std::move(alpn));
  // Who bridges tells each request why nobody is reached.
  if (!reached && !bridge) co_return record(url, ConnectionKind::failed, reached.error().text());
  if (!h2) co_return co_await relay_as_opaque(url, "not HTTP");
  if (!bridge && url.secure() && facts_.server.tls->alpn != "h2")
    co_return record(url, ConnectionKind::failed, "the client speaks HTTP/2, and the upstream does not");
  co_await serve_h2(Site(Site::Kind::upstream, url), url.authority.host);
}

}  // namespace wstap::net
