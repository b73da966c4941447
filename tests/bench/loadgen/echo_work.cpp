// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "tests/bench/loadgen/work.h"

namespace wstap::bench {
namespace {

constexpr std::size_t kRoom = 16 * 1024;

/// Few bytes to a peer that waits for them.
void write_whole(Stream& stream, Bytes bytes) {
  if (stream.write(bytes) != bytes.size()) throw std::runtime_error("a few bytes did not leave in one piece");
}

}  // namespace

AskWork::AskWork(const Block& sent, const Block& echoed, std::uint64_t rounds,
                 std::vector<std::uint32_t>& round_trips_ns, unsigned& unfinished)
    : block_(sent),
      echo_bytes_(echoed.frame_bytes()),
      checker_(echoed, Check::all),
      rounds_(rounds),
      round_trips_ns_(round_trips_ns),
      unfinished_(unfinished) {}

void AskWork::go(Stream& stream) {
  if (asked_ == 0) return ask(stream);
  std::array<std::byte, kRoom> room;
  const auto got = stream.read(room);
  if (stream.ended()) throw std::runtime_error("the connection ended in the middle of an echo");
  checker_.feed(Bytes(room).first(got));
  if (checker_.bytes() < asked_ * echo_bytes_) return;
  if (checker_.bytes() > asked_ * echo_bytes_) throw std::runtime_error("more came than was asked for");
  const auto took = std::chrono::nanoseconds(Loop::Clock::now() - asked_at_).count();
  round_trips_ns_.push_back(static_cast<std::uint32_t>(took));
  if (asked_ < rounds_) return ask(stream);
  --unfinished_;
}

void AskWork::ask(Stream& stream) {
  const std::size_t index = asked_++ % block_.frames();
  asked_at_ = Loop::Clock::now();
  write_whole(stream, block_.wire().subspan(index * block_.frame_bytes(), block_.frame_bytes()));
}

void EchoWork::go(Stream& stream) {
  std::array<std::byte, kRoom> room;
  append(partial_, Bytes(room).first(stream.read(room)));
  const std::size_t frame_bytes = asked_.frame_bytes();
  Buffer answers;
  Bytes rest = partial_;
  for (; rest.size() >= frame_bytes; rest = rest.subspan(frame_bytes)) echo(rest.first(frame_bytes), answers);
  if (!answers.empty()) write_whole(stream, answers);
  partial_.erase(partial_.begin(), partial_.end() - static_cast<std::ptrdiff_t>(rest.size()));
}

void EchoWork::echo(Bytes frame, Buffer& answers) const {
  append(answers, echoed_.wire().first(echoed_.header_bytes()));
  const Bytes key = frame.subspan(asked_.header_bytes() - 4, 4);
  const Bytes payload = frame.subspan(asked_.header_bytes());
  for (std::size_t i = 0; i < payload.size(); ++i) answers.push_back(payload[i] ^ key[i % 4]);
}

void CloseWork::go(Stream& stream) {
  if (role_ == Role::client && !sent_) return send(stream);
  std::array<std::byte, 64> room;
  append(received_, Bytes(room).first(stream.read(room)));
  const std::size_t close_bytes = role_ == Role::server ? 8 : 4;
  if (received_.size() > close_bytes || (!received_.empty() && received_[0] != std::byte{0x88}))
    throw std::runtime_error("expected a Close, and nothing else");
  if (role_ == Role::server && received_.size() == close_bytes && !sent_) {
    send(stream);
    stream.shutdown_send();
  }
  if (!stream.ended()) return;
  if (received_.size() != close_bytes) throw std::runtime_error("the connection ended without a Close");
  if (role_ == Role::client) stream.shutdown_send();
}

void CloseWork::send(Stream& stream) {
  // Code 1000, RFC 6455 7.4.1; the client's with a mask of zeros.
  constexpr std::array<unsigned char, 8> kMasked = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
  constexpr std::array<unsigned char, 4> kPlain = {0x88, 0x02, 0x03, 0xe8};
  sent_ = true;
  if (role_ == Role::client) {
    write_whole(stream, std::as_bytes(std::span(kMasked)));
  } else {
    write_whole(stream, std::as_bytes(std::span(kPlain)));
  }
}

}  // namespace wstap::bench
