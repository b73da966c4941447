# SPDX-License-Identifier: Apache-2.0
"""permessage-deflate between real peers, in every combination of parameters they can agree on (DEF-1 to DEF-3, DEF-5): what
arrives is what was sent, byte for byte, and what is recorded says what was said."""
import asyncio
import base64
import json
import random
import subprocess
import unittest
import zlib

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from conversations import END, agreements, converse, messages, said, whole
from frame_bytes import BINARY, CONTINUATION, TEXT, frame, masked
from raw_peers import open_websocket
from wstap_testing import SANITIZED, Proxy, TestCase, frames, inspect, names, run

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
MESSAGES = 300 if SANITIZED else 10_000


class RealPeers(TestCase):
    def session(self, client, server, count):
        tap = self.proxy()
        sent = list(messages(count, 1))
        at_client, at_server, agreed = asyncio.run(converse(tap, sent, sent, client, server))
        self.assertEqual(at_server, [whole(m) for m in sent])
        self.assertEqual(at_client, at_server)
        self.assertNotIn("anomalies", tap.flow())
        for direction in ("send", "receive"):
            texts, found = said(tap.capture, direction)
            self.assertEqual(texts, [*at_server, END])
            self.assertEqual([m for m in found if "anomalies" in m or "finished" in m], [])
            self.assertTrue(any(m["compressed"] for m in found))
        tap.stop()
        return agreed

    # DEF-1, DEF-3
    def test_every_combination(self):
        agreed = set()
        for server_alone, client_alone, server_bits, client_bits in agreements((None, 9, 12, 15)):
            with self.subTest(server_alone=server_alone, client_alone=client_alone, server_bits=server_bits,
                              client_bits=client_bits):
                agreed.add(self.session(
                    ClientPerMessageDeflateFactory(False, False, None, True),
                    ServerPerMessageDeflateFactory(server_alone, client_alone, server_bits, client_bits), 40))
        self.assertGreater(len(agreed), 40)

    # DEF-3: thousands of messages with one context
    def test_long_conversation(self):
        self.assertEqual(self.session(ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory(), MESSAGES),
                         "permessage-deflate")


class RawPeers(TestCase):
    def setUp(self):
        self.tap, self.listener_ = self.proxy(), self.listener()
        self.client, self.server = open_websocket(self.tap, self.listener_, extra=DEFLATE, agree=DEFLATE)
        self.deflate = zlib.compressobj(wbits=-15)

    def compressed(self, data, flush=zlib.Z_SYNC_FLUSH):
        return (self.deflate.compress(data) + self.deflate.flush(flush))[:-4]

    def close(self):
        self.client.close()
        self.server.close()
        self.tap.flow()

    # DEF-3: fragments of one byte, control frames between them
    def test_fragments_of_a_byte(self):
        for text in (b"the first message, and", b"the first message, again"):
            payload = self.compressed(text)
            for n, byte in enumerate(payload):
                last = n == len(payload) - 1
                self.client.send(masked(CONTINUATION if n else TEXT, bytes([byte]), fin=last, rsv=0 if n else 4))
                self.assertEqual(self.server.frame().payload, bytes([byte]))
        self.close()
        self.assertEqual(said(self.tap.capture, "send")[0], ["the first message, and", "the first message, again"])

    # DEF-5: a bomb passes, is not unpacked, and does not hide what comes after it
    def test_bomb(self):
        bomb = self.compressed(bytes(50 << 20))
        self.client.send(masked(BINARY, bomb, rsv=4))
        self.assertEqual(self.server.frame().payload, bomb)
        after = self.compressed(b"still readable")
        self.client.send(masked(TEXT, after, rsv=4))
        self.assertEqual(self.server.frame().payload, after)
        self.close()
        texts, found = said(self.tap.capture, "send")
        self.assertEqual(texts, [bomb, "still readable"])
        self.assertTrue(found[0]["inflate_limited"])

    # FRM-5, DEF-5: what does not inflate passes as it is, and is an anomaly; nothing behind it can be read
    def test_corrupt(self):
        for payload in (b"\xff\xff\xff", self.compressed(b"unreadable now")):
            self.client.send(masked(TEXT, payload, rsv=4))
            self.assertEqual(self.server.frame().payload, payload)
        self.server.send(frame(TEXT, self.compressed(b"the other way is untouched"), rsv=4))
        self.client.frame()
        self.close()
        sent = frames(self.tap.capture, "send")
        self.assertEqual([names(r) for r in sent], [["invalid_deflate"], []])


