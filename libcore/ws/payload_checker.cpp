// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/payload_checker.h"

#include "libcore/ws/close.h"

namespace wstap::ws {

AnomalySet check_close(Bytes payload) noexcept {
  AnomalySet found;
  if (payload.size() == 1) found.add(Anomaly::close_payload_of_one_byte);
  const CloseBody body = parse_close(payload);
  if (body.code && !may_be_sent(*body.code)) found.add(Anomaly::forbidden_close_code);
  if (!is_utf8(body.reason)) found.add(Anomaly::close_reason_not_utf8);
  return found;
}

AnomalySet PayloadChecker::check(const FrameHeader& header, const Placement& placed, Bytes payload) noexcept {
  if (header.opcode == kClose) return check_close(payload);
  if (placed.message_opcode != kText || placed.compressed || placed.extended) return {};
  return check_text(placed, payload);
}

AnomalySet PayloadChecker::check_text(const Placement& placed, Bytes payload) noexcept {
  AnomalySet found;
  if (placed.part == Part::whole) {
    if (!is_utf8(payload)) found.add(Anomaly::text_not_utf8);
    return found;
  }
  if (placed.part == Part::first) {
    text_.reset();
    judged_ = true;
  }
  if (!judged_) return found;
  const bool valid_so_far = text_.feed(payload);
  const bool cut_short = placed.part == Part::last && !text_.complete();
  if (!valid_so_far || cut_short) {
    found.add(Anomaly::text_not_utf8);
    judged_ = false;  // once a message
  }
  return found;
}

void PayloadChecker::skip(const Placement& placed) noexcept {
  if (is_fragment(placed.part)) judged_ = false;
}

}  // namespace wstap::ws
