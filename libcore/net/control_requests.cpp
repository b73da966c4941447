// SPDX-License-Identifier: Apache-2.0
// What a client's requests do.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "libcore/net/control_session.h"
#include "libcore/ws/utf8.h"

namespace wstap::net {
namespace {

namespace control = pipeline::control;

// Who settled an item when no reviewer did.
constexpr std::array<std::string_view, 4> kTaken = {pipeline::kByTimeout, pipeline::kByShutdown,
                                                    pipeline::kByEnd, pipeline::kByMessage};

/// Names stand in causes, in captures and on terminals.
bool is_name(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= control::kMaxNameBytes && ws::is_utf8(as_bytes(text)) &&
         std::ranges::find(kTaken, text) == kTaken.end() && std::ranges::none_of(text, is_control);
}

std::string bad_name() {
  return fmt::format("a name is text of at most {} bytes without control characters, and none of {}",
                     control::kMaxNameBytes, fmt::join(kTaken, ", "));
}

std::vector<pipeline::HeldId> ids_of(const std::vector<pipeline::HeldItemPtr>& items) {
  std::vector<pipeline::HeldId> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back(item->id);
  return ids;
}

}  // namespace

void ControlSession::serve(control::Request request, std::size_t bytes) {
  const auto* hello = std::get_if<control::Hello>(&request.body);
  if (!greeted_ && hello == nullptr) {
    finish(request.serial, "a hello is expected first");
  } else if (!greeted_) {
    greet(request.serial, *hello);
  } else {
    std::visit([&](auto& body) { serve(request.serial, body, bytes); }, request.body);
  }
}

void ControlSession::greet(std::uint32_t serial, const control::Hello& hello) {
  if (hello.version != control::kVersion) {
    finish(serial, fmt::format("version {} of the control protocol, and {} speaks version {}", hello.version,
                               host_.program, control::kVersion));
    return;
  }
  if (!is_name(hello.name)) {
    finish(serial, bad_name());
    return;
  }
  greeted_ = true;
  deadline_.cancel();
  name_ = hello.name.empty() ? "reviewer" : hello.name;
  say({serial, control::Welcome{control::kVersion, static_cast<std::uint32_t>(::getpid()), host_.program}});
}

/// @return false: it was refused.
bool ControlSession::settle_name(std::uint32_t serial, std::string& by) {
  if (by.empty()) by = name_;
  if (is_name(by)) return true;
  say({serial, control::Refusal{bad_name()}});
  return false;
}

template <class Answer, class Body>
control::Port::Done<Answer> ControlSession::answer_to(std::uint32_t serial, std::size_t bytes) {
  ++unanswered_;
  unanswered_bytes_ += bytes;
  return [weak = weak_from_this(), mailbox = host_.mailbox, serial, bytes](Answer answer) {
    mailbox->post([weak, serial, bytes, answer = std::move(answer)]() mutable {
      const auto self = weak.lock();
      if (!self) return;
      --self->unanswered_;
      self->unanswered_bytes_ -= bytes;
      self->say({serial, Body{std::move(answer)}});
    });
  };
}

void ControlSession::serve(std::uint32_t serial, const control::Unknown&, std::size_t) {
  say({serial, control::Refusal{fmt::format("{} does not know this request", host_.program)}});
}

void ControlSession::serve(std::uint32_t serial, const control::Hello&, std::size_t) {
  say({serial, control::Refusal{"there was a hello already"}});
}

void ControlSession::serve(std::uint32_t serial, const control::List& list, std::size_t) {
  outbox_.add_items(serial, list.id ? std::vector{*list.id} : ids_of(host_.port.items()));
  writer_.cancel();
}

void ControlSession::serve(std::uint32_t serial, const control::Watch&, std::size_t) {
  if (std::exchange(watching_, true)) {
    say({serial, control::Refusal{"this connection watches already"}});
    return;
  }
  outbox_.watch().begin(host_.port.watch(outbox_.watch()), serial);
  writer_.cancel();
}

void ControlSession::serve(std::uint32_t serial, control::Decide& decide, std::size_t bytes) {
  if (!settle_name(serial, decide.review.by)) return;
  host_.port.review(std::move(decide.review), answer_to<pipeline::ReviewAnswer>(serial, bytes));
}

void ControlSession::serve(std::uint32_t serial, control::Inject& inject, std::size_t bytes) {
  if (!settle_name(serial, inject.request.by)) return;
  host_.port.inject(std::move(inject.request), answer_to<pipeline::ReviewAnswer>(serial, bytes));
}

void ControlSession::serve(std::uint32_t serial, const control::ListFlows&, std::size_t bytes) {
  host_.port.flows(answer_to<std::vector<control::FlowSummary>, control::Flows>(serial, bytes));
}

void ControlSession::serve(std::uint32_t serial, const control::AskRules& ask, std::size_t bytes) {
  host_.port.rules(ask.reload, answer_to<control::Rules>(serial, bytes));
}

void ControlSession::serve(std::uint32_t serial, const control::AskStats&, std::size_t) {
  say({serial, host_.port.stats()});
}

}  // namespace wstap::net
