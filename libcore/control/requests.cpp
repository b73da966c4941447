// SPDX-License-Identifier: Apache-2.0
// What a client's requests do.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "libcore/control/reviewer_name.h"
#include "libcore/control/session.h"

namespace wstap::control {
namespace {

std::vector<HeldId> ids_of(const std::vector<HeldItemPtr>& items) {
  std::vector<HeldId> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back(item->id);
  return ids;
}

}  // namespace

void Session::serve(Request request, std::size_t bytes) {
  const auto* hello = std::get_if<Hello>(&request.body);
  if (!greeted_ && hello == nullptr) {
    finish(request.serial, "a hello is expected first");
  } else if (!greeted_) {
    greet(request.serial, *hello);
  } else {
    std::visit([&](auto& body) { serve(request.serial, body, bytes); }, request.body);
  }
}

void Session::greet(std::uint32_t serial, const Hello& hello) {
  if (hello.version != kVersion) {
    finish(serial, fmt::format("version {} of the control protocol, and {} speaks version {}", hello.version,
                               host_.program, kVersion));
    return;
  }
  if (auto fault = fault_of_name(hello.name); !fault.empty()) {
    finish(serial, std::move(fault));
    return;
  }
  greeted_ = true;
  deadline_.cancel();
  name_ = hello.name.empty() ? "reviewer" : hello.name;
  say({serial, Welcome{kVersion, static_cast<std::uint32_t>(::getpid()), host_.program}});
}

/// @return false: it was refused.
bool Session::settle_name(std::uint32_t serial, std::string& by) {
  if (by.empty()) by = name_;
  auto fault = fault_of_name(by);
  if (fault.empty()) return true;
  say({serial, Refusal{std::move(fault)}});
  return false;
}

template <class Answer, class Body>
Port::Done<Answer> Session::answer_to(std::uint32_t serial, std::size_t bytes) {
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

void Session::serve(std::uint32_t serial, const Unknown&, std::size_t) {
  say({serial, Refusal{fmt::format("{} does not know this request", host_.program)}});
}

void Session::serve(std::uint32_t serial, const Hello&, std::size_t) {
  say({serial, Refusal{"there was a hello already"}});
}

void Session::serve(std::uint32_t serial, const List& list, std::size_t) {
  outbox_.add_items(serial, list.id ? std::vector{*list.id} : ids_of(host_.port.items()));
  writer_.cancel();
}

void Session::serve(std::uint32_t serial, const Watch&, std::size_t) {
  if (std::exchange(watching_, true)) {
    say({serial, Refusal{"this connection watches already"}});
    return;
  }
  outbox_.watch().begin(host_.port.watch(outbox_.watch()), serial);
  writer_.cancel();
}

void Session::serve(std::uint32_t serial, Decide& decide, std::size_t bytes) {
  if (!settle_name(serial, decide.review.by)) return;
  host_.port.review(std::move(decide.review), answer_to<ReviewAnswer>(serial, bytes));
}

void Session::serve(std::uint32_t serial, Inject& inject, std::size_t bytes) {
  if (!settle_name(serial, inject.request.by)) return;
  host_.port.inject(std::move(inject.request), answer_to<ReviewAnswer>(serial, bytes));
}

void Session::serve(std::uint32_t serial, const ListFlows&, std::size_t bytes) {
  host_.port.flows(answer_to<std::vector<FlowSummary>, Flows>(serial, bytes));
}

void Session::serve(std::uint32_t serial, const AskRules& ask, std::size_t bytes) {
  host_.port.rules(ask.reload, answer_to<Rules>(serial, bytes));
}

void Session::serve(std::uint32_t serial, const AskStats&, std::size_t) {
  say({serial, host_.port.stats()});
}

}  // namespace wstap::control
