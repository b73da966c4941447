// SPDX-License-Identifier: Apache-2.0
#include "formats/decision_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/decision_members.h"
#include "libcore/base/ascii.h"
#include "libcore/base/printable.h"
#include "libcore/ws/close.h"

namespace wstap::formats {
namespace {

using pipeline::HeldId;
using pipeline::InjectRequest;
using pipeline::Review;
using Key = DecisionMembers::Key;

constexpr std::string_view kInject = "inject";

void refuse_all(DecisionMembers& members, std::initializer_list<Key> keys, std::string_view action) {
  for (const Key key : keys)
    if (members.has(key)) members.refuse(key, fmt::format("this has no meaning for {}", action));
}

std::optional<HeldId> item(DecisionMembers& members, Key key) {
  const auto written = members.text(key);
  if (!written) return std::nullopt;
  const auto id = pipeline::held_id_of(*written);
  if (!id)
    members.refuse(key,
                   fmt::format("wanted is FLOW:SEQ, as in 1:2, not '{}'", printable(*written).substr(0, 40)));
  return id;
}

/// At most one of them may be there.
std::optional<Buffer> body(DecisionMembers& members) {
  if (members.has(Key::override_body) && members.has(Key::override_body_b64)) {
    members.refuse(Key::override_body_b64, "override_body is there as well");
    return std::nullopt;
  }
  if (members.has(Key::override_body_b64)) return members.base64(Key::override_body_b64);
  const auto text = members.text(Key::override_body);
  return text ? std::optional(to_buffer(as_bytes(*text))) : std::nullopt;
}

std::optional<std::uint8_t> opcode(DecisionMembers& members) {
  const auto word = members.text(Key::opcode);
  if (!word) return std::nullopt;
  const auto value = opcode_of(*word);
  if (!value)
    members.refuse(
        Key::opcode,
        fmt::format("wanted is text, binary, continuation, close, ping, pong or reserved-0x3, not '{}'",
                    printable(*word).substr(0, 40)));
  return value;
}

std::optional<std::uint16_t> close_code(DecisionMembers& members) {
  const auto code = members.number(Key::close_code, 0, std::numeric_limits<std::uint16_t>::max());
  return code ? std::optional(static_cast<std::uint16_t>(*code)) : std::nullopt;
}

/// A body is all of a payload: of a Close, code and reason.
void refuse_close_beside_body(DecisionMembers& members) {
  if (!members.has(Key::override_body) && !members.has(Key::override_body_b64)) return;
  for (const Key key : {Key::close_code, Key::close_reason})
    if (members.has(key)) members.refuse(key, "override_body is the whole payload, code and reason included");
}

Review read_modify(DecisionMembers& members) {
  Review review{.action = Review::Action::modify};
  refuse_all(members, {Key::raw_b64}, name(review.action));
  refuse_close_beside_body(members);
  review.body = body(members);
  review.opcode = opcode(members);
  review.fin = members.flag(Key::fin);
  review.close_code = close_code(members);
  review.close_reason = members.text(Key::close_reason);
  if (!review.body && !review.opcode && !review.fin && !review.close_code && !review.close_reason)
    members.refuse(
        "action: modify_and_forward wants override_body, override_body_b64, opcode, fin, close_code or "
        "close_reason");
  return review;
}

Review read_send_raw(DecisionMembers& members) {
  Review review{.action = Review::Action::send_raw};
  refuse_all(
      members,
      {Key::override_body, Key::override_body_b64, Key::opcode, Key::fin, Key::close_code, Key::close_reason},
      name(review.action));
  auto raw = members.base64(Key::raw_b64);
  if (!raw) members.refuse(Key::raw_b64, "send_raw wants the bytes that are to leave");
  if (raw && raw->empty()) members.refuse(Key::raw_b64, "nothing would leave (action drop says that)");
  if (raw) review.raw = std::move(*raw);
  return review;
}

Review read_plain(DecisionMembers& members, Review::Action action) {
  refuse_all(members,
             {Key::override_body, Key::override_body_b64, Key::opcode, Key::fin, Key::close_code,
              Key::close_reason, Key::raw_b64},
             name(action));
  return {.action = action};
}

Review read_review(DecisionMembers& members, std::string_view action, std::optional<HeldId> about) {
  refuse_all(members, {Key::direction, Key::flow_id, Key::after}, action);
  const auto id = item(members, Key::id);
  if (!id && !about) members.refuse(Key::id, "which item? (\"id\":\"FLOW:SEQ\")");
  if (id && about && id != about) members.refuse(Key::id, fmt::format("the item is {}", to_text(*about)));
  Review review;
  if (action == name(Review::Action::modify)) {
    review = read_modify(members);
  } else if (action == name(Review::Action::send_raw)) {
    review = read_send_raw(members);
  } else {
    const auto drop = Review::Action::drop;
    review = read_plain(members, action == name(drop) ? drop : Review::Action::release);
  }
  review.id = id ? *id : about.value_or(HeldId());
  return review;
}

/// The payload and, unless it is given, the opcode that goes with how the payload is given.
void read_content(DecisionMembers& members, InjectRequest& request) {
  refuse_close_beside_body(members);
  const auto given = opcode(members);
  const auto code = close_code(members);
  const auto reason = members.text(Key::close_reason);
  const bool binary = members.has(Key::override_body_b64);
  request.opcode = given.value_or(code ? ws::kClose : binary ? ws::kBinary : ws::kText);
  if (code && request.opcode != ws::kClose) members.refuse(Key::close_code, "only a Close has one");
  if (reason && !code) members.refuse(Key::close_reason, "it goes with close_code");
  if (reason && reason->size() > ws::kLongestReason)
    members.refuse(Key::close_reason,
                   fmt::format("it has {} bytes, {} is the most", reason->size(), ws::kLongestReason));
  auto content = body(members);
  if (content) {
    request.payload = std::move(*content);
  } else if (code) {
    request.payload = ws::close_payload(*code, reason.value_or(std::string()));
  } else if (!given) {
    members.refuse("action: inject wants override_body, override_body_b64, close_code or opcode");
  }
}

InjectRequest read_inject(DecisionMembers& members) {
  InjectRequest request;
  refuse_all(members, {Key::fin, Key::raw_b64}, kInject);
  const auto flow = members.number(Key::flow_id, 1, std::numeric_limits<pipeline::FlowId>::max());
  if (!flow) members.refuse(Key::flow_id, "inject wants the flow's number");
  request.flow = static_cast<pipeline::FlowId>(flow.value_or(0));
  const auto word = members.text(Key::direction);
  const bool sends = word == ws::long_name(ws::Direction::send);
  if (!sends && word != ws::long_name(ws::Direction::receive))
    members.refuse(Key::direction, "inject wants client_to_server or server_to_client");
  request.direction = sends ? ws::Direction::send : ws::Direction::receive;
  request.after = item(members, Key::after);
  read_content(members, request);
  return request;
}

/// What comes back in the answer.
std::string echo_of(DecisionMembers members) {
  auto id = members.text(Key::id).value_or(std::string());
  if (id.size() > kLongestId) id.clear();
  return id;
}

}  // namespace

std::optional<std::uint8_t> opcode_of(std::string_view name) {
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode)
    if (ws::opcode_name(opcode) == name) return opcode;
  return std::nullopt;
}

