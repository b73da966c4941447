// SPDX-License-Identifier: Apache-2.0
// One frame, or one flow, in full: as annotated bytes (--raw) and as fields (--structured) (INS-1).
#include <gtest/gtest.h>

#include "formats/flow_book.h"
#include "formats/line_view.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using test::wire;
using ws::Direction;

enum class As { raw, structured };

std::string shown(As as, test::OwnBurst burst, FlowBook book = {}) {
  std::string out;
  book.visit(burst.view(), Depth::payloads, [&](pipeline::Envelope& envelope, Bytes payload) {
    as == As::raw ? raw_view(out, envelope, payload) : structured_view(out, envelope, payload);
  });
  return out;
}

TEST(RawView, AnnotatesHeaderAndPayload) {
  EXPECT_EQ(shown(As::raw, {.frames = {test::client_text("Hello")}}),
            R"(frame 1:2 client_to_server text, 11 bytes on the wire
header
  81                fin=1 rsv=000 opcode=1 (text)
  85                mask=1 length=5
  37fa213d          mask key
payload as on the wire
  00000000  7f 9f 4d 51 58                                    |..MQX|
payload unmasked
  00000000  48 65 6c 6c 6f                                    |Hello|
)");
}

TEST(RawView, ShowsLongLengthsAsWritten) {
  EXPECT_EQ(
      shown(As::raw, {.direction = Direction::receive,
                      .frames = {wire({.opcode = 2, .rsv = 5, .length = test::LengthForm::in_16_bits}),
                                 wire({.opcode = 9, .fin = false, .length = test::LengthForm::in_64_bits})}}),
      R"(frame 1:2 server_to_client binary, 4 bytes on the wire
header
  d2                fin=1 rsv=101 opcode=2 (binary)
  7e                mask=0 length=126 (16 bits follow)
  0000              length=0
anomaly: rsv_without_extension (RFC 6455 5.2): an RSV bit is set that no negotiated extension defines
anomaly: non_minimal_length (RFC 6455 5.2): the length is not written in the fewest possible bytes
frame 1:3 server_to_client ping, 10 bytes on the wire
header
  09                fin=0 rsv=000 opcode=9 (ping)
  7f                mask=0 length=127 (64 bits follow)
  0000000000000000  length=0
anomaly: non_minimal_length (RFC 6455 5.2): the length is not written in the fewest possible bytes
anomaly: fragmented_control (RFC 6455 5.5): control frames must not be fragmented
)");
}

TEST(RawView, ShowsSixteenBytesARow) {
  Buffer payload;
  for (unsigned i = 0; i < 18; ++i) payload.push_back(static_cast<std::byte>(0x18 + i));
  const auto out =
      shown(As::raw, {.direction = Direction::receive, .frames = {wire({.opcode = 2, .payload = payload})}});
  EXPECT_EQ(out.substr(out.find("payload")), R"(payload
  00000000  18 19 1a 1b 1c 1d 1e 1f  20 21 22 23 24 25 26 27  |........ !"#$%&'|
  00000010  28 29                                             |()|
)");
}

TEST(RawView, ShowsWhatWasSentInstead) {
  const auto out = shown(As::raw, {.direction = Direction::receive,
                                   .frames = {wire({})},
                                   .marks = {{0, Verdict::changed, "rule", test::hex("8a00"), {}}}});
  EXPECT_EQ(out.substr(out.find("sent")), R"(sent instead
  00000000  8a 00                                             |..|
)");
}

TEST(RawView, ShowsBytesWithoutHeader) {
  EXPECT_EQ(shown(As::raw, {.frames = {test::hex("817e")}}),
            R"(frame 1:2 client_to_server continuation, 2 bytes on the wire
not a whole header
  00000000  81 7e                                             |.~|
)");
}

