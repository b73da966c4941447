# SPDX-License-Identifier: Apache-2.0
"""Rules between real peers: what they change arrives changed, with and without compression and wherever fragments end, and
they can be replaced while traffic flows (PIPE-3, PIPE-6, FIL-2, DEF-4, DEF-6)."""
import asyncio
import json
import re
import unittest

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from conversations import NodeTalk, as_json, connected, converse, messages, whole
from frame_bytes import CONTINUATION, TEXT, masked
from raw_peers import WAIT, hang_up, open_websocket
from wstap_testing import SANITIZED, RulesTest, frames, inspect, run

COMPRESSED = (ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory())
RULES = """
[[transform]]
id = "swap"
filter = 'send and text'
replace = { pattern = 'frame (\\w+)', with = '$1 FRAME <$0>' }

[[transform]]
id = "numbers"
filter = 'receive and text contains "0123456789mask"'
drop = true

[[transform]]
id = "role"
filter = 'send and json("/role") == "user"'
set = { "/role" = "admin" }
tags = ["promoted"]
after = { text = "promoted" }
"""


def sent_arrives(says):
    arrived = []
    for message in map(whole, says):
        text = isinstance(message, str)
        arrived.append(re.sub(r"frame ([A-Za-z0-9_]+)", r"\1 FRAME <\g<0>>", message) if text else message)
        if text and message.startswith('{"role"'):
            arrived[-1] = message.replace('"user"', '"admin"')
            arrived.append("promoted")
    return arrived


def received_arrives(says):
    return [m for m in map(whole, says) if not (isinstance(m, str) and "0123456789mask" in m)]


