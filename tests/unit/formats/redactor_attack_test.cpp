// SPDX-License-Identifier: Apache-2.0
// SAFE-4, as somebody would attack it: what must not be had back of a recording, and what must read as
// before.
#include "tests/support/random_recording.h"
#include "tests/unit/formats/redactor_fixture.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using steps::OutputRule;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RedactorUnderAttack : public RedactorTest {
 protected:
  /// Looks into Close reasons alone.
  static OutputRule reasons_alone() {
    OutputRule made = rule("reasons", "secret");
    made.payloads = {};
    made.close_reasons = true;
    return made;
  }
  static OutputRule heads_alone(std::string pattern) {
    OutputRule made = rule("heads", std::move(pattern));
    made.payloads = {};
    made.heads = {true, true};
    return made;
  }
  static Buffer part(std::string_view text, std::uint8_t opcode, bool fin) {
    return test::wire({.opcode = opcode, .payload = test::bytes(text), .fin = fin});
  }
};

// PIPE-3: rules that look at Close reasons only are replaced inside a message by such that look into it.
TEST_F(RedactorUnderAttack, RulesForPayloadsComeInsideAMessageThatOthersDidNotRead) {
  use({reasons_alone()});
  open();
  come({part("half a s3c", 1, false)});
  use({reasons_alone(), rule("hide", "s3cr3t")});
  come({part("r3t indeed", 0, true)});
  EXPECT_THAT(files(), Not(HasSubstr("r3t indeed")));
}

// PIPE-3: ... and go and come inside one.
TEST_F(RedactorUnderAttack, RulesForPayloadsGoAndComeInsideAMessage) {
  use({reasons_alone(), rule("hide", "s3cr3t")});
  open();
  come({part("a s3c", 1, false)});
  use({reasons_alone()});
  come({part("r", 0, false)});
  use({reasons_alone(), rule("hide", "s3cr3t")});
  come({part("3t indeed", 0, true)});
  EXPECT_THAT(files(), Not(HasSubstr("s3c")));
}

// CAP-5: a window has what was said while rules were there.
TEST_F(RedactorUnderAttack, NoWindowSaysWhatWasRedactedBefore) {
  use({rule("hide", "s3cr3t")});
  open("permessage-deflate");
  test::DeflatingPeer server;
  come({test::wire({.payload = server.message(test::bytes("a s3cr3t")), .rsv = 4})});
  redactor->use(nullptr);
  ASSERT_TRUE(redactor->window({1, kReceive, test::bytes("a s3cr3t")}));
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
}

// CAP-5: a later part repeats heads and URL of flows that were open before the rules.
TEST_F(RedactorUnderAttack, PartsThatBeginUnderRulesRepeatNoSecretsOfHeads) {
  CaptureOptions options;
  options.rotate_ns = 1'000'000'000;
  write(std::move(options));
  auto flow = test::plain_flow_opened(1);
  flow.facts.request_head = test::bytes("GET / HTTP/1.1\r\nCookie: s3cr3t\r\n\r\n");
  ASSERT_TRUE(redactor->flow_opened(flow));
  use({heads_alone("s3cr3t")});
  clock.advance(std::chrono::seconds(2));
  come({test::server_text("hello")});
  EXPECT_THAT(test::read_file(part_path(path, 2)), Not(HasSubstr("s3cr3t")));
}

// A head is redacted with its names, and what is taken out of it is recorded beside it.
TEST_F(RedactorUnderAttack, ValuesThatWereTakenOutOfHeadsAreRedactedToo) {
  use({heads_alone("(?i)sec-websocket-(?:protocol|extensions): (?P<secret>[^\r]*)")});
  auto flow = test::plain_flow_opened(1);
  flow.subprotocol = "bearer.s3cr3t";
  flow.facts.response_head = test::bytes("HTTP/1.1 101 Yes\r\nSec-WebSocket-Protocol: bearer.s3cr3t\r\n\r\n");
  ASSERT_TRUE(redactor->flow_opened(flow));
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
}

// Extensions too, which must mean the same for frames as before.
TEST_F(RedactorUnderAttack, ExtensionsKeepTheirMeaningAlone) {
  const std::string agreed =
      "permessage-deflate; server_max_window_bits=10; client_no_context_takeover; s3cr3t=s3cr3t";
  for (const std::string pattern :
       {"s3cr3t", "(?i)sec-websocket-(?:protocol|extensions): (?P<secret>[^\r]*)"})
    for (const std::string& value : {agreed, "x-s3cr3t, " + agreed, std::string("s3cr3t; x=s3cr3t")}) {
      SCOPED_TRACE(pattern + " of " + value);
      write({});
      use({heads_alone(pattern)});
      auto flow = test::plain_flow_opened(1);
      flow.extensions = value;
      flow.facts.response_head =
          test::bytes("HTTP/1.1 101 Yes\r\nSec-WebSocket-Extensions: " + value + "\r\n\r\n");
      ASSERT_TRUE(redactor->flow_opened(flow));
      ASSERT_TRUE(redactor->note({1, 0, "unknown_extension: " + value}));
      EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
      auto reader = CaptureReader::open(path);
      ASSERT_TRUE(reader);
      std::optional<pipeline::FlowOpened> opened;
      while (!opened) {
        const auto record = reader->next();
        ASSERT_TRUE(record && *record);
        if (const auto* found = std::get_if<pipeline::FlowOpened>(&**record)) opened = *found;
      }
      EXPECT_EQ(opened->negotiated().deflate, flow.negotiated().deflate);
      EXPECT_EQ(opened->negotiated().permessage_deflate, flow.negotiated().permessage_deflate);
      EXPECT_EQ(opened->negotiated().unknown_extension, flow.negotiated().unknown_extension);
    }
}

