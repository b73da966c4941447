// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/anomaly.h"

#include <algorithm>
#include <array>

namespace wstap::ws {
namespace {

constexpr auto kTable = std::to_array<AnomalyInfo>({
    {Anomaly::unmasked_from_client, "unmasked_from_client", "RFC 6455 5.1", "a client must mask every frame"},
    {Anomaly::masked_from_server, "masked_from_server", "RFC 6455 5.1", "a server must not mask any frame"},
    {Anomaly::reserved_opcode, "reserved_opcode", "RFC 6455 5.2", "opcodes 3-7 and b-f are reserved"},
    {Anomaly::rsv_without_extension, "rsv_without_extension", "RFC 6455 5.2",
     "an RSV bit is set that no negotiated extension defines"},
    {Anomaly::rsv1_on_continuation, "rsv1_on_continuation", "RFC 7692 6.1",
     "RSV1 belongs on the first frame of a compressed message only"},
    {Anomaly::rsv1_on_control, "rsv1_on_control", "RFC 7692 6.1", "control frames are never compressed"},
    {Anomaly::stray_continuation, "stray_continuation", "RFC 6455 5.4",
     "a continuation without a message to continue"},
    {Anomaly::data_inside_message, "data_inside_message", "RFC 6455 5.4",
     "a new message begins before the last one was finished"},
    {Anomaly::non_minimal_length, "non_minimal_length", "RFC 6455 5.2",
     "the length is not written in the fewest possible bytes"},
    {Anomaly::control_too_long, "control_too_long", "RFC 6455 5.5",
     "a control frame carries at most 125 bytes"},
    {Anomaly::fragmented_control, "fragmented_control", "RFC 6455 5.5",
     "control frames must not be fragmented"},
    {Anomaly::text_not_utf8, "text_not_utf8", "RFC 6455 8.1", "a text message must be UTF-8"},
    {Anomaly::close_reason_not_utf8, "close_reason_not_utf8", "RFC 6455 5.5.1",
     "a close reason must be UTF-8"},
    {Anomaly::close_payload_of_one_byte, "close_payload_of_one_byte", "RFC 6455 5.5.1",
     "a Close payload is empty or begins with a two-byte code"},
    {Anomaly::forbidden_close_code, "forbidden_close_code", "RFC 6455 7.4",
     "this close code must not be sent"},
    {Anomaly::after_close, "after_close", "RFC 6455 5.5.1", "no frame may follow a Close frame"},
    {Anomaly::invalid_deflate, "invalid_deflate", "RFC 7692 7.2.2",
     "the compressed message does not inflate"},
    {Anomaly::extension_not_offered, "extension_not_offered", "RFC 6455 4.1",
     "the response accepts an extension, or terms of one, that the request did not offer"},
    {Anomaly::wrong_accept, "wrong_accept", "RFC 6455 4.2.2",
     "Sec-WebSocket-Accept does not answer Sec-WebSocket-Key"},
});

}  // namespace

const AnomalyInfo& info(Anomaly anomaly) noexcept {
  return kTable[static_cast<std::size_t>(anomaly)];
}

std::span<const AnomalyInfo> all_anomalies() noexcept {
  return kTable;
}

const AnomalyInfo* find_anomaly(std::string_view name) noexcept {
  const auto found = std::ranges::find(kTable, name, &AnomalyInfo::name);
  return found == kTable.end() ? nullptr : &*found;
}

}  // namespace wstap::ws
