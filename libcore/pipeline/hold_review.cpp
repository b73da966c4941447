// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/hold_review.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/pipeline/refusal.h"
#include "libcore/ws/close.h"

namespace wstap::pipeline {
namespace {

using Refusal = std::unexpected<std::string>;
using Decided = std::expected<Decision, std::string>;

constexpr const char* kTooLongForControl = "a control frame has at most 125 bytes (RFC 6455 5.5)";

std::string over_limit(std::size_t bytes, const FlowOptions& options) {
  return fmt::format("{} bytes are over the limit of {} (--max-frame)", bytes, options.max_frame_bytes);
}

std::expected<Buffer, std::string> body_of(const Parcel& held, const Review& review, std::uint8_t opcode) {
  const bool of_close = review.close_code || review.close_reason;
  if (of_close && opcode != ws::kClose)
    return Refusal(fmt::format("close_code and close_reason are of Close frames; this one is {}",
                               ws::opcode_name(opcode)));
  if (of_close && review.body) return Refusal("a body or close_code and close_reason, not both");
  if (review.body) return *review.body;
  if (!of_close) return to_buffer(held.payload());
  if (review.close_code && !ws::may_be_sent(*review.close_code))
    return Refusal(fmt::format("{} may not be sent (RFC 6455 7.4); send_raw can", *review.close_code));
  const auto was = ws::parse_close(held.payload());
  if (review.close_reason && review.close_reason->size() > ws::kLongestReason)
    return Refusal(fmt::format("the reason of a Close has at most {} bytes", ws::kLongestReason));
  return ws::close_payload(review.close_code.value_or(was.code.value_or(ws::kNormal)),
                           review.close_reason.value_or(std::string(as_text(was.reason))));
}

bool may_become(const Parcel& held, std::uint8_t from, std::uint8_t to) noexcept {
  if (from == to) return true;
  if (ws::is_control(from)) return to == ws::kClose || to == ws::kPing || to == ws::kPong;
  const bool data = to == ws::kText || to == ws::kBinary;
  // A frame that is no message of several may become any data frame.
  return data || (to == ws::kContinuation && !held.compressed && !held.kept);
}

/// @param checked  by the steps that check. @return why they are against it; empty: they are not.
std::string against(const Decision& checked) {
  return checked.kind == Decision::Kind::drop ? checked.cause : std::string();
}

/// SAFE-6, of what is held, unchanged, by rules that are newer than it.
std::string not_allowed_any_more(const Parcel& held, const Plan& plan) {
  if (held.judged_by == plan.number || held.decision.kind != Decision::Kind::go_on) return {};
  return against(plan.check(held.envelope, held.content));
}

/// ... of a message or a frame that is to leave in its place.
std::string not_allowed(const Parcel& held, const Decision& decision, const Plan& plan) {
  Envelope envelope = held.envelope;
  envelope.frame.header = decision.header;
  if (envelope.says == Says::frame && !ws::is_control(decision.header.opcode)) envelope.says = Says::message;
  if (envelope.placement.in_message())
    envelope.placement.message_opcode = decision.opcode_of_message(envelope);
  return against(plan.check(envelope, decision.payload));
}

Decided modify(const Parcel& held, const Review& review, const FlowOptions& options) {
  Decision decision = held.decision;
  const std::uint8_t was =
      held.envelope.of_message() ? held.envelope.placement.message_opcode : held.came.opcode;
  const std::uint8_t opcode = review.opcode.value_or(was);
  if (!may_become(held, was, opcode))
    return Refusal(
        fmt::format("{} cannot become {} here; send_raw can", ws::opcode_name(was), ws::opcode_name(opcode)));
  auto body = body_of(held, review, opcode);
  if (!body) return Refusal(std::move(body.error()));
  if (ws::is_control(opcode) && body->size() > ws::kShortPayload) return Refusal(kTooLongForControl);
  const bool fin = review.fin.value_or(decision.header.fin);
  if (ws::is_control(opcode) && !fin) return Refusal("a control frame cannot be fragmented (RFC 6455 5.4)");
  if (fin != decision.header.fin && (held.compressed || held.kept))
    return Refusal("fin of a message that leaves as one cannot be changed");
  if (body->size() > options.max_frame_bytes && body->size() > held.content.size())
    return Refusal(over_limit(body->size(), options));
  decision.kind = Decision::Kind::replace;
  decision.verdict = Verdict::changed;
  decision.header.fin = fin;
  if (opcode != was || held.came.opcode != ws::kContinuation) decision.header.opcode = opcode;
  decision.header.payload_len = body->size();
  decision.payload = std::move(*body);
  return decision;
}

/// The frame that the bytes are, if they are one, for the steps to judge.
Envelope envelope_of(const Parcel& held, Bytes raw, Buffer& payload) {
  Envelope envelope = held.envelope;
  ws::FrameHeader header;
  const bool whole =
      decode_header(raw, header) && header.payload_len == raw.size() - header.header_len && header.rsv == 0;
  envelope.frame = {header, raw};
  envelope.says = Says::message;
  envelope.inflation = ws::Inflation::none;
  envelope.placement.part = ws::Part::whole;
  if (!whole || !header.fin || header.opcode == ws::kContinuation) {
    // Nobody knows what its receiver makes of it.
    envelope.frame.header.opcode = ws::kText;
    envelope.placement.compressed = true;
    envelope.inflation = ws::Inflation::opaque;
    envelope.placement.message_opcode = ws::kText;
    return envelope;
  }
  payload = unmasked_payload(envelope.frame);
  envelope.placement.compressed = false;
  envelope.placement.message_opcode = header.opcode;
  if (ws::is_control(header.opcode)) {
    envelope.placement.part = ws::Part::none;
    envelope.says = Says::frame;
  }
  return envelope;
}

Decided send_raw(const Parcel& held, const Review& review, const Plan& plan, const FlowOptions& options) {
  if (review.raw.empty()) return Refusal("no bytes to send; drop keeps it back");
  if (review.raw.size() > options.max_frame_bytes + ws::kMaxHeader)
    return Refusal(over_limit(review.raw.size(), options));
  if (auto why = against(check_raw(held, review.raw, plan)); !why.empty()) return Refusal(std::move(why));
  Decision decision = held.decision;
  decision.kind = Decision::Kind::replace;
  decision.verdict = Verdict::changed;
  decision.exact = review.raw;
  return decision;
}

/// What the state of the message does not allow.
std::string impossible(const Parcel& held, const Decision& decision) {
  Decision tried{.kind = decision.kind, .verdict = decision.verdict};
  refuse_impossible(held.envelope, {held.compressed, held.kept, held.state == ws::InflateState::lost}, tried);
  return tried.kind == decision.kind ? std::string() : tried.cause;
}

Decided release(const Parcel& held, const Plan& plan) {
  if (auto why = not_allowed_any_more(held, plan); !why.empty()) return Refusal(std::move(why));
  return held.decision;
}

Decision drop(const Parcel& held) {
  Decision decision = held.decision;
  decision.kind = Decision::Kind::drop;
  decision.verdict = Verdict::dropped;
  return decision;
}

Decided change(const Parcel& held, const Review& review, const Plan& plan, const FlowOptions& options) {
  if (review.action == Review::Action::send_raw) return send_raw(held, review, plan, options);
  auto decided = modify(held, review, options);
  if (!decided) return decided;
  if (auto why = impossible(held, *decided); !why.empty()) return Refusal(std::move(why));
  if (auto why = not_allowed(held, *decided, plan); !why.empty()) return Refusal(std::move(why));
  return decided;
}

}  // namespace

Decision check_raw(const Parcel& held, Bytes raw, const Plan& plan) {
  Buffer payload;
  const Envelope envelope = envelope_of(held, raw, payload);
  return plan.check(envelope, payload);
}

Decided decide(const Parcel& held, const Review& review, const Plan& plan, const FlowOptions& options) {
  Decided decided = held.decision;
  switch (review.action) {
    case Review::Action::release: decided = release(held, plan); break;
    case Review::Action::drop: decided = drop(held); break;
    case Review::Action::modify:
    case Review::Action::send_raw: decided = change(held, review, plan, options); break;
  }
  if (decided && (review.action != Review::Action::release || decided->kind == Decision::Kind::go_on))
    decided->cause = fmt::format("{}{}", kReviewer, review.by);
  return decided;
}

std::expected<NewFrame, std::string> make_injection(InjectRequest request, const Plan& plan,
                                                    const FlowOptions& options) {
  NewFrame frame{{.fin = true, .opcode = request.opcode},
                 std::move(request.payload),
                 fmt::format("{}{}", kReviewer, request.by)};
  if (ws::is_reserved(request.opcode) || request.opcode == ws::kContinuation)
    return Refusal(
        fmt::format("{} cannot be injected; send_raw in the place of a held frame can send anything",
                    ws::opcode_name(request.opcode)));
  if (ws::is_control(request.opcode) && frame.payload.size() > ws::kShortPayload)
    return Refusal(kTooLongForControl);
  if (frame.payload.size() > options.max_frame_bytes)
    return Refusal(over_limit(frame.payload.size(), options));
  if (auto why = plan.against(frame, {.flow = request.flow, .direction = request.direction}); !why.empty())
    return Refusal(std::move(why));
  return frame;
}

}  // namespace wstap::pipeline
