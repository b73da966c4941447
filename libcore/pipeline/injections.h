// SPDX-License-Identifier: Apache-2.0
// Frames of wstap's own on their way into one direction: which leave, which wait, and why others do not
// (HOLD-3, LIM-4). Sans-I/O.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libcore/pipeline/buffer_gauge.h"
#include "libcore/pipeline/outlet.h"

namespace wstap::pipeline {

class Injections {
 public:
  /// @param outlet, plan, gauge  outlive it; the plan may change. @param gauge  null: there is always room.
  Injections(Outlet& outlet, const Plan& plan, ws::Direction direction, std::uint64_t max_frame_bytes,
             const BufferGauge* gauge) noexcept
      : outlet_(outlet),
        plan_(plan),
        direction_(direction),
        max_frame_bytes_(max_frame_bytes),
        gauge_(gauge) {}

  // Control frames leave at once, and data as soon as no message is open towards the peer.
  void put_before(Turn& turn, std::vector<NewFrame> frames);
  /// What was promised to leave: there is room for it, and only rules that came since can be against it.
  void put_promised(Turn& turn, std::vector<NewFrame> frames);
  /// @param message_waits  data leaves behind the message that does.
  void put_behind(Turn& turn, std::vector<NewFrame> frames, bool message_waits);

  /// Nothing leaves any more: what waits for the end of a message will not.
  void abandon();
  /// ... nor what was made already, and delayed.
  void give_up(const OwnFrame& frame);
  void give_up(const NotInjected& frame);
  void give_up(const std::vector<NotInjected>& frames);
  /// What does not leave and why, in words; since the last call.
  std::vector<std::string> take_given_up();

  /// Something waits for the end of a message.
  bool empty() const noexcept { return later_.empty(); }
  /// Bytes of memory that it takes.
  std::size_t held() const noexcept { return later_bytes_; }

 private:
  void put_all(Turn& turn, std::vector<NewFrame> frames, bool data_waits);
  void keep(NewFrame frame);
  void put_what_waited(Turn& turn, NewFrame frame);
  void put(Turn& turn, NewFrame& frame);
  bool data_waits() const noexcept { return !outlet_.closed() && outlet_.message_open(); }
  bool has_room(const Turn& turn, const std::vector<NewFrame>& frames) const noexcept;

  Outlet& outlet_;
  const Plan& plan_;
  ws::Direction direction_;
  std::uint64_t max_frame_bytes_;
  const BufferGauge* gauge_;
  std::vector<NewFrame> later_;  ///< data, for when no message is open
  std::size_t later_bytes_ = 0;
  std::vector<NotInjected> given_up_;
};

}  // namespace wstap::pipeline
