# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frame by frame: settings, windows, resets, GOAWAY, limits and floods (H2-1, H2-2, H2-4)."""
import os
import signal
import struct
import time
import unittest
import zlib

import h2.errors
import h2.events

from frame_bytes import BINARY, CLOSE, MASK, TEXT, close, frame, masked
from raw_http2 import CONNECT_PROTOCOL, GOAWAY, PREFACE, Http2Peer, connected, opened
from raw_peers import in_background, tunnel_by_connect, WAIT
from reviewing import held, intercept
from wstap_testing import SANITIZED, RulesTest, TestCase, eventually, frames, inspect, resident

Settings, Goaway = h2.events.RemoteSettingsChanged, h2.events.ConnectionTerminated


def told(event):
    """@return whether settings say that extended CONNECT is understood; None: they say nothing of it."""
    changed = event.changed_settings.get(CONNECT_PROTOCOL)
    return changed and changed.new_value


def raw(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Http2Test(TestCase):
    def open(self, *args, **options):
        """@return proxy, listener, and both ends of one connection."""
        tap, listener = self.proxy(*args), self.listener()
        client, server = connected(tap, listener, **options)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        return tap, listener, client, server


class Mirroring(Http2Test):
    # H2-1: what the upstream says is said to the client; what it says later, later
    def test_settings(self):
        _, _, client, server = self.open(server_settings={})
        self.assertIsNone(told(client.expect(Settings)))
        server.h2.update_settings({CONNECT_PROTOCOL: 1})
        server.flush()
        self.assertEqual(told(client.expect(Settings)), 1)
        near, far = opened(client, server)
        near.send(masked(TEXT, b"still there"))
        self.assertEqual(far.frame().payload, b"still there")

    def test_of_extended_connect(self):
        _, listener, client, server = self.open()
        event = client.expect(Settings)
        self.assertEqual(told(event), 1)
        server.expect(Settings)
        self.assertEqual(server.h2.remote_settings.enable_push, 0)

    # H2-1: at most 5 s, then without
    def test_a_server_that_says_nothing(self):
        tap, listener = self.proxy(), self.listener()
        client = Http2Peer(tunnel_by_connect(tap, listener.target))
        self.addCleanup(client.close)
        server = listener.accept()
        self.assertEqual(server.read(len(PREFACE)), PREFACE)
        began = time.monotonic()
        self.assertIsNone(told(client.expect(Settings)))
        self.assertGreater(time.monotonic() - began, 2)

    # H2-1: nobody is told that it works where it does not
    def test_refused_without_extended_connect(self):
        tap, listener, client, server = self.open(server_settings={})
        client.expect(Settings)
        near = client.ask_websocket(listener.target)
        self.assertEqual(near.expect_reset(), h2.errors.ErrorCodes.PROTOCOL_ERROR)


class Streams(Http2Test):
    # H2-2, FRM-7: a flow whose both ends said Close and END_STREAM
    def test_a_session(self):
        tap, listener, client, server = self.open()
        near, far = opened(client, server, listener.target, "/chat?x")
        near.send(masked(TEXT, b"question"))
        came = far.frame()
        self.assertEqual((came.payload, came.mask is None), (b"question", False))
        far.send(frame(TEXT, b"answer"), close(1000, b"bye"))
        self.assertEqual(near.frame().payload, b"answer")
        self.assertEqual(near.frame().opcode, CLOSE)
        near.send(close(1000, mask=MASK))
        near.end()
        self.assertEqual(far.frame().opcode, CLOSE)
        far.expect_end()
        far.end()
        near.expect_end()
        flow = tap.flow()
        self.assertEqual((flow["url"], flow["state"], flow["close_code"], flow["began"]),
                         (f"ws://{listener.target}/chat?x", "complete", 1000, "server"))

    # H2-2, FRM-8: RST_STREAM is a reset, of one flow and not of its neighbour
    def test_resets(self):
        tap, listener, client, server = self.open()
        first, first_far = opened(client, server, listener.target, "/1")
        second, second_far = opened(client, server)
        third, third_far = opened(client, server)
        first.reset()
        first_far.expect_reset()
        third_far.reset(h2.errors.ErrorCodes.INTERNAL_ERROR)
        third.expect_reset()
        second.send(masked(TEXT, b"on"))
        self.assertEqual(second_far.frame().payload, b"on")
        self.assertEqual((tap.flow(1)["state"], tap.flow(1)["reason"], tap.flow(1)["began"]), ("error", "reset", "client"))
        self.assertEqual((tap.flow(3)["reason"], tap.flow(3)["began"]), ("reset", "server"))

    # H2-2: the connection goes, and all flows of it
    def test_the_connection_ends(self):
        tap, listener, client, server = self.open()
        opened(client, server, listener.target)
        opened(client, server)
        client.peer.reset()
        for stream in (1, 3):
            server.expect(h2.events.StreamReset, stream_id=stream)
        self.assertEqual({tap.flow(n)["reason"] for n in (1, 2)}, {"reset"})

    # H2-2, CAP-3: last words in one packet with the end of the connection arrive, and are no reset
    def test_last_words_before_the_connection_ends(self):
        for speaker in ("client", "server"):
            with self.subTest(speaker=speaker):
                tap, listener, client, server = self.open()
                near, far = opened(client, server, listener.target)
                speaks, hears = (near, far) if speaker == "client" else (far, near)
                said = masked(TEXT, b"bye") + close(1000, mask=MASK) if speaker == "client" else frame(TEXT, b"bye") + close(1000)
                speaks.connection.h2.send_data(speaks.id, said, end_stream=True)
                speaks.connection.peer.send(speaks.connection.h2.data_to_send())
                speaks.connection.peer.finish()
                self.assertEqual(hears.frame().payload, b"bye")
                self.assertEqual(hears.frame().opcode, CLOSE)
                hears.expect_end()
                hears.send(close(1000, mask=None if speaker == "client" else MASK))
                hears.end()
                flow = tap.flow()
                self.assertEqual((flow["state"], flow["close_code"], flow["began"]), ("complete", 1000, speaker))

    # CAP-3: what a reset overtakes is recorded; only its delivery is lost
    def test_last_words_before_a_reset(self):
        tap, listener, client, server = self.open()
        near, far = opened(client, server, listener.target)
        client.h2.send_data(near.id, masked(TEXT, b"bye"))
        client.h2.reset_stream(near.id, h2.errors.ErrorCodes.CANCEL)
        client.flush()
        far.expect_reset()
        self.assertEqual(tap.flow()["reason"], "reset")
        self.assertEqual([r["payload"] for r in frames(tap.capture)], ["bye"])

    # UPG-2: a response in one packet with the end of its connection arrives, and of a cut one what there was
    def test_responses_before_the_connection_ends(self):
        for whole in (True, False):
            with self.subTest(whole=whole):
                tap, listener, client, server = self.open()
                asked = client.get(listener.target)
                answered, _ = server.requested()
                server.h2.send_headers(answered.id, [(":status", "200")])
                server.h2.send_data(answered.id, b"x" * 1000, end_stream=whole)
                server.peer.send(server.h2.data_to_send())
                server.peer.finish()
                self.assertEqual(asked.response(), 200)
                self.assertEqual(asked.read(1000), b"x" * 1000)
                if whole:
                    asked.expect_end()
                else:
                    self.assertEqual(asked.expect_reset(), h2.errors.ErrorCodes.INTERNAL_ERROR)

    # H2-2: who reads nothing stalls its own stream, and no memory grows
    def test_a_slow_reader(self):
        tap, listener, client, server = self.open()
        slow, slow_far = opened(client, server, listener.target, "/slow")
        quick, quick_far = opened(client, server)
        server.consumes = False
        message = masked(BINARY, bytes(100_000))
        before = resident(tap.pid)
        stalled = 0
        for _ in range(40):
            sent = slow.send_now(message)
            stalled += sent
            if sent < len(message):
                break
            client.h2.ping(b"12345678")
            client.flush()
            client.expect(h2.events.PingAckReceived)
        self.assertLess(stalled, 1_500_000)
        if not SANITIZED:
            self.assertLess(resident(tap.pid) - before, 20_000_000)
        server.consumes = True
        server.h2.increment_flow_control_window(1_000_000)  # of the connection; the stream's stays shut
        server.flush()
        for n in range(50):
            quick.send(masked(TEXT, b"%d" % n))
            self.assertEqual(quick_far.frame().payload, b"%d" % n)

    # H2-1, DEF-1, DEF-4: an extension is agreed on by the heads, and what is changed is compressed again
    def test_compressed_messages(self):
        tap, listener, client, server = self.open("--hold", 'send and text == "hold me"')
        headers = [("sec-websocket-extensions", "permessage-deflate")]
        near, far = opened(client, server, listener.target, headers=headers)
        deflate, inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
        for text in (b"first", b"hold me", b"last"):
            near.send(masked(TEXT, (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4))
        item, = held(tap)
        self.assertEqual((item["payload"], item["compressed"]), ("hold me", True))
        intercept(tap, "modify", item["id"], "--text", "changed")
        said = [inflate.decompress(far.frame().payload + b"\0\0\xff\xff") for _ in range(3)]
        self.assertEqual(said, [b"first", b"changed", b"last"])
        self.assertEqual([r["payload"] for r in inspect(tap.capture)], ["first", "hold me", "last"])

    # H2-2: large frames through the smallest windows, byte for byte
    def test_large_frames(self):
        tap, listener, client, server = self.open()
        near, far = opened(client, server, listener.target)
        payload = os.urandom(16 << 20)
        sending = in_background(lambda: near.send(masked(BINARY, payload)))
        self.assertEqual(far.frame().payload, payload)
        sending.result(WAIT)
        sending = in_background(lambda: far.send(frame(BINARY, payload)))
        self.assertEqual(near.frame().payload, payload)
        sending.result(WAIT)
        self.assertEqual([r["length"] for r in frames(tap.capture)], [16 << 20] * 2)

    # H2-2: two hundred on one connection
    def test_two_hundred(self):
        tap, listener, client, server = self.open(server_settings={CONNECT_PROTOCOL: 1, 3: 250})
        pairs = [opened(client, server, listener.target)]
        pairs += [opened(client, server) for _ in range(199)]
        for n, (near, _) in enumerate(pairs):
            near.send(masked(TEXT, b"%d" % n))
        for n, (_, far) in enumerate(pairs):
            self.assertEqual(far.frame().payload, b"%d" % n)
            far.send(frame(TEXT, b"to %d" % n))
        for n, (near, _) in enumerate(pairs):
            self.assertEqual(near.frame().payload, b"to %d" % n)
        self.assertEqual(len(inspect(tap.capture, "--flows")), 200)


class Ends(Http2Test):
    # H2-2: GOAWAY of the upstream: what is open goes on, what comes goes over another connection
    def test_goaway_of_the_upstream(self):
        tap, listener, client, server = self.open()
        near, far = opened(client, server, listener.target)
        server.peer.send(raw(GOAWAY, 0, 0, struct.pack(">II", far.id, 0)))
        near.send(masked(TEXT, b"before"))
        self.assertEqual(far.frame().payload, b"before")
        accepted = in_background(lambda: Http2Peer(listener.accept(), server=True, settings={CONNECT_PROTOCOL: 1}))
        again = client.ask_websocket(listener.target, "/again")
        other = accepted.result(WAIT)
        self.addCleanup(other.close)
        stream, headers = other.requested()
        self.assertEqual(headers[":path"], "/again")
        stream.respond()
        self.assertEqual(again.response(), 200)
        far.send(frame(TEXT, b"after"))
        self.assertEqual(near.frame().payload, b"after")

    # H2-1: a later connection that does not understand
    def test_a_later_upstream_without_extended_connect(self):
        tap, listener, client, server = self.open()
        client.expect(Settings)
        server.close()
        accepted = in_background(lambda: Http2Peer(listener.accept(), server=True))
        again = eventually(lambda: client.ask_websocket(listener.target, "/again"))
        self.addCleanup(accepted.result(WAIT).close)
        self.assertEqual(again.response(), 502)
        self.assertIn("ENABLE_CONNECT_PROTOCOL", tap.flow()["reason"])

    # CLI-2: both ends of every flow are told, and the proxy ends well
    def test_shutdown(self):
        tap, listener, client, server = self.open()
        near, far = opened(client, server, listener.target)
        tap.send_signal(signal.SIGTERM)
        for end, masked_close in ((near, False), (far, True)):
            came = end.frame()
            self.assertEqual((came.opcode, came.payload[:2], came.mask is not None), (CLOSE, b"\x03\xe9", masked_close))
        client.expect(Goaway)
        near.end()
        far.end()
        client.close()
        server.close()
        self.assertEqual(tap.wait(), 0)

    # UPG-2: an ordinary request waits for an answer when the proxy stops
    def test_shutdown_with_a_request(self):
        tap, listener, client, server = self.open()
        client.expect(Settings)
        waiting = client.get(listener.target)
        server.requested()
        tap.send_signal(signal.SIGTERM)
        waiting.expect_reset()
        client.close()
        server.close()
        self.assertEqual(tap.wait(), 0)


class Floods(Http2Test):
    # H2-4: each ends the connection, is logged, and nobody else notices
    def flood(self, write, log=r"HTTP/2: .*(too many|flood)"):
        tap, listener, client, server = self.open()
        client.expect(Settings)
        try:
            for _ in range(300):
                client.peer.send(write(client))
        except (BrokenPipeError, ConnectionResetError):
            pass
        tap.wait_for_line(log)
        other, other_far = connected(tap, listener)
        self.addCleanup(other.close)
        self.addCleanup(other_far.close)
        near, far = opened(other, other_far, listener.target)
        near.send(masked(TEXT, b"unharmed"))
        self.assertEqual(far.frame().payload, b"unharmed")
        if not SANITIZED:
            self.assertLess(resident(tap.pid), 150_000_000)

    def test_pings(self):
        self.flood(lambda _: 100 * raw(6, 0, 0, bytes(8)))

    def test_settings(self):
        self.flood(lambda _: 100 * raw(4, 0, 0, struct.pack(">HI", 4, 65535)))

    def test_empty_data(self):
        self.flood(lambda _: 100 * raw(0, 0, 1, b""), log="HTTP/2: ")

    def test_continuations(self):
        begun = []

        def write(client):
            head = b"" if begun else raw(1, 1, 1, client.h2.encoder.encode([(":method", "GET"), (":scheme", "http"),
                                                                            (":authority", "a"), (":path", "/")]))
            begun.append(1)
            return head + 100 * raw(9, 0, 1, b"\x00\x01a\x01b" * 20)
        self.flood(write, log="HTTP/2: ")

    # CVE-2023-44487
    def test_rapid_reset(self):
        def write(client):
            out = b""
            for _ in range(50):
                stream = client.h2.get_next_available_stream_id()
                client.h2.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")])
                client.h2.reset_stream(stream)
                out += client.h2.data_to_send()
            return out
        self.flood(write)

    # LIM-4: a head of more than --max-head
    def test_a_large_head(self):
        tap, listener, client, server = self.open()
        client.expect(Settings)
        large = client.request([(":method", "GET"), (":scheme", "http"), (":authority", listener.target), (":path", "/"),
                                *((f"x-{n}", "v" * 1000) for n in range(80))], end=True)
        self.assertEqual(large.response(), 431)
        tap.wait_for_line(r"HTTP/2: the request on stream \d+ is refused: its head is too large")
        near, far = opened(client, server)
        near.send(masked(TEXT, b"on"))
        self.assertEqual(far.frame().payload, b"on")


class Scope(RulesTest):
    # UPG-5, scope: each request is judged by what it says
    def test_scope_and_limits(self):
        listener = self.listener()
        tap = self.with_rules("""
[scope]
deny = ["*/admin*"]
[[limit]]
id = "few"
upgrades_per_second = 0.01
""")
        client, server = connected(tap, listener)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        client.expect(Settings)
        self.assertEqual(client.get(listener.target, "/admin").response(), 403)
        self.assertEqual(client.ask_websocket(listener.target, "/admin/ws").response(), 403)
        near, _ = opened(client, server)
        self.assertEqual(client.ask_websocket(listener.target).response(), 429)
        kinds = [(r["kind"], r["reason"].split(":")[0]) for r in inspect(tap.capture, "--flows") if "kind" in r and r["type"] == "connection"]
        self.assertEqual(kinds, [("blocked", "out of scope"), ("blocked", "limit 'few'")])


if __name__ == "__main__":
    unittest.main()
