// SPDX-License-Identifier: Apache-2.0
// What comes: from bytes to events by way of nghttp2, and what of it is too much (H2-4).
#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <new>

#include "libcore/base/ascii.h"
#include "libcore/h2/errors.h"
#include "libcore/h2/session_state.h"

namespace wstap::h2 {
namespace {

constexpr std::string_view kStatus = ":status";

Bytes bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

template <class State>
int received(State& state, const nghttp2_frame& frame) {
  const StreamId stream = frame.hd.stream_id;
  const bool flagged = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;  // of SETTINGS the same bit is ACK
  switch (frame.hd.type) {
    case NGHTTP2_DATA:
      state.data_ends(stream, flagged, frame.hd.length > 0 && frame.hd.length == frame.data.padlen);
      break;
    case NGHTTP2_HEADERS: state.section_ends(flagged); break;
    case NGHTTP2_RST_STREAM: state.peer_resets(stream, frame.rst_stream.error_code); break;
    case NGHTTP2_SETTINGS:
      if (!flagged) state.settings_came();
      break;
    case NGHTTP2_GOAWAY:
      state.goaway_came(frame.goaway.last_stream_id, frame.goaway.error_code,
                        bytes_of(frame.goaway.opaque_data, frame.goaway.opaque_data_len));
      break;
    default: break;
  }
  return 0;
}

}  // namespace

void Session::Callbacks::of_input(nghttp2_session_callbacks* callbacks) {
  static_assert(kFailed == NGHTTP2_ERR_CALLBACK_FAILURE);
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
        return guarded(user, [&](State& state) {
          if (head->type == NGHTTP2_HEADERS) state.head_begins();
          return 0;
        });
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return guarded(user, [&](State& state) {
          state.section_begins(frame->hd.stream_id);
          return 0;
        });
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t flags, void* user) {
        return guarded(user, [&](State& state) {
          return state.field(as_text(bytes_of(name, name_size)), as_text(bytes_of(value, value_size)),
                             (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
        });
      });
  // By itself nghttp2 leaves out a field that is malformed, and passes on the rest of such a message.
  nghttp2_session_callbacks_set_on_invalid_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*,
         std::size_t, std::uint8_t, void*) -> int { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, StreamId stream, const std::uint8_t* data,
                    std::size_t size, void* user) {
        return guarded(user, [&](State& state) {
          state.data(stream, bytes_of(data, size));
          return 0;
        });
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return guarded(user, [&](State& state) { return received(state, *frame); });
      });
  nghttp2_session_callbacks_set_error_callback2(
      callbacks, [](nghttp2_session*, int what, const char*, std::size_t, void* user) {
        return guarded(user, [&](State& state) {
          state.no_http2 = state.no_http2 || what == NGHTTP2_ERR_SETTINGS_EXPECTED;
          return 0;
        });
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, StreamId stream, std::uint32_t code, void* user) {
        return guarded(user, [&](State& state) {
          state.closes(stream, code);
          return 0;
        });
      });
}

/// What a HEADERS frame is good for shows when its section begins. Those of streams that are over, or that
/// come behind a GOAWAY, are decoded and ignored.
void Session::State::head_begins() {
  if (std::exchange(head_begun, true)) charge("HEADERS of streams that are over");
}

void Session::State::section_begins(StreamId stream) {
  head_begun = false;
  incoming = {};
  incoming.stream = stream;
}

bool Session::State::reads_request() const {
  return role == Role::server && !streams.contains(incoming.stream) && !refused.contains(incoming.stream);
}

