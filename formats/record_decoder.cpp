// SPDX-License-Identifier: Apache-2.0
#include "formats/record_decoder.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <capture.capnp.h>
#include <fmt/format.h>
#include <kj/exception.h>

#include <algorithm>

#include "formats/errors.h"
#include "formats/plain_burst.h"

namespace wstap::formats {
namespace {

std::unexpected<Error> corrupt(std::string why) {
  return fail(Errc::corrupt, std::move(why));
}

std::string text(capnp::Text::Reader reader) {
  return {reader.begin(), reader.size()};
}
Bytes bytes(capnp::Data::Reader reader) {
  return std::as_bytes(std::span(reader.begin(), reader.size()));
}

template <class ListReader>
std::vector<std::string> texts(ListReader list) {
  std::vector<std::string> values;
  for (auto entry : list) values.push_back(text(entry));
  return values;
}

/// Names of later versions are passed over.
template <class ListReader>
ws::AnomalySet anomalies(ListReader names) {
  ws::AnomalySet set;
  for (const auto name : names)
    if (const auto* entry = ws::find_anomaly({name.begin(), name.size()})) set.add(entry->anomaly);
  return set;
}

/// Values of later versions are taken for `otherwise` rather than refused.
template <class To, class From>
To known(From value, To last, To otherwise) {
  const auto number = static_cast<unsigned>(value);
  return number <= static_cast<unsigned>(last) ? static_cast<To>(number) : otherwise;
}

pipeline::Verdict verdict(wire::Verdict value) {
  return known(value, pipeline::Verdict::unresolved, pipeline::Verdict::unresolved);
}

TlsFacts tls_facts(wire::Tls::Reader tls) {
  TlsFacts facts;
  facts.version = text(tls.getVersion());
  facts.cipher = text(tls.getCipher());
  facts.alpn = text(tls.getAlpn());
  facts.sni = text(tls.getSni());
  facts.ja3 = text(tls.getJa3());
  facts.ja4 = text(tls.getJa4());
  if (!tls.hasCertificate()) return facts;
  const auto certificate = tls.getCertificate();
  facts.certificate = CertificateFacts{text(certificate.getSubject()), text(certificate.getIssuer()),
                                       certificate.getNotBefore(),     certificate.getNotAfter(),
                                       text(certificate.getSha256()),  texts(certificate.getNames())};
  return facts;
}

pipeline::Leg leg(wire::Leg::Reader reader) {
  pipeline::Leg facts{text(reader.getAddress()), text(reader.getHttpVersion()), {}};
  if (reader.hasTls()) facts.tls = tls_facts(reader.getTls());
  return facts;
}

pipeline::ConnectionFacts connection_facts(wire::Facts::Reader reader) {
  return {text(reader.getUrl()), leg(reader.getClient()), leg(reader.getServer()),
          to_buffer(bytes(reader.getRequestHead())), to_buffer(bytes(reader.getResponseHead()))};
}

Result<Record> header(wire::Header::Reader reader) {
  if (text(reader.getMagic()) != "wstap capture") return fail(Errc::bad_magic);
  Header header;
  header.version = reader.getVersion();
  if (header.version > kFormatVersion)
    return fail(Errc::newer_version,
                fmt::format("version {}, this wstap reads up to {}", header.version, kFormatVersion));
  const auto id = bytes(reader.getCaptureId());
  std::copy_n(id.begin(), std::min(id.size(), header.capture_id.size()), header.capture_id.begin());
  header.part = reader.getPart();
  header.tool = text(reader.getTool());
  header.time_ns = reader.getTime();
  header.options = texts(reader.getOptions());
  return header;
}

ws::MessageTracker::State message_state(wire::LaneState::Reader lane) {
  return {lane.getMessageOpen(),   lane.getMessageCompressed(), lane.getClosed(),
          lane.getMessageOpcode(), lane.getMessageFirst(),      lane.getMessageBytes()};
}

pipeline::LaneResume lane_resume(wire::LaneState::Reader lane) {
  return {message_state(lane), {lane.getFrames(), lane.getBytes()}};
}

ws::Inflation inflation(wire::Unread unread) {
  switch (unread) {
    case wire::Unread::NOTHING: return ws::Inflation::none;
    case wire::Unread::INFLATE_LIMITED: return ws::Inflation::limited;
    case wire::Unread::NEEDS_PART: return ws::Inflation::needs_part;
    default: return ws::Inflation::opaque;
  }
}

pipeline::FlowOpened flow_opened(wire::FlowOpen::Reader reader) {
  pipeline::FlowOpened flow;
  flow.id = reader.getFlow();
  flow.time_ns = reader.getTime();
  flow.facts = connection_facts(reader.getFacts());
  flow.subprotocol = text(reader.getSubprotocol());
  flow.extensions = text(reader.getExtensions());
  flow.anomalies = anomalies(reader.getAnomalies());
  flow.next_sequence = reader.getNextSequence();
  if (reader.getResumed().size() == 2)
    flow.resumed = {lane_resume(reader.getResumed()[0]), lane_resume(reader.getResumed()[1])};
  return flow;
}

ws::Direction direction(wire::Direction given) {
  return given == wire::Direction::SEND ? ws::Direction::send : ws::Direction::receive;
}

std::optional<Buffer> sent(const auto& reader) {
  if (!reader.getHasSent()) return std::nullopt;
  return to_buffer(bytes(reader.getSent()));
}

pipeline::Mark decoded(wire::Mark::Reader reader) {
  pipeline::Mark mark;
  mark.frame = reader.getFrame();
  mark.verdict = verdict(reader.getVerdict());
  mark.cause = text(reader.getCause());
  mark.sent = sent(reader);
  mark.tags = texts(reader.getTags());
  mark.logged = texts(reader.getLogged());
  if (reader.hasHeldBy()) {
    mark.held = {text(reader.getHeldBy()), text(reader.getDecidedBy()), std::nullopt};
    // While it waits nobody knows how long, and of one without an outcome nobody ever will.
    const bool waits =
        mark.verdict == pipeline::Verdict::pending || mark.verdict == pipeline::Verdict::unresolved;
    if (!waits) mark.held.ns = reader.getHeldNs();
  }
  if (reader.getHasContent()) {
    mark.content = to_buffer(bytes(reader.getContent()));
    mark.content_bytes = reader.getContentBytes();
  }
  mark.anomalies = anomalies(reader.getAnomalies());
  mark.withheld = reader.getWithheld();
  mark.redacted = texts(reader.getRedacted());
  return mark;
}

/// Where frames end, checked: ascending, and the last is where raw ends. None: one frame that fills raw.
Result<void> settle_ends(pipeline::Burst& burst, DecoderScratch& scratch) {
  if (burst.ends.empty()) {
    scratch.ends.assign(1, static_cast<std::uint32_t>(burst.raw.size()));
    burst.ends = scratch.ends;
  }
  std::uint32_t last = 0;
  for (const std::uint32_t end : burst.ends) {
    if (end < last) return corrupt(fmt::format("a frame ends at {}, the one before it at {}", end, last));
    last = end;
  }
  if (last != burst.raw.size())
    return corrupt(fmt::format("frames end at {} of {} bytes", last, burst.raw.size()));
  return {};
}

Result<Record> burst(wire::Record::Burst::Reader reader, DecoderScratch& scratch) {
  pipeline::Burst burst;
  burst.flow = reader.getFlow();
  burst.first_sequence = reader.getFirstSequence();
  burst.time_ns = reader.getTime();
  burst.direction = direction(reader.getDirection());
  burst.raw = bytes(reader.getRaw());
  scratch.ends.clear();
  for (const std::uint32_t end : reader.getEnds()) scratch.ends.push_back(end);
  burst.ends = scratch.ends;
  if (auto ok = settle_ends(burst, scratch); !ok) return std::unexpected(ok.error());
  scratch.marks.clear();
  for (const auto mark : reader.getMarks()) {
    const bool ascends = scratch.marks.empty() || mark.getFrame() > scratch.marks.back().frame;
    if (!ascends || mark.getFrame() >= burst.ends.size())
      return corrupt(fmt::format("mark of frame {}", mark.getFrame()));
    scratch.marks.push_back(decoded(mark));
  }
  burst.marks = scratch.marks;
  return burst;
}

void read_lane_end(wire::LaneEnd::Reader lane, pipeline::FlowClosed& closed, std::size_t index) {
  closed.counts[index] = {lane.getFrames(), lane.getBytes()};
  closed.unfinished[index] = to_buffer(bytes(lane.getUnfinished()));
  if (lane.getIsUndelivered()) closed.undelivered_from[index] = lane.getUndeliveredFrom();
}

pipeline::FlowClosed flow_closed(wire::FlowClose::Reader reader) {
  pipeline::FlowClosed closed;
  closed.id = reader.getFlow();
  closed.time_ns = reader.getTime();
  closed.state = known(reader.getState(), pipeline::FlowState::error, pipeline::FlowState::error);
  closed.reason = text(reader.getReason());
  closed.detail = text(reader.getDetail());
  closed.offset = reader.getOffset();
  closed.began = known(reader.getBegan(), pipeline::Party::proxy, pipeline::Party::none);
  closed.close_code = reader.getCloseCode();
  closed.close_reason = as_text(bytes(reader.getCloseReason()));
  read_lane_end(reader.getSend(), closed, 0);
  read_lane_end(reader.getReceive(), closed, 1);
  closed.notes = texts(reader.getNotes());
  return closed;
}

pipeline::ConnectionRecord connection(wire::Connection::Reader reader) {
  pipeline::ConnectionRecord record;
  record.id = reader.getId();
  record.start_ns = reader.getStart();
  record.end_ns = reader.getEnd();
  record.kind = known(reader.getKind(), pipeline::ConnectionKind::blocked, pipeline::ConnectionKind::failed);
  record.facts = connection_facts(reader.getFacts());
  record.reason = text(reader.getReason());
  record.bytes = {reader.getBytesSent(), reader.getBytesReceived()};
  return record;
}

Result<Record> decode_record(wire::Record::Reader record, DecoderScratch& scratch) {
  switch (record.which()) {
    case wire::Record::BURST: return burst(record.getBurst(), scratch);
    case wire::Record::HEADER: return header(record.getHeader());
    case wire::Record::FLOW_OPEN: return flow_opened(record.getFlowOpen());
    case wire::Record::FLOW_CLOSE: return flow_closed(record.getFlowClose());
    case wire::Record::CONNECTION: return connection(record.getConnection());
    case wire::Record::OUTCOME: {
      const auto reader = record.getOutcome();
      return pipeline::Outcome{reader.getFlow(),           reader.getSequence(),
                               reader.getTime(),           verdict(reader.getVerdict()),
                               text(reader.getCause()),    sent(reader),
                               texts(reader.getTags()),    texts(reader.getLogged()),
                               text(reader.getDecidedBy())};
    }
    case wire::Record::WINDOW: {
      const auto reader = record.getWindow();
      return pipeline::Window{reader.getFlow(), direction(reader.getDirection()),
                              to_buffer(bytes(reader.getBytes()))};
    }
    case wire::Record::NOTE:
      return pipeline::Note{record.getNote().getFlow(), record.getNote().getTime(),
                            text(record.getNote().getText())};
    case wire::Record::GAP: {
      const auto reader = record.getGap();
      return Gap{reader.getFlow(), direction(reader.getDirection()), message_state(reader.getLane()),
                 inflation(reader.getUnread())};
    }
    case wire::Record::FLOW_UPDATE: {
      const auto reader = record.getFlowUpdate();
      return pipeline::Note{reader.getFlow(), reader.getTime(), text(reader.getText())};
    }
    default: return Skipped{};
  }
}

}  // namespace

Result<Record> decode(Bytes message, DecoderScratch& scratch) {
  if (auto plain = read_plain_burst(message)) {
    if (auto ok = settle_ends(*plain, scratch); !ok) return std::unexpected(ok.error());
    return *plain;
  }
  try {
    const kj::ArrayPtr<const capnp::word> words(
        static_cast<const capnp::word*>(static_cast<const void*>(message.data())), message.size() / 8);
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 2 * words.size() + 1024;
    options.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader(words, options);
    return decode_record(reader.getRoot<wire::Record>(), scratch);
  } catch (const kj::Exception& fault) {
    return corrupt(fault.getDescription().cStr());
  }
}

}  // namespace wstap::formats
