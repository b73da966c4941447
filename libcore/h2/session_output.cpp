// SPDX-License-Identifier: Apache-2.0
// What leaves: heads, the bytes of streams as nghttp2 asks for them, and what happens when they have left.
#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "libcore/h2/errors.h"
#include "libcore/h2/session_state.h"

namespace wstap::h2 {
namespace {

/// How much of answers is written down before somebody takes them. nghttp2 bounds what waits behind that.
constexpr std::size_t kMostPending = 64 * 1024;

/// nghttp2's own type for what it only reads is not const.
std::uint8_t* octets(const std::string& text) {
  return static_cast<std::uint8_t*>(static_cast<void*>(const_cast<char*>(text.data())));
}

/// Valid as long as `fields` are.
std::vector<nghttp2_nv> to_nghttp2(const Fields& fields) {
  std::vector<nghttp2_nv> all;
  all.reserve(fields.size());
  for (const auto& [name, value, never_indexed] : fields) {
    const auto flags = never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    all.push_back({octets(name), octets(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)});
  }
  return all;
}

bool is_request(const nghttp2_frame& frame) {
  return frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

template <class State>
int left(State& state, const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_DATA: state.window_updates += State::kUpdatesEach; break;
    case NGHTTP2_HEADERS: state.head_left(frame.hd.stream_id, is_request(frame)); break;
    case NGHTTP2_RST_STREAM: state.reset_left(frame.hd.stream_id); break;
    case NGHTTP2_GOAWAY:
      state.goaway_left(frame.goaway.error_code,
                        std::as_bytes(std::span(frame.goaway.opaque_data, frame.goaway.opaque_data_len)));
      break;
    default: break;
  }
  return 0;
}

/// Where nghttp2 gets the bytes of all streams.
template <class Callbacks, class State>
nghttp2_data_provider provider() {
  return {.source = {.ptr = nullptr},
          .read_callback = [](nghttp2_session*, StreamId stream, std::uint8_t*, std::size_t most,
                              std::uint32_t* flags, nghttp2_data_source*, void* user) -> ssize_t {
            return Callbacks::guarded(user, [&](State& state) { return state.give(stream, most, *flags); });
          }};
}

}  // namespace

void Session::Callbacks::of_output(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t length,
                    nghttp2_data_source*, void* user) {
        return guarded(user, [&](State& state) {
          constexpr std::size_t kHeadBytes = 9;
          return state.write_data(frame->hd.stream_id, std::as_bytes(std::span(head, kHeadBytes)), length);
        });
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return guarded(user, [&](State& state) { return left(state, *frame); });
      });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, int why, void* user) {
        return guarded(user, [&](State& state) {
          if (frame->hd.type == NGHTTP2_HEADERS)
            state.head_did_not_leave(frame->hd.stream_id, is_request(*frame), why);
          return 0;
        });
      });
}

long Session::State::give(StreamId id, std::size_t most, std::uint32_t& flags) {
  Stream* stream = find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t length = std::min(most, stream->out.size());
  if (length == 0 && !stream->ending) {
    stream->starved = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (!writing.data_too) return NGHTTP2_ERR_PAUSE;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!stream->ending || length < stream->out.size()) return static_cast<long>(length);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!stream->trailers.empty()) {
    flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto fields = to_nghttp2(stream->trailers);
    check(nghttp2_submit_trailer(nghttp2.get(), id, fields.data(), fields.size()));
  }
  return static_cast<long>(length);
}

int Session::State::write_data(StreamId id, Bytes head, std::size_t length) {
  Stream* stream = find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  append(*writing.out, head);
  append(*writing.out, stream->out.first(length));
  stream->out.drop_first(length);
  if (stream->short_of_room || stream->out.empty()) {
    stream->short_of_room = false;
    if (!std::exchange(stream->roomy, true)) roomy.push_back(id);
  }
  return writing.full() ? NGHTTP2_ERR_PAUSE : 0;
}

void Session::State::head_left(StreamId id, bool request) {
  if (request) {
    --waiting;
    window_updates += kUpdatesEach;
    if (Stream* stream = find(id)) stream->waiting = false;
  } else if (refused.contains(id) && nghttp2_session_get_stream_remote_close(nghttp2.get(), id) == 0) {
    // The answer is complete, and the rest of the request is of no use (RFC 9113 8.1).
    check(nghttp2_submit_rst_stream(nghttp2.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR));
  }
}

void Session::State::head_did_not_leave(StreamId id, bool request, int why) {
  if (request) {
    --waiting;  // nghttp2 closes its stream
  } else if (why == NGHTTP2_ERR_FRAME_SIZE_ERROR) {
    check(nghttp2_submit_rst_stream(nghttp2.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR));
  }
}