// TLS names the hosts of URLs.
TEST_F(RedactorUnderAttack, HostsAreRedactedInTlsAsInUrls) {
  auto urls = rule("hide", "s3cr3t");
  urls.payloads = {};
  urls.urls = true;
  use({urls});
  auto flow = test::plain_flow_opened(1);
  flow.facts.url = "wss://s3cr3t.example/";
  flow.facts.client.tls.emplace().sni = "s3cr3t.example";
  auto& certificate = flow.facts.server.tls.emplace().certificate.emplace();
  certificate.subject = "CN=s3cr3t.example";
  certificate.names = {"other.example", "s3cr3t.example"};
  ASSERT_TRUE(redactor->flow_opened(flow));
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
}

// H2-1: what an HTTP/2 request is for stands in several fields, none of which is the first line.
TEST_F(RedactorUnderAttack, UrlsAreRedactedInPseudoHeaderFields) {
  auto urls = rule("hide", "s3cr3t[^&]*");
  urls.payloads = {};
  urls.urls = true;
  use({urls});
  auto flow = test::plain_flow_opened(1);
  flow.facts.url = "wss://s3cr3t.example/";
  flow.facts.request_head = test::bytes(
      ":method: CONNECT\r\n:path: /?a=s3cr3t&b=c\r\n:authority: s3cr3t.example\r\norigin: https://o\r\n\r\n");
  ASSERT_TRUE(redactor->flow_opened(flow));
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(
      files(),
      HasSubstr(
          ":method: CONNECT\r\n:path: /?a=[gone]&b=c\r\n:authority: [gone]\r\norigin: https://o\r\n\r\n"));
}

// FLOW-4: so is the reason of what never became a flow: the upstream's status line.
TEST_F(RedactorUnderAttack, ReasonsOfRefusedUpgradesAreRedacted) {
  use({heads_alone("s3cr3t")});
  pipeline::ConnectionRecord refused = test::full_connection();
  refused.reason = "403 s3cr3t";
  refused.facts.response_head = test::bytes("HTTP/1.1 403 s3cr3t\r\n\r\n");
  ASSERT_TRUE(redactor->connection(refused));
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
}

// Compressed without having been agreed on: nobody knows what it says, and anybody can inflate it.
TEST_F(RedactorUnderAttack, BitsThatNobodyAgreedOnAreNotTakenForPlainText) {
  use({rule("hide", "s3cr3t")});
  open();
  test::DeflatingPeer server;
  const Buffer deflated = server.message(test::bytes("a s3cr3t s3cr3t word"));
  const Buffer raw = test::wire({.payload = deflated, .rsv = 4});
  come({raw}, {{.frame = 0,
                .verdict = Verdict::changed,
                .cause = "reencode",
                .sent = test::wire({.payload = deflated})}});
  EXPECT_THAT(files(), Not(HasSubstr(std::string(as_text(deflated)))));
}

// FRM-5: a compressed message inside a compressed message. The rest of the outer one is no message.
TEST_F(RedactorUnderAttack, MessagesInsideMessages) {
  for (const bool takeover : {true, false}) {
    write({});
    use({rule("hide", "s3cr3t")});
    open(takeover ? "permessage-deflate" : "permessage-deflate; server_no_context_takeover");
    test::DeflatingPeer outer({.takeover = takeover}), inner({.takeover = takeover});
    const Buffer begin = outer.flushed(test::bytes("outer s3c"), Z_FULL_FLUSH);
    Buffer end = outer.flushed(test::bytes("r3t is its rest"), Z_SYNC_FLUSH);
    end.resize(end.size() - 4);
    come({test::wire({.payload = begin, .fin = false, .rsv = 4})});
    come({test::wire({.payload = inner.message(test::bytes("inner")), .rsv = 4})});
    come({test::wire({.opcode = 0, .payload = end})});
    EXPECT_THAT(files(), Not(HasSubstr("r3t is its rest"))) << takeover;
  }
}

// A fragment that leaves as a message of its own is half of what was said all the same.
TEST_F(RedactorUnderAttack, WhatLeftInsteadOfFragments) {
  use({rule("hide", "s3cr3t")});
  open();
  come({part("a s3c", 1, false), part("r3t word", 0, true)},
       {{.frame = 0, .verdict = Verdict::changed, .cause = "rule:fin", .sent = part("a s3c", 1, true)},
        {.frame = 1, .verdict = Verdict::changed, .cause = "rule:text", .sent = part("r3t word", 1, true)}});
  EXPECT_THAT(files(), Not(HasSubstr("s3c")));
}

