// SPDX-License-Identifier: Apache-2.0
// SAFE-4: nothing that is recorded gives back what output rules took out, and everything else reads as it was
// said.
#include <random>
#include <thread>

#include "formats/message_book.h"
#include "tests/support/inflating_peer.h"
#include "tests/unit/formats/redactor_fixture.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Redactors : public RedactorTest {
 protected:
  void say(std::string_view text) { come({test::server_text(text)}); }
  void say_compressed(std::string_view text, std::size_t frames = 1) {
    for (auto& frame : test::frames_of(1, true, test::in_pieces(server.message(as_bytes(text)), frames)))
      come({test::wire(frame)});
  }

  struct Read {
    std::string raw, payload;
    bool withheld = false;
    std::vector<std::string> redacted;
    ws::AnomalySet anomalies;
    std::uint64_t cut_from = 0;
  };
  std::vector<Read> read() {
    std::vector<Read> all;
    test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes payload) {
      all.push_back({std::string(as_text(envelope.frame.raw)), test::text(payload), envelope.withheld,
                     envelope.redacted, envelope.anomalies, envelope.cut_from});
    });
    return all;
  }
  std::vector<std::string> messages() {
    std::vector<std::string> all;
    MessageBook book([&](const Message& message) {
      all.push_back(message.withheld ? "withheld" : test::text(message.payload));
    });
    test::each_frame(
        {path}, [&](const pipeline::Envelope& envelope, Bytes payload) { book.take(envelope, payload); });
    book.close_all();
    return all;
  }

  test::DeflatingPeer server;
};

TEST_F(Redactors, ReplaceWhatRulesFind) {
  use({rule("card", "\\d{4}"), rule("name", "Ann", "<$0>")});
  open();
  say("card 1234, Ann");
  say("nothing to hide");
  come({test::client_text("card 1234")}, {}, kSend);
  const auto frames = read();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].payload, "card [gone], <Ann>");
  EXPECT_THAT(frames[0].redacted, ElementsAre("card", "name"));
  EXPECT_EQ(frames[0].raw, "\x81\x0e") << "the header stays";
  EXPECT_EQ(frames[0].cut_from, 0U);
  EXPECT_EQ(frames[1].raw, "\x81\x0fnothing to hide");
  EXPECT_EQ(frames[2].payload, "card 1234") << "the other direction is as it came";
  EXPECT_THAT(files(), Not(HasSubstr("1234, Ann")));
}

TEST_F(Redactors, WithholdFragmentsUntilTheirMessageIsWhole) {
  use({rule("hide", "secret")});
  open();
  const std::string said = "a secret word";
  for (std::size_t cut = 0; cut <= said.size(); ++cut) {
    come({test::wire({.payload = test::bytes(said.substr(0, cut)), .fin = false})});
    come({test::wire({.opcode = 9, .payload = test::bytes("between")})});
    come({test::wire({.opcode = 0, .payload = test::bytes(said.substr(cut))})});
  }
  const auto frames = read();
  for (std::size_t i = 0; i < frames.size(); i += 3) {
    EXPECT_TRUE(frames[i].withheld);
    EXPECT_EQ(frames[i].payload, "");
    EXPECT_EQ(frames[i + 1].payload, "between");
    EXPECT_EQ(frames[i + 2].payload, "a [gone] word");
    EXPECT_FALSE(frames[i + 2].withheld);
  }
  EXPECT_THAT(messages(), testing::Each("a [gone] word"));
  EXPECT_THAT(files(), Not(HasSubstr("ecre")));
}

TEST_F(Redactors, StoreNoCompressedBytesThatOthersReferTo) {
  use({rule("hide", "s3cr3t-[a-z]+")});
  open("permessage-deflate");
  say_compressed("the s3cr3t-thing, and words that come again");
  say_compressed("words that come again, and nothing else");
  say_compressed("the s3cr3t-thing once more", 3);
  ASSERT_TRUE(redactor->window({1, kReceive, test::bytes("the s3cr3t-thing")}));
  EXPECT_THAT(messages(), ElementsAre("the [gone], and words that come again",
                                      "words that come again, and nothing else", "the [gone] once more"));
  for (const auto& frame : read()) EXPECT_LE(frame.raw.size(), 4U) << "headers alone";
  EXPECT_THAT(files(), Not(HasSubstr("s3cr3t")));
}

TEST_F(Redactors, KeepCompressedMessagesThatStandAlone) {
  use({rule("hide", "secret")});
  open("permessage-deflate; server_no_context_takeover");
  test::DeflatingPeer alone({.takeover = false});
  const Buffer innocent = test::wire({.payload = alone.message(test::bytes("innocent")), .rsv = 4});
  come({innocent, test::wire({.payload = alone.message(test::bytes("a secret")), .rsv = 4})});
  const auto frames = read();
  EXPECT_EQ(frames[0].raw, as_text(innocent));
  EXPECT_EQ(frames[0].payload, "innocent");
  EXPECT_EQ(frames[1].payload, "a [gone]");
  EXPECT_EQ(frames[1].raw.size(), 2U);
}