bool says_nothing(std::string_view text) noexcept {
  return std::ranges::all_of(text, is_blank);
}

std::expected<Decision, BadDecision> read_decision(std::string_view text, std::optional<HeldId> about) {
  DecisionMembers members(text);
  Decision decision{.id = echo_of(members), .wish = {}};
  if (members.has(Key::id) && decision.id.empty()) members.refuse(Key::id, "wanted is a short text");
  if (decision.id.empty() && about) decision.id = to_text(*about);
  // What is no JSON has no action that could be missing.
  if (!members.fault().empty()) return std::unexpected(BadDecision{decision.id, members.fault()});

  const auto action = members.text(Key::action);
  const bool is_review =
      action && (*action == name(Review::Action::release) || *action == name(Review::Action::drop) ||
                 *action == name(Review::Action::modify) || *action == name(Review::Action::send_raw));
  if (action == kInject && !about) {
    decision.wish = read_inject(members);
  } else if (is_review) {
    decision.wish = read_review(members, *action, about);
  } else {
    members.refuse(Key::action, fmt::format("wanted is release, drop, modify_and_forward{} send_raw{}",
                                            about ? " or" : ",", about ? "" : " or inject"));
  }
  if (!members.fault().empty()) return std::unexpected(BadDecision{decision.id, members.fault()});
  return decision;
}

}  // namespace wstap::formats
