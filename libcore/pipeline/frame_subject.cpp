// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/frame_subject.h"

#include <algorithm>

#include "libcore/ws/close.h"

namespace wstap::pipeline {
namespace {

template <class Name>
std::vector<std::string_view> names(std::size_t count, Name name) {
  std::vector<std::string_view> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = name(i);
  return all;
}

}  // namespace

const filter::Vocabulary& vocabulary() noexcept {
  static const auto kOpcodes =
      names(16, [](std::size_t i) { return ws::opcode_name(static_cast<std::uint8_t>(i)); });
  static const auto kVerdictNames =
      names(kVerdicts, [](std::size_t i) { return name(static_cast<Verdict>(i)); });
  static const auto kAnomalyNames =
      names(ws::all_anomalies().size(), [](std::size_t i) { return ws::all_anomalies()[i].name; });
  static const filter::Vocabulary kAll = {kOpcodes, kVerdictNames, kAnomalyNames};
  return kAll;
}

filter::Subject subject_of(const Envelope& envelope, Bytes payload,
                           const filter::FlowSubject& flow) noexcept {
  const ws::FrameHeader& header = envelope.frame.header;
  filter::Subject subject{.flow = flow,
                          .sequence = envelope.sequence,
                          .time_ns = envelope.time_ns,
                          .receive = envelope.direction == ws::Direction::receive,
                          .opcode = header.opcode,
                          .rsv = header.rsv,
                          .fin = header.fin,
                          .masked = header.masked,
                          .compressed = envelope.placement.compressed,
                          .verdict = static_cast<std::uint8_t>(envelope.verdict),
                          .length = header.payload_len,
                          .anomalies = envelope.anomalies.bits(),
                          .cause = envelope.cause,
                          .tags = envelope.tags};
  if (!ws::is_unread(envelope.inflation) && !envelope.withheld) subject.payload = payload;
  subject.payload_bytes = envelope.cut_from != 0 ? envelope.cut_from : payload.size();
  subject.content = envelope.says_content();
  subject.text = envelope.says_text();
  subject.held = !envelope.held.by.empty();
  if (header.opcode == ws::kClose) {
    const auto body = ws::parse_close(payload);
    subject.close_code = body.code;
    subject.close_reason = as_text(body.reason);
  }
  return subject;
}

filter::Subject message_subject_of(const Envelope& envelope, Bytes payload,
                                   const filter::FlowSubject& flow) noexcept {
  filter::Subject subject = subject_of(envelope, payload, flow);
  if (!envelope.of_message()) return subject;
  subject.opcode = envelope.placement.message_opcode;
  if (envelope.placement.compressed) subject.rsv |= ws::kRsv1;
  subject.sequence = envelope.placement.message_first;
  subject.length = envelope.placement.message_bytes;
  return subject;
}

}  // namespace wstap::pipeline
