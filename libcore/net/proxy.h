// SPDX-License-Identifier: Apache-2.0
// The proxy as a whole: listeners, workers, their connections, and the way it stops.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "libcore/base/log.h"
#include "libcore/control/port.h"
#include "libcore/net/proxy_options.h"
#include "libcore/pipeline/step.h"
#include "libcore/pipeline/tap.h"

namespace wstap::tls {
class Interception;
}

namespace wstap::net {

class ProxyCore;

/// What a proxy works with; all outlive it.
struct ProxyParts {
  pipeline::Tap& tap;
  Clock& clock;
  Log& log;
  tls::Interception& tls;
};

class Proxy {
 public:
  Proxy(ProxyOptions options, ProxyParts parts);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Binds all addresses, raises the limit of descriptors. @return the bound addresses, port 0 resolved.
  /// @error address_in_use; bad_address; the system's own. The detail names the address.
  Result<std::vector<asio::ip::tcp::endpoint>> listen();

  /// Serves until stop(), on `workers` threads, the caller's among them.
  /// @return false when open connections had to be cut, or recording failed: see failure().
  bool run();

  /// Lets open flows say goodbye (FRM-7), then ends run(). A second call cuts everything. Any thread,
  /// signal-safe not.
  void stop();

  /// Flows work by this from their next frame on (PIPE-3). Any thread, before run() too.
  void use(pipeline::Pipeline pipeline);

  /// For reviewers. @param rules  tells of the rules in force, or reads them again; any thread may call it.
  /// @return does not outlive the proxy.
  std::unique_ptr<control::Port> control(std::function<control::Rules(bool reload)> rules);

  /// Why run() ended by itself: what the capture said (CAP-3). Empty otherwise.
  const std::optional<Error>& failure() const noexcept;
  const pipeline::Counters& counters() const noexcept;

 private:
  std::unique_ptr<ProxyCore> core_;
};

}  // namespace wstap::net
