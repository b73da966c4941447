# SPDX-License-Identifier: Apache-2.0
"""Frames that are held and are changed, delayed, recorded in parts or listed by other rules besides (HOLD-3, PIPE-1, PIPE-4, CAP-5,
FRM-7)."""
import glob
import json
import unittest

from frame_bytes import BINARY, CLOSE, CONTINUATION, TEXT, masked
from raw_peers import hang_up, open_websocket
from reviewing import held, intercept
from wstap_testing import RulesTest, everything, frames, inspect, run

HOLD = "[[hold]]\nid = 'h'\nfilter = 'send and text'\n"


class Together(RulesTest):
    # HOLD-3: what a reviewer made of a message is what transforms see
    def test_another_opcode(self):
        changes = "[[transform]]\nid = '{0}'\nfilter = '{0}'\nreplace = {{pattern = 'a', with = '{1}'}}\n"
        tap = self.with_rules(HOLD + changes.format("text", "T") + changes.format("binary", "B"))
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"aa"))
        held(tap)
        intercept(tap, "modify", "1:2", "--opcode", "binary")
        frame = server.frame()
        self.assertEqual((frame.opcode, frame.payload), (BINARY, b"BB"))
        hang_up(client, server)

    # HOLD-3: an item that is a message as far as it came
    def test_message_as_far_as_it_came(self):
        tap = self.with_rules("[[hold]]\nid = 'h'\nfilter = 'send and payload contains \"a\"'\n", "--max-wait", "200ms")
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"aa", fin=False), masked(CONTINUATION, b"bb", fin=False))
        item = held(tap)[0]
        self.assertIn("payload as on the wire", intercept(tap, "show", item["id"], "--raw"))
        raw = masked(TEXT, b"mine", fin=False)
        intercept(tap, "modify", item["id"], "--raw-hex", raw.hex())
        self.assertEqual(server.frame().raw, raw)
        client.send(masked(CONTINUATION, b"rest"))
        self.assertEqual(server.frame().payload, b"rest")
        hang_up(client, server)
        tap.flow()
        self.assertEqual([r["verdict"] for r in frames(tap.capture)][:3], ["dropped", "changed", "forwarded"])

    # FRM-7: what is recorded stands in the order in which it left
    def test_shutdown_while_something_is_delayed(self):
        tap = self.with_rules(HOLD + "[[transform]]\nid = 'slow'\nfilter = 'send and text'\ndelay = '30s'\n")
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"slow"))
        held(tap)
        intercept(tap, "inject", "--flow", "1", "--to", "server", "--text", "behind", "--after", "1:2")
        intercept(tap, "release", "1:2")
        tap.process.terminate()
        left = [server.frame() for _ in range(3)]
        self.assertEqual([f.payload for f in left[:2]], [b"slow", b"behind"])
        self.assertEqual(left[2].opcode, CLOSE)
        hang_up(client, server)
        tap.process.wait(timeout=60)
        recorded = [r["opcode"] for r in frames(tap.capture) if r["dir"] == "send" and r["verdict"] != "forwarded"]
        self.assertEqual(recorded, ["text", "close"])

    # CAP-5: the last word may be in a part that is still written
    def test_parts(self):
        tap = self.with_rules(HOLD, "--rotate-size", "20k")
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"held"))
        held(tap)
        client.send(*[masked(BINARY, bytes(9000)) for _ in range(6)])
        server.send(*[b"\x82\x7e\x23\x28" + bytes(9000)] * 6)
        for _ in range(6):
            client.frame()
        parts = [str(tap.capture), *sorted(glob.glob(str(tap.capture).replace(".wstap", ".*.wstap")))]
        self.assertGreater(len(parts), 1)
        lines = run("inspect", "--json", "-Y", "text", *parts).stdout.splitlines()
        self.assertEqual([(r["verdict"], r["held_by"]) for r in map(json.loads, lines)], [("pending", "h")])
        intercept(tap, "release", "--all")
        hang_up(client, server)

    # PIPE-4: rules that would have decided are not those who did
    def test_rehearsal(self):
        tap = self.with_rules(HOLD)
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"evil"))
        held(tap)
        intercept(tap, "release", "1:2")
        server.frame()
        hang_up(client, server)
        tap.stop()
        self.rules.write_text("[[safety.input]]\nid = 's'\npattern = 'evil'\n")
        (blocked,) = inspect(tap.capture, "--rules", self.rules, status=6)
        self.assertEqual((blocked["cause"], blocked.get("decided_by"), blocked.get("held_ns")), ("safety:s", None, None))
        self.rules.write_text(HOLD.replace("'h'", "'other'"))
        (would,) = inspect(tap.capture, "--rules", self.rules)
        self.assertEqual((would["held_by"], would.get("decided_by"), would.get("held_ns")), ("other", None, None))
        self.assertIn("decided_by", [r for r in everything(tap.capture) if r.get("seq") == 2][0])


if __name__ == "__main__":
    unittest.main()
