// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/outbox.h"

#include <fmt/format.h>

namespace wstap::control {
namespace {

constexpr std::size_t kBatchBytes = 64U << 10;
constexpr std::size_t kPartBytes = 1U << 20;  ///< of a list's parts, unless one item is larger
constexpr std::size_t kPartItems = 1000;
constexpr std::size_t kItemBytes = kMaxReplyBytes - (1U << 20);  ///< leaves room for all else

/// The item, or where no reply can hold it as much as fits: the frame's bytes go first.
HeldItemPtr shown(const HeldItemPtr& item) {
  if (item->payload.size() + item->raw.size() <= kItemBytes) return item;
  auto less = std::make_shared<pipeline::HeldItem>(*item);
  less->raw = {};
  if (less->payload.size() <= kItemBytes) return less;
  less->payload = {};
  less->whole = false;
  return less;
}

}  // namespace

Buffer Outbox::next() {
  Buffer batch;
  while (batch.size() < kBatchBytes) {
    const auto reply = next_reply();
    if (!reply) break;
    Buffer bytes = encoded(*reply);
    if (batch.empty()) {
      batch = std::move(bytes);
    } else {
      append(batch, bytes);
    }
  }
  return batch;
}

std::optional<Reply> Outbox::next_reply() {
  if (answers_.empty()) {
    auto event = watch_.next();
    if (event)
      if (auto* held = std::get_if<Held>(&event->body)) held->item = shown(held->item);
    return event;
  }
  if (auto* listing = std::get_if<Listing>(&answers_.front())) {
    auto part = next_part(*listing);
    if (!std::get<Items>(part.body).more) answers_.pop_front();
    return part;
  }
  auto reply = std::get<Reply>(std::move(answers_.front()));
  answers_.pop_front();
  return reply;
}

Reply Outbox::next_part(Listing& listing) {
  Items part;
  std::size_t bytes = 0;
  for (; listing.told < listing.ids.size(); ++listing.told) {
    auto item = port_.item(listing.ids[listing.told]);
    if (!item) continue;
    item = shown(item);
    const std::size_t more = item->payload.size() + item->raw.size() + item->upgrade_url.size();
    part.more = !part.items.empty() && (bytes + more > kPartBytes || part.items.size() == kPartItems);
    if (part.more) break;
    bytes += more;
    part.items.push_back(std::move(item));
  }
  return {listing.serial, std::move(part)};
}

Buffer Outbox::encoded(const Reply& reply) const {
  Buffer bytes = codec_.encode(reply);
  if (bytes.size() <= kMaxReplyBytes) return bytes;
  return codec_.encode(
      Reply{reply.serial, Refusal{fmt::format("the answer would be {} bytes long", bytes.size())}});
}

}  // namespace wstap::control
