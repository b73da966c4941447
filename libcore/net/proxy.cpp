// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/proxy.h"

#include "libcore/net/control_desk.h"
#include "libcore/net/proxy_core.h"

namespace wstap::net {

Proxy::Proxy(ProxyOptions options, ProxyParts parts)
    : core_(std::make_unique<ProxyCore>(std::move(options), parts)) {}
Proxy::~Proxy() = default;

Result<std::vector<asio::ip::tcp::endpoint>> Proxy::listen() {
  return core_->listen();
}
bool Proxy::run() {
  return core_->run();
}
void Proxy::stop() {
  core_->stop();
}
void Proxy::use(pipeline::Pipeline pipeline) {
  core_->pipeline.replace(std::move(pipeline));
  core_->holds.look_again();
}
std::unique_ptr<control::Port> Proxy::control(std::function<control::Rules(bool reload)> rules) {
  return std::make_unique<ControlDesk>(*core_, std::move(rules));
}
const std::optional<Error>& Proxy::failure() const noexcept {
  return core_->failure;
}
const pipeline::Counters& Proxy::counters() const noexcept {
  return core_->counters;
}

}  // namespace wstap::net
