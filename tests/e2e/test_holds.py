# SPDX-License-Identifier: Apache-2.0
"""Frames held between real peers: both ends stay alive, whoever decides first wins, and the recording tells what happened
(HOLD-1 to HOLD-7, SAFE-6, CAP-2, FRM-7, FRM-8)."""
import collections
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from conversation import Conversation
from frame_bytes import CLOSE, CONTINUATION, PING, PONG, TEXT, close, frame, masked
from raw_peers import WAIT, connect, hang_up, open_websocket
from reviewing import Jsonl, held, intercept
from wstap_testing import SANITIZED, RulesTest, environment, eventually, everything, frames, inspect, run

HERE = os.path.dirname(__file__)
NODE = environment(NODE_PATH="/usr/share/nodejs")
SEND_TEXT = ("--hold", "send and text")


def opened(test, tap):
    """@return the two ends of a flow: client, server."""
    return open_websocket(tap, test.listener())


class Decisions(RulesTest):
    # HOLD-1, HOLD-2, HOLD-3, CAP-2
    def test_one_command_after_the_other(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"first"), masked(TEXT, b"second"), masked(PING, b"now"))
        self.assertEqual(server.frame().payload, b"now")
        server.send(frame(TEXT, b"the other way"))
        self.assertEqual(client.frame().payload, b"the other way")
        first, second = held(tap, 2)
        self.assertEqual((first["id"], first["direction"], first["opcode"], first["payload"], first["rules"]),
                         ("1:2", "client_to_server", "text", "first", ["--hold"]))
        self.assertIn("/chat", first["upgrade_url"])
        intercept(tap, "modify", "1:3", "--text", "changed")
        intercept(tap, "release", "1:2")
        self.assertEqual([server.frame().payload for _ in range(2)], [b"first", b"changed"])
        intercept(tap, "release", "1:2", status=1)
        intercept(tap, "inject", "--flow", "1", "--to", "client", "--text", "injected")
        self.assertEqual(client.frame().payload, b"injected")
        hang_up(client, server)
        tap.stop()
        by_seq = {r["seq"]: r for r in everything(tap.capture) if r["type"] == "frame"}
        self.assertEqual((by_seq[2]["verdict"], by_seq[2]["held_by"]), ("forwarded", "--hold"))
        self.assertEqual(by_seq[2]["cause"], "reviewer:" + by_seq[2]["decided_by"])
        self.assertEqual(by_seq[3]["verdict"], "changed")
        self.assertGreater(by_seq[3]["held_ns"], 0)
        self.assertEqual([seq for seq, r in by_seq.items() if "held_by" in r], [2, 3])
        self.assertEqual(len(inspect(tap.capture, "-Y", "held")), 2)
        messages = inspect(tap.capture, "--messages", "-Y", "held")
        self.assertEqual([(r["seq"], r["held_by"], r["decided_by"], r["held_ns"]) for r in messages],
                         [tuple(by_seq[seq][key] for key in ("seq", "held_by", "decided_by", "held_ns")) for seq in (2, 3)])
        self.assertIn("held ", run("inspect", "--messages", tap.capture).stdout)
        for picks in ((), ("-Y", "text")):
            copy = self.path("copy.wstap")
            run("inspect", *picks, "-w", copy, tap.capture)
            facts = [[r.get(key) for key in ("held_by", "decided_by", "held_ns")] for r in inspect(copy, "-Y", "held")]
            self.assertEqual(facts, [[by_seq[seq][key] for key in ("held_by", "decided_by", "held_ns")] for seq in (2, 3)])

    # CAP-2: the recording tells of a message that is held before it has an end
    def test_message_as_far_as_it_came(self):
        tap = self.proxy("--hold", 'send and payload contains "stop"', "--max-wait", "200ms")
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"please ", fin=False), masked(CONTINUATION, b"stop", fin=False))
        item = held(tap)[0]
        self.assertEqual((item["id"], item["payload"], item.get("whole")), ("1:3", "please stop", False))
        pending = {r["seq"]: r for r in inspect(tap.capture, "-Y", "text or opcode == continuation")}
        self.assertEqual([(r["verdict"], r.get("cause"), r.get("held_by")) for r in pending.values()],
                         [("pending", None, None), ("pending", "hold:--hold", "--hold")])
        self.assertEqual(len(inspect(tap.capture, "--messages", "-Y", 'cause == "hold:--hold"')), 1)
        intercept(tap, "release", "1:3")
        self.assertEqual([server.frame().payload for _ in range(2)], [b"please ", b"stop"])
        client.send(masked(CONTINUATION, b" now"))
        self.assertEqual(server.frame().payload, b" now")
        hang_up(client, server)
        tap.stop()
        (frame_held,) = inspect(tap.capture, "-Y", "held")
        self.assertEqual((frame_held["seq"], frame_held["verdict"], frame_held["held_by"]), (3, "forwarded", "--hold"))
        self.assertEqual(frame_held["cause"], "reviewer:" + frame_held["decided_by"])
        self.assertGreater(frame_held["held_ns"], 0)
        (message,) = inspect(tap.capture, "--messages", "-Y", "held")
        self.assertEqual((message["payload"], message["decided_by"]), ("please stop now", frame_held["decided_by"]))
        for read in (("-w", self.path("copy.wstap"), tap.capture), ("-w", self.path("piped.wstap"), "-")):
            with open(tap.capture, "rb") as capture:
                run("inspect", *read, stdin=capture)
            (copied,) = inspect(read[1], "-Y", "held")
            self.assertEqual([copied[key] for key in ("held_by", "decided_by", "held_ns")],
                             [frame_held[key] for key in ("held_by", "decided_by", "held_ns")])

    # HOLD-6: a person at a terminal, before a proxy with both its peers
    def test_a_person_decides(self):
        editor = self.path("editor")
        editor.write_text("#!/bin/sh\nprintf edited >\"$1\"\n")
        editor.chmod(0o700)
        tap = self.proxy("--hold", "text")
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"first"), masked(TEXT, b"second"))
        held(tap, 2)
        server.send(frame(TEXT, b"answer"))
        held(tap, 3)
        with Conversation("intercept", "--control", tap.ready["control"],
                          env={"EDITOR": str(editor), "VISUAL": "", "TERM": "dumb"}) as person:
            person.expect(r"1:\d -> text, 5 bytes.*\nfirst\n.*\]\? ")
            person.press("e")
            self.assertEqual(server.frame().payload, b"edited")
            person.expect(r"-> text, 6 bytes.*\nsecond\n.*\]\? ")
            person.press("d")
            person.expect(r"<- text, 6 bytes.*\nanswer\n.*\]\? ")
            person.press("r")
            self.assertEqual(client.frame().payload, b"answer")
            client.send(masked(PING, b"still here"))
            self.assertEqual(server.frame().payload, b"still here")
            person.expect(r"nothing is held \(q: quit\) ")
            person.press("q")
            self.assertEqual((person.wait(), person.mode()), (0, person.before))
        hang_up(client, server)
        tap.stop()
        self.assertEqual([r["verdict"] for r in frames(tap.capture) if r.get("held_by")],
                         ["changed", "dropped", "forwarded"])

    def test_drop_and_close(self):
        tap = self.proxy("--hold", "send and (text or close)")
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"gone"), close(1000, b"bye", mask=b"abcd"))
        held(tap, 2)
        intercept(tap, "drop", "1:2")
        intercept(tap, "modify", "1:3", "--close-code", "4001", "--close-reason", "other")
        self.assertEqual(server.frame().payload, b"\x0f\xa1other")
        server.send(close(4001))
        self.assertEqual(client.frame().opcode, CLOSE)
        hang_up(client, server)
        self.assertEqual(tap.flow()["state"], "complete")

    # HOLD-3: a mistake of the peers' own making, byte for byte
    def test_raw_bytes(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"x"))
        held(tap)
        intercept(tap, "modify", "1:2", "--raw-hex", "f1 00")
        self.assertEqual(server.read(2), b"\xf1\x00")
        hang_up(client, server)

    # HOLD-5
    def test_timeout(self):
        for action in ("release", "drop"):
            with self.subTest(action):
                tap = self.proxy(*SEND_TEXT, "--hold-timeout", "1s", "--hold-on-timeout", action)
                client, server = opened(self, tap)
                client.send(masked(TEXT, b"held"))
                held(tap)
                eventually(lambda: not intercept(tap, "list", "--json"), "the timeout")
                client.send(close(1000, mask=b"abcd"))
                arrived = [server.frame().opcode]
                if action == "release":
                    arrived.append(server.frame().opcode)
                self.assertEqual(arrived, [TEXT, CLOSE] if action == "release" else [CLOSE])
                hang_up(client, server)

    # HOLD-5: what is held when the proxy stops is dealt with as if nobody came
    def test_shutdown(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"held"))
        held(tap)
        tap.send_signal(signal.SIGTERM)
        self.assertEqual([server.frame().payload, server.frame().close_code], [b"held", 1001])
        self.assertEqual(client.frame().close_code, 1001)
        hang_up(client, server)
        self.assertEqual(tap.wait(), 0)
        self.assertEqual(frames(tap.capture)[0]["cause"], "hold_shutdown")

    # CAP-2: killed in the middle, the capture tells what was never decided
    def test_killed_with_frames_held(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"held"), masked(TEXT, b"too"))
        held(tap, 2)
        tap.process.kill()
        tap.process.wait(WAIT)
        found = [r for r in inspect(tap.capture, status=0) if r.get("payload") in ("held", "too")]
        self.assertEqual([(r["verdict"], r["held_by"]) for r in found], [("unresolved", "--hold")] * 2)
        self.assertEqual(len(inspect(tap.capture, "-Y", "held")), 2)
        # A socket of a dead process is no proxy that one could ask.
        said = subprocess.run([os.environ["WSTAP"], "intercept", "list"], env=environment(), capture_output=True, text=True)
        self.assertEqual(said.returncode, 2)

    # FRM-8: a reset is noticed while frames are held and nothing is read
    def test_reset_while_held(self):
        tap = self.proxy(*SEND_TEXT, "--hold-capacity", "1")
        client, server = opened(self, tap)
        client.send(masked(TEXT, b"held"), masked(TEXT, b"waits"), masked(TEXT, b"unread"))
        held(tap)
        client.reset()
        self.assertEqual(server.ending(), "reset")
        flow = tap.flow()
        self.assertEqual((flow["state"], flow["reason"]), ("error", "reset"))
        self.assertEqual(frames(tap.capture)[0]["cause"], "peer_gone")


