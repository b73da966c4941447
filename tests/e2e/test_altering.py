# SPDX-License-Identifier: Apache-2.0
"""Messages that a step alters, between real peers: each end receives what the alteration says and nothing else, however
the two compress (DEF-1, DEF-3 to DEF-6, PIPE-5), and the capture says what became of every frame (FLOW-3)."""
import asyncio
import itertools
import random
import unittest

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from altering import AlteringProxy, AlteringTest, all_altered, altered, tagged
from conversations import NodeTalk, agreements, as_json, connected, converse, eight_bit_windows, said, whole
from raw_peers import WAIT
from wstap_testing import SANITIZED, Proxy, frames, inspect

BITS = (8, 9, 10, 12, 15)
PATIENCE = WAIT * 4


class PythonPeers(AlteringTest):
    def session(self, tap, client_says, server_says, client=None, server=None, alters=all_altered):
        at_client, at_server, agreed = asyncio.run(converse(tap, client_says, server_says, client, server))
        self.assertEqual(at_server, alters(client_says))
        self.assertEqual(at_client, alters(server_says))
        return agreed

    # DEF-1, DEF-3, DEF-4, DEF-6: both directions altered, in every agreement the library can make
    def test_every_agreement(self):
        tap, count = self.altering(), 20 if SANITIZED else 200
        bits = BITS[::2] if SANITIZED else BITS
        agreed = []
        with eight_bit_windows():
            for number, (server_alone, client_alone, server_bits, client_bits) in enumerate(agreements(bits)):
                with self.subTest(server_alone=server_alone, client_alone=client_alone, server_bits=server_bits,
                                  client_bits=client_bits):
                    agreed.append(self.session(
                        tap, list(tagged(count, 2 * number)), list(tagged(count, 2 * number + 1)),
                        ClientPerMessageDeflateFactory(False, False, None, True),
                        ServerPerMessageDeflateFactory(server_alone, client_alone, server_bits, client_bits)))
        self.assertEqual(len(set(agreed)), 4 * len(bits) ** 2)
        tap.stop()
        verdicts = {r["verdict"] for r in self.check_capture(tap.capture, len(agreed))}
        self.assertEqual(verdicts, {"forwarded", "changed", "dropped", "injected"})

    # DEF-3, DEF-4: thousands of messages with one context
    def test_long_conversation(self):
        tap, count = self.altering(), 300 if SANITIZED else 2000
        client_says, server_says = list(tagged(count, 1)), list(tagged(count, 2))
        self.session(tap, client_says, server_says, ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory())
        tap.stop()
        self.check_capture(tap.capture)
        for direction, says in (("send", client_says), ("receive", server_says)):
            texts, found = said(tap.capture, direction)
            came = [text for text, message in zip(texts, found) if message["verdict"] != "injected"]
            self.assertEqual(came[:-1], [whole(message) for message in says])

    # PIPE-1, DEF-4, DEF-8: the other direction stays as it came, and so do compressed bytes that nobody reads
    def test_one_direction(self):
        says = list(tagged(100, 3))
        for option, (direction, name) in itertools.product(("--directions", "--deflate"), enumerate(("send", "receive"))):
            with self.subTest(f"{option} {name}"):
                tap = self.altering(option, name)
                received = asyncio.run(converse(tap, says, says, ClientPerMessageDeflateFactory(),
                                                ServerPerMessageDeflateFactory()))
                self.assertEqual(received[1 - direction], all_altered(says))
                self.assertEqual(received[direction], [whole(message) for message in says])
                tap.stop()
                untouched = [r for r in self.check_capture(tap.capture) if r["dir"] != name]
                self.assertEqual({r["verdict"] for r in untouched}, {"forwarded"})

    # FRAG-1, PIPE-1: without compression a message's first frame decides
    def test_uncompressed(self):
        tap = self.altering()
        self.session(tap, list(tagged(300, 4)), list(tagged(300, 5)), alters=lambda says: all_altered(says, False))
        tap.stop()
        self.check_capture(tap.capture)

    # DEF-5, DEF-6, LIM-2: what is too large to be kept arrives whole behind an alteration, and is none before it
    def test_messages_over_the_limit(self):
        tap, large = self.altering("--max-message", "1m"), random.Random(6).randbytes(3 << 20)
        parts = [large[at:at + (300 << 10)] for at in range(0, len(large), 300 << 10)]
        says = [large, "change:x", large, "short", parts, b"\2" + large, "inject:y"]
        arrives = [large, "changed:xx", large, "short", large, b"\2" + large, "injected", "inject:y", b"injected"]
        self.session(tap, says, says, ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory(),
                     alters=lambda _: arrives)
        tap.stop()
        self.assertEqual([r for r in frames(tap.capture) if r["verdict"] in ("pending", "unresolved")], [])

    def receive(self, tap, sent):
        """@return what a client receives of what its server sends, uncompressed, and the close code."""
        async def serve(ws):
            try:
                for message in sent:
                    await ws.send(message)
                await ws.close(4000)
            except websockets.ConnectionClosed:
                pass

        async def listen():
            async with connected(tap, serve) as ws:
                return [message async for message in until_closed(ws)], ws.close_code
        return asyncio.run(asyncio.wait_for(listen(), WAIT))

    # PIPE-5: what has left of a dropped message is a message of its own
    def test_drop_in_an_open_message(self):
        tap = self.altering()
        self.assertEqual(self.receive(tap, [["of ", "a message ", "drop:the rest", " is missing"], "and another"]),
                         (["of a message ", "and another"], 4000))
        tap.stop()
        # The library ends a message of parts with an empty frame.
        self.assertEqual([(r["opcode"], r["fin"], r["verdict"]) for r in frames(tap.capture, "receive")],
                         [("text", False, "forwarded"), ("continuation", False, "forwarded"),
                          ("continuation", False, "truncated"), ("continuation", False, "dropped"),
                          ("continuation", True, "dropped"), ("text", True, "forwarded"), ("close", True, "forwarded")])

    # PIPE-5
    def test_drop_in_an_open_message_that_ends_it(self):
        tap = self.altering("--drop-open", "close")
        self.assertEqual(self.receive(tap, [["of ", "a message ", "drop:the rest"], "never arrives"]), ([], 1008))
        self.assertEqual(tap.flow()["state"], "error")