class PythonPeers(RulesTest):
    def test_both_directions(self):
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap, count = self.with_rules(RULES), 40 if SANITIZED else 300
                client_says = [*messages(count, 1), '{"role": "user", "n": 1.50}', ['{"role": "us', 'er", "n": 2}']]
                server_says = list(messages(count, 2))
                at_client, at_server, _ = asyncio.run(converse(tap, client_says, server_says, *compression))
                self.assertEqual(at_server, sent_arrives(client_says))
                self.assertEqual(at_client, received_arrives(server_says))
                tap.stop()
                recorded = frames(tap.capture)
                self.assertEqual([r for r in recorded if r["verdict"] in ("pending", "unresolved")], [])
                self.assertEqual({r["cause"] for r in recorded if "cause" in r} - {"recompressed"},
                                 {"rule:swap", "rule:numbers", "rule:role"})
                self.assertEqual(len([r for r in recorded if r.get("tags") == ["promoted"]]), 2)

    def test_a_pattern_is_found_wherever_fragments_end(self):
        text = "a frame word"
        says = [[text[:at], text[at:]] for at in range(len(text) + 1)]
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap = self.with_rules(RULES)
                _, at_server, _ = asyncio.run(converse(tap, says, [], *compression))
                self.assertEqual(at_server, ["a word FRAME <frame word>"] * len(says))

    # PIPE-3: numbered messages, while the rules change under them: none is lost, doubled or half changed
    def test_replaced_under_load(self):
        def rules(name):
            return f"[[transform]]\nid='{name}'\nfilter='send and text contains \"#\"'\n" \
                   f"replace={{pattern='#(\\d+)', with='{name}$1'}}\n"
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap = self.with_rules(rules("A"))

                async def session():
                    sent, arrived, over = 0, [], asyncio.get_running_loop().create_future()

                    async def serve(ws):
                        async for message in ws:
                            arrived.append(message)
                        over.set_result(None)

                    async def replace():
                        """Each set of rules is there until one of its messages has come through."""
                        for name in "BABABABA":
                            self.assertIn("1 transform", await asyncio.to_thread(self.replace_rules, tap, rules(name)))
                            before = sent
                            while len(arrived) <= before:
                                await asyncio.sleep(0.001)

                    async with connected(tap, serve, *compression) as ws:
                        replacing = asyncio.create_task(asyncio.wait_for(replace(), WAIT))
                        while not replacing.done():
                            if sent - len(arrived) > 50:  # always something under way, and never more than that
                                await asyncio.sleep(0.001)
                                continue
                            text = f"#{sent}"
                            await ws.send(text if sent % 3 else [text[:2], text[2:]])
                            sent += 1
                            await asyncio.sleep(0)
                        await replacing
                    await asyncio.wait_for(over, WAIT)
                    return sent, arrived
                sent, arrived = asyncio.run(session())
                self.assertEqual([int(message[1:]) for message in arrived], list(range(sent)))
                self.assertEqual({message[0] for message in arrived}, {"A", "B"})
                self.assertGreaterEqual(sum(a[0] != b[0] for a, b in zip(arrived, arrived[1:])), 7)
                tap.stop()
                notes = [json.loads(line) for line in run("inspect", "--format", "jsonl", tap.capture).stdout.splitlines()]
                self.assertGreater(len([n for n in notes if n["type"] == "note" and n["text"].startswith("rules: ")]), 5)

    # PIPE-3: a bad new file is refused whole, and the rules before stay
    # LIM-2, CAP-1: what a rule makes of one message may be larger than a record of the capture, and than a turn
    def test_many_copies_of_a_large_message(self):
        tap = self.with_rules("[[transform]]\nid='many'\nfilter='send and text'\ncopies=40\n"
                              "[[safety.output]]\nid='red'\npattern='next'\ndirection='both'\n")
        client, server = open_websocket(tap, self.listener())
        with client:
            client.send(masked(TEXT, b"q" * 1_000_000))
            for _ in range(41):
                self.assertEqual(server.frame().payload, b"q" * 1_000_000)
            client.send(masked(TEXT, b"next"))
            self.assertEqual([server.frame().payload for _ in range(41)], [b"next"] * 41)
            client.finish()
            server.finish()
        self.assertEqual(tap.flow()["state"], "complete")
        self.assertEqual([record["seq"] for record in frames(tap.capture)], list(range(2, 84)))

    def test_a_bad_file_changes_nothing(self):
        tap = self.with_rules("[[transform]]\nid='x'\nfilter='send and text contains \"a\"'\nreplace={pattern='a',with='b'}\n")
        said = self.replace_rules(tap, "[[transform]]\nid='x'\nfilter='send and'\ndrop=true\n")
        self.assertIn("the rules before stay", said)
        self.assertIn("rules.toml:3:8: filter: column 9", tap.wait_for_line(r"column 9"))
        _, at_server, _ = asyncio.run(converse(tap, ["aa"], []))
        self.assertEqual(at_server, ["bb"])
        self.rules.unlink()
        tap.reload()
        tap.wait_for_line("No such file")

    # DEF-7: rules that come while a compressed flow is open read it from there on
    def test_rules_come_late_to_a_compressed_flow(self):
        tap = self.with_rules("")

        async def session():
            async def serve(ws):
                async for message in ws:
                    await ws.send(message)
            async with connected(tap, serve, *COMPRESSED) as ws:
                async def answer(message):
                    await ws.send(message)
                    return await asyncio.wait_for(ws.recv(), WAIT)
                before = [await answer("the same words, said again") for _ in range(5)]
                rules = ("[[transform]]\nid='x'\nfilter='send and text contains \"words\"'\n"
                         "replace={pattern='words',with='WORDS'}\n")
                self.assertIn("1 transform", await asyncio.to_thread(self.replace_rules, tap, rules))
                return before, [await answer("the same words, said again") for _ in range(5)]
        before, after = asyncio.run(session())
        self.assertEqual(before, ["the same words, said again"] * 5)
        self.assertEqual(after, ["the same WORDS, said again"] * 5)

    # SAFE-2's patience: the rest of a message that never comes
    def test_fragments_wait_only_so_long(self):
        tap = self.with_rules(RULES, "--max-wait", "300ms")

        async def session():
            arrived, sent_on = [], asyncio.get_running_loop().create_future()

            async def slow():
                yield "one frame word, "
                await asyncio.wait_for(sent_on, WAIT)
                yield "and the rest"

            async def serve(ws):
                arrived.append(await ws.recv())
            async with connected(tap, serve) as ws:
                sending = asyncio.create_task(ws.send(slow()))
                await asyncio.to_thread(tap.frames, 1)
                await asyncio.sleep(0.6)
                sent_on.set_result(None)
                await asyncio.wait_for(sending, WAIT)
                await asyncio.wait_for(ws.wait_closed(), WAIT)
            return arrived
        self.assertEqual(asyncio.run(session()), ["one word FRAME <frame word>, and the rest"])


SAFETY = """
[[safety.input]]
id = "no-drop-table"
pattern = '(?i)drop\\s+table'
[[safety.input]]
id = "noted"
pattern = 'frame'
action = "log_only"
"""


