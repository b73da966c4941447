# SPDX-License-Identifier: Apache-2.0
"""PIPE-6 between real peers: macros that take variables from one message and use them in others, and frames that are delayed."""
import asyncio
import json
import time
import unittest

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from conversations import connected
from frame_bytes import CLOSE, CONTINUATION, PING, PONG, TEXT, frame, masked
from raw_peers import WAIT, Listener, hang_up, open_websocket
from wstap_testing import SANITIZED, RulesTest, everything, frames

COMPRESSED = (ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory())
MACRO = """
[[macro]]
id = "session"

[[macro.rule]]
filter = 'receive and json("/type") == "session"'
extract = { token = { json = "/token" }, host = { pattern = 'https://([^/"]+)' } }

[[macro.rule]]
filter = 'send and json("/do") == "pay"'
set = { "/token" = "${token}" }
replace = { pattern = 'HOST', with = '<${host}>' }
after = { text = "paid with ${token}" }
"""


class Macros(RulesTest):
    def test_a_token_of_the_server_in_what_clients_send(self):
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap = self.with_rules(MACRO)

                async def session(name):
                    arrived = []

                    async def serve(ws):
                        arrived.append(await ws.recv())
                        await ws.send(['{"type":"session","to', f'ken":"{name}","url":"https://{name}.test/x"}}'])
                        async for message in ws:
                            arrived.append(message)
                    async with connected(tap, serve, *compression) as ws:
                        await ws.send('{"do":"pay","at":"HOST"}')
                        await asyncio.wait_for(ws.recv(), WAIT)
                        await ws.send(['{"do":"pay",', '"at":"HOST"}'])
                        await ws.send('{"do":"look","at":"HOST"}')
                    return arrived

                async def both():
                    return await asyncio.gather(session("one"), session("two"))
                for name, arrived in zip(("one", "two"), asyncio.run(both()), strict=True):
                    self.assertEqual(arrived[0], '{"do":"pay","at":"HOST"}')
                    self.assertEqual(json.loads(arrived[1]), {"do": "pay", "at": f"<{name}.test>", "token": name})
                    self.assertEqual(arrived[2:], [f"paid with {name}", '{"do":"look","at":"HOST"}'])
                tap.stop()
                causes = [f.get("cause", "") for f in frames(tap.capture, "send", flow=1)]
                self.assertEqual(causes[0], "edit_refused:variable_without_value")
                self.assertEqual(causes[1:4], ["macro:session"] * 3)


class Delays(RulesTest):
    def session(self, rules, *args):
        tap, listener = self.with_rules(rules, *args), self.enterContext(Listener())
        return tap, *open_websocket(tap, listener)

    def test_what_comes_behind_waits_too_and_the_other_direction_does_not(self):
        delay = 10 if SANITIZED else 1  # seconds: time enough to look into the capture meanwhile
        tap, client, server = self.session(
            f"[[transform]]\nid='slow'\nfilter='send and text contains \"slow\"'\ndelay='{delay}s'\n")
        with client:
            began = time.monotonic()
            client.send(masked(TEXT, b"one") + masked(TEXT, b"sl", fin=False) + masked(PING, b"p") +
                        masked(CONTINUATION, b"ow") + masked(TEXT, b"three") + masked(PING, b"behind"))
            self.assertEqual([server.frame().payload for _ in range(2)], [b"one", b"p"])
            server.send(frame(TEXT, b"other direction"))
            self.assertEqual(client.frame().payload, b"other direction")
            pending = tap.frames(4)
            self.assertEqual([f["verdict"] for f in pending if f["seq"] in (3, 5)], ["pending"] * 2)
            self.assertEqual([server.frame().payload for _ in range(4)], [b"sl", b"ow", b"three", b"behind"])
            self.assertGreater(time.monotonic() - began, 0.9 * delay)
            hang_up(client, server)
        self.assertEqual(tap.flow()["state"], "complete")
        tap.stop()
        records = everything(tap.capture)
        outcomes = [r for r in records if r["type"] == "outcome"]
        self.assertEqual([(o["seq"], o["verdict"], o.get("cause")) for o in outcomes],
                         [(3, "forwarded", None), (5, "forwarded", "rule:slow")])

    def test_every_frame_of_many(self):
        tap, client, server = self.session("[[transform]]\nid='slow'\nfilter='text'\ndelay='2ms'\n")
        says = [b"%d" % n * (1 + n * 37 % 4000) for n in range(100)]
        with client:
            client.send(b"".join(masked(TEXT, text) for text in says))
            self.assertEqual([server.frame().payload for _ in says], says)
            client.send(masked(CLOSE, b"\x03\xe8"))
            server.frame()
            server.send(frame(CLOSE, b"\x03\xe8"))
            client.frame()
            hang_up(client, server)
        self.assertEqual(tap.flow()["state"], "complete")

    # LIM-2: nobody else is idle then
    def test_longer_than_a_flow_may_be_idle(self):
        tap, client, server = self.session("[[transform]]\nid='slow'\nfilter='text'\ndelay='900ms'\n", "--idle-timeout", "300ms")
        with client:
            client.send(masked(TEXT, b"said"))
            self.assertEqual(server.frame().payload, b"said")
            hang_up(client, server)
        self.assertEqual(tap.flow()["state"], "complete")

    def test_a_shutdown_lets_it_leave(self):
        tap, client, server = self.session("[[transform]]\nid='slow'\nfilter='text'\ndelay='1h'\n")
        with client:
            client.send(masked(TEXT, b"said") + masked(PONG, b"not read"))
            tap.frames(1)
            server.send(frame(PING, b"p"))
            client.frame()
            tap.send_signal()
            self.assertEqual([(server.frame().payload), server.frame().payload[:2]], [b"said", b"\x03\xe9"])
            server.close()
            client.ending()
        tap.stop()
        self.assertEqual([f["verdict"] for f in frames(tap.capture, "send")][0], "forwarded")

    def test_a_reset_drops_it(self):
        tap, client, server = self.session("[[transform]]\nid='slow'\nfilter='text'\ndelay='1h'\n")
        client.send(masked(TEXT, b"said"))
        tap.frames(1)
        client.reset()
        self.assertEqual(server.ending(), "reset")
        self.assertEqual(tap.flow()["reason"], "reset")
        tap.stop()
        said, = frames(tap.capture, "send")
        self.assertEqual((said["verdict"], said["cause"]), ("dropped", "reset"))


if __name__ == "__main__":
    unittest.main()
