# SPDX-License-Identifier: Apache-2.0
"""SAFE-6: `wstap inspect --rules FILE` shows what rules would have done to a capture, as a proxy with them does it."""
import asyncio
import base64
import json
import pathlib
import random
import tempfile
import unittest

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

import sample_session
from command_line import wstap
from conversations import converse, messages
from frame_bytes import CLOSE, CONTINUATION, TEXT, frame, masked, read_frame
from raw_peers import Listener, hang_up, open_websocket
from wstap_testing import Proxy, frames

COMPRESSED = (ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory())
RULES = """
[[safety.input]]
id = "no-braces"
pattern = '\\},.*\\{'

[[safety.input]]
id = "seen"
pattern = 'mask mask'
action = "log_only"

[[transform]]
id = "swap"
filter = 'send and text'
replace = { pattern = 'frame frame', with = 'FRAME' }

[[transform]]
id = "long"
filter = 'receive and payload.length > 2000'
drop = true
tags = ["long"]

[[transform]]
id = "fragments"
filter = 'receive and not fin'
tags = ["fragment"]
"""


class Rehearsals(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="wstap-rehearsal-")))
        cls.sample = cls.directory / "sample.wstap"
        sample_session.record(cls.sample)

    def rehearse(self, rules, capture, *args, status=0):
        path = self.directory / "rules.toml"
        path.write_text(rules)
        said = wstap("inspect", "--rules", path, *args, capture)
        self.assertEqual((said.status, said.err), (status, ""))
        return said.out

    def listed(self, rules, capture, *args, status=0):
        return [json.loads(line) for line in self.rehearse(rules, capture, "--json", *args, status=status).splitlines()]

    def test_as_a_proxy_does_it(self):
        rules = self.directory / "live.toml"
        rules.write_text(RULES)
        client_says, server_says = list(messages(150, 1)), list(messages(150, 2))
        for compression in ((None, None), COMPRESSED):
            with self.subTest(compressed=compression[0] is not None):
                captures = []
                for args in ([], ["--rules", rules]):
                    captures.append(self.directory / f"{len(captures)}.wstap")
                    with Proxy("-q", "--force", *args, capture=captures[-1]) as proxy:
                        asyncio.run(converse(proxy, client_says, server_says, *compression))
                        proxy.flow(1)

                def what(records):
                    """@return by message, or frame: the verdict, the rule, and what is said of it."""
                    found = {}
                    for r in records:
                        if r["verdict"] == "changed" and r.get("cause") == "recompressed":
                            r = r | {"verdict": "forwarded", "cause": ""}
                        is_told = r["verdict"] != "forwarded" or r.get("tags") or r.get("safety_logged")
                        if is_told:
                            found[r["dir"], r.get("message", r["seq"])] = r["verdict"], r.get("rule"), r.get("tags"), \
                                r.get("safety_logged", False)
                    return found

                def ordered(found):
                    """The two directions meet at other places each time."""
                    return [sorted((key[1], value) for key, value in found.items() if key[0] == way)
                            for way in ("send", "receive")]
                live, rehearsed = what(frames(captures[1])), what(self.listed(RULES, captures[0], status=6))
                values = [[value for _, value in sorted(way, key=str)] for way in ordered(live)]
                self.assertEqual(sorted(map(str, values[0])), sorted(str(v) for _, v in ordered(rehearsed)[0]))
                self.assertEqual(sorted(map(str, values[1])), sorted(str(v) for _, v in ordered(rehearsed)[1]))
                self.assertGreater(len(values[0]), 20)

    # HOLD-1: what would be held, alone or as a message
    def test_holds(self):
        rules = "[[hold]]\nid = 'pings'\nfilter = 'ping'\n[[hold]]\nid = 'all'\nfilter = 'send and not fin'\n" \
                "[[hold]]\nid = 'also'\nfilter = 'send and ping'\n"
        capture = self.directory / "holds.wstap"
        with Proxy("-q", "--force", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener)
            client.send(masked(9, b"a"), masked(TEXT, b"b", fin=False), masked(CONTINUATION, b"c"), masked(TEXT, b"d"))
            server.send(frame(9, b"e"))
            hang_up(client, server)
            proxy.flow(1)
        found = [(r["dir"], r["opcode"], r["verdict"], r["held_by"]) for r in self.listed(rules, capture)]
        self.assertEqual(sorted(found), [("receive", "ping", "forwarded", "pings"), ("send", "ping", "forwarded", "pings,also"),
                                         ("send", "text", "forwarded", "all")])
        self.assertIn("held (pings,also)", self.rehearse(rules, capture))
        self.assertEqual([line.split() for line in self.rehearse(rules, capture, "--by-rule").splitlines()],
                         [["1", "hold:all"], ["1", "hold:also"], ["2", "hold:pings"]])

    # ... also to frames that RFC 6455 forbids: each is judged as part of the message that a proxy takes it for.
    def test_frames_in_any_order(self):
        safety = "[[safety.input]]\nid='ab'\npattern='ab'\n"
        frame_rules = "[[transform]]\nid='cut'\nfilter='continuation and length == 4'\ndrop=true\n" \
                      "[[transform]]\nid='first'\nfilter='text and not fin'\ntags=['first']\n" \
                      "[[transform]]\nid='one'\nfilter='length == 1'\nafter={opcode='ping',text='x'}\n" \
                      "[[transform]]\nid='end'\nfilter='fin and length == 2'\nfin=false\n"
        message_rules = "[[transform]]\nid='c'\nfilter='text contains \"c\"'\nreplace={pattern='c',with='CC'}\n" \
                        "[[transform]]\nid='d'\nfilter='payload contains \"dd\"'\ndrop=true\n"
        for seed, rules in enumerate((frame_rules, message_rules, safety + frame_rules, frame_rules + message_rules,
                                      "[safety]\non_unreadable='pass'\n" + safety + message_rules)):
            with self.subTest(rules=rules):
                path = self.directory / "soup.toml"
                path.write_text(rules)
                capture = self.directory / f"soup{seed}.wstap"
                rng = random.Random(seed)
                soup = [masked(rng.choice((0, 0, 0, 1, 1, 2, 3, 9)), "".join(rng.choices("abcd", k=rng.randint(1, 4))).encode(),
                               fin=rng.random() < .5) for _ in range(600)]
                # Control frames are whole.
                soup = [part if part[0] & 8 == 0 else bytes([part[0] | 128]) + part[1:] for part in soup]
                with Proxy("-q", "--force", "--rules", path, capture=capture) as proxy, Listener() as listener:
                    client, server = open_websocket(proxy, listener)
                    with client, server:
                        client.send(*soup, masked(CLOSE, b"\x03\xe8"), masked(TEXT, b"abcd"))
                        while server.frame().opcode != CLOSE:
                            pass
                        server.send(frame(CLOSE, b"\x03\xe8"))
                    proxy.flow(1)

                def fates(records):
                    """@return by message, or frame, what became of it, and its tags. The fragments of a message share its fate,
                    and are listed beside it only where something is said of them."""
                    found = {}
                    for r in records:
                        if r["verdict"] == "injected":
                            continue
                        fate = {r["verdict"]} if r["verdict"] != "forwarded" else set()
                        fate |= {r["cause"]} if "cause" in r else set()
                        fate |= set(r.get("tags", ()))
                        if fate:
                            found[r.get("message", r["seq"])] = found.get(r.get("message", r["seq"]), set()) | fate
                    # Where a message was cut off, what of it had waited was dropped.
                    return {key: fate - {"dropped", "blocked"} if "truncated" in fate else fate for key, fate in found.items()}
                recorded = [r for r in frames(capture, "send") if r.get("cause") != "after_close"]
                listed = self.listed(rules, capture, status=6 if safety in rules else 0)
                live, rehearsed = fates(recorded), fates([r for r in listed if r["dir"] == "send"])
                self.assertGreater(len(live), 50)
                self.assertEqual(live, rehearsed)

    def test_what_would_leave(self):
        changed, = self.listed("[[transform]]\nid='x'\nfilter='text == \"fragment\"'\nreplace={pattern='frag',with='seg'}\n",
                               self.sample)
        self.assertEqual((changed["verdict"], changed["rule"], changed["message"], changed["fin"]), ("changed", "x", 4, True))
        sent = base64.b64decode(changed["sent_b64"])
        self.assertEqual(read_frame(lambda n, data=iter(sent): bytes(next(data) for _ in range(n))).payload, b"segment")

    def test_compressed_messages(self):
        blocked, = self.listed("[[safety.input]]\nid='x'\npattern='Hello'\n", self.sample, status=6)
        self.assertEqual((blocked["flow"], blocked["verdict"], blocked["safety_blocked"], blocked["payload"]),
                         (2, "blocked", True, "Hello"))

    # SAFE-4: what would have been redacted, in messages however they are cut and compressed
    def test_what_would_be_redacted(self):
        rules = "[[safety.output]]\nid='o'\npattern='ragmen|Hell'\ndirection='both'\n" \
                "[[transform]]\nid='t'\nfilter='text == \"fragment\"'\ndrop=true\n"
        listed = self.listed(rules, self.sample)
        self.assertEqual([(f["flow"], f["verdict"], f.get("redacted")) for f in listed],
                         [(1, "dropped", ["o"]), (2, "forwarded", ["o"])])
        self.assertIn("redacted (o)", self.rehearse(rules, self.sample))
        self.assertEqual(self.rehearse(rules.replace("ragmen|Hell", "nowhere"), self.sample, "--count"), "1\n")

    # SAFE-2: what only the two peers know how to read
    def test_unknown_extensions(self):
        capture = self.directory / "extended.wstap"
        extension = "Sec-WebSocket-Extensions: x-rot13\r\n"
        with Proxy("-q", "--force", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener, extra=extension, agree=extension)
            client.send(masked(TEXT, b"qebc gnoyr"))
            server.frame()
            hang_up(client, server)
            proxy.flow(1)
        blocked, = self.listed("[[safety.input]]\nid='x'\npattern='drop table'\n", capture, status=6)
        self.assertEqual((blocked["verdict"], blocked["cause"]), ("blocked", "safety:unreadable"))
        refused, = self.listed("[[transform]]\nid='x'\ndrop=true\n", capture)
        self.assertEqual((refused["verdict"], refused["cause"]), ("forwarded", "edit_refused:unknown_extension"))

    def test_frames_of_rules(self):
        rules = "[[transform]]\nid='x'\nfilter='ping'\nbefore={text='a'}\nafter={text='b'}\ntags=['t']\n"
        shown = self.listed(rules, self.sample)
        self.assertEqual([(f["verdict"], f["opcode"], f.get("payload"), f.get("tags")) for f in shown],
                         [("injected", "text", "a", None), ("forwarded", "ping", None, ["t"]), ("injected", "text", "b", None)])

    # HOLD-3: nothing follows a Close
    def test_nothing_leaves_behind_a_close(self):
        rules = "[[transform]]\nid='x'\nfilter='close'\nbefore={text='a'}\nafter={text='b'}\ncopies=2\n"
        shown = self.listed(rules, self.sample)
        self.assertTrue(shown)
        self.assertEqual({(f["verdict"], f["payload"]) for f in shown}, {("injected", "a")})

    # PIPE-6: of what is decided then, and not of what became of it when it was recorded
    def test_what_is_recorded_of_frames_is_no_matter(self):
        live = self.directory / "tags.toml"
        live.write_text("[[transform]]\nid='x'\nfilter='text'\ntags=['t']\n")
        capture = self.directory / "tags.wstap"
        with Proxy("-q", "--force", "--rules", live, capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener)
            client.send(masked(TEXT, b"x"))
            server.frame()
            hang_up(client, server)
            proxy.flow(1)
        self.assertEqual(frames(capture)[0]["tags"], ["t"])
        by_tag = "[[transform]]\nid='y'\nfilter='tag == \"t\"'\ndrop=true\n"
        self.assertEqual(self.listed(by_tag, capture), [])
        dropped, = self.listed(live.read_text() + by_tag, capture)
        self.assertEqual((dropped["verdict"], dropped["cause"]), ("dropped", "rule:y"))

    def test_filters_forms_and_counts(self):
        rules = "[[transform]]\nid='x'\nfilter='text'\ndrop=true\n[[transform]]\nid='y'\nfilter='ping'\ntags=['p']\n"
        everything = self.listed(rules, self.sample)
        dropped = self.listed(rules, self.sample, "-Y", "verdict == dropped")
        self.assertEqual({f["verdict"] for f in everything}, {"dropped", "forwarded"})
        self.assertEqual(dropped, [f for f in everything if f["verdict"] == "dropped"])
        self.assertEqual(self.rehearse(rules, self.sample, "--count", "-Y", "tag == \"p\""), "1\n")
        self.assertEqual(self.rehearse(rules, self.sample, "-e", "verdict,cause", "-Y", "ping"), "forwarded\t\n")
        for form in ("text", "raw", "structured", "jsonl"):
            self.assertIn("rule:x", self.rehearse(rules, self.sample, "--format", form))
        self.assertEqual(self.rehearse("", self.sample), "")

    # SAFE-6: which rules do something, and which never do
    def test_by_rule(self):
        rules = """
[scope]
deny = ["elsewhere.example"]
[[safety.input]]
id = "no-hello"
pattern = "Hello"
[[safety.input]]
id = "seen"
pattern = "frag.*"
action = "log_only"
[[safety.input]]
id = "never"
pattern = "xyzzy"
[[transform]]
id = "texts"
filter = 'text and payload.length > 0'
tags = ["x"]
[[macro]]
id = "m"
[[macro.rule]]
id = "pings"
filter = 'ping'
drop = true
[[macro.rule]]
filter = 'binary'
drop = true
[[safety.output]]
id = "hidden"
pattern = "hello"
direction = "both"
"""
        told = [line.split(maxsplit=1) for line in self.rehearse(rules, self.sample, "--by-rule", status=6).splitlines()]
        listed = self.listed(rules, self.sample, status=6)
        self.assertEqual([name for _, name in told], ["scope", "safety:no-hello", "safety:seen", "safety:never", "rule:texts",
                                                      "macro:m/pings", "macro:m", "redaction:hidden"])
        counts = {name: int(times) for times, name in told}
        self.assertEqual(counts["safety:no-hello"], len([r for r in listed if r["verdict"] == "blocked"]))
        self.assertEqual(counts["safety:seen"], len([r for r in listed if r.get("safety_logged")]))
        self.assertEqual(counts["rule:texts"], len([r for r in listed if r.get("tags") == ["x"]]))
        self.assertEqual(counts["macro:m/pings"], len([r for r in listed if r.get("cause") == "macro:m/pings"]))
        self.assertEqual(counts["redaction:hidden"], len([r for r in listed if r.get("redacted")]))
        self.assertEqual((counts["scope"], counts["safety:never"]), (0, 0))
        self.assertTrue(all(counts[name] for name in counts if name not in ("scope", "safety:never")), counts)
        out = self.rehearse('[scope]\ndeny = ["*"]\n', self.sample, "--by-rule", status=6)
        self.assertRegex(out, r"\A +[1-9][0-9]* scope\n\Z")

    def test_what_was_not_finished(self):
        capture = self.directory / "unfinished.wstap"
        with Proxy("-q", "--force", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener)
            with client:
                client.send(masked(TEXT, b"drop ", fin=False) + masked(CONTINUATION, b"table", fin=False))
                server.frame(), server.frame()
                hang_up(client, server)
            proxy.flow(1)
        blocked, = self.listed("[[safety.input]]\nid='x'\npattern='drop table'\n", capture, status=6)
        self.assertEqual((blocked["seq"], blocked["verdict"]), (3, "blocked"))
        self.assertEqual(self.listed("[[transform]]\nid='x'\nfilter='text'\ndelay='1s'\n", capture), [])

    def test_bad_rules(self):
        path = self.directory / "bad.toml"
        path.write_text("[[transform]]\nid='x'\n")
        said = wstap("inspect", "--rules", path, self.sample)
        self.assertEqual((said.status, said.out), (2, ""))
        self.assertIn("bad.toml:1:1: the rule does nothing", said.err)
        for other in ("--flows", "--messages", "--lint"):
            self.assertEqual(wstap("inspect", "--rules", path, other, self.sample).status, 2)


if __name__ == "__main__":
    unittest.main()