TEST_F(Redactors, RedactWhatLeftInsteadAndWhatWasMade) {
  use({rule("hide", "secret")});
  open();
  const Buffer secret = test::server_text("secret"), fine = test::server_text("fine");
  come({test::server_text("x"), test::server_text("y"), secret,
        test::wire({.opcode = 9, .payload = test::bytes("secret")})},
       {{.frame = 0, .verdict = Verdict::changed, .cause = "rule:a", .sent = secret},
        {.frame = 1, .verdict = Verdict::changed, .cause = "rule:a", .sent = fine},
        {.frame = 2, .verdict = Verdict::injected, .cause = "rule:b"}});
  ASSERT_TRUE(redactor->outcome({1, 2, 0, Verdict::changed, "rule:a", secret}));
  ASSERT_TRUE(redactor->outcome({1, 3, 0, Verdict::changed, "rule:a", fine}));
  const auto bursts = test::records_of<pipeline::Outcome>(path);
  EXPECT_EQ(bursts.at(0).sent, test::bytes("\x81\x06"));
  EXPECT_EQ(bursts.at(1).sent, fine);
  const auto frames = read();
  EXPECT_EQ(frames[2].payload, "[gone]");
  EXPECT_EQ(frames[3].payload, "[gone]") << "a Ping says something too";
  EXPECT_THAT(files(), Not(HasSubstr("secret")));
}

TEST_F(Redactors, LookIntoHeadsUrlsAndCloseReasons) {
  auto everywhere = rule("hide", "secret-[0-9]+");
  everywhere.heads = {true, true};
  everywhere.urls = everywhere.close_reasons = true;
  use({everywhere});
  pipeline::FlowOpened flow = test::plain_flow_opened(1);
  flow.facts.url = "wss://a/chat?token=secret-1";
  flow.facts.request_head = test::bytes("GET /chat?token=secret-1 HTTP/1.1\r\nCookie: secret-2\r\n\r\n");
  flow.facts.response_head = test::bytes("HTTP/1.1 101 Yes\r\nSet-Cookie: secret-3\r\n\r\n");
  flow.subprotocol = "secret-4";
  ASSERT_TRUE(redactor->flow_opened(flow));
  come({test::wire({.opcode = 8, .payload = test::bytes("\x03\xe8why secret-5")})});
  pipeline::ConnectionRecord refused = test::full_connection();
  refused.facts = flow.facts;
  ASSERT_TRUE(redactor->connection(refused));
  pipeline::FlowClosed closed = test::full_flow_closed(1);
  closed.close_reason = "why secret-5";
  closed.unfinished = {test::bytes("\x81\x05secr"), test::bytes("\x81\x05secret-6")};
  ASSERT_TRUE(redactor->flow_closed(closed));
  EXPECT_THAT(files(), Not(HasSubstr("secret")));
  EXPECT_THAT(files(), HasSubstr("GET /chat?token=[gone] HTTP/1.1\r\nCookie: [gone]\r\n"));
  EXPECT_EQ(read().at(0).payload, "\x03\xe8why [gone]");
}

TEST_F(Redactors, WithholdWhatNobodyCanRead) {
  limits.message_bytes = 1000;
  write({});
  use({rule("hide", "secret")});
  open("permessage-deflate");
  come({test::wire({.payload = test::bytes("no deflate: secret"), .rsv = 4})});
  say("still plain");
  come({test::wire({.payload = Buffer(900, std::byte{'x'}), .fin = false}),
        test::wire({.opcode = 0, .payload = Buffer(900, std::byte{'x'})})});
  EXPECT_THAT(messages(), ElementsAre("withheld", "still plain", "withheld"));
  EXPECT_TRUE(read()[0].anomalies.has(ws::Anomaly::invalid_deflate));
}

TEST_F(Redactors, KeepAnomaliesThatNobodySeesAnyMore) {
  use({rule("hide", "secret")});
  open();
  say("secret \xff");
  EXPECT_TRUE(read().at(0).anomalies.has(ws::Anomaly::text_not_utf8));
}

// PIPE-3: rules that come while a flow is open, and go again.
TEST_F(Redactors, KnowNothingOfWhatCameBeforeThem) {
  open("permessage-deflate");
  say_compressed("not secret yet");
  come({test::wire({.payload = test::bytes("half a sec"), .fin = false})});
  use({rule("hide", "secret")});
  come({test::wire({.opcode = 0, .payload = test::bytes("ret")})});
  say("a secret");
  say_compressed("not secret yet");
  const auto frames = read();
  EXPECT_TRUE(frames[2].withheld);
  EXPECT_EQ(frames[3].payload, "a [gone]");
  EXPECT_TRUE(frames[4].withheld);
  redactor->use(nullptr);
  say("a secret");
  use({rule("hide", "secret")});
  say("a secret");
  EXPECT_EQ(read()[5].payload, "a secret");
  EXPECT_EQ(read()[6].payload, "a [gone]");
}

