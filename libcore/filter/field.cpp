// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/field.h"

#include <algorithm>
#include <array>

namespace wstap::filter {
namespace {

constexpr std::array<FieldInfo, 24> kFields = {{
    {Field::flow, "flow", Type::number, "tcp.stream", "number of the flow"},
    {Field::seq, "seq", Type::number, "", "sequence number in the flow; frames from 2"},
    {Field::time, "time", Type::time, "frame.time", "when wstap received it"},
    {Field::dir, "dir", Type::direction, "", "send (client to server) or receive"},
    {Field::opcode, "opcode", Type::opcode, "websocket.opcode", "of a message: text or binary"},
    {Field::fin, "fin", Type::boolean, "websocket.fin", "the last frame of its message"},
    {Field::rsv, "rsv", Type::number, "websocket.rsv", "reserved bits: RSV1 is 4, RSV2 is 2, RSV3 is 1"},
    {Field::masked, "masked", Type::boolean, "websocket.mask", "the frame is masked"},
    {Field::length, "length", Type::number, "websocket.payload_length", "payload bytes on the wire"},
    {Field::payload_length, "payload.length", Type::number, "", "payload bytes, inflated"},
    {Field::payload, "payload", Type::bytes, "websocket.payload", "what it says, inflated"},
    {Field::text, "text", Type::text, "websocket.payload.text",
     "what a text message says, or the reason of a Close"},
    {Field::json, "json", Type::json, "", "json(\"/pointer\"): a value in a payload that is JSON (RFC 6901)"},
    {Field::url, "url", Type::text, "http.request.full_uri", "of the upgrade request"},
    {Field::host, "host", Type::text, "http.host", "of the URL, without the port"},
    {Field::path, "path", Type::text, "http.request.uri.path", "of the URL, without the query"},
    {Field::subprotocol, "subprotocol", Type::text, "", "that was agreed on"},
    {Field::close_code, "close.code", Type::number, "websocket.payload.close.status_code", "of a Close"},
    {Field::verdict, "verdict", Type::verdict, "", "what became of it: forwarded, changed, dropped, ..."},
    {Field::cause, "cause", Type::text, "", "of the verdict"},
    {Field::tag, "tag", Type::tags, "", "what rules and plugins marked it with"},
    {Field::anomaly, "anomaly", Type::anomalies, "", "what RFC 6455 or 7692 forbids about it"},
    {Field::compressed, "compressed", Type::boolean, "", "of a message with permessage-deflate"},
    {Field::held, "held", Type::boolean, "", "waited for a decision, or does"},
}};

}  // namespace

std::string_view name(Type type) noexcept {
  constexpr std::array<std::string_view, 11> kNames = {"number", "boolean", "time",      "direction",
                                                       "opcode", "verdict", "text",      "bytes",
                                                       "texts",  "names",   "JSON value"};
  return kNames[static_cast<std::size_t>(type)];
}

const FieldInfo& info(Field field) noexcept {
  return kFields[static_cast<std::size_t>(field)];
}

std::span<const FieldInfo> all_fields() noexcept {
  return kFields;
}

std::optional<Field> find_field(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(kFields, [name](const FieldInfo& entry) {
    return entry.name == name || (!name.empty() && entry.alias == name);
  });
  return found == kFields.end() ? std::nullopt : std::optional(found->field);
}

}  // namespace wstap::filter