// Rules about Close reasons concern Close frames.
TEST_F(RedactorUnderAttack, RulesForCloseReasonsLeaveOtherFramesAlone) {
  use({reasons_alone()});
  open("permessage-deflate");
  test::DeflatingPeer server;
  const Buffer sent = test::wire({.payload = server.message(test::bytes("recompressed")), .rsv = 4});
  come({sent}, {{.frame = 0, .verdict = Verdict::changed, .cause = "recompressed", .sent = sent}});
  std::optional<Buffer> recorded;
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes) { recorded = envelope.sent; });
  EXPECT_EQ(recorded, sent);
  const Buffer half = to_buffer(Bytes(sent).first(sent.size() - 2));
  ASSERT_TRUE(redactor->flow_closed({.id = 1, .unfinished = {half, half}}));
  EXPECT_EQ(test::records_of<pipeline::FlowClosed>(path).at(0).unfinished[1], half);
}

// DEF-7: a direction that no rule looks into is read again as it is without rules.
TEST_F(RedactorUnderAttack, OtherDirectionsAreRecalled) {
  use({rule("hide", "s3cr3t")});
  open("permessage-deflate");
  test::DeflatingPeer client;
  come(
      {test::wire({.payload = client.message(test::bytes("of a client")), .rsv = 4, .mask = {{1, 2, 3, 4}}})},
      {}, kSend);
  const auto readers = redactor->recall(1, {});
  ASSERT_TRUE(readers);
  EXPECT_TRUE((*readers)[ws::index(kSend)].has_window());
}

// CAP-5: a later part counts bytes of the wire.
TEST_F(RedactorUnderAttack, LaterPartsCountBytesOfTheWire) {
  CaptureOptions options;
  options.rotate_ns = 1'000'000'000;
  write(std::move(options));
  use({rule("hide", "s3cr3t")});
  open();
  const Buffer frame = test::server_text("a s3cr3t of some length");
  come({frame});
  clock.advance(std::chrono::seconds(2));
  come({test::server_text("next")});
  const auto opened = test::records_of<pipeline::FlowOpened>(part_path(path, 2));
  EXPECT_EQ(opened.at(0).resumed->at(1).counts.bytes, frame.size());
}

// FRM-5: each anomaly is on the frame that shows it, and on no other.
TEST_F(RedactorUnderAttack, AnomaliesStayWhereTheyWere) {
  use({rule("hide", "s3cr3t")});
  open();
  come({part("bad \xff", 1, false), part("more", 0, false), part("end", 0, true)});
  std::vector<bool> bad;
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes) {
    bad.push_back(envelope.anomalies.has(ws::Anomaly::text_not_utf8));
  });
  EXPECT_THAT(bad, ElementsAre(true, false, false));
}

// FRM-5, SAFE-4: nothing but what was said differs, and of that nothing is left.
TEST_F(RedactorUnderAttack, RandomRecordingsReadAsTheyWereSaid) {
  struct Seen {
    std::uint64_t sequence;
    std::uint32_t anomalies;
    Verdict verdict;
    std::string said;
    bool operator==(const Seen&) const = default;
  };
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const test::RandomRecording::Style style{
        .compresses = seed % 3 != 0, .takeover = seed % 2 == 0, .faults = seed % 5 != 0};
    test::RandomRecording recording(seed, style);
    const std::string plain = folder / "plain.wstap";
    test::write_file(plain, as_text(test::joined(recording.say(60))));
    write({});
    auto everything = rule("hide", "mask");
    everything.payloads = {true, true};
    use({everything});
    auto reader = CaptureReader::open(plain);
    ASSERT_TRUE(reader);
    for (;;) {
      auto record = reader->next();
      ASSERT_TRUE(record);
      if (!*record) break;
      if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record)) {
        ASSERT_TRUE(redactor->flow_opened(*opened));
      }
      if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) {
        ASSERT_TRUE(redactor->burst(*burst));
      }
    }
    const auto seen = [&](const std::string& file) {
      std::vector<Seen> all;
      test::each_frame({file}, [&](const pipeline::Envelope& envelope, Bytes) {
        all.push_back({envelope.sequence, envelope.anomalies.bits(), envelope.verdict, {}});
      });
      return all;
    };
    const auto before = seen(plain), after = seen(path);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i)
      EXPECT_TRUE(before[i] == after[i])
          << before[i].sequence << " anomalies " << before[i].anomalies << " -> " << after[i].anomalies;
    if (HasFailure()) break;
    std::string all;
    test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
      Buffer own = to_buffer(envelope.frame.payload());
      ws::mask_in_place(own, envelope.frame.header.mask);
      all += std::string(as_text(own)) + '\n' + std::string(as_text(payload)) + '\n';
    });
    EXPECT_THAT(all, Not(HasSubstr("mask")));
  }
}

}  // namespace
}  // namespace wstap::formats