class Reading(TestCase):
    """What is made of compressed messages where they are shown; what passes is the same."""
    TEXTS = {"send": b"a message of the client", "receive": b"a message of the server"}

    def setUp(self):
        self.capture = self.path("session.wstap")
        self.wire = {}
        for direction, text in self.TEXTS.items():
            deflate = zlib.compressobj(wbits=-15)
            self.wire[direction] = (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def printed(self, *args):
        """@return what a proxy prints of a message each way, which both arrive as they are."""
        with Proxy("-q", "--print", *args, capture=self.capture, stdout=subprocess.PIPE) as tap:
            client, server = open_websocket(tap, self.listener(), extra=DEFLATE, agree=DEFLATE)
            with client, server:
                client.send(masked(TEXT, self.wire["send"], rsv=4))
                self.assertEqual(server.frame().payload, self.wire["send"])
                server.send(frame(TEXT, self.wire["receive"], rsv=4))
                received = client.frame()
                self.assertEqual((received.payload, received.rsv), (self.wire["receive"], 4))
            tap.flow()
            tap.send_signal()
            said = tap.process.stdout.read()
            self.assertEqual(tap.wait(), 0)
            return said

    def assert_reads(self, shown, readable):
        """@param shown  JSON objects of frames; @param readable  the directions whose messages are inflated."""
        self.assertEqual([f["dir"] for f in shown], ["send", "receive"])
        for each in shown:
            direction = each["dir"]
            self.assertTrue(each["compressed"])
            self.assertEqual(each.get("payload"), self.TEXTS[direction].decode() if direction in readable else None)
            if direction not in readable:
                self.assertEqual(base64.b64decode(each["payload_b64"]), self.wire[direction])

    # DEF-8
    def test_deflate(self):
        for word, readable in (("on", ["send", "receive"]), ("off", []), ("send", ["send"]), ("receive", ["receive"])):
            with self.subTest(deflate=word):
                self.capture.unlink(missing_ok=True)
                live = [json.loads(line) for line in self.printed("--json", "--deflate", word).splitlines()]
                self.assert_reads(live, readable)
                self.assert_reads(inspect(self.capture, "--deflate", word), readable)
                self.assert_reads(inspect(self.capture), ["send", "receive"])  # recorded as on the wire, whatever is shown
                messages = inspect(self.capture, "--messages", "--deflate", word)
                self.assert_reads(messages, readable)
                self.assertFalse([m for m in live + messages if "opaque" in m])

    # DEF-8
    def test_deflate_off_in_lines(self):
        lines = self.printed("--deflate", "off")
        self.assertEqual(lines, run("inspect", "--deflate", "off", self.capture).stdout)
        for direction, line in zip(("send", "receive"), lines.splitlines()):
            self.assertTrue(line.endswith(f" z rsv=4  {self.wire[direction].hex()[:50]}" +
                                          ("..." if len(self.wire[direction]) > 25 else "")), line)

    # DEF-7
    def test_inflate_never(self):
        lines = self.printed("--inflate", "never")
        self.assertEqual([" z opaque rsv=4  " in line for line in lines.splitlines()], [True, True])
        self.assertNotIn("a message", lines)
        self.assert_reads(inspect(self.capture), ["send", "receive"])  # a capture is read later
        self.capture.unlink()
        live = [json.loads(line) for line in self.printed("--inflate", "never", "--json").splitlines()]
        self.assert_reads(live, [])
        self.assertEqual([f["opaque"] for f in live], [True, True])

    # LIM-3: the capture has no more than the beginning; the wire has all, and what is behind a cut can still be read.
    def test_max_recorded_payload(self):
        with Proxy("--max-recorded-payload", "20", capture=self.capture) as tap:
            client, server = open_websocket(tap, self.listener(), extra=DEFLATE, agree=DEFLATE)
            with client, server:
                deflate = zlib.compressobj(wbits=-15)
                said = [random.Random(1).randbytes(200), b"short", b"short", b"as long as this is"]
                for content in said:
                    payload = (deflate.compress(content) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
                    client.send(masked(BINARY, payload, rsv=4))
                    self.assertEqual(server.frame().payload, payload)
                server.send(frame(TEXT, b"uncompressed, and too long"))
                client.frame()
            tap.flow()
        shown = inspect(self.capture)
        self.assertEqual([base64.b64decode(f["payload_b64"]) for f in shown if f["dir"] == "send"], [c[:20] for c in said])
        self.assertEqual([f.get("cut_from") for f in shown], [200, None, None, None, 26])
        self.assertEqual(shown[-1]["payload"], "uncompressed, and to")
        self.assertGreater(shown[0]["length"], 200)
        lossless = [json.loads(line) for line in run("inspect", "--format", "jsonl", self.capture).stdout.splitlines()]
        first = next(f for f in lossless if f["type"] == "frame")
        self.assertEqual(len(base64.b64decode(first["raw_b64"])), 8 + 20)

    # DEF-5: as much is inflated for printing as the proxy itself would inflate
    def test_bounds(self):
        for bound, mark in (("--max-message", "inflate_limited"), ("--inflate-work", "opaque")):
            with self.subTest(bound=bound):
                self.capture.unlink(missing_ok=True)
                deflate = zlib.compressobj(wbits=-15)
                self.wire["send"] = (deflate.compress(bytes(40_000)) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
                live = [json.loads(line) for line in self.printed("--json", bound, "1K").splitlines()]
                self.assertTrue(live[0][mark])
                self.assertEqual(live[1]["payload"], self.TEXTS["receive"].decode())
                self.assertEqual(inspect(self.capture)[0]["payload_length"], 40_000)

    # LIM-4: what waits to be printed whole is bounded over all flows
    def test_bound_of_all_that_waits(self):
        with Proxy("-q", "--print", "--max-buffered", "300K", capture=self.capture, stdout=subprocess.PIPE) as tap:
            listener = self.listener()
            pairs = [open_websocket(tap, listener, extra=DEFLATE, agree=DEFLATE) for _ in range(2)]
            deflate = zlib.compressobj(wbits=-15)
            payload = (deflate.compress(bytes(200_000)) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
            for part in (masked(BINARY, payload, rsv=4, fin=False), masked(CONTINUATION, b"")):
                for client, server in pairs:
                    client.send(part)
                    server.frame()
            for client, server in pairs:
                client.close()
                server.close()
            tap.flow()
            tap.send_signal()
            last = [line for line in tap.process.stdout.read().splitlines() if "continuation" in line]
            self.assertEqual(tap.wait(), 0)
        self.assertEqual([" inflate_limited" in line for line in last], [False, True])
        self.assertTrue(last[0].endswith(r"\x00\x00..."), last[0])
        self.assertEqual([m["payload_length"] for m in inspect(self.capture, "--messages")], [200_000] * 2)


if __name__ == "__main__":
    unittest.main()
