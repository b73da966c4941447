# SPDX-License-Identifier: Apache-2.0
"""SAFE-4 between real peers: clients get what servers say, and nothing that is recorded or printed gives it back."""
import asyncio
import base64
import json
import re
import tempfile
import unittest

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from conversations import END, NodeTalk, as_json, connected, converse, messages, said, whole
from raw_peers import WAIT, Listener, hang_up, open_websocket
from frame_bytes import TEXT, frame
from wstap_testing import SANITIZED, RulesTest, frames, inspect, run

COMPRESSED = (ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory())
ALONE = (ClientPerMessageDeflateFactory(server_no_context_takeover=True), ServerPerMessageDeflateFactory(
    server_no_context_takeover=True))
RULES = """
[[safety.output]]
id = "words"
pattern = '(?P<secret>fra)me|01234(\\d)'
replacement = "<hidden>"

[[safety.output]]
preset = "credit-card"

[[safety.output]]
preset = "auth-headers"

[[safety.output]]
id = "query"
pattern = 'key=\\w+'
where = ["url"]
"""
PAYLOADS = '[[safety.output]]\nid = "hide"\npattern = "s3cr3t-[a-z]+"\n'
REASONS = '[[safety.output]]\nid = "why"\npattern = "s3cr3t"\nwhere = ["close_reason"]\n'

CARD = "4111 1111 1111 1111"


def redacted(message):
    text = message if isinstance(message, str) else message.decode("latin-1")
    text = re.sub(r"fra(?=me)|01234(?:[0-9])", "<hidden>", text).replace(CARD, "[credit-card]")
    return text if isinstance(message, str) else text.encode("latin-1")


class RedactionTest(RulesTest):
    def assert_hidden(self, tap, words):
        """No file, and no view of it, has these words."""
        parts = sorted(tap.capture.parent.glob("*.wstap"))
        views = [part.read_bytes() for part in parts]
        for form in (["--format", "jsonl"], ["--json"], ["--raw"], ["--structured"], ["--messages", "--json"], ["--flows"]):
            views.append(run("inspect", *form, *parts).stdout.encode())
        copy = self.path("copy.wstap")
        run("inspect", "-q", "--force", "-w", copy, "-Y", "receive", *parts)
        views.append(copy.read_bytes())
        for word in words:
            for view in views:
                self.assertFalse(word in view, word)
        return copy


class PythonPeers(RedactionTest):
    def test_conversations(self):
        for compression in ((None, None), COMPRESSED, ALONE):
            with self.subTest(compression=compression):
                tap, count = self.with_rules(RULES), 40 if SANITIZED else 200
                client_says = list(messages(count, 1))
                server_says = [*messages(count, 2), f"pay with {CARD}", ["pay with 4111 11", "11 1111 1111"], f"{CARD} again"]
                at_client, at_server, _ = asyncio.run(converse(tap, client_says, server_says, *compression))
                self.assertEqual(at_client, [whole(m) for m in server_says])
                self.assertEqual(at_server, [whole(m) for m in client_says])
                tap.stop()
                recorded, _ = said(tap.capture, "receive")
                self.assertEqual(recorded[:len(server_says)], [redacted(whole(m)) for m in server_says])
                self.assertEqual(said(tap.capture, "send")[0][:count], [whole(m) for m in client_says])
                copy = self.assert_hidden(tap, [CARD.encode(), b"4111 11"])
                self.assertEqual(said(copy, "receive")[0], recorded)
                last = [f for f in frames(tap.capture, "receive") if f.get("redacted") == ["credit-card"]]
                self.assertEqual(len(last), 3)
                self.assertTrue(all(len(f["raw"]) <= 10 for f in last))
                self.assertGreater(len([f for f in frames(tap.capture, "receive") if f.get("payload_withheld")]), 5)

    def test_parts(self):
        tap = self.with_rules(RULES, "--rotate-size", "20K", "--inflate", "always")
        server_says = [f"pay with {CARD}, the {n}th time, and nothing else {n * 7919}" for n in range(1500)]
        asyncio.run(converse(tap, ["hello"], server_says, *COMPRESSED))
        tap.stop()
        parts = sorted(tap.capture.parent.glob("*.wstap"), key=lambda p: (len(p.name), p.name))
        self.assertGreater(len(parts), 2)
        self.assert_hidden(tap, [CARD.encode()])
        everything = [json.loads(line) for line in run("inspect", "--messages", "--json", *parts).stdout.splitlines()]
        self.assertEqual([m["payload"] for m in everything if m["dir"] == "receive"][:1500], [redacted(m) for m in server_says])
        # Each part can be read alone.
        alone = [json.loads(line) for line in run("inspect", "--json", "-Y", "receive", parts[1]).stdout.splitlines()]
        self.assertLessEqual({f["payload"] for f in alone if f["opcode"] == "text"}, {END, *map(redacted, server_says)})
        self.assertGreater(len(alone), 20)

    def test_printed_as_it_is_recorded(self):
        with tempfile.TemporaryFile() as printed:
            tap = self.with_rules(RULES, record=False, stdout=printed)
            asyncio.run(converse(tap, [], [f"pay with {CARD}"], *COMPRESSED))
            tap.stop()
            printed.seek(0)
            lines = printed.read().decode()
        self.assertIn("pay with [credit-card]", lines)
        self.assertNotIn("4111", lines)

    # PIPE-3: what was said compressed before the rules came cannot be read any more, and is withheld
    def test_rules_come_late(self):
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap = self.with_rules("")

                async def session():
                    async def serve(ws):
                        async for message in ws:
                            await ws.send(f"{message} with {CARD}")
                    async with connected(tap, serve, *compression) as ws:
                        async def answer(message):
                            await ws.send(message)
                            return await asyncio.wait_for(ws.recv(), WAIT)
                        before = await answer("before")
                        self.assertIn("4 redactions", await asyncio.to_thread(self.replace_rules, tap, RULES))
                        return [before] + [await answer("behind") for _ in range(3)]
                self.assertEqual(asyncio.run(session()), [f"before with {CARD}"] + [f"behind with {CARD}"] * 3)
                tap.stop()
                answers = [f for f in frames(tap.capture, "receive") if f["opcode"] == "text"]
                self.assertEqual(answers[0]["payload"], f"before with {CARD}")
                for late in answers[1:]:
                    if compression[0] is None:
                        self.assertEqual(late["payload"], "behind with [credit-card]")
                    else:
                        self.assertEqual((late["payload_withheld"], len(late["raw"])), (True, 2))


