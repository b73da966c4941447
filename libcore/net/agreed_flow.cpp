// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/agreed_flow.h"

#include "libcore/ws/handshake.h"

namespace wstap::net {

pipeline::FlowOpened agreed_flow(const http1::Fields& request, const http1::Fields& response) {
  pipeline::FlowOpened opened;
  opened.subprotocol = response.joined("Sec-WebSocket-Protocol");
  opened.extensions = response.joined("Sec-WebSocket-Extensions");
  const auto offered = ws::parse_extensions(request.joined("Sec-WebSocket-Extensions"));
  if (!ws::answers_an_offer(offered, ws::parse_extensions(opened.extensions)))
    opened.anomalies.add(ws::Anomaly::extension_not_offered);
  return opened;
}

bool proves_upgrade(const http1::Fields& request, const http1::Fields& response) {
  const auto* key = request.find("Sec-WebSocket-Key");
  const auto* accept = response.find("Sec-WebSocket-Accept");
  return key != nullptr && accept != nullptr && ws::accept_for(*key) == *accept;
}

}  // namespace wstap::net
