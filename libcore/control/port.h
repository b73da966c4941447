// SPDX-License-Identifier: Apache-2.0
// What reviewers and other programs say to a running proxy over its control socket, and what it answers
// (HOLD-6). How that travels is the codec's matter: formats/control.capnp.
#pragma once

#include <array>
#include <functional>
#include <variant>

#include "libcore/pipeline/held.h"

namespace wstap::control {

using pipeline::FlowId;
using pipeline::FlowSummary;
using pipeline::HeldId;
using pipeline::HeldItemPtr;
using pipeline::HoldWatcher;
using pipeline::InjectRequest;
using pipeline::Review;
using pipeline::ReviewAnswer;
using pipeline::Settled;

/// Both sides say theirs first. Another major version is not understood.
inline constexpr std::uint16_t kVersion = 1;
/// Of encoded messages. Messages of `--max-message` (64 MiB) can be put in another's place, and be shown
/// together with the frame they came in.
inline constexpr std::size_t kMaxRequestBytes = 72U << 20;
inline constexpr std::size_t kMaxReplyBytes = 160U << 20;
inline constexpr std::size_t kMaxNameBytes = 64;  ///< of whoever decides

/// A request or an event of a later version.
struct Unknown {};
/// First of a connection. Answered by Welcome.
struct Hello {
  std::uint16_t version = kVersion;
  std::string name;  ///< by which other reviewers know it
};
/// All items, oldest first. Answered by Items. @param id  only that one.
struct List {
  std::optional<HeldId> id;
};
/// From now on Held and SettledEvent arrive; first Held for each item there is, then one Caught.
struct Watch {};
/// Answered by Answer.
struct Decide {
  Review review;
};
struct Inject {
  InjectRequest request;
};
/// Answered by Flows.
struct ListFlows {};
/// The rules in force; with `reload`, the proxy reads its file again, as for SIGHUP, but refuses one by which
/// safety would be weaker (SAFE-6). Answered by Rules.
struct AskRules {
  bool reload = false;
};
/// Answered by Stats.
struct AskStats {};

struct Request {
  using Body = std::variant<Unknown, Hello, List, Watch, Decide, Inject, ListFlows, AskRules, AskStats>;
  std::uint32_t serial = 0;  ///< comes back in what answers it
  Body body;
};

struct Welcome {
  std::uint16_t version = kVersion;
  std::uint32_t pid = 0;
  std::string program;  ///< "wstap 0.1.0"
};
struct Items {
  std::vector<HeldItemPtr> items;
  bool more = false;  ///< others follow in another reply of the same serial
};
struct Held {
  HeldItemPtr item;
};
/// All that waited when the watch began was told.
struct Caught {};
struct Flows {
  std::vector<FlowSummary> flows;
};
struct Rules {
  std::string path;                ///< empty: there is no rules file
  std::uint64_t version = 0;       ///< how often rules were put in force
  std::vector<std::string> rules;  ///< "hold:transfers", "safety:no-drop-table", in their order
  std::string refused;             ///< not empty: why the file was not taken; the old rules stay
};
struct Stats : pipeline::HoldStats {
  std::uint64_t flows = 0, frames = 0, bytes = 0, frames_unmasked = 0, bytes_inflated = 0;
};
/// The request could not be understood, or not now; the connection goes on where it can.
struct Refusal {
  std::string reason;
};

struct Reply {
  using Body = std::variant<Unknown, Welcome, Items, Held, Settled, Caught, ReviewAnswer, Flows, Rules, Stats,
                            Refusal>;
  std::uint32_t serial = 0;  ///< 0: nobody asked, it was watched for
  Body body;

  // Moved in one place of their own: inlined, g++ 12 takes parts of other kinds for uninitialized.
  Reply();
  Reply(std::uint32_t to, Body what);
  Reply(const Reply&);
  Reply(Reply&&) noexcept;
  Reply& operator=(const Reply&);
  Reply& operator=(Reply&&) noexcept;
  ~Reply();
};

/// Requests and replies as bytes of a stream. Stateless and thread-safe.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual Buffer encode(const Request& request) const = 0;
  virtual Buffer encode(const Reply& reply) const = 0;

  /// One message off the front of what was received.
  template <class Message>
  struct Taken {
    Message message;
    std::size_t used = 0;
  };
  /// @return none: more bytes are needed.
  /// @error bad_message: this is not of the protocol; nothing behind it can be read either.
  virtual Result<std::optional<Taken<Request>>> take_request(Bytes received) const = 0;
  virtual Result<std::optional<Taken<Reply>>> take_reply(Bytes received) const = 0;
};

/// What a control server lets its clients reach. Called on the server's thread; `done` may be called on any
/// other, once, also before the call returns.
class Port {
 public:
  virtual ~Port() = default;
  template <class T>
  using Done = std::function<void(T)>;

  virtual std::vector<HeldItemPtr> items() const = 0;
  virtual HeldItemPtr item(HeldId id) const = 0;
  virtual void review(Review review, Done<ReviewAnswer> done) = 0;
  virtual void inject(InjectRequest request, Done<ReviewAnswer> done) = 0;
  virtual void flows(Done<std::vector<FlowSummary>> done) = 0;
  virtual void rules(bool reload, Done<Rules> done) = 0;
  virtual Stats stats() const = 0;

  /// @return the items there are: what comes and goes from then on is told. @param watcher  outlives the
  /// watch.
  virtual std::vector<HeldItemPtr> watch(HoldWatcher& watcher) = 0;
  /// Once it returns, nobody calls the watcher any more.
  virtual void unwatch(HoldWatcher& watcher) = 0;
};

}  // namespace wstap::control
