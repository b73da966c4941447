// SPDX-License-Identifier: Apache-2.0
// One client of a control server (HOLD-6). Whatever it does or leaves undone costs nobody but itself
// (HOLD-7).
#pragma once

#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include "libcore/control/host.h"
#include "libcore/control/outbox.h"

namespace wstap::control {

/// Two coroutines, which keep it alive: one reads requests and passes them on in their order, the other
/// writes what is to be said. A client whose answers pile up is not read from.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  /// @param host  outlives it, and has it among its sessions from start() until both coroutines have ended.
  Session(Socket socket, Host& host);
  void start();
  /// Ends the connection at once.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;

  asio::awaitable<void> read_loop();
  asio::awaitable<void> write_loop();
  asio::awaitable<void> pause(asio::steady_timer& until);
  /// A coroutine has ended.
  void ended(std::exception_ptr failed);

  bool may_take() const noexcept;
  bool take_request();
  bool receive();
  void drop_taken();
  void bound_in_flight();
  void expect_end_in_time();
  void finish(std::uint32_t serial, std::string reason);
  void end_watch();

  void serve(Request request, std::size_t bytes);
  void serve(std::uint32_t serial, const Unknown&, std::size_t);
  void serve(std::uint32_t serial, const Hello&, std::size_t);
  void serve(std::uint32_t serial, const List& list, std::size_t);
  void serve(std::uint32_t serial, const Watch&, std::size_t);
  void serve(std::uint32_t serial, Decide& decide, std::size_t bytes);
  void serve(std::uint32_t serial, Inject& inject, std::size_t bytes);
  void serve(std::uint32_t serial, const ListFlows&, std::size_t bytes);
  void serve(std::uint32_t serial, const AskRules& ask, std::size_t bytes);
  void serve(std::uint32_t serial, const AskStats&, std::size_t);
  void greet(std::uint32_t serial, const Hello& hello);
  bool settle_name(std::uint32_t serial, std::string& by);

  /// What the port calls, on any thread, when it has an answer, which then becomes a reply's body.
  template <class Answer, class Body = Answer>
  Port::Done<Answer> answer_to(std::uint32_t serial, std::size_t bytes);
  void say(Reply reply);

  Socket socket_;
  Host& host_;
  Outbox outbox_;
  asio::steady_timer deadline_, reader_, writer_;
  Buffer received_;
  std::size_t taken_ = 0;  ///< bytes of received_ that are done with
  Buffer sending_;
  Time receiving_since_, sending_since_;  ///< of what is not whole, not sent
  std::string name_;
  std::size_t unanswered_ = 0;        ///< requests that the port has
  std::size_t unanswered_bytes_ = 0;  ///< what they are long together
  int running_ = 2;                   ///< coroutines
  bool greeted_ = false;
  bool watching_ = false;
  bool input_ended_ = false;
  bool finishing_ = false;  ///< no more requests: what was said is sent, then it ends
  bool stopped_ = false;
};

}  // namespace wstap::control