class Reviewers(RulesTest):
    # HOLD-7
    def test_two_race(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        count = 50
        with Jsonl(tap, "--name", "ann") as ann, Jsonl(tap, "--name", "bob") as bob:
            client.send(*(masked(TEXT, b"%d" % i) for i in range(count)))
            answers = collections.defaultdict(list)
            for _ in range(count):
                ids = {ann.item()["id"], bob.item()["id"]}
                self.assertEqual(len(ids), 1)
                for reviewer in (ann, bob):
                    reviewer.decide(id=next(iter(ids)), action="release")
            # In any order: what comes late is known at once.
            for reviewer in (ann, bob):
                for _ in range(count):
                    answer = reviewer.answer()
                    answers[answer["id"]].append(answer["result"])
            self.assertEqual([sorted(pair) for pair in answers.values()], [["late", "ok"]] * count)
        self.assertEqual([server.frame().payload for _ in range(count)], [b"%d" % i for i in range(count)])
        hang_up(client, server)

    # HOLD-7: a reviewer that is killed, or stops reading, loses nothing and stalls nothing
    def test_killed_and_stuck(self):
        tap = self.proxy(*SEND_TEXT)
        client, server = opened(self, tap)
        with Jsonl(tap) as killed, Jsonl(tap) as stuck:
            client.send(masked(TEXT, b"one"))
            killed.item()
            stuck.process.send_signal(signal.SIGSTOP)
            killed.process.kill()
            with Jsonl(tap) as third:
                self.assertEqual(third.item()["payload"], "one")
                third.decide(id="1:2", action="release")
                self.assertEqual(third.answer()["result"], "ok")
            self.assertEqual(server.frame().payload, b"one")
            stuck.process.send_signal(signal.SIGCONT)
        hang_up(client, server)

    # HOLD-6: order is kept, however many there are
    def test_many(self):
        count = 5_000 if SANITIZED else 100_000
        tap = self.proxy(*SEND_TEXT, "--hold-keepalive", "off")
        client, server = opened(self, tap)
        arrived = []

        def read():
            for _ in range(count):
                arrived.append(int(server.frame().payload))

        def write():
            for begin in range(0, count, 1000):
                client.send(*(masked(TEXT, b"%d" % i) for i in range(begin, begin + 1000)))

        reading, writing = threading.Thread(target=read), threading.Thread(target=write)
        reading.start()
        with Jsonl(tap) as reviewer:
            writing.start()
            for _ in range(count):
                item = reviewer.item()
                reviewer.decide(id=item["id"], action="modify_and_forward", override_body=item["payload"])
            writing.join(WAIT)
            reading.join(WAIT)
            reviewer.finish()
        self.assertEqual(arrived, list(range(count)))
        hang_up(client, server)

    # The worked example of README.md and wstap-intercept(1)
    def test_jq_in_a_pipeline(self):
        tap = self.proxy("--hold", 'send and text contains "role"')
        client, server = opened(self, tap)
        watching, deciding = (f"{os.environ['WSTAP']} intercept --control {tap.ready['control']} {rest}"
                              for rest in ("watch --json", "--jsonl"))
        edit = ('select(.type == "held") | {id, action: "modify_and_forward", '
                'override_body: (.payload | fromjson | .role = "admin" | tojson)}')
        pipeline = subprocess.Popen(f"{watching} | jq --unbuffered -c '{edit}' | {deciding} > {self.path('answers')}",
                                    shell=True, env=environment(), start_new_session=True)
        try:
            client.send(masked(TEXT, b'{"role":"user","n":1}'), masked(TEXT, b"other"))
            self.assertEqual(json.loads(server.frame().payload), {"role": "admin", "n": 1})
            self.assertEqual(server.frame().payload, b"other")
        finally:
            os.killpg(pipeline.pid, signal.SIGTERM)
            pipeline.wait(WAIT)
        hang_up(client, server)


class Alive(RulesTest):
    # HOLD-4: both ends of node's ws have a heartbeat, and survive a hold that is six times as long
    def test_heartbeats(self):
        with subprocess.Popen(["node", os.path.join(HERE, "ws_heartbeat.js"), "server", "300"], stdout=subprocess.PIPE,
                              text=True, env=NODE) as server:
            try:
                port = int(server.stdout.readline())
                tap = self.proxy(*SEND_TEXT, "--reverse", f"ws://127.0.0.1:{port}", "--hold-keepalive", "100ms",
                                 "--hold-keepalive-client", "100ms")
                url = "ws://{}:{}/".format(*tap.address)
                with subprocess.Popen(["node", os.path.join(HERE, "ws_heartbeat.js"), "client", "300", url],
                                      stdout=subprocess.PIPE, text=True, env=NODE) as client:
                    try:
                        held(tap)
                        time.sleep(2)
                        intercept(tap, "modify", "1:2", "--text", "still alive")
                        self.assertEqual(client.stdout.readline(), "still alive\n")
                        self.assertEqual(client.wait(WAIT), 0)
                    finally:
                        client.kill()
                tap.stop()
            finally:
                server.kill()
        recorded = frames(tap.capture)
        self.assertTrue([r for r in recorded if r["verdict"] == "synthetic" and r["cause"] == "keepalive"])
        self.assertTrue([r for r in recorded if r["verdict"] == "swallowed"])
        self.assertEqual([r for r in recorded if r["verdict"] in ("pending", "unresolved")], [])

    # HOLD-4: a load balancer in front of the server ends silent connections; it hears wstap's Pings
    @unittest.skipUnless(shutil.which("haproxy") or os.path.exists("/usr/sbin/haproxy"), "haproxy is not installed")
    def test_load_balancer(self):
        for keepalive, survives in (("300ms", True), ("off", False)):
            with self.subTest(keepalive):
                listener = self.listener()
                balancer = self.listener()
                port = balancer.port
                balancer.sock.close()
                config = self.path("haproxy.cfg")
                config.write_text("defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
                                  " timeout tunnel 1s\n"
                                  f"frontend f\n bind 127.0.0.1:{port}\n default_backend b\n"
                                  f"backend b\n server s {listener.target}\n")
                program = shutil.which("haproxy") or "/usr/sbin/haproxy"
                with subprocess.Popen([program, "-db", "-f", config], stderr=subprocess.DEVNULL) as running:
                    try:
                        self.hold_behind(listener, port, keepalive, survives)
                    finally:
                        running.terminate()

    def hold_behind(self, listener, port, keepalive, survives):
        tap = self.proxy(*SEND_TEXT, "--hold-keepalive", keepalive, "--reverse", f"http://127.0.0.1:{port}")

        def listens():
            try:
                return not connect(("127.0.0.1", port)).close()
            except OSError:
                return False
        eventually(listens, "haproxy")
        client, server = open_websocket(tap, listener, "reverse")
        answering = threading.Thread(target=self.answer_pings, args=(server,), daemon=True)
        self.texts = []
        answering.start()
        client.send(masked(TEXT, b"held"))
        item = held(tap)[0]
        time.sleep(3)
        if survives:
            intercept(tap, "release", item["id"])
            eventually(lambda: self.texts == [b"held"], "the held frame")
            client.send(close(1000, mask=b"abcd"))
        else:
            self.assertEqual(client.rest(), b"")
        client.close()
        answering.join(WAIT)

    def answer_pings(self, server):
        try:
            while True:
                came = server.frame()
                if came.opcode == PING:
                    server.send(frame(PONG, came.payload))
                elif came.opcode == TEXT:
                    self.texts.append(came.payload)
        except (EOFError, OSError):
            server.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
