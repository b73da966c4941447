# SPDX-License-Identifier: Apache-2.0
"""Frames that a step alters, byte by byte: fragments, limits, bombs and endings behind an alteration (DEF-3 to DEF-6), and
what the capture has of them (FLOW-3, CAP-2)."""
import io
import itertools
import random
import unittest
import zlib

from altering import AlteringTest
from frame_bytes import BINARY, CLOSE, CONTINUATION, MASK, PING, TEXT, close, masked, read_frame
from raw_peers import open_websocket
from wstap_testing import SANITIZED, eventually, everything, frames, inspect, resident

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
PART = 300 << 10


def notes(capture):
    return [r["text"] for r in everything(capture) if r["type"] == "note"]


class RawPeers(AlteringTest):
    def open(self, *options):
        self.tap, listener = self.altering(*options), self.listener()
        self.client, self.server = open_websocket(self.tap, listener, extra=DEFLATE, agree=DEFLATE)
        self.enterContext(self.client)
        self.deflate, self.inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    def compressed(self, data):
        return (self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def say(self, data, opcode=TEXT):
        self.client.send(masked(opcode, self.compressed(data), rsv=4))

    def inflated(self, payload):
        return self.inflate.decompress(payload + b"\0\0\xff\xff")

    def hear(self):
        """@return the server's next message, inflated where it is compressed, and its frames."""
        parts = [self.server.frame()]
        while not parts[-1].fin:
            parts.append(self.server.frame())
        payload = b"".join(part.payload for part in parts)
        return self.inflated(payload) if parts[0].rsv else payload, parts

    def end(self):
        """Ends the flow. @return what the capture has of the client's frames."""
        self.client.finish()
        self.assertEqual(self.server.rest(), b"")
        self.server.close()
        self.client.rest()
        self.tap.flow()
        return frames(self.tap.capture, "send")

    # DEF-3, DEF-6, FRAG-1: fragments of a byte, and control frames between them, which do not wait
    def test_fragments_of_a_byte(self):
        self.open()
        for text, arrives in ((b"as it is", [b"as it is"]), (b"change:12", [b"changed:1212"]), (b"drop:it", []),
                              (b"as it was", [b"as it was"]), (b"inject:x", [b"injected", b"inject:x", b"injected"])):
            payload = self.compressed(text)
            for n, byte in enumerate(payload):
                last = n == len(payload) - 1
                self.client.send(masked(CONTINUATION if n else TEXT, bytes([byte]), fin=last, rsv=0 if n else 4))
                if not last:
                    self.client.send(masked(PING, b"%d" % n))
                    self.assertEqual(self.server.frame().payload, b"%d" % n)
            for expected in arrives:
                content, parts = self.hear()
                self.assertEqual(content, expected)
                if expected != b"injected":
                    self.assertEqual(len(parts), len(payload))
        self.assertEqual({r["verdict"] for r in self.end()}, {"forwarded", "changed", "dropped", "injected"})

    # DEF-5: a bomb behind an alteration is written anew as it comes
    def test_bomb(self):
        self.open()
        self.say(b"change:x")
        self.assertEqual(self.hear()[0], b"changed:xx")
        before = resident(self.tap.pid)
        self.say(bytes(50 << 20), BINARY)
        content, _ = self.hear()
        self.assertEqual(content, bytes(50 << 20))
        if not SANITIZED:
            self.assertLess(resident(self.tap.pid) - before, 16 << 20)
        self.say(b"still in step")
        self.assertEqual(self.hear()[0], b"still in step")
        self.end()
        self.assertTrue(any("inflate_limited" in text for text in notes(self.tap.capture)))

    def assert_ends(self, code, reason, *left):
        """Nothing but `left` and a farewell reaches the server, and the client is told `code`."""
        for content in left:
            self.assertEqual(self.hear()[0], content)
        self.assertEqual((self.server.frame().close_code, self.client.frame().close_code), (1001, code))
        for peer in (self.server, self.client):
            peer.close()
        flow = self.tap.flow()
        self.assertEqual((flow["state"], flow["reason"]), ("error", reason))
        last = [r for r in frames(self.tap.capture, "send") if r["opcode"] != "close"][-1]
        self.assertEqual((last["verdict"], last["cause"]), ("dropped", reason))

    # DEF-5: what is too much to be inflated cannot be written anew
    def test_too_much_work(self):
        self.open("--inflate-work", "2m")
        self.say(b"change:x")
        self.say(bytes(50 << 20), BINARY)
        self.assert_ends(1009, "inflate_limited", b"changed:xx")

    # DEF-5: nor can what does not inflate
    def test_corrupt(self):
        self.open()
        self.say(b"drop:it")
        self.client.send(masked(TEXT, b"\xff\xff\xff", rsv=4))
        self.assert_ends(1007, "invalid_deflate")

    # DEF-5: where nothing was altered it passes, and is not altered
    def test_corrupt_before_any_alteration(self):
        self.open()
        self.client.send(masked(TEXT, b"\xff\xff\xff", rsv=4))
        self.assertEqual(self.server.frame().payload, b"\xff\xff\xff")
        payload = self.compressed(b"drop:it")
        self.client.send(masked(TEXT, payload, rsv=4))
        self.assertEqual(self.server.frame().payload, payload)
        self.assertEqual([r["verdict"] for r in self.end()], ["forwarded", "forwarded"])

    # DEF-5, DEF-6, LIM-1: behind an alteration, what waited until it was too much leaves in the frames it came in
    def test_fragments_over_the_limit(self):
        self.open("--max-message", "1m", "--max-frame", "512k")
        self.say(b"change:x")
        self.assertEqual(self.hear()[0], b"changed:xx")
        large = random.Random(9).randbytes(8 * PART)
        payload = self.compressed(large)
        for n in range(9):
            self.client.send(masked(CONTINUATION if n else BINARY, payload[n * PART:(n + 1) * PART], fin=n == 8,
                                    rsv=0 if n else 4))
        content, parts = self.hear()
        self.assertEqual((content == large, len(parts)), (True, 9))
        self.assertLess(max(len(part.payload) for part in parts), 512 << 10)
        self.end()

    # FLOW-3, CAP-2, DEF-6: whatever ends a message that waits, the capture says what became of its frames
    def test_unfinished_messages(self):
        causes = {"close": None, "end": None, "reset": "reset", "gone": "reset", "stop": "shutdown"}
        for (how, cause), alters in itertools.product(causes.items(), (False, True)):
            with self.subTest(how, alters=alters):
                self.open()
                if alters:
                    self.say(b"change:x")
                    self.hear()
                payload = self.compressed(b"change:unfinished")
                self.client.send(masked(TEXT, payload[:5], rsv=4, fin=False), masked(CONTINUATION, payload[5:9], fin=False))
                self.tap.frames(2 + alters, "send")
                self.break_off(how)
                expected = ("dropped", cause) if cause else ("changed", "recompressed") if alters else ("forwarded", None)
                fragments = [r for r in frames(self.tap.capture, "send") if not r["fin"]]
                self.assertEqual([(r["verdict"], r.get("cause")) for r in fragments], [expected] * 2)

    def break_off(self, how):
        if how == "close":
            self.client.send(close(1000, mask=MASK))
            self.assertEqual([self.server.frame().opcode for _ in range(3)], [TEXT, CONTINUATION, CLOSE])
            self.server.send(close(1000))
        elif how == "end":
            self.client.finish()
            self.assertEqual([self.server.frame().opcode for _ in range(3)], [TEXT, CONTINUATION, CLOSE])
        elif how == "reset":
            self.client.reset()
            self.server.ending()
        elif how == "gone":
            self.server.reset()
            self.client.ending()
        else:
            self.tap.send_signal()
            self.assertEqual(self.server.frame().close_code, 1001)
        self.client.close()
        self.server.close()
        if how == "stop":
            self.assertEqual(self.tap.wait(), 0)
        else:
            self.tap.flow()

    # LIM-4: what open messages are inflated to counts: reading pauses, and everything arrives all the same
    def test_memory_of_open_messages(self):
        tap, listener = self.altering("--max-buffered", "32m", "--workers", "1"), self.listener()
        block = random.Random(10).randbytes(10_000)
        deflate = zlib.compressobj(wbits=-15)
        payload = deflate.compress(block * 4800) + deflate.flush(zlib.Z_SYNC_FLUSH)
        before = resident(tap.pid)
        pairs = [open_websocket(tap, listener, extra=DEFLATE, agree=DEFLATE) for _ in range(6)]
        for client, _ in pairs:
            client.send(masked(BINARY, payload, rsv=4, fin=False), masked(CONTINUATION, b"\0\0\0\xff\xff" * 100, fin=False))
        tap.frames(1)
        eventually(lambda: any("buffers_limited" in text for text in notes(tap.capture)), "a pause")
        if not SANITIZED:
            self.assertLess(resident(tap.pid) - before, 150 << 20)
        for client, _ in pairs:
            client.send(masked(CONTINUATION, b"\0"))
        for client, server in pairs:
            self.assertEqual([server.frame().opcode for _ in range(3)], [BINARY, CONTINUATION, CONTINUATION])
            client.close()
            server.close()

    # PIPE-1, FLOW-3, DEF-4: the verdict of each frame, and the bytes that left
    def test_capture(self):
        self.open()
        self.say(b"before")
        self.client.send(masked(TEXT, b"inject:plain"), masked(PING, b"ping"))
        self.say(b"drop:it")
        payload = self.compressed(b"in two fragments")
        self.client.send(masked(TEXT, payload[:5], rsv=4, fin=False), masked(CONTINUATION, payload[5:]))
        self.say(b"\2" + b"bytes", BINARY)
        self.client.send(masked(BINARY, b"\2plain"), masked(BINARY, b"\1plain"))
        left = [self.server.frame() for _ in range(9)]
        recorded = self.end()
        self.assertEqual([(r["opcode"], r["verdict"], r.get("cause")) for r in recorded],
                         [("text", "forwarded", None), ("text", "injected", "altering"), ("text", "forwarded", None),
                          ("binary", "injected", "altering"), ("ping", "forwarded", None),
                          ("text", "dropped", "altering"), ("text", "changed", "recompressed"),
                          ("continuation", "changed", "recompressed"), ("binary", "changed", "altering"),
                          ("binary", "changed", "altering"), ("binary", "dropped", "altering")])
        shown = [r for r in inspect(self.tap.capture) if r["dir"] == "send"]
        self.assertEqual([(r["verdict"], r.get("cause")) for r in shown],
                         [(r["verdict"], r.get("cause")) for r in recorded])
        self.assert_left(recorded, left)
        self.assertEqual([self.inflated(f.payload) for f in left if f.rsv and f.fin], [b"before", b"\x82bytesbytes"])

    def assert_left(self, recorded, left):
        """The frames that left are those that the capture says did."""
        gone = [r for r in recorded if r["verdict"] != "dropped"]
        self.assertEqual(len(gone), len(left))
        for record, got in zip(gone, left):
            if record["verdict"] == "forwarded":  # with a mask of wstap's own
                came = read_frame(io.BytesIO(record["raw"]).read)
                self.assertEqual((came.fin, came.rsv, came.opcode, came.payload), (got.fin, got.rsv, got.opcode, got.payload))
            else:
                self.assertEqual(record["raw"] if record["verdict"] == "injected" else record["sent"], got.raw)


if __name__ == "__main__":
    unittest.main()
