// SPDX-License-Identifier: Apache-2.0
#include "libcore/replay/player.h"

#include <algorithm>
#include <utility>

#include "libcore/ws/close.h"
#include "libcore/ws/fragments.h"
#include "libcore/ws/frame_writer.h"

namespace wstap::replay {

using ws::Direction;

namespace {

Direction direction_to(Role role) noexcept {
  return role == Role::client ? Direction::receive : Direction::send;
}

ws::InflateLimits limits_of(const PlayOptions& options) {
  ws::InflateLimits limits;
  limits.message_bytes = options.max_message_bytes;
  return limits;
}

bool is_expected(const Line& line) noexcept {
  return !line.ours && (ws::is_message_start(line.opcode) || line.opcode == ws::kClose);
}

}  // namespace

Player::Player(const Script& script, const ws::Negotiated& live, PlayOptions options, Entropy& entropy)
    : script_(script),
      options_(std::move(options)),
      live_(live),
      entropy_(entropy),
      frames_(options_.max_frame_bytes),
      tracker_(direction_to(options_.role), live),
      reader_(live.deflate[ws::index(direction_to(options_.role))], limits_of(options_)) {
  for (std::size_t i = 0; i < script_.lines.size(); ++i)
    if (is_expected(script_.lines[i])) expected_.push_back(i);
}

Result<Buffer> Player::turn(Bytes& unread, UnixNs now, std::size_t room) {
  if (!begun_) begun_ = now;
  ws::Frame frame;
  auto step = ws::FrameReader::Step::frame;
  bool heard = false;
  while (!over_ && (step = frames_.next(unread, frame)) == ws::FrameReader::Step::frame) {
    hear(frame);
    // After each, so that what is said and found does not depend on what came together.
    if (!over_) say_lines(now, room);
    heard = true;
  }
  if (step == ws::FrameReader::Step::error) return std::unexpected(frames_.error());
  if (!heard && !over_) say_lines(now, room);
  if (over_) due_.reset();
  return std::exchange(out_, Buffer());
}

void Player::ended() {
  miss_until(script_.lines.size());
  over_ = true;
}

void Player::hear(const ws::Frame& frame) {
  const auto placed = tracker_.observe(frame.header, ++frames_heard_);
  const Buffer payload = unmasked_payload(frame);
  const auto reading = reader_.read(frame.header, placed, payload);
  if (frame.header.opcode == ws::kPing) return say_frame(ws::kPong, true, 0, payload);
  if (frame.header.opcode == ws::kClose) return hear_close(payload);
  if (!placed.in_message()) return;
  if (ws::begins_message(placed.part)) message_.clear();
  const bool last = ws::ends_message(placed.part);
  if (!placed.compressed) {
    append(message_, payload);
    if (last) check(placed.message_opcode, message_, true);
  } else if (last) {
    check(placed.message_opcode, reading.payload, reading.inflation == ws::Inflation::done);
  }
  reader_.trim();
}

void Player::hear_close(Bytes payload) {
  heard_close_ = true;
  // What was to come before it does not come any more.
  if (!expected_.empty() && script_.lines[expected_.back()].opcode == ws::kClose)
    miss_until(expected_.back());
  check(ws::kClose, payload, true);
  if (!std::exchange(said_close_, true)) say_frame(ws::kClose, true, 0, payload);
  miss_until(script_.lines.size());
  over_ = true;
}

/// Something came: is it what came in the recording?
void Player::check(std::uint8_t opcode, Bytes content, bool readable) {
  ++heard_;
  waits_since_.reset();
  const bool none_left = answered_ == expected_.size();
  const Line* wanted = none_left ? nullptr : &script_.lines[expected_[answered_]];
  // An answer to the Close that was said says nothing new.
  if (opcode == ws::kClose && said_close_ && (wanted == nullptr || wanted->opcode != ws::kClose)) return;
  if (wanted == nullptr || (wanted->opcode == ws::kClose) != (opcode == ws::kClose)) {
    if (options_.match != Match::none)
      findings_.push_back({Finding::Kind::unexpected, std::nullopt, opcode, to_buffer(content), {}});
    return;
  }
  const std::size_t line = expected_[answered_++];
  if (options_.match == Match::none) return;
  if (readable && opcode == wanted->opcode && std::ranges::equal(content, wanted->payload)) return;
  Finding finding{Finding::Kind::different, line, opcode, to_buffer(content), {}};
  if (readable && opcode == wanted->opcode && opcode != ws::kClose && options_.match == Match::json) {
    auto differences = json_differences(as_text(wanted->payload), as_text(content), options_.ignored);
    if (differences && differences->empty()) return;
    if (differences) finding.differences = std::move(*differences);
  }
  findings_.push_back(std::move(finding));
}

void Player::say_lines(UnixNs now, std::size_t room) {
  due_.reset();
  for (; next_ < script_.lines.size(); ++next_) {
    const Line& line = script_.lines[next_];
    if (!line.ours) continue;
    if (!may_say(next_, now)) return;
    if (out_.size() >= room) {
      due_ = now;
      return;
    }
    say(line);
  }
  settle_end(now);
}

bool Player::may_say(std::size_t line, UnixNs now) {
  if (options_.pace == Pace::time) {
    const UnixNs at = time_of(script_.lines[line]);
    if (now < at) due_ = at;
    return now >= at;
  }
  if (answered_ == expected_.size() || expected_[answered_] > line) return true;
  if (!waits_in_vain(now)) return false;
  miss_until(line);
  return true;
}

/// All is said.
void Player::settle_end(UnixNs now) {
  if (answered_ != expected_.size()) {
    if (!waits_in_vain(now)) return;
    miss_until(script_.lines.size());
  }
  if (!std::exchange(said_close_, true)) say_frame(ws::kClose, true, 0, ws::close_payload(ws::kNormal, {}));
  over_ = waits_in_vain(now);
}

/// @return an answer is waited for, and was for long enough; if not, that is due.
bool Player::waits_in_vain(UnixNs now) {
  if (!waits_since_) waits_since_ = now;
  if (now - *waits_since_ >= options_.wait_ns) return true;
  due_ = *waits_since_ + options_.wait_ns;
  return false;
}

/// What was expected before a line did not come.
void Player::miss_until(std::size_t line) {
  for (; answered_ < expected_.size() && expected_[answered_] < line; ++answered_)
    findings_.push_back({Finding::Kind::missing, expected_[answered_], 0, {}, {}});
  waits_since_.reset();
}

void Player::say(const Line& line) {
  ++said_;
  said_close_ |= line.opcode == ws::kClose;
  if (options_.exact) {
    append(out_, line.raw);
  } else if (ws::is_control(line.opcode)) {
    say_frame(line.opcode, true, 0, line.payload);
  } else {
    say_message(line);
  }
}

/// In as many frames as it had.
void Player::say_message(const Line& line) {
  Buffer compressed;
  if (live_.permessage_deflate) {
    if (!deflater_) deflater_.emplace(live_.deflate[ws::index(ws::opposite(direction_to(options_.role)))]);
    deflater_->begin();
    deflater_->add(line.payload, compressed);
    deflater_->end(compressed);
  }
  const auto pieces =
      ws::in_proportion(live_.permessage_deflate ? Bytes(compressed) : Bytes(line.payload), line.frames);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool first = i == 0;
    const std::uint8_t rsv = first && live_.permessage_deflate ? ws::kRsv1 : 0;
    say_frame(first ? line.opcode : std::uint8_t{ws::kContinuation}, i + 1 == pieces.size(), rsv, pieces[i]);
  }
}

void Player::say_frame(std::uint8_t opcode, bool fin, std::uint8_t rsv, Bytes payload) {
  ws::FrameHeader header{.fin = fin, .rsv = rsv, .opcode = opcode};
  if (options_.role == Role::client) {
    header.masked = true;
    entropy_.fill(header.mask);
  }
  append(out_, ws::make_frame(header, payload));
}

UnixNs Player::time_of(const Line& line) const noexcept {
  if (options_.speed == 0) return *begun_;
  const auto since = static_cast<double>(line.time_ns - script_.lines.front().time_ns);
  return *begun_ + static_cast<UnixNs>(since / options_.speed);
}

}  // namespace wstap::replay
