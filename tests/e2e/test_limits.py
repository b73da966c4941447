# SPDX-License-Identifier: Apache-2.0
"""Limits (LIM-4): each is kept, and said when it is hit."""
import unittest

from frame_bytes import BINARY, CLOSE, MASK, TEXT, close, masked
from raw_peers import in_background, open_websocket, tunnel_by_connect, upgrade_request, upgrade_response, WAIT
from wstap_testing import SANITIZED, TestCase, eventually, everything, inspect, resident, run

SOON = 0.2  # seconds in which nothing may happen


class Patience(TestCase):
    """--handshake-timeout bounds whatever comes before a WebSocket."""

    def setUp(self):
        self.tap = self.proxy("--handshake-timeout", "300ms")

    def assert_ended(self, client):
        client.ending()
        self.tap.wait_for_line(r"limit hit: .*300 ms \(--handshake-timeout\)|timed out")

    # LIM-4
    def test_silent_connection(self):
        self.assert_ended(self.connect(self.tap.address))

    # LIM-4: a head that never ends, however often something comes
    def test_slow_head(self):
        client = self.connect(self.tap.address)
        client.send("GET http://localhost/ HTTP/1.1\r\n")
        with self.assertRaises(OSError):
            while True:
                client.send("X")
                client.sock.settimeout(0.02)
                try:
                    if client.sock.recv(1) == b"":
                        raise OSError("ended")
                except TimeoutError:
                    pass
        self.tap.wait_for_line("limit hit: no complete request")

    # LIM-4
    def test_tls_hello_that_stays_unfinished(self):
        client = self.enterContext(tunnel_by_connect(self.tap, self.listener().target))
        client.send(b"\x16\x03\x01\x02\x00\x01")
        client.ending()
        self.assertIn("timed out", self.tap.flow()["reason"])

    # LIM-4
    def test_unfinished_socks_request(self):
        client = self.connect(self.tap.address)
        client.send(b"\x05\x01\x00")
        client.read(2)
        client.send(b"\x05\x01")
        self.assertEqual(client.ending(), "eof")

    # LIM-4, FLOW-4: an upstream that does not answer an upgrade
    def test_upgrade_without_an_answer(self):
        listener = self.listener()
        client = self.connect(self.tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/"))
        server = listener.accept()
        server.head()
        self.assertEqual(client.status(), 504)
        self.assertIn("300 ms", client.rest().decode())
        self.assertIn("timed out", self.tap.flow()["reason"])

    # LIM-4
    def test_upstream_tls_that_hangs(self):
        tap = self.proxy("--handshake-timeout", "300ms", "--reverse", f"wss://{self.listener().target}", "-k")
        client = self.connect(tap.address)
        client.send(upgrade_request("a"))
        self.assertEqual(client.status(), 504)
        self.assertIn("TLS handshake", tap.flow()["reason"])

    # LIM-4: what is slow but no handshake may take its time
    def test_slow_answer_to_an_ordinary_request(self):
        listener = self.listener()
        client = self.connect(self.tap.address)
        client.send(f"GET http://{listener.target}/ HTTP/1.1\r\nHost: a\r\n\r\n")
        server = listener.accept()
        server.head()
        client.sock.settimeout(0.6)
        with self.assertRaises(TimeoutError):
            client.sock.recv(1)
        client.sock.settimeout(WAIT)
        server.send("HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(client.status(), 204)

    def ask(self, body):
        """@return a client that asked, and its server, which does not answer."""
        listener = self.listener()
        client = self.connect(self.tap.address)
        client.send(f"POST http://{listener.target}/ HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        server = listener.accept()
        server.head()
        self.assertEqual(server.read(len(body)), body.encode())
        return client, server

    # LIM-4: nobody waits for a response without a reader
    def test_answer_that_nobody_waits_for(self):
        for body in ("", "body"):
            with self.subTest(body=body):
                client, server = self.ask(body)
                client.reset()
                self.assertEqual(server.ending(), "eof")

    # LIM-4, FLOW-4: of an upgrade, the record says whose fault it was
    def test_upgrade_that_nobody_waits_for(self):
        listener = self.listener()
        client = self.connect(self.tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/"))
        server = listener.accept()
        server.head()
        client.reset()
        self.assertEqual(server.ending(), "eof")
        self.assertEqual(self.tap.flow()["reason"], "the client went away")

    # FLOW-4
    def test_upgrade_that_a_stop_ends(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/"))
        listener.accept().head()
        tap.stop()
        self.assertEqual(inspect(tap.capture, "--flows")[0]["reason"], "wstap is stopping")

    # LIM-4: off is never, not at once
    def test_without_end(self):
        tap, listener = self.proxy("--handshake-timeout", "off", "--close-timeout", "0"), self.listener()
        client, server = open_websocket(tap, listener)
        client.send(close(1000, mask=MASK))
        server.frame()
        server.sock.settimeout(SOON)
        with self.assertRaises(TimeoutError):
            server.sock.recv(1)
        server.sock.settimeout(WAIT)
        server.send(close(1000))
        self.assertEqual(client.frame().opcode, CLOSE)
        client.close()
        server.close()
        self.assertEqual(tap.flow()["state"], "complete")

    # LIM-4: a client that said its last word gets the answer to it, though not whenever it may come
    def test_answer_to_a_last_word(self):
        client, server = self.ask("")
        client.finish()
        server.send("HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(client.status(), 204)
        client, server = self.ask("body")
        client.finish()
        self.assertEqual(client.status(), 504)
        self.assertIn("300 ms", client.rest().decode())


class Heads(TestCase):
    # LIM-4, UPG-8: bytes, with the default and with the option, of an upgrade as of any request
    def test_size(self):
        for options, size, passes in (((), 60_000, True), ((), 70_000, False), (("--max-head", "2k"), 3000, False)):
            with self.subTest(size):
                listener = self.listener()
                tap = self.proxy(*options)
                client = self.connect(tap.address)
                client.send(upgrade_request("a", f"http://{listener.target}/", f"X-Long: {'x' * size}\r\n"))
                if passes:
                    self.assertGreater(len(listener.accept().head()), size)
                    client.close()
                else:
                    self.assertEqual(client.status(), 431)
                    self.assertIn("too large", client.rest().decode())
                    tap.wait_for_line("too large")

    # LIM-4: fields
    def test_number_of_fields(self):
        for options, count, passes in (((), 190, True), ((), 201, False), (("--max-headers", "10"), 11, False)):
            with self.subTest(count):
                listener = self.listener()
                tap = self.proxy(*options)
                client = self.connect(tap.address)
                fields = "".join(f"X-{n}: 1\r\n" for n in range(count))
                client.send(f"GET http://{listener.target}/ HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
                if passes:
                    self.assertEqual(listener.accept().head().count(b"X-"), count)
                    client.close()
                else:
                    self.assertEqual(client.status(), 431)
                    self.assertIn("too many", client.rest().decode())

    # LIM-4, FLOW-4: and of responses
    def test_of_responses(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/"))
        server = listener.accept()
        server.head()
        server.send(upgrade_response(f"X-Long: {'x' * 70_000}\r\n"))
        self.assertEqual(client.status(), 502)
        self.assertIn("too large", client.rest().decode())
        self.assertIn("too large", tap.flow()["reason"])


class Said(TestCase):
    """A limit that was hit is in the log, and on the flow's line."""

    def hit(self, what, frame, *options, ends=True):
        tap, listener = self.proxy(*options), self.listener()
        client, server = open_websocket(tap, listener)
        client.send(frame)
        for peer in (client, server):
            if ends:
                peer.rest()
            peer.finish()
        for peer in (client, server):
            peer.ending()
            peer.close()
        tap.flow()
        tap.wait_for_line(f"^wstap proxy: warning: limit hit: flow 1: .*{what}")
        self.assertIn(what, run("inspect", "--flows", tap.capture).stdout)

    # LIM-1, LIM-4
    def test_frame(self):
        self.hit("frame_too_big", masked(BINARY, bytes(200)), "--max-frame", "100")

    # LIM-2, LIM-4
    def test_message(self):
        self.hit("message_limited", masked(BINARY, bytes(200)), "--max-message", "100", ends=False)

    # LIM-2, LIM-4
    def test_message_that_ends_it(self):
        self.hit("message_too_big", masked(BINARY, bytes(200)), "--max-message", "100", "--on-message-limit", "close")

    # LIM-4
    def test_idleness(self):
        self.hit("idle_timeout", masked(BINARY, b"last"), "--idle-timeout", "100ms")


class Connections(TestCase):
    # LIM-4: more wait until one has ended
    def test_over_the_limit_wait(self):
        tap, listener = self.proxy("--max-connections", "2"), self.listener()
        first, second = [self.enterContext(tunnel_by_connect(tap, listener.target)) for _ in range(2)]
        third = self.connect(tap.address)
        third.send(f"CONNECT {listener.target} HTTP/1.1\r\nHost: a\r\n\r\n")
        third.sock.settimeout(SOON)
        with self.assertRaises(TimeoutError):
            third.sock.recv(1)
        self.assertIn("--max-connections", tap.wait_for_line("limit hit: 2 connections"))
        first.close()
        for _ in range(2):
            listener.accept().close()
        third.sock.settimeout(WAIT)
        self.assertEqual(third.status(), 200)
        second.close()


class Buffers(TestCase):
    COUNT, SIZE = 8, 4 << 20

    # LIM-4: reading pauses when all buffers together are full; nothing is lost, and it is noted
    def test_together_are_bounded(self):
        tap, listener = self.proxy("--max-buffered", "6m", "--workers", "1"), self.listener()
        pairs = [open_websocket(tap, listener) for _ in range(self.COUNT)]
        for client, server in pairs:
            self.enterContext(client)
        before = resident(tap.pid)
        sending = [in_background(lambda client=client: client.send(masked(BINARY, bytes(self.SIZE))))
                   for client, _ in pairs]
        eventually(lambda: any(r["type"] == "note" and "buffers_limited" in r["text"]
                               for r in everything(tap.capture)), "a note")
        if not SANITIZED:
            self.assertLess(resident(tap.pid) - before, self.COUNT * self.SIZE * 2 // 3)
        receiving = [in_background(server.frame) for _, server in pairs]
        for sent, received in zip(sending, receiving):
            sent.result(WAIT)
            self.assertEqual(len(received.result(WAIT).payload), self.SIZE)
        for client, server in pairs:
            client.close()
            server.close()

    # LIM-4: what is announced is not what is allocated
    def test_grow_with_what_arrived(self):
        tap, listener = self.proxy(), self.listener()
        pairs = [open_websocket(tap, listener) for _ in range(20)]
        before = resident(tap.pid)
        for client, server in pairs:
            client.send(masked(BINARY, bytes(16 << 20))[:2000])
        # Once another frame has gone through, these beginnings were read.
        client, server = open_websocket(tap, listener)
        client.send(masked(TEXT, b"through"))
        server.frame()
        if not SANITIZED:
            self.assertLess(resident(tap.pid) - before, 20 << 20)
        for client, server in [*pairs, (client, server)]:
            client.close()
            server.close()


if __name__ == "__main__":
    unittest.main()