async def until_closed(ws):
    try:
        while True:
            yield await ws.recv()
    except websockets.ConnectionClosed:
        pass


class NodePeers(AlteringTest):
    def sessions(self, make_proxy, model):
        bits = (None, 8, 15) if SANITIZED else (None, *BITS)
        count = 10 if SANITIZED else 30
        says = [[(message, n % 4 != 3) for n, message in enumerate(tagged(count, seed))] for seed in (7, 8)]
        expected = [[as_json(arrived) for message, compressed in each for arrived in model(message, compressed)]
                    for each in says]
        deflates = [({}, {"serverNoContextTakeover": server_alone, "clientNoContextTakeover": client_alone,
                          **({"serverMaxWindowBits": server_bits} if server_bits else {}),
                          **({"clientMaxWindowBits": client_bits} if client_bits else {})})
                    for server_alone, client_alone, server_bits, client_bits in agreements(bits)]
        with NodeTalk(*says) as peers:
            tap = self.enterContext(make_proxy("--reverse", f"ws://127.0.0.1:{peers.port}"))
            for deflate, (at_client, at_server) in zip(deflates, peers.converse(tap.address, deflates, PATIENCE), strict=True):
                with self.subTest(deflate[1]):
                    self.assertEqual(at_client, expected[1])
                    self.assertEqual(at_server, expected[0])
            tap.stop()
        recorded = self.check_capture(tap.capture, len(deflates))
        self.assertEqual(len({f["extensions"] for f in inspect(tap.capture, "--flows")}), len(deflates))
        return recorded

    # DEF-1, DEF-3: nothing altered, uncompressed messages in between, Pings inside messages
    def test_every_agreement(self):
        recorded = self.sessions(Proxy, lambda message, _: [whole(message)])
        self.assertEqual({r["verdict"] for r in recorded}, {"forwarded"})
        self.assertTrue(any(r["compressed"] for r in recorded))

    # DEF-1, DEF-3, DEF-4, DEF-6
    def test_every_agreement_altered(self):
        recorded = self.sessions(AlteringProxy, altered)
        self.assertEqual({r["verdict"] for r in recorded}, {"forwarded", "changed", "dropped", "injected"})


if __name__ == "__main__":
    unittest.main()