int Session::State::field(std::string_view name, std::string_view value, bool never_indexed) {
  if (incoming.too_large) return 0;
  value = trim(value);
  incoming.bytes += name.size() + value.size() + kFieldOverhead;
  incoming.count += name.starts_with(':') ? 0 : 1;
  if (incoming.bytes <= limits.header_list_bytes && incoming.count <= limits.header_fields) {
    incoming.fields.push_back({std::string(name), std::string(value), never_indexed});
    return 0;
  }
  incoming.too_large = true;
  incoming.fields = {};
  if (reads_request()) return 0;  // it is answered when all of it is here
  check(nghttp2_submit_rst_stream(nghttp2.get(), NGHTTP2_FLAG_NONE, incoming.stream,
                                  NGHTTP2_ENHANCE_YOUR_CALM));
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Session::State::section_ends(bool end) {
  if (incoming.too_large) return refuse();
  const StreamId id = incoming.stream;
  const bool request = reads_request();
  const std::string* status = h2::find(incoming.fields, kStatus);
  Section section = request || status != nullptr ? Section::head : Section::trailers;
  if (status != nullptr && status->starts_with('1')) {
    section = Section::interim;
    charge("interim responses");
  }
  if (request) {
    streams.try_emplace(id, limits);
    window_updates += kUpdatesEach;
  }
  Stream* stream = find(id);
  if (stream == nullptr || stream->gone) return;
  stream->peer_ended = end;
  events.fields(id, section, std::exchange(incoming.fields, {}), end);
}

/// A request that is too large to be told of. What it has besides its head is not waited for: see head_left.
void Session::State::refuse() {
  charge("requests that are too large");
  refused.insert(incoming.stream);
  refusals.push_back({incoming.stream, "its head is too large (answered with 431)"});
  answer(incoming.stream, {{.name = std::string(kStatus), .value = "431"}}, true);
}

void Session::State::data(StreamId id, Bytes bytes) {
  check(nghttp2_session_consume_connection(nghttp2.get(), bytes.size()));
  Stream* stream = find(id);
  if (stream == nullptr || stream->gone) return;
  stream->unconsumed += bytes.size();
  events.data(id, bytes);
}

/// @param nothing  it was all padding.
void Session::State::data_ends(StreamId id, bool end, bool nothing) {
  if (nothing && !end) charge("empty DATA");
  Stream* stream = find(id);
  if (!end || stream == nullptr || stream->gone) return;
  stream->peer_ended = true;
  events.ended(id);
}

void Session::State::peer_resets(StreamId id, std::uint32_t code) {
  Stream* stream = find(id);
  if (stream == nullptr || std::exchange(stream->gone, true)) return;
  stream->out.clear();
  events.reset(id, code);
}

void Session::State::settings_came() {
  const auto value = [this](nghttp2_settings_id id) {
    return nghttp2_session_get_remote_settings(nghttp2.get(), id);
  };
  peer = {.connect_protocol = value(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1,
          .streams = value(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
          .header_list_bytes = value(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE)};
  events.settings(peer);
}

void Session::State::goaway_came(StreamId last, std::uint32_t code, Bytes debug) {
  events.goaway(last, code, debug);
  // nghttp2 closes those that it has opened; of those that wait it thinks when their turn comes.
  std::erase_if(streams, [this](const auto& entry) {
    if (!entry.second.waiting) return false;
    closing.push_back({entry.first, NGHTTP2_REFUSED_STREAM});
    return true;
  });
}

void Session::State::closes(StreamId id, std::uint32_t code) {
  if (refused.erase(id) > 0) return;
  const Stream* stream = find(id);
  if (stream == nullptr) return;
  const bool untold = code != NGHTTP2_NO_ERROR && !stream->gone;
  closing.push_back({id, untold ? std::optional(code) : std::nullopt});
  streams.erase(id);
}

void Session::State::charge(std::string_view kind) {
  if (!gauge.take(now) && flood.empty()) flood = kind;
}

std::size_t Session::State::count_frames(Bytes bytes) {
  Bytes rest = bytes;
  while (flood.empty() && !pushed) {
    const auto head = heads.next(rest);
    if (!head) return bytes.size();
    if (head->type == FrameType::push_promise) {
      // nghttp2 declines until its own settings are acknowledged. But they always come before any request.
      pushed = true;
    } else if (head->type == FrameType::window_update) {
      if (window_updates > 0) {
        --window_updates;
      } else {
        charge("WINDOW_UPDATE");
      }
    } else if (const auto kind = idle_kind(*head); !kind.empty()) {
      charge(kind);
    }
  }
  return bytes.size() - rest.size();
}

void Session::State::read(Bytes bytes) {
  // nghttp2 has a pointer of its own type.
  const auto* data = static_cast<const std::uint8_t*>(static_cast<const void*>(bytes.data()));
  const auto result = nghttp2_session_mem_recv(nghttp2.get(), data, bytes.size());
  if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
  if (result >= 0) return;
  const auto why = static_cast<int>(result);
  switch (why) {
    case NGHTTP2_ERR_NOMEM: throw std::bad_alloc();
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: return fail(Errc::bad_preface, Code::protocol_error, "no preface");
    case NGHTTP2_ERR_FLOODED: flood = "PING or SETTINGS that wait for an answer"; return;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: flood = "CONTINUATION"; return;
    default: return fail(Errc::protocol, Code::protocol_error, nghttp2_strerror(why));
  }
}

void Session::State::end_if_due() {
  if (pushed) fail(Errc::protocol, Code::protocol_error, "PUSH_PROMISE: it was disabled");
  // Answers that the peer does not read: about what all streams may have in flight, and all frames that may
  // have brought nothing.
  constexpr std::size_t kFramesEach = 8;
  const std::size_t most = kFramesEach * limits.streams + limits.idle_frames;
  if (flood.empty() && nghttp2_session_get_outbound_queue_size(nghttp2.get()) > most)
    flood = "frames whose answers are not read";
  if (!flood.empty()) fail(Errc::flooded, Code::enhance_your_calm, fmt::format("too many {}", flood));
}

Result<void> Session::receive(Bytes bytes, UnixNs now) {
  State& state = *state_;
  if (state.failed) return std::unexpected(*state.failed);
  state.now = now;
  state.read(bytes.first(state.count_frames(bytes)));
  state.write_answers();
  state.end_if_due();
  state.tell();
  if (state.failed) return std::unexpected(*state.failed);
  return {};
}

}  // namespace wstap::h2
