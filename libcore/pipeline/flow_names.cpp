// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/flow_names.h"

#include "libcore/base/ascii.h"

namespace wstap::pipeline {
namespace {

bool is_secure(std::string_view url) noexcept {
  return url.starts_with("wss:") || url.starts_with("https:");
}

/// "wss://[::1]:443/chat?x=1" or "host:443": the host without port and brackets, the path without the query.
struct UrlParts {
  std::string_view host, path;
  std::uint16_t port = 0;
};
UrlParts parts_of(std::string_view url) noexcept {
  const std::uint16_t standard = is_secure(url) ? 443 : 80;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto authority = url.substr(0, url.find_first_of("/?#"));
  auto path = url.substr(authority.size());
  path = path.substr(0, path.find_first_of("?#"));
  const bool is_literal = authority.starts_with('[');
  const auto colon = authority.find(':', is_literal ? authority.find(']') : 0);
  const auto port = colon == std::string_view::npos
                        ? std::optional(standard)
                        : parse_decimal<std::uint16_t>(authority.substr(colon + 1));
  if (is_literal) return {authority.substr(1, authority.find(']') - 1), path, port.value_or(0)};
  return {authority.substr(0, colon), path, port.value_or(0)};
}

}  // namespace

FlowNames::FlowNames(FlowId id, std::string url, std::string subprotocol, std::string target)
    : id_(id), url_(std::move(url)), subprotocol_(std::move(subprotocol)), target_(std::move(target)) {
  const auto [host, path, port] = parts_of(url_);
  host_ = part(host);
  path_ = part(path);
}

FlowNames::Part FlowNames::part(std::string_view view) const noexcept {
  if (view.empty()) return {};
  return {static_cast<std::uint32_t>(view.data() - url_.data()), static_cast<std::uint32_t>(view.size())};
}

filter::FlowSubject FlowNames::subject() const noexcept {
  return {.id = id_, .url = url_, .host = of(host_), .path = of(path_), .subprotocol = subprotocol_};
}

Destination FlowNames::destination() const noexcept {
  const auto [host, path, port] = parts_of(target_.empty() ? url_ : target_);
  return {.host = host,
          .port = port,
          .scheme = is_secure(url_) ? "https" : "http",
          .path = of(path_),
          .upgrade = true};
}

}  // namespace wstap::pipeline