// LIM-3
TEST_F(Redactors, LeaveCuttingToTheWriter) {
  CaptureOptions options;
  options.max_payload_bytes = 8;
  write(std::move(options));
  use({rule("hide", "secret")});
  open("permessage-deflate");
  say("a secret word");
  say_compressed("a secret word, and more");
  say("no more than eight");
  const auto frames = read();
  EXPECT_EQ(frames[0].payload, "a [gone]");
  EXPECT_EQ(frames[0].cut_from, 13U);
  EXPECT_EQ(frames[1].payload, "a [gone]");
  EXPECT_EQ(frames[2].payload, "no more ");
}

// PIPE-3: rules come and go while workers record.
TEST_F(Redactors, StandBetweenThreads) {
  constexpr int kThreads = 4, kMessages = 200;
  {
    std::vector<std::jthread> workers;
    for (pipeline::FlowId id = 1; id <= kThreads; ++id)
      workers.emplace_back([this, id] {
        bool told = redactor->flow_opened(test::plain_flow_opened(id)).has_value();
        for (int i = 0; i < kMessages; ++i) {
          test::OwnBurst burst{.flow = id,
                               .direction = kReceive,
                               .first_sequence = pipeline::kFirstFrame + static_cast<pipeline::Sequence>(i),
                               .frames = {test::server_text("a secret")}};
          told = told && redactor->burst(burst.view());
        }
        told = told && redactor->flow_closed(test::full_flow_closed(id));
        EXPECT_TRUE(told);
      });
    for (int i = 0; i < 50; ++i) {
      i % 2 == 0 ? use({rule("hide", "secret")}) : redactor->use(nullptr);
      std::this_thread::yield();
    }
  }
  const auto frames = read();
  EXPECT_EQ(frames.size(), static_cast<std::size_t>(kThreads * kMessages));
  for (const auto& frame : frames) EXPECT_EQ(frame.payload, frame.redacted.empty() ? "a secret" : "a [gone]");
}

/// All that a reader could make of a capture's bytes: what it has plainly, and what its frames inflate to.
std::string all_that_is_in(const std::string& path) {
  std::string found = test::read_file(path);
  test::InflatingPeer inflater;
  test::each_frame({path}, [&](const pipeline::Envelope& envelope, Bytes) {
    const auto& frame = envelope.frame;
    if (envelope.direction != kReceive || frame.header.rsv == 0 || frame.payload().empty()) return;
    try {
      found += as_text(inflater.message(frame.payload()));
    } catch (const std::exception&) {
      found += as_text(frame.payload());
    }
  });
  return found;
}

TEST_F(Redactors, GiveNothingBackOfRandomConversations) {
  for (std::uint32_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    const bool compresses = seed % 3 != 0, takeover = seed % 3 == 1;
    write({});
    use({rule("hide", "SECRET[0-9]+")});
    open(!compresses ? ""
         : takeover  ? "permessage-deflate"
                     : "permessage-deflate; server_no_context_takeover");
    test::DeflatingPeer peer({.takeover = takeover});
    std::vector<std::string> expected;
    for (int n = 0; n < 60; ++n) {
      std::string said, left;
      for (std::size_t words = engine() % 8; words > 0; --words) {
        const bool hides = engine() % 3 == 0;
        const auto word =
            hides ? "SECRET" + std::to_string(engine() % 7) : "word" + std::to_string(engine() % 9);
        said += word + ' ';
        left += (hides ? "[gone]" : word) + ' ';
      }
      expected.push_back(left);
      const bool compressed = compresses && engine() % 4 != 0;
      const Buffer payload = compressed ? peer.message(test::bytes(said)) : test::bytes(said);
      std::vector<Buffer> waiting;
      for (auto& frame : test::frames_of(1, compressed, test::in_pieces(payload, 1 + engine() % 4))) {
        waiting.push_back(test::wire(frame));
        if (engine() % 4 == 0)
          waiting.push_back(test::wire({.opcode = 10, .payload = test::bytes("SECRET1")}));
        if (engine() % 2 == 0) come(std::exchange(waiting, {}));
      }
      if (!waiting.empty()) come(std::move(waiting));
    }
    EXPECT_EQ(messages(), expected);
    EXPECT_THAT(all_that_is_in(path), Not(HasSubstr("SECRET")));
  }
}

}  // namespace
}  // namespace wstap::formats
