// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "libcore/h2/errors.h"
#include "libcore/h2/session_state.h"

namespace wstap::h2 {
namespace {

/// Of the connection. What comes counts as consumed at once: only streams hold their peers back, so that none
/// holds back another (H2-2). This is how much may be on its way.
constexpr std::int32_t kConnectionWindow = 8 * 1024 * 1024;

template <class Thing, int (*Make)(Thing**), void (*Drop)(Thing*)>
auto made() {
  Thing* thing = nullptr;
  check(Make(&thing));
  return std::unique_ptr<Thing, decltype([](Thing* one) { Drop(one); })>(thing);
}

auto options_for(const Limits& limits) {
  auto options = made<nghttp2_option, nghttp2_option_new, nghttp2_option_del>();
  nghttp2_option_set_no_auto_window_update(options.get(), 1);
  nghttp2_option_set_no_closed_streams(options.get(), 1);
  // Bytes that many senders leave there, and that mean nothing. They are cut off.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options.get(), 1);
  nghttp2_option_set_max_outbound_ack(options.get(), std::max<std::size_t>(1, limits.idle_frames));
  nghttp2_option_set_max_send_header_block_length(options.get(), std::size_t{2} * limits.header_list_bytes);
  // These are counted with all other frames that bring nothing, and by the caller's clock.
  constexpr std::uint64_t kAny = std::uint64_t{1} << 32;
  nghttp2_option_set_stream_reset_rate_limit(options.get(), kAny, kAny);
  return options;
}

}  // namespace

void check(long result) {
  if (result >= 0) return;
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  throw std::logic_error(std::string("nghttp2: ") + nghttp2_strerror(static_cast<int>(result)));
}

void Session::State::Deleter::operator()(nghttp2_session* session) const noexcept {
  nghttp2_session_del(session);
}

Session::State::State(Role role_, const Limits& limits_, Events& events_)
    : role(role_),
      limits(limits_),
      events(events_),
      heads(role_ == Role::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0),
      gauge(limits_.idle_frames, limits_.idle_frames_per_second) {
  const auto callbacks =
      made<nghttp2_session_callbacks, nghttp2_session_callbacks_new, nghttp2_session_callbacks_del>();
  Callbacks::of_input(callbacks.get());
  Callbacks::of_output(callbacks.get());
  const auto options = options_for(limits);
  const auto open = role == Role::server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  nghttp2_session* session = nullptr;
  check(open(&session, callbacks.get(), this, options.get()));
  nghttp2.reset(session);
}

Session::Stream* Session::State::find(StreamId stream) {
  const auto at = streams.find(stream);
  return at == streams.end() ? nullptr : &at->second;
}

void Session::State::fail(Errc code, Code said, std::string detail) {
  if (failed) return;
  failed = Error{code, std::move(detail)};
  check(nghttp2_session_terminate_session(nghttp2.get(), static_cast<std::uint32_t>(said)));
  write_answers();
}

/// Users may call the session from here, so that the lists may grow meanwhile.
void Session::State::tell() {
  if (failed) return closing.clear();
  for (const StreamId id : std::exchange(roomy, {})) {
    Stream* stream = find(id);
    if (stream == nullptr) continue;
    stream->roomy = false;
    if (!stream->gone) events.writable(id);
  }
  for (const auto& [id, why] : std::exchange(refusals, {})) events.refused(id, why);
  for (const auto& [id, reset] : std::exchange(closing, {})) {
    if (reset) events.reset(id, *reset);
    events.closed(id);
  }
}

Session::Session(Role role, const Limits& limits, Events& events)
    : state_(std::make_unique<State>(role, limits, events)) {}
Session::~Session() = default;

void Session::start(bool connect_protocol, std::optional<std::uint32_t> streams) {
  State& state = *state_;
  const Limits& limits = state.limits;
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_list_bytes}};
  if (state.role == Role::client) {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                        std::min(limits.streams, streams.value_or(limits.streams))});
    state.connect_protocol = connect_protocol;
    if (connect_protocol) settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  }
  nghttp2_session* nghttp2 = state.nghttp2.get();
  check(nghttp2_submit_settings(nghttp2, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  check(nghttp2_session_set_local_window_size(nghttp2, NGHTTP2_FLAG_NONE, 0, kConnectionWindow));
}

void Session::announce_connect_protocol() {
  if (state_->role == Role::client || std::exchange(state_->connect_protocol, true)) return;
  const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
  check(nghttp2_submit_settings(state_->nghttp2.get(), NGHTTP2_FLAG_NONE, &entry, 1));
}

bool Session::wants_write() const noexcept {
  return !state_->pending.empty() || !state_->closing.empty() ||
         nghttp2_session_want_write(state_->nghttp2.get()) != 0;
}

bool Session::over() const noexcept {
  return !wants_write() && nghttp2_session_want_read(state_->nghttp2.get()) == 0;
}

void Session::reset(StreamId stream, Code code) {
  Stream* given_up = state_->find(stream);
  if (given_up == nullptr || given_up->gone) return;
  given_up->gone = true;
  given_up->out.clear();
  check(nghttp2_submit_rst_stream(state_->nghttp2.get(), NGHTTP2_FLAG_NONE, stream,
                                  static_cast<std::uint32_t>(code)));
  if (!given_up->waiting) return;
  // nghttp2 looks at a request that waits only when its turn comes.
  state_->closing.push_back({stream, std::nullopt});
  state_->streams.erase(stream);
}

void Session::consume(StreamId stream, std::size_t bytes) {
  Stream* consumer = state_->find(stream);
  if (consumer == nullptr) return;
  bytes = std::min(bytes, consumer->unconsumed);
  consumer->unconsumed -= bytes;
  if (consumer->peer_ended || consumer->gone) return;
  check(nghttp2_session_consume_stream(state_->nghttp2.get(), stream, bytes));
}

void Session::say_goaway(Code code) {
  nghttp2_session* nghttp2 = state_->nghttp2.get();
  ++state_->own_goaways;
  check(nghttp2_submit_goaway(nghttp2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(nghttp2),
                              static_cast<std::uint32_t>(code), nullptr, 0));
}

std::size_t Session::open_streams() const noexcept {
  return state_->streams.size();
}

const PeerSettings& Session::peer() const noexcept {
  return state_->peer;
}

}  // namespace wstap::h2
