// SPDX-License-Identifier: Apache-2.0
// Bytes to requests and replies, of anybody's making.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <control.capnp.h>
#include <fmt/format.h>
#include <kj/exception.h>

#include <bit>
#include <cstring>

#include "formats/control_codec.h"
#include "formats/framing.h"

namespace wstap::formats {
namespace {

namespace wire = control_wire;

// A list of entries without content takes little room on the wire, and much in memory.
constexpr unsigned kMostItems = 100'000;
constexpr unsigned kMostFlows = 1'000'000;

std::unexpected<Error> bad_message(std::string why) {
  return fail(std::make_error_code(std::errc::bad_message), std::move(why));
}

std::string text(capnp::Text::Reader reader) {
  return {reader.begin(), reader.size()};
}
Bytes bytes(capnp::Data::Reader reader) {
  return std::as_bytes(std::span(reader.begin(), reader.size()));
}
Buffer buffer(capnp::Data::Reader reader) {
  return to_buffer(bytes(reader));
}

template <class ListReader>
std::vector<std::string> texts(ListReader list) {
  std::vector<std::string> values;
  for (auto entry : list) values.push_back(text(entry));
  return values;
}

/// Values of later versions are taken for `otherwise`.
template <class To, class From>
To known(From value, To last, To otherwise) {
  const auto number = static_cast<unsigned>(value);
  return number <= static_cast<unsigned>(last) ? static_cast<To>(number) : otherwise;
}

ws::Direction direction(wire::Direction value) {
  return value == wire::Direction::SEND ? ws::Direction::send : ws::Direction::receive;
}

pipeline::HeldId held_id(wire::HeldId::Reader reader) {
  return {reader.getFlow(), reader.getSequence()};
}

ws::FrameHeader frame_header(wire::FrameHeader::Reader reader) {
  ws::FrameHeader header;
  header.fin = reader.getFin();
  header.masked = reader.getMasked();
  header.rsv = reader.getRsv();
  header.opcode = reader.getOpcode();
  header.header_len = reader.getLength();
  store_be(reader.getMask(), header.mask);
  header.payload_len = reader.getPayloadLength();
  return header;
}

pipeline::HeldItemPtr held_item(wire::HeldItem::Reader reader) {
  auto item = std::make_shared<pipeline::HeldItem>();
  item->id = held_id(reader.getId());
  item->direction = direction(reader.getDirection());
  item->upgrade_url = text(reader.getUpgradeUrl());
  item->header = frame_header(reader.getHeader());
  item->opcode = reader.getOpcode();
  item->first = reader.getFirst();
  item->compressed = reader.getCompressed();
  item->inflation = known(reader.getInflation(), ws::Inflation::needs_part, ws::Inflation::opaque);
  item->whole = reader.getWhole();
  item->payload = buffer(reader.getPayload());
  item->raw = buffer(reader.getRaw());
  item->rules = texts(reader.getRules());
  item->tags = texts(reader.getTags());
  item->since_ns = reader.getSince();
  item->expires_ns = reader.getExpires();
  item->on_timeout = known(reader.getOnTimeout(), pipeline::OnTimeout::drop, pipeline::OnTimeout::release);
  return item;
}

control::FlowSummary flow(wire::Flow::Reader reader) {
  return {.id = reader.getId(),
          .url = text(reader.getUrl()),
          .client = text(reader.getClient()),
          .server = text(reader.getServer()),
          .since_ns = reader.getSince(),
          .frames = {reader.getFramesSent(), reader.getFramesReceived()},
          .bytes = {reader.getBytesSent(), reader.getBytesReceived()},
          .held = reader.getHeld(),
          .waiting = reader.getWaiting()};
}

/// @return none: it asks for what only a later version can do. Nothing else is done instead.
std::optional<pipeline::Review> review(wire::Review::Reader reader) {
  if (reader.getAction() > wire::Action::SEND_RAW) return std::nullopt;
  pipeline::Review review;
  review.id = held_id(reader.getId());
  review.action = static_cast<pipeline::Review::Action>(reader.getAction());
  review.by = text(reader.getBy());
  if (reader.getHasBody()) review.body = buffer(reader.getBody());
  if (reader.getHasOpcode()) review.opcode = reader.getOpcode();
  if (reader.getHasFin()) review.fin = reader.getFin();
  if (reader.getHasCloseCode()) review.close_code = reader.getCloseCode();
  if (reader.getHasCloseReason()) review.close_reason.emplace(as_text(bytes(reader.getCloseReason())));
  review.raw = buffer(reader.getRaw());
  return review;
}

/// @return none: as review().
std::optional<pipeline::InjectRequest> injection(wire::Inject::Reader reader) {
  if (reader.getDirection() > wire::Direction::RECEIVE) return std::nullopt;
  pipeline::InjectRequest request;
  request.flow = reader.getFlow();
  request.direction = direction(reader.getDirection());
  request.opcode = reader.getOpcode();
  request.payload = buffer(reader.getPayload());
  if (reader.getHasAfter()) request.after = held_id(reader.getAfter());
  request.by = text(reader.getBy());
  return request;
}

control::List list(wire::Request::List::Reader reader) {
  control::List list;
  if (reader.getOne()) list.id = held_id(reader.getId());
  return list;
}

control::Rules rules(wire::Rules::Reader reader) {
  return {text(reader.getPath()), reader.getVersion(), texts(reader.getRules()), text(reader.getRefused())};
}

control::Stats stats(wire::Stats::Reader reader) {
  control::Stats all;
  all.flows = reader.getFlows();
  all.frames = reader.getFrames();
  all.bytes = reader.getBytes();
  all.frames_unmasked = reader.getFramesUnmasked();
  all.bytes_inflated = reader.getBytesInflated();
  all.held_now = reader.getHeldNow();
  all.waiting_frames = reader.getWaitingFrames();
  all.waiting_bytes = reader.getWaitingBytes();
  all.held = reader.getHeld();
  all.released = reader.getReleased();
  all.dropped = reader.getDropped();
  all.modified = reader.getModified();
  all.timed_out = reader.getTimedOut();
  all.turned_away = reader.getTurnedAway();
  return all;
}

Result<void> read(wire::Request::Reader reader, control::Request& request) {
  request.serial = reader.getSerial();
  switch (reader.which()) {
    case wire::Request::HELLO: {
      const auto hello = reader.getHello();
      request.body = control::Hello{hello.getVersion(), text(hello.getName())};
      break;
    }
    case wire::Request::LIST: request.body = list(reader.getList()); break;
    case wire::Request::WATCH: request.body = control::Watch{}; break;
    case wire::Request::DECIDE:
      if (auto asked = review(reader.getDecide())) request.body = control::Decide{*std::move(asked)};
      break;
    case wire::Request::INJECT:
      if (auto asked = injection(reader.getInject())) request.body = control::Inject{*std::move(asked)};
      break;
    case wire::Request::FLOWS: request.body = control::ListFlows{}; break;
    case wire::Request::RULES: request.body = control::AskRules{reader.getRules().getReload()}; break;
    case wire::Request::STATS: request.body = control::AskStats{}; break;
    default: break;
  }
  return {};
}

Result<control::Items> items(wire::Items::Reader reader) {
  const auto list = reader.getItems();
  if (list.size() > kMostItems) return bad_message(fmt::format("{} items", list.size()));
  control::Items items;
  for (const auto item : list) items.items.push_back(held_item(item));
  items.more = reader.getMore();
  return items;
}

Result<control::Flows> flows(capnp::List<wire::Flow>::Reader list) {
  if (list.size() > kMostFlows) return bad_message(fmt::format("{} flows", list.size()));
  control::Flows flows;
  for (const auto entry : list) flows.flows.push_back(flow(entry));
  return flows;
}

Result<void> read(wire::Reply::Reader reader, control::Reply& reply) {
  reply.serial = reader.getSerial();
  switch (reader.which()) {
    case wire::Reply::WELCOME: {
      const auto welcome = reader.getWelcome();
      reply.body = control::Welcome{welcome.getVersion(), welcome.getPid(), text(welcome.getProgram())};
      break;
    }
    case wire::Reply::ITEMS: {
      auto read = items(reader.getItems());
      if (!read) return std::unexpected(read.error());
      reply.body = *std::move(read);
      break;
    }
    case wire::Reply::HELD: reply.body = control::Held{held_item(reader.getHeld())}; break;
    case wire::Reply::SETTLED: {
      const auto settled = reader.getSettled();
      reply.body = pipeline::Settled{held_id(settled.getId()), text(settled.getHow()), text(settled.getBy())};
      break;
    }
    case wire::Reply::CAUGHT: reply.body = control::Caught{}; break;
    case wire::Reply::ANSWER: {
      using Result = pipeline::ReviewAnswer::Result;
      const auto answer = reader.getAnswer();
      reply.body = pipeline::ReviewAnswer{known(answer.getResult(), Result::refused, Result::refused),
                                          text(answer.getBy()), text(answer.getReason())};
      break;
    }
    case wire::Reply::FLOWS: {
      auto read = flows(reader.getFlows());
      if (!read) return std::unexpected(read.error());
      reply.body = *std::move(read);
      break;
    }
    case wire::Reply::RULES: reply.body = rules(reader.getRules()); break;
    case wire::Reply::STATS: reply.body = stats(reader.getStats()); break;
    case wire::Reply::REFUSAL: reply.body = control::Refusal{text(reader.getRefusal().getReason())}; break;
    default: break;
  }
  return {};
}

/// @param words  one message, whole.
template <class Wire>
Result<void> decode(kj::ArrayPtr<const capnp::word> words, auto& message) {
  try {
    capnp::ReaderOptions options;
    // Everything is read once: what is pointed to twice would count twice.
    options.traversalLimitInWords = words.size() + 1024;
    options.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader(words, options);
    return read(reader.getRoot<Wire>(), message);
  } catch (const kj::Exception& fault) {
    return bad_message(fault.getDescription().cStr());
  }
}

template <class Message, class Wire>
Result<std::optional<control::Codec::Taken<Message>>> take(Bytes received, std::size_t max_bytes) {
  const auto needed = bytes_needed(received, max_bytes);
  if (!needed) return bad_message(needed.error().text());
  if (*needed > received.size()) return std::nullopt;
  // Words are read where they lie, which must be at an address that is divisible by eight.
  const void* at = received.data();
  Buffer moved;
  if (std::bit_cast<std::uintptr_t>(at) % alignof(capnp::word) != 0) {
    moved = to_buffer(received.first(*needed));
    at = moved.data();
  }
  Result<std::optional<control::Codec::Taken<Message>>> taken(std::in_place, std::in_place);
  (*taken)->used = *needed;
  auto ok =
      decode<Wire>({static_cast<const capnp::word*>(at), *needed / sizeof(capnp::word)}, (*taken)->message);
  if (!ok) return std::unexpected(ok.error());
  return taken;
}

}  // namespace

Result<std::optional<control::Codec::Taken<control::Request>>> ControlCodec::take_request(
    Bytes received) const {
  return take<control::Request, wire::Request>(received, control::kMaxRequestBytes);
}
Result<std::optional<control::Codec::Taken<control::Reply>>> ControlCodec::take_reply(Bytes received) const {
  return take<control::Reply, wire::Reply>(received, control::kMaxReplyBytes);
}

}  // namespace wstap::formats
