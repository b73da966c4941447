# SPDX-License-Identifier: Apache-2.0
"""Rules that are replaced while frames are held: what waits is judged by them too, and none of it is weaker (HOLD-5, SAFE-6,
PIPE-3)."""
import unittest

from frame_bytes import CONTINUATION, TEXT, frame, masked
from raw_peers import hang_up, open_websocket
from reviewing import held, intercept
from wstap_testing import RulesTest, everything, frames


class Replaced(RulesTest):
    # SAFE-6: what a reviewer makes is checked, and safety is not weakened through the socket
    def test_safety(self):
        rules = "[[safety.input]]\nid = 'no'\npattern = 'drop table'\n[[hold]]\nid = 'h'\nfilter = 'send and text'\n"
        tap = self.with_rules(rules)
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"select"))
        held(tap)
        intercept(tap, "modify", "1:2", "--text", "drop table", status=1)
        self.assertEqual(len(held(tap)), 1)
        self.rules.write_text("[[hold]]\nid = 'h'\nfilter = 'send and text'\n")
        intercept(tap, "rules", "--reload", status=1)
        self.rules.write_text(rules + "[[hold]]\nid = 'more'\nfilter = 'receive and text'\n")
        self.assertIn("hold:more", intercept(tap, "rules", "--reload"))
        server.send(frame(TEXT, b"held by the new rule"))
        self.assertEqual([item["rules"] for item in held(tap, 2)], [["h"], ["more"]])
        intercept(tap, "release", "--all")
        self.assertEqual(server.frame().payload, b"select")
        self.assertEqual(client.frame().payload, b"held by the new rule")
        # A rule that comes while nothing does counts as well.
        self.rules.write_text(rules + "[[hold]]\nid = 'more'\n[[safety.input]]\nid = 'too'\npattern = 'SECRET'\n")
        intercept(tap, "rules", "--reload")
        intercept(tap, "inject", "--flow", "1", "--to", "server", "--text", "SECRET", status=1)
        hang_up(client, server)

    # HOLD-5: a queue that becomes larger while frames wait for room in it
    def test_more_room(self):
        rules = "[[hold]]\nid = 'h'\nfilter = 'send and text'\n[hold_queue]\ncapacity = {}\n"
        tap = self.with_rules(rules.format(1))
        peers = [open_websocket(tap, self.listener()) for _ in range(2)]
        for client, _ in peers:
            client.send(masked(TEXT, b"one"), masked(TEXT, b"two"))
        self.assertEqual(len(held(tap)), 1)
        self.replace_rules(tap, rules.format(9))
        self.assertEqual(sorted(item["id"] for item in held(tap, 4)), ["1:2", "1:3", "2:2", "2:3"])
        intercept(tap, "release", "--all")
        for client, server in peers:
            self.assertEqual([server.frame().payload for _ in range(2)], [b"one", b"two"])
            hang_up(client, server)

    # SAFE-6: rules that are newer than what waits
    def rules_come(self, *sent, before=()):
        """Holds texts, and then has a safety rule against "evil". @return proxy, client, server."""
        hold = "[[hold]]\nid = 'h'\nfilter = 'send and not ping'\n"
        tap = self.with_rules(hold)
        client, server = open_websocket(tap, self.listener())
        client.send(*sent)
        held(tap, len(sent))
        for args in before:
            intercept(tap, *args)
        self.assertIn("1 safety rule", self.replace_rules(tap, hold + "[[safety.input]]\nid = 's'\npattern = 'evil'\n"))
        return tap, client, server

    def test_newer_rules_and_what_was_decided(self):
        injected = ("inject", "--flow", "1", "--to", "server", "--text", "evil", "--after", "1:2")
        raw = ("modify", "1:3", "--raw-hex", masked(TEXT, b"evil").hex())
        tap, client, server = self.rules_come(masked(TEXT, b"first"), masked(TEXT, b"second"), masked(TEXT, b"evil"),
                                              before=[injected, raw])
        intercept(tap, "release", "1:4", status=1)
        intercept(tap, "modify", "1:4", "--text", "good")
        intercept(tap, "release", "1:2")
        self.assertEqual([server.frame().payload for _ in range(2)], [b"first", b"good"])
        hang_up(client, server)
        tap.flow()
        self.assertEqual([(r["verdict"], r["cause"]) for r in frames(tap.capture) if r["seq"] == 3],
                         [("blocked", "safety:s")])
        notes = [r["text"] for r in everything(tap.capture) if r["type"] == "note"]
        self.assertIn("safety:s): not allowed", "".join(notes))

    def test_newer_rules_and_fragments(self):
        tap, client, server = self.rules_come(masked(TEXT, b"an ev", fin=False), masked(CONTINUATION, b"il", fin=False),
                                              masked(CONTINUATION, b" one"), masked(TEXT, b"next"))
        intercept(tap, "release", "1:5", "1:4", "1:3", "1:2")  # the first, without which none leaves, last
        said = [server.frame() for _ in range(3)]
        self.assertEqual([(f.fin, f.payload) for f in said], [(False, b"an ev"), (True, b""), (True, b"next")])
        hang_up(client, server)
        tap.flow()
        self.assertEqual([(r["seq"], r["verdict"]) for r in frames(tap.capture) if r.get("cause") == "safety:s"],
                         [(3, "truncated"), (4, "blocked")])


if __name__ == "__main__":
    unittest.main()