class Heads(RedactionTest):
    def test_tokens_in_heads_and_urls(self):
        tap, listener = self.with_rules(RULES), self.enterContext(Listener())
        client, server = open_websocket(tap, listener, extra="Authorization: Bearer abc.def\r\nCookie: id=secretcookie\r\n",
                                        agree="Set-Cookie: id=othercookie\r\n", target="/chat?key=secretkey&x=1")
        with client:
            server.send(frame(TEXT, b"hello"))
            self.assertEqual(client.frame().payload, b"hello")
            hang_up(client, server)
        tap.stop()
        self.assert_hidden(tap, [b"abc.def", b"secretcookie", b"othercookie", b"secretkey"])
        flow, = inspect(tap.capture, "--flows")
        self.assertIn("/chat?[redacted]&x=1", flow["url"])


class NodePeer(RedactionTest):
    def test_conversations(self):
        says = [[(message, n % 4 != 3) for n, message in enumerate(messages(20 if SANITIZED else 60, seed))] for seed in (3, 4)]
        deflates = [(False, False), ({}, {}), ({}, {"clientNoContextTakeover": True, "serverNoContextTakeover": True})]
        with NodeTalk(*says) as talk:
            tap = self.with_rules(RULES, "--reverse", f"ws://127.0.0.1:{talk.port}")
            for at_client, at_server in talk.converse(tap.address, deflates, WAIT * 2):
                self.assertEqual(at_client, [as_json(whole(m)) for m, _ in says[1]])
                self.assertEqual(at_server, [as_json(whole(m)) for m, _ in says[0]])
            tap.stop()
        recorded, _ = said(tap.capture, "receive")
        expected = [redacted(whole(m)) for m, _ in says[1]]
        self.assertEqual([m for m in recorded if m != END], expected * len(deflates))


class RulesThatGoAndCome(RulesTest):
    def exchange(self, tap, rules, says):
        self.assertIn(says, self.replace_rules(tap, rules))

    # CAP-5: what was redacted in one part is in no window of a later one
    def test_windows_of_later_parts(self):
        tap = self.with_rules(PAYLOADS, "--rotate-size", "2K", "--inflate", "always")

        async def session():
            async def serve(ws):
                async for message in ws:
                    await ws.send(message)
            async with connected(tap, serve, *COMPRESSED) as ws:
                async def echo(message):
                    await ws.send(message)
                    self.assertEqual(await asyncio.wait_for(ws.recv(), WAIT), message)
                await echo("s3cr3t-thing")
                await asyncio.to_thread(self.exchange, tap, "", "0 redactions")
                for n in range(300):
                    await echo(f"nothing {n * 7919} to hide")
        asyncio.run(session())
        tap.stop()
        parts = sorted(tap.capture.parent.glob("*.wstap"))
        windows = [line for line in run("inspect", "--format", "jsonl", *parts).stdout.splitlines()
                   if '"type":"window"' in line and '"dir":"receive"' in line]
        for window in windows:
            self.assertNotIn(b"s3cr3t-thing", base64.b64decode(json.loads(window)["bytes_b64"]))

    # PIPE-3: the rest of a message whose beginning no rule looked at
    def test_the_rest_of_a_message(self):
        tap, listener = self.with_rules(REASONS), self.enterContext(Listener())
        client, server = open_websocket(tap, listener)
        with client:
            server.send(frame(TEXT, b"a s3cr3t", fin=False))
            self.assertEqual(client.frame().payload, b"a s3cr3t")
            self.exchange(tap, REASONS + PAYLOADS, "2 redactions")
            server.send(frame(0, b"-thing"))
            self.assertEqual(client.frame().payload, b"-thing")
            hang_up(client, server)
        tap.stop()
        self.assertNotIn(b"-thing", tap.capture.read_bytes())


if __name__ == "__main__":
    unittest.main()
