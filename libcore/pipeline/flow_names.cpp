// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/flow_names.h"

namespace wstap::pipeline {
namespace {

/// "wss://[::1]:443/chat?x=1" or "host:443": the host without port and brackets, the path without the query.
struct UrlParts {
  std::string_view host, path;
};
UrlParts parts_of(std::string_view url) noexcept {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto authority = url.substr(0, url.find_first_of("/?#"));
  auto path = url.substr(authority.size());
  path = path.substr(0, path.find_first_of("?#"));
  if (authority.starts_with('[')) return {authority.substr(1, authority.find(']') - 1), path};
  return {authority.substr(0, authority.rfind(':')), path};
}

}  // namespace

FlowNames::FlowNames(FlowId id, std::string url, std::string subprotocol)
    : id_(id), url_(std::move(url)), subprotocol_(std::move(subprotocol)) {
  const auto [host, path] = parts_of(url_);
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

}  // namespace wstap::pipeline