/// A reset that nobody asked for answers something malformed. Peers can have streams reset as fast as they
/// can reset them by themselves.
void Session::State::reset_left(StreamId id) {
  const Stream* stream = find(id);
  const bool asked_for = refused.contains(id) || (stream != nullptr && stream->gone);
  if (asked_for) return;
  charge("malformed streams");
  if (role == Role::server && stream == nullptr) refusals.push_back({id, "it is malformed (RFC 9113 8.1.1)"});
}

void Session::State::goaway_left(std::uint32_t code, Bytes reason) {
  if (own_goaways > 0) {
    --own_goaways;
  } else if (!failed) {
    const auto what = code == NGHTTP2_ENHANCE_YOUR_CALM ? Errc::flooded : Errc::protocol;
    failed = Error{no_http2 ? Errc::bad_preface : what,
                   reason.empty() ? code_name(code) : std::string(as_text(reason))};
  }
}

void Session::State::write(Buffer& out, std::size_t most, bool data_too) {
  writing = {.out = &out, .begin = out.size(), .most = most, .data_too = data_too};
  while (!writing.full()) {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(nghttp2.get(), &data);
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    check(size);
    if (size <= 0) break;
    append(out, std::as_bytes(std::span(data, static_cast<std::size_t>(size))));
  }
}

void Session::State::write_answers() {
  if (pending.size() < kMostPending) write(pending, kMostPending - pending.size(), false);
}

void Session::State::answer(StreamId stream, const Fields& head, bool end) {
  const auto fields = to_nghttp2(head);
  const auto bytes = provider<Callbacks, State>();
  check(nghttp2_submit_response(nghttp2.get(), stream, fields.data(), fields.size(), end ? nullptr : &bytes));
}

void Session::take_output(Buffer& out, std::size_t most) {
  State& state = *state_;
  const Bytes pending = Bytes(state.pending).subspan(state.pending_taken);
  const Bytes part = pending.first(std::min(most, pending.size()));
  append(out, part);
  state.pending_taken += part.size();
  if (part.size() == pending.size()) {
    state.pending = Buffer();
    state.pending_taken = 0;
    state.write(out, most - part.size(), true);
  }
  state.end_if_due();
  state.tell();
}

Result<StreamId> Session::request(const Fields& head, bool end) {
  State& state = *state_;
  nghttp2_session* nghttp2 = state.nghttp2.get();
  if (state.failed || nghttp2_session_check_request_allowed(nghttp2) == 0)
    return fail(Errc::too_many_streams, "it takes no more");
  if (state.waiting >= state.limits.streams)
    return fail(Errc::too_many_streams, fmt::format("waiting={}", state.waiting));
  const auto fields = to_nghttp2(head);
  const auto bytes = provider<Callbacks, State>();
  const StreamId id =
      nghttp2_submit_request(nghttp2, nullptr, fields.data(), fields.size(), end ? nullptr : &bytes, nullptr);
  check(id);
  ++state.waiting;
  Stream& stream = state.streams.try_emplace(id, state.limits).first->second;
  stream.waiting = true;
  stream.ending = end;
  return id;
}

void Session::respond(StreamId id, const Fields& head, bool end) {
  Stream* stream = state_->find(id);
  if (stream == nullptr || stream->gone || std::exchange(stream->answered, true)) return;
  stream->ending = stream->ending || end;
  state_->answer(id, head, end);
}

void Session::respond_interim(StreamId id, const Fields& head) {
  const Stream* stream = state_->find(id);
  if (stream == nullptr || stream->gone || stream->answered) return;
  const auto fields = to_nghttp2(head);
  check(nghttp2_submit_headers(state_->nghttp2.get(), NGHTTP2_FLAG_NONE, id, nullptr, fields.data(),
                               fields.size(), nullptr));
}

void Session::State::feed(StreamId id, Stream& stream) {
  // A stream that nghttp2 is about to reset has nothing to resume.
  if (std::exchange(stream.starved, false)) (void)nghttp2_session_resume_data(nghttp2.get(), id);
}

std::size_t Session::send(StreamId id, Bytes bytes) {
  Stream* stream = state_->find(id);
  if (stream == nullptr || stream->gone || stream->ending || state_->failed) return 0;
  const std::size_t taken = stream->out.add(bytes);
  stream->short_of_room = taken < bytes.size();
  if (taken > 0) state_->feed(id, *stream);
  return taken;
}

std::size_t Session::unsent(StreamId id) const noexcept {
  const Stream* stream = state_->find(id);
  return stream == nullptr ? 0 : stream->out.size();
}

void Session::end(StreamId id, const Fields& trailers) {
  Stream* stream = state_->find(id);
  if (stream == nullptr || stream->gone || std::exchange(stream->ending, true)) return;
  stream->trailers = trailers;
  state_->feed(id, *stream);
}

}  // namespace wstap::h2
