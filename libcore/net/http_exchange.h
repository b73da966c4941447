// SPDX-License-Identifier: Apache-2.0
// One HTTP/1 request on its way through, and what came back of it.
#pragma once

#include "libcore/http1/head_parser.h"
#include "libcore/http1/target.h"
#include "libcore/net/body_pump.h"
#include "libcore/net/proxy_options.h"

namespace wstap::net {

/// How heads are read, on both sides of an exchange (UPG-9).
struct HeadRules {
  explicit HeadRules(const ProxyOptions& options)
      : strictness(options.lenient_heads ? http1::Strictness::lenient : http1::Strictness::strict),
        limits{options.max_head_bytes, options.max_head_fields} {}
  http1::Strictness strictness;
  http1::HeadLimits limits;
};

struct HttpExchange {
  http1::RequestHead request;
  Buffer request_head;   ///< as received
  Buffer response_head;  ///< as received, once there is one
  http1::Url url;        ///< where it goes
  bool upgrade = false;
  bool client_gone = false;
  bool awaits_continue = false;  ///< the client may not send its body unless it is told to
  UnixNs start_ns = 0;
  RequestBody body;
};

}  // namespace wstap::net
