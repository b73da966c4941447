// SPDX-License-Identifier: Apache-2.0
#include "cmd/intercept_once.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

#include "cmd/control_access.h"
#include "cmd/output.h"
#include "cmd/whole_file.h"
#include "libcore/base/hex.h"
#include "libcore/base/printable.h"
#include "libcore/ws/close.h"

namespace wstap::cmd {
namespace {

using pipeline::HeldId;
using pipeline::Review;
using pipeline::ReviewAnswer;

constexpr std::string_view kName = "intercept";
// So many decisions are on their way at a time: what answers them is read in between.
constexpr std::size_t kAtOnce = 1'000;

Exit complain_of(Io& io, const Error& error) {
  const bool misspelt = error.code == std::errc::invalid_argument;
  complain(io, kName, misspelt ? error.detail : error.text());
  return misspelt ? Exit::usage : Exit::failed;
}

/// What came of it; said unless it is well.
Exit tell(const ReviewAnswer& answer, std::string_view what, Io& io) {
  if (answer.result == ReviewAnswer::Result::ok) return Exit::ok;
  complain(io, kName, fmt::format("{}: {}", what, answer_text(answer)));
  return Exit::failed;
}

Exit ask_for_answer(control::Client& proxy, decltype(control::Request::body) request, std::string_view what,
                    Io& io) {
  const auto reply = proxy.ask(std::move(request));
  if (!reply) return connection_failed(reply.error(), io);
  const auto* answer = std::get_if<ReviewAnswer>(&reply->body);
  return answer != nullptr ? tell(*answer, what, io) : Exit::failed;
}

/// None: it is none, or there is no such item, which is said.
std::optional<std::vector<HeldId>> chosen(control::Client& proxy, const ItemChoice& choice, Io& io,
                                          Exit& status) {
  std::vector<HeldId> ids;
  for (const auto& text : choice.ids) {
    const auto id = pipeline::held_id_of(text);
    if (!id) {
      complain(io, kName, bad_id_text(text));
      status = Exit::usage;
      return std::nullopt;
    }
    ids.push_back(*id);
  }
  if (!choice.all) return ids;
  const auto reply = proxy.ask(control::List{});
  if (!reply) {
    status = connection_failed(reply.error(), io);
    return std::nullopt;
  }
  if (const auto* items = std::get_if<control::Items>(&reply->body))
    for (const auto& item : items->items) ids.push_back(item->id);
  return ids;
}

/// Decides about a few, and waits for what came of it.
Exit decide_some(control::Client& proxy, std::span<const HeldId> ids, Review::Action action, Io& io) {
  std::map<std::uint32_t, HeldId> open;
  for (const HeldId id : ids) {
    const auto serial = proxy.send(control::Decide{Review{.id = id, .action = action}});
    if (!serial) return connection_failed(serial.error(), io);
    open.emplace(*serial, id);
  }
  Exit status = Exit::ok;
  while (!open.empty()) {
    const auto reply = proxy.receive(std::chrono::minutes(1));
    if (!reply) return connection_failed(reply.error(), io);
    if (!*reply) continue;
    const auto found = open.find((*reply)->serial);
    if (found == open.end()) continue;
    const auto* answer = std::get_if<ReviewAnswer>(&(*reply)->body);
    const auto* refusal = std::get_if<control::Refusal>(&(*reply)->body);
    ReviewAnswer refused{.result = ReviewAnswer::Result::refused, .reason = refusal ? refusal->reason : ""};
    status = std::max(status, tell(answer != nullptr ? *answer : refused, to_text(found->second), io));
    open.erase(found);
  }
  return status;
}

}  // namespace

std::string bad_id_text(std::string_view id) {
  return fmt::format("'{}' is not FLOW:SEQ, as in 1:2 (see 'wstap intercept list')", id);
}

std::string answer_text(const ReviewAnswer& answer) {
  std::string text(name(answer.result));
  if (!answer.by.empty()) text += fmt::format(": {} was first", answer.by);
  if (!answer.reason.empty()) text += ": " + answer.reason;
  return text;
}

Result<std::optional<Buffer>> payload_of(const GivenPayload& given) {
  if (given.text) return std::optional(to_buffer(as_bytes(*given.text)));
  if (given.hex) {
    auto bytes = from_hex(*given.hex);
    if (bytes) return std::optional(std::move(*bytes));
    return fail(
        std::make_error_code(std::errc::invalid_argument),
        fmt::format("'{}' is not hexadecimal, two digits a byte", printable(*given.hex).substr(0, 60)));
  }
  if (!given.file) return std::optional<Buffer>();
  auto bytes = read_whole_file(*given.file);
  if (!bytes) return std::unexpected(bytes.error());
  return std::optional(std::move(*bytes));
}

Exit decide(control::Client& proxy, const ItemChoice& choice, Review::Action action, Io& io) {
  Exit status = Exit::ok;
  const auto ids = chosen(proxy, choice, io, status);
  if (!ids) return status;
  for (std::span<const HeldId> rest = *ids; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kAtOnce));
    status = std::max(status, decide_some(proxy, some, action, io));
    if (status == Exit::network) return status;
    rest = rest.subspan(some.size());
  }
  return status;
}

Exit modify(control::Client& proxy, const ModifyOptions& options, Io& io) {
  const auto id = pipeline::held_id_of(options.id);
  if (!id) {
    complain(io, kName, bad_id_text(options.id));
    return Exit::usage;
  }
  auto body = payload_of(options.body);
  auto raw = payload_of(options.raw);
  if (!body) return complain_of(io, body.error());
  if (!raw) return complain_of(io, raw.error());
  Review review{.id = *id, .action = Review::Action::modify};
  if (*raw) {
    review.action = Review::Action::send_raw;
    review.raw = std::move(**raw);
  } else {
    review.body = std::move(*body);
    review.opcode = options.opcode;
    review.fin = options.fin;
    review.close_code = options.close_code;
    review.close_reason = options.close_reason;
  }
  return ask_for_answer(proxy, control::Decide{std::move(review)}, options.id, io);
}

Exit inject(control::Client& proxy, const InjectOptions& options, Io& io) {
  pipeline::InjectRequest request{.flow = options.flow, .direction = options.direction};
  if (!options.after.empty() && !(request.after = pipeline::held_id_of(options.after))) {
    complain(io, kName, "--after: " + bad_id_text(options.after));
    return Exit::usage;
  }
  auto payload = payload_of(options.payload);
  if (!payload) return complain_of(io, payload.error());
  if (*payload) request.payload = std::move(**payload);
  request.opcode = options.opcode.value_or(options.payload.text ? ws::kText : ws::kBinary);
  if (options.close_code) {
    request.opcode = ws::kClose;
    request.payload = ws::close_payload(*options.close_code, options.close_reason);
  }
  return ask_for_answer(proxy, control::Inject{std::move(request)}, fmt::format("flow {}", options.flow), io);
}

}  // namespace wstap::cmd