TEST(RawView, ShowsHeads) {
  std::string out;
  raw_view(out, test::bytes("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(out, R"(  00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|
  00000010  0d 0a                                             |..|
)");
  out.clear();
  head_view(out, test::bytes("GET / HTTP/1.1\r\nHost: x\t\r\n\r\n"));
  EXPECT_EQ(out, "GET / HTTP/1.1\nHost: x\\t\n");
}

TEST(StructuredView, HasEveryField) {  // FRM-2
  EXPECT_EQ(shown(As::structured, {.frames = {test::client_text("a\nb")}}), R"(id: 1:2
time: 2026-01-01T00:00:00.123456789Z
direction: client_to_server
opcode: text
fin: true
rsv: 0
masked: true
mask: 37fa213d
length: 3
compressed: false
message: 2
payload: a\nb
verdict: forwarded
)");
}

TEST(StructuredView, TellsWhatBecameOfIt) {  // FLOW-3
  const auto out = shown(As::structured,
                         {.frames = {test::client_text("a")},
                          .marks = {{0, Verdict::changed, "rule", test::client_text("bc"), {"one", "two"}}}});
  EXPECT_EQ(out.substr(out.find("payload")), R"(payload: a
verdict: changed
cause: rule
tag: one
tag: two
sent opcode: text
sent fin: true
sent rsv: 0
sent length: 2
sent payload: bc
)");
}

TEST(StructuredView, TellsWhyAMessageIsNotInflated) {  // DEF-5, DEF-7
  for (const auto inflation : {ws::Inflation::limited, ws::Inflation::opaque, ws::Inflation::needs_part}) {
    const auto mark = "\n" + std::string(ws::name(inflation)) + ": true\n";
    pipeline::Envelope envelope;
    envelope.inflation = inflation;
    std::string out;
    structured_view(out, envelope, {});
    EXPECT_NE(out.find(mark), std::string::npos) << out;

    Message message;
    message.inflation = inflation;
    structured_view(out = {}, message);
    EXPECT_NE(out.find(mark), std::string::npos) << out;
  }
}

TEST(StructuredView, TellsWhyItWasNotChanged) {  // DEF-5, FRM-6
  const auto out = shown(As::structured, {.frames = {test::client_text("a")},
                                          .marks = {{0, Verdict::forwarded, "edit_refused:opaque", {}, {}}}});
  EXPECT_EQ(out.substr(out.find("verdict")), "verdict: forwarded\ncause: edit_refused:opaque\n");
}

TEST(StructuredView, ShowsASentVersionThatIsNoFrame) {
  const auto out = shown(As::structured, {.frames = {test::client_text("a")},
                                          .marks = {{0, Verdict::changed, "send_raw", test::hex("81"), {}}}});
  EXPECT_EQ(out.substr(out.find("cause")), "cause: send_raw\nsent (hex): 81\n");
}

std::string content_of(const Buffer& frame) {
  const auto out = shown(As::structured, {.direction = Direction::receive, .frames = {frame}});
  const auto begin = out.find("compressed: false\n") + 18;
  return out.substr(begin, out.find("verdict") - begin);
}

TEST(StructuredView, ShowsEveryKindOfPayload) {
  EXPECT_EQ(content_of(wire({.opcode = 2, .payload = test::hex("ff00")})),
            "message: 2\npayload (hex): ff00\n");
  EXPECT_EQ(content_of(wire({.opcode = 9, .payload = test::bytes("p")})), "payload: p\n");
  EXPECT_EQ(content_of(wire({.opcode = 10})), "");
  EXPECT_EQ(content_of(wire({.opcode = 8, .payload = test::hex("03e8 627965")})),
            "close code: 1000\nclose reason: bye\n");
  EXPECT_EQ(content_of(wire({.opcode = 8, .payload = test::hex("03e8 ff")})),
            "close code: 1000\nclose reason: \\xff\n");
  EXPECT_EQ(content_of(wire({.opcode = 8, .payload = test::hex("03")})), "payload: \\x03\n");
  EXPECT_EQ(content_of(wire({.opcode = 8})), "");
}

constexpr const char* kFacts = R"(url: wss://example.com/chat?q="x"
client: 127.0.0.1:51234
client http: HTTP/1.1
client tls: TLSv1.3 TLS_AES_128_GCM_SHA256
client alpn: http/1.1
client sni: example.com
client ja3: ja3
client ja4: ja4
server: [::1]:443
server http: HTTP/1.0
server tls: TLSv1.2 TLS_AES_256_GCM_SHA384
server alpn: h2
server sni: sni
server ja3: ja3s
server ja4: ja4s
server certificate: CN=example.com
server issuer: CN=Example CA
server valid: 2023-11-14T22:13:20.000000000Z to 2027-01-15T08:00:00.000000000Z
server sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
)";
constexpr const char* kHeads = R"(request:
  GET /chat HTTP/1.1
  Host: example.com
  X-Odd: \xff
response:
  HTTP/1.1 101 Switching
  X-Nul: \x00
)";

TEST(StructuredView, ShowsAllThatIsKnownOfAFlow) {  // FLOW-1
  std::string out;
  const auto closed = test::full_flow_closed();
  structured_view(out, test::full_flow_opened(), &closed);
  EXPECT_EQ(
      out,
      R"(flow: 7
protocol: WebSocket
state: error
start: 2026-01-01T00:00:00.123456789Z
)" + std::string(kFacts) +
          R"(subprotocol: chat
extensions: permessage-deflate; client_no_context_takeover
)" + kHeads +
          R"(anomaly: wrong_accept (RFC 6455 4.2.2): Sec-WebSocket-Accept does not answer Sec-WebSocket-Key
end: 2026-01-01T00:00:00.123456790Z
reason: frame_too_big
detail: payload_len=2 limit=1
closed by: server
close code: 1009
close reason: too \xff big
send: 10 frames, 1000 bytes
send unfinished frame: 4 bytes
  00000000  68 61 6c 66                                       |half|
send not delivered from: 5
receive: 20 frames, 2000 bytes
receive unfinished frame: 10 bytes
  00000000  6f 74 68 65 72 20 68 61  6c 66                    |other half|
receive not delivered from: 0
note: tls_truncated
note: close_unanswered
)");
}

TEST(StructuredView, ShowsAnOpenFlow) {
  std::string out;
  structured_view(out, test::plain_flow_opened(), nullptr);
  EXPECT_EQ(out, R"(flow: 1
protocol: WebSocket
state: active
start: 2026-01-01T00:00:00.123456789Z
url: ws://example.com/
)");
  const auto alone = out;
  const pipeline::FlowClosed so_far{.state = pipeline::FlowState::active, .counts = {{{1, 10}, {2, 20}}}};
  structured_view(out = {}, test::plain_flow_opened(), &so_far);
  EXPECT_EQ(out, alone + "send: 1 frames, 10 bytes\nreceive: 2 frames, 20 bytes\n");
}

TEST(StructuredView, ShowsConnections) {  // FLOW-4
  std::string out;
  structured_view(out, test::full_connection());
  EXPECT_EQ(out, R"(connection: 8
kind: opaque
reason: passthrough
start: 2026-01-01T00:00:00.123456789Z
end: 2026-01-01T00:00:00.123456794Z
)" + std::string(kFacts) +
                     kHeads + R"(send: 100 bytes
receive: 200 bytes
)");
}

}  // namespace
}  // namespace wstap::formats
