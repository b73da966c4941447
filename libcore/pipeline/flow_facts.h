// SPDX-License-Identifier: Apache-2.0
// What a recording knows of one flow, apart from its frames. Plain values: the live proxy fills them,
// captures keep them, views show them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/base/tls_facts.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/handshake.h"
#include "libcore/ws/message_tracker.h"

namespace wstap::pipeline {

using FlowId = std::uint32_t;    ///< from 1, unique per capture section
using Sequence = std::uint64_t;  ///< per flow, both directions: 0 the request, 1 its response, frames from 2

constexpr Sequence kFirstFrame = 2;

/// One end of the path, seen from wstap.
struct Leg {
  std::string address;       ///< of the peer, "127.0.0.1:51234" or "[::1]:51234"
  std::string http_version;  ///< "HTTP/1.1"
  std::optional<TlsFacts> tls;
};

/// What is known when a connection begins or fails to (FLOW-1, FLOW-4).
struct ConnectionFacts {
  std::string url;  ///< "wss://example.com/chat"; for what never got that far, "HOST:PORT"
  Leg client, server;
  Buffer request_head;   ///< as received, with the blank line; empty when there was none
  Buffer response_head;  ///< as received, with the blank line
};

/// Counts of one direction.
struct LaneCounts {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;  ///< on the wire, as received
};

/// Where one direction stands, for a recording that begins in the middle of a flow (a later part of a rotated
/// capture).
struct LaneResume {
  ws::MessageTracker::State message;
  LaneCounts counts;
};

struct FlowOpened {
  FlowId id = 0;
  UnixNs time_ns = 0;
  ConnectionFacts facts;
  std::string target;  ///< "example.com:443", to where the connection leads, whatever the client's Host says;
                       ///< not recorded
  std::string subprotocol;               ///< empty: none was agreed on
  std::string extensions;                ///< Sec-WebSocket-Extensions of the response, empty: none
  ws::AnomalySet anomalies;              ///< of the upgrade itself
  Sequence next_sequence = kFirstFrame;  ///< more than that only when resumed
  std::optional<std::array<LaneResume, 2>> resumed;  ///< by ws::index(Direction)

  ws::Negotiated negotiated() const { return ws::negotiated(ws::parse_extensions(extensions)); }
};

enum class FlowState : std::uint8_t { active, complete, error };
constexpr std::string_view name(FlowState s) noexcept {
  return s == FlowState::active ? "active" : s == FlowState::complete ? "complete" : "error";
}

/// Who did something: a peer, or wstap itself.
enum class Party : std::uint8_t { none, client, server, proxy };
constexpr std::string_view name(Party p) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"", "client", "server", "wstap"};
  return kNames[static_cast<std::size_t>(p)];
}
constexpr Party sender_of(ws::Direction d) noexcept {
  return d == ws::Direction::send ? Party::client : Party::server;
}

struct FlowClosed {
  FlowId id = 0;
  UnixNs time_ns = 0;
  FlowState state = FlowState::complete;
  std::string reason;                ///< "" for an orderly close; "reset", "frame_too_big", "shutdown", ...
  std::string detail;                ///< numbers that belong to the reason
  std::uint64_t offset = 0;          ///< where in its direction's byte stream the fault is
  Party began = Party::none;         ///< who closed, or failed, first
  std::uint16_t close_code = 0;      ///< RFC 6455 7.1.5; 1005 without a code, 1006 without a Close
  std::string close_reason;          ///< as received
  std::array<LaneCounts, 2> counts;  ///< by ws::index(Direction)
  std::array<Buffer, 2> unfinished;  ///< received bytes that were no whole frame
  /// Set when some frames could not be handed to the receiving peer's connection: none of them is before this
  /// one.
  std::array<std::optional<Sequence>, 2> undelivered_from;
  std::vector<std::string> notes;  ///< "tls_truncated", "close_unanswered", ...
};

enum class ConnectionKind : std::uint8_t { refused, failed, opaque, blocked };
constexpr std::string_view name(ConnectionKind k) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"refused", "failed", "opaque", "blocked"};
  return kNames[static_cast<std::size_t>(k)];
}

/// What concerned a WebSocket but never became one (FLOW-4).
struct ConnectionRecord {
  FlowId id = 0;
  UnixNs start_ns = 0, end_ns = 0;
  ConnectionKind kind = ConnectionKind::failed;
  ConnectionFacts facts;
  std::string reason;                    ///< "503 Service Unavailable", "connection refused", ...
  std::array<std::uint64_t, 2> bytes{};  ///< relayed, of an opaque connection
};

/// What the next compressed message of a direction may refer to, for a part of a recording that begins inside
/// a flow (RFC 7692 7.2.3.2).
struct Window {
  FlowId flow = 0;
  ws::Direction direction = ws::Direction::send;
  Buffer bytes;  ///< up to 32 KiB, the latest last
};

/// Something worth knowing that is not a frame: a limit was hit, an extension is unknown.
struct Note {
  FlowId flow = 0;  ///< 0: of the whole capture
  UnixNs time_ns = 0;
  std::string text;
};

}  // namespace wstap::pipeline
