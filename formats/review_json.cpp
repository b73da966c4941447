// SPDX-License-Identifier: Apache-2.0
#include "formats/review_json.h"

#include <array>

#include "formats/json_writer.h"
#include "libcore/base/rfc3339.h"
#include "libcore/ws/close.h"

namespace wstap::formats {
namespace {

void end(JsonWriter& json, std::string& out) {
  json.close_object();
  out += '\n';
}

/// Text as text, everything else as bytes; of a Close the reason, whose code has a member of its own. A
/// continuation may be of either kind.
void add_payload(JsonWriter& json, const pipeline::HeldItem& item) {
  const bool readable = !item.compressed || item.inflation == ws::Inflation::done;
  const bool may_be_text = item.opcode == ws::kText || item.opcode == ws::kContinuation;
  if (item.opcode == ws::kClose && item.payload.size() != 1) {
    const auto close = ws::parse_close(item.payload);
    json.add_bytes("payload", close.reason);
    if (close.code) json.add("close_code", *close.code);
    return json.add_if("close_reason", as_text(close.reason));
  }
  may_be_text&& readable ? json.add_bytes("payload", item.payload)
                         : json.add_base64("payload_b64", item.payload);
}

void add_marks(JsonWriter& json, const pipeline::HeldItem& item) {
  if (item.payload.size() != item.header.payload_len) json.add("payload_length", item.payload.size());
  if (const auto mark = ws::name(item.inflation); !mark.empty()) json.add_flag(mark, true);
  if (item.first != 0 && item.first != item.id.sequence) json.add("message", item.first);
  if (!item.whole) json.add_flag("whole", false);
}

}  // namespace

void held_json(std::string& out, const pipeline::HeldItem& item) {
  JsonWriter json(out);
  json.add_word("type", "held");
  json.add_word("id", to_text(item.id));
  json.add("flow_id", item.id.flow);
  json.add("sequence", item.id.sequence);
  json.add_word("direction", ws::long_name(item.direction));
  json.add_word("opcode", ws::opcode_name(item.opcode));
  json.add_flag("fin", item.header.fin);
  json.add("rsv", item.header.rsv);
  json.add_flag("masked", item.header.masked);
  json.add("length", item.header.payload_len);
  json.add_flag("compressed", item.compressed);
  json.add_bytes("upgrade_url", as_bytes(item.upgrade_url));
  add_payload(json, item);
  json.add_base64("raw_b64", item.raw);
  add_marks(json, item);
  json.add_list("rules", item.rules);
  json.add_list("tags", item.tags);
  json.add_word("since", rfc3339(item.since_ns));
  json.add_word("expires", rfc3339(item.expires_ns));
  json.add_word("on_timeout", name(item.on_timeout));
  end(json, out);
}

void settled_json(std::string& out, const pipeline::Settled& settled) {
  JsonWriter json(out);
  json.add_word("type", "settled");
  json.add_word("id", to_text(settled.id));
  json.add_bytes("how", as_bytes(settled.how));
  json.add_bytes("by", as_bytes(settled.by));
  end(json, out);
}

void answer_json(std::string& out, std::string_view id, const pipeline::ReviewAnswer& answer) {
  JsonWriter json(out);
  id.empty() ? json.add_written(R"("id":null)") : json.add_written("\"id\":" + json_string(id));
  json.add_word("result", name(answer.result));
  json.add_if("by", answer.by);
  json.add_if("reason", answer.reason);
  end(json, out);
}

}  // namespace wstap::formats