class Safety(RulesTest):
    # SAFE-1, SAFE-2, SAFE-3: blocked first, middle and last fragments; what is blocked never arrives, the rest does
    def test_blocked_and_logged(self):
        bad = "please DROP  TABLE users"
        cuts = [[bad[:at], bad[at:at + 3], bad[at + 3:]] for at in range(1, len(bad) - 3)]
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                tap = self.with_rules(SAFETY)
                says = [said for cut in cuts for said in (cut, "a frame", b"drop table")] + [bad, "the last frame"]
                _, at_server, _ = asyncio.run(converse(tap, says, ["drop table"], *compression))
                self.assertEqual(at_server, ["a frame", b"drop table"] * len(cuts) + ["the last frame"])
                tap.stop()
                recorded = frames(tap.capture, "send")
                blocked = [r for r in recorded if r["verdict"] == "blocked"]
                self.assertTrue(all(r["safety_blocked"] and r["rule"] == "no-drop-table" for r in blocked))
                self.assertEqual(len({r.get("message", r["seq"]) for r in blocked}), len(cuts) + 1)
                logged = [r for r in recorded if r.get("safety_logged")]
                self.assertEqual(len(logged), len(cuts) + 1)
                # Behind what was blocked, what is compressed leaves compressed anew.
                verdict = "forwarded" if compression[0] is None else "changed"
                self.assertEqual({(r["verdict"], r["rule"]) for r in logged}, {(verdict, "noted")})

    # SAFE-2
    def test_a_block_that_ends_the_flow(self):
        tap = self.with_rules("[safety]\non_block = 'close'\n" + SAFETY)

        async def session():
            async def serve(ws):
                await ws.wait_closed()
            async with connected(tap, serve) as ws:
                await ws.send("drop table")
                await asyncio.wait_for(ws.wait_closed(), WAIT)
                return ws.close_code
        self.assertEqual(asyncio.run(session()), 1008)
        self.assertEqual(tap.flow()["reason"], "blocked")

    # SAFE-2, PIPE-3: the rest of a message that began before its rules
    def test_rules_come_in_the_middle_of_a_message(self):
        tap, listener = self.with_rules(""), self.listener()
        client, server = open_websocket(tap, listener)
        with client:
            client.send(masked(TEXT, b"DROP TABLE", fin=False))
            self.assertEqual(server.frame().payload, b"DROP TABLE")
            self.replace_rules(tap, SAFETY)
            client.send(masked(CONTINUATION, b"; DROP TABLE users", fin=False))
            client.send(masked(CONTINUATION, b"DROP TABLE") + masked(TEXT, b"x"))
            cut, last = server.frame(), server.frame()
            self.assertEqual((cut.opcode, cut.fin, cut.payload), (CONTINUATION, True, b""))
            self.assertEqual(last.payload, b"x")
            hang_up(client, server)
        tap.stop()
        why = "safety:no-drop-table"
        self.assertEqual([(f["verdict"], f.get("cause")) for f in frames(tap.capture, "send")][:4],
                         [("forwarded", None), ("truncated", why), ("blocked", why), ("forwarded", None)])


class NodePeer(RulesTest):
    # PIPE-6 with node's ws, compressed or not, masked and strict
    def test_both_directions(self):
        says = [[(message, n % 4 != 3) for n, message in enumerate(messages(20 if SANITIZED else 60, seed))] for seed in (3, 4)]
        expected = [[as_json(m) for m in sent_arrives([message for message, _ in says[0]])],
                    [as_json(m) for m in received_arrives([message for message, _ in says[1]])]]
        deflates = [(False, False), ({}, {}), ({}, {"clientNoContextTakeover": True, "serverNoContextTakeover": True})]
        with NodeTalk(*says) as talk:
            tap = self.with_rules(RULES, "--reverse", f"ws://127.0.0.1:{talk.port}")
            for deflate, (at_client, at_server) in zip(deflates, talk.converse(tap.address, deflates, WAIT * 2), strict=True):
                with self.subTest(deflate=deflate):
                    self.assertEqual(at_server, expected[0])
                    self.assertEqual(at_client, expected[1])
            tap.stop()
            self.assertEqual([f["state"] for f in inspect(tap.capture, "--flows")], ["complete"] * len(deflates))


if __name__ == "__main__":
    unittest.main()
