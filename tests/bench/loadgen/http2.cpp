// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace wstap::bench {
namespace {

constexpr std::size_t kMostGiven = 256 * 1024;
constexpr std::int32_t kWindow = 4 << 20;

void check(long result) {
  if (result < 0) throw std::runtime_error(nghttp2_strerror(static_cast<int>(result)));
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

Bytes bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Takes what was used off the front, when that is worth it.
void compact(Buffer& buffer, std::size_t& used) {
  if (used == buffer.size()) {
    buffer.clear();
    used = 0;
  } else if (used > kMostGiven) {
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(used));
    used = 0;
  }
}

}  // namespace

struct Http2::Callbacks {
  static Http2& of(void* user) { return *static_cast<Http2*>(user); }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2& self = of(user);
    const auto type = frame->hd.type;
    if (type == NGHTTP2_SETTINGS && self.role_ == Role::client && self.stream_ == 0 &&
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1)
      self.stream_ = ask(session);
    if (type == NGHTTP2_HEADERS && !self.open_) {
      if (self.role_ == Role::server) respond(session, self.stream_ = frame->hd.stream_id);
      self.open_ = true;
    }
    if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self.ended_ = true;
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
                  void* user) {
    append(of(user).received_, bytes_of(data, size));
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t, std::uint32_t, void* user) {
    of(user).ended_ = true;
    return 0;
  }
  static ssize_t give(nghttp2_session*, std::int32_t, std::uint8_t* room, std::size_t most,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Http2& self = of(user);
    const Bytes rest = Bytes(self.given_).subspan(self.given_sent_);
    if (rest.empty() && !self.ending_) return NGHTTP2_ERR_DEFERRED;
    const std::size_t size = std::min(most, rest.size());
    std::ranges::copy(rest.first(size), reinterpret_cast<std::byte*>(room));
    self.given_sent_ += size;
    if (self.ending_ && size == rest.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    compact(self.given_, self.given_sent_);
    return static_cast<ssize_t>(size);
  }

  static nghttp2_data_provider provider() {
    nghttp2_data_provider made{};
    made.read_callback = give;
    return made;
  }
  static std::int32_t ask(nghttp2_session* session) {
    const std::array head = {field(":method", "CONNECT"),      field(":protocol", "websocket"),
                             field(":scheme", "https"),        field(":path", "/bench"),
                             field(":authority", "localhost"), field("sec-websocket-version", "13")};
    const auto data = provider();
    const auto id = nghttp2_submit_request(session, nullptr, head.data(), head.size(), &data, nullptr);
    check(id);
    return id;
  }
  static void respond(nghttp2_session* session, std::int32_t stream) {
    const std::array head = {field(":status", "200")};
    const auto data = provider();
    check(nghttp2_submit_response(session, stream, head.data(), head.size(), &data));
  }
};

Http2::Http2(Role role) : role_(role) {
  nghttp2_session_callbacks* callbacks = nullptr;
  check(nghttp2_session_callbacks_new(&callbacks));
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  check(role == Role::server ? nghttp2_session_server_new(&session_, callbacks, this)
                             : nghttp2_session_client_new(&session_, callbacks, this));
  nghttp2_session_callbacks_del(callbacks);
  const std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, role == Role::server ? 1U : 0U}};
  check(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(),
                                role == Role::server ? settings.size() : 1));
  check(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow));
}

Http2::~Http2() {
  nghttp2_session_del(session_);
}

void Http2::take(Bytes received) {
  check(nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(received.data()),
                                 received.size()));
}

Bytes Http2::unsent() {
  while (output_.size() - output_sent_ < kMostGiven) {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &data);
    check(size);
    if (size == 0) break;
    append(output_, bytes_of(data, static_cast<std::size_t>(size)));
  }
  return Bytes(output_).subspan(output_sent_);
}

void Http2::sent(std::size_t bytes) {
  output_sent_ += bytes;
  compact(output_, output_sent_);
}

std::size_t Http2::read(MutableBytes room) {
  const Bytes rest = Bytes(received_).subspan(read_);
  const std::size_t size = std::min(room.size(), rest.size());
  std::ranges::copy(rest.first(size), room.begin());
  read_ += size;
  compact(received_, read_);
  return size;
}

std::size_t Http2::write(Bytes bytes) {
  const std::size_t waiting = given_.size() - given_sent_;
  const std::size_t taken = std::min(bytes.size(), waiting < kMostGiven ? kMostGiven - waiting : 0);
  append(given_, bytes.first(taken));
  if (taken != 0) nghttp2_session_resume_data(session_, stream_);
  return taken;
}

void Http2::end() {
  ending_ = true;
  nghttp2_session_resume_data(session_, stream_);
}

}  // namespace wstap::bench
