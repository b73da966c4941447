# SPDX-License-Identifier: Apache-2.0
"""Programs that decide about held items (HOLD-6): `wstap intercept --jsonl`, `--exec`, and `watch` beside them."""
import base64
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from held_frames import HeldTest
from raw_peers import WAIT
from wstap_testing import WSTAP, environment, eventually

MANY = 100_000
BIG = 3 << 20  # far beyond what pipes and sockets hold


class Talking(HeldTest):
    def start(self, *args, name="ann", **options):
        """@return wstap with pipes to all sides, which ends with the test."""
        pipes = {stream: subprocess.PIPE for stream in ("stdin", "stdout", "stderr")}
        process = subprocess.Popen([WSTAP, *map(str, self.arguments(*args, name=name))], env=environment(), **(pipes | options))

        def end():
            if process.poll() is None:
                process.kill()
            process.wait(WAIT)
            for stream in pipes:
                if (pipe := getattr(process, stream)) and not pipe.closed:
                    pipe.close()
        self.addCleanup(end)
        return process

    def lines(self, process, count):
        return [json.loads(process.stdout.readline()) for _ in range(count)]

    def say(self, process, *decisions):
        process.stdin.write(b"".join(json.dumps(decision).encode() + b"\n" for decision in decisions))
        process.stdin.flush()

    def end(self, process, status=0, err=""):
        process.stdin.close()
        self.assertEqual(process.wait(WAIT), status)
        self.assertEqual(process.stderr.read().decode(), err)


class JsonLines(Talking):
    def test_items_out_decisions_in_answers_out(self):
        self.held.hold("1:2", "Hello")
        process = self.start("--jsonl")
        self.assertEqual([(item["id"], item["payload"]) for item in self.lines(process, 1)], [("1:2", "Hello")])
        self.held.hold("1:3")
        self.assertEqual(self.lines(process, 1)[0]["id"], "1:3")
        self.say(process, {"id": "1:3", "action": "modify_and_forward", "override_body": "Bye"})
        self.assertEqual(self.lines(process, 1), [{"id": "1:3", "result": "ok"}])
        self.assertEqual(self.held.decision(), "1:3 modify_and_forward by=ann body=427965")
        self.say(process, {"action": "inject", "flow_id": 1, "direction": "server_to_client", "override_body": "x"})
        self.assertEqual(self.lines(process, 1), [{"id": None, "result": "ok"}])
        self.end(process)

    # HOLD-7
    def test_the_first_decision_wins(self):
        self.held.hold("1:2")
        one, two = self.start("--jsonl", name="bob"), self.start("--jsonl")
        for process in (one, two):
            self.assertEqual(self.lines(process, 1)[0]["id"], "1:2")
        self.say(one, {"id": "1:2", "action": "drop"})
        self.assertEqual(self.lines(one, 1), [{"id": "1:2", "result": "ok"}])
        self.say(two, {"id": "1:2", "action": "release"})
        self.assertEqual(self.lines(two, 1), [{"id": "1:2", "result": "late", "by": "bob", "reason": "it is decided already"}])

    def test_a_broken_line_is_answered_and_the_next_one_read(self):
        self.held.hold("1:2")
        process = self.start("--jsonl")
        self.lines(process, 1)
        process.stdin.write(b'release\n\n  \n{"id":"1:2","action":"relaese"}\n{"id":"1:2","action":"release"}')
        process.stdin.close()
        answers = self.lines(process, 3)
        self.assertEqual([(answer["id"], answer["result"]) for answer in answers],
                         [(None, "refused"), ("1:2", "refused"), ("1:2", "ok")])
        self.assertRegex(answers[1]["reason"], "^action: wanted is release, ")
        self.end(process)

    def test_a_line_without_an_end_takes_no_memory(self):
        self.held.hold("1:2")
        process = self.start("--jsonl")
        self.lines(process, 1)
        for _ in range(110):  # more than any request may have
            process.stdin.write(bytes(1 << 20))
        process.stdin.write(b"\n")
        self.say(process, {"id": "1:2", "action": "release"})
        first, second = self.lines(process, 2)
        self.assertEqual((first["id"], first["result"], second), (None, "refused", {"id": "1:2", "result": "ok"}))
        self.assertRegex(first["reason"], r"^a line has at most \d+ bytes$")
        self.end(process)

    def test_the_end_waits_for_answers(self):
        self.held.tell("many 2000 10")
        process = self.start("--jsonl")
        said = b"".join(b'{"id":"1:%d","action":"release"}\n' % i for i in range(2, 2002))
        out, err = process.communicate(said, timeout=WAIT)
        results = [line for line in map(json.loads, out.splitlines()) if "result" in line]
        self.assertEqual((len(results), {line["result"] for line in results}, err), (2000, {"ok"}, b""))
        self.assertEqual(process.returncode, 0)

    def test_many_items_by_a_program_that_writes_before_it_reads(self):
        writer = threading.Thread(target=self.held.tell, args=(f"many {MANY} 100",))
        process = self.start("--jsonl")
        items = 0
        writer.start()
        # All decisions at once, from what is known of the ids; only then is anything read.
        process.stdin.write(b"".join(b'{"id":"1:%d","action":"release"}\n' % i for i in range(2, MANY + 2)))
        process.stdin.close()
        late, ok = set(), set()
        for line in process.stdout:
            said = json.loads(line)
            items += "payload" in said
            if "result" in said:
                (ok if said["result"] == "ok" else late).add(said["id"])
        writer.join(WAIT)
        self.assertEqual(len(ok) + len(late), MANY)  # what was decided before it came is late
        self.assertEqual(process.wait(WAIT), 0)

    def test_large_payloads_both_ways(self):
        process = self.start("--jsonl")
        self.held.tell(f"many 3 {BIG}")
        body = base64.b64encode(bytes(BIG)).decode()
        decisions = [{"id": f"1:{i}", "action": "modify_and_forward", "override_body_b64": body} for i in (2, 3, 4)]
        self.say(process, *decisions)  # before anything is read
        process.stdin.close()
        said = [json.loads(line) for line in process.stdout]
        self.assertEqual([len(line["payload"]) for line in said if "payload" in line], [BIG] * 3)
        self.assertEqual([line["result"] for line in said if "result" in line], ["ok"] * 3)
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=" + "00" * BIG)

    def test_a_reader_that_goes_away_ends_it_quietly(self):  # CLI-1
        process = self.start("--jsonl")
        self.held.hold("1:2")
        self.lines(process, 1)
        process.stdout.close()
        self.held.hold("1:3")
        self.assertEqual(process.wait(WAIT), 0)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_proxy_that_goes_away(self):
        process = self.start("--jsonl")
        self.held.hold("1:2")
        self.lines(process, 1)
        self.held.stop()
        self.assertEqual(process.wait(WAIT), 4)
        self.assertRegex(process.stderr.read().decode(), "^wstap intercept: .*the proxy has ended")


class Hooks(Talking):
    def setUp(self):
        super().setUp()
        self.files = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-hook-")))

    def hook(self, script, *args):
        process = self.start("--exec", script, *args)
        process.stdin.close()
        return process

    def stop(self, process, status=0):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(WAIT), status)
        return process.stderr.read().decode()

    def test_item_in_decision_out(self):
        process = self.hook(f"""cat > {self.files}/item; echo '{{"action": "modify_and_forward",'; echo '"override_body": "x"}}'""")
        self.held.hold("1:2", "Hello")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=78")
        self.assertEqual(json.loads((self.files / "item").read_text())["payload"], "Hello")
        self.assertEqual(self.stop(process), "")

    def test_nothing_said_is_release(self):
        process = self.hook("true")
        self.held.hold("1:2")
        self.assertEqual(self.held.decision(), "1:2 release by=ann")
        self.assertEqual(self.stop(process), "")

    def test_failures_decide_nothing(self):
        rows = [("exit 3", "the command failed: exit status 3"), ("kill -9 $$", "the command failed: ended by signal 9"),
                ("echo no", "what the command says is no decision: this is no JSON object such as"),
                ('echo \'{"id":"7:7","action":"drop"}\'', "what the command says is no decision: id: the item is 1:2"),
                ("sleep 600 & sleep 600", "the command said nothing within 300ms and is ended")]
        for script, why in rows:
            with self.subTest(script=script):
                process = self.hook(script, "--exec-timeout", "300ms")
                self.held.hold("1:2")
                line = process.stderr.readline().decode()
                self.assertRegex(line, rf"^wstap intercept: 1:2: {why}.* \(nothing is decided: release in \d+s\)\n$")
                self.assertEqual(self.stop(process), "")
                self.held.tell("settle 1:2 release timeout")

    def test_what_a_late_command_started_ends_too(self):
        process = self.hook(f"sleep 600 & echo $! > {self.files}/pid; wait", "--exec-timeout", "500ms")
        self.held.hold("1:2")
        process.stderr.readline()
        grandchild = int((self.files / "pid").read_text())
        eventually(lambda: not pathlib.Path(f"/proc/{grandchild}").exists()
                   or " Z " in pathlib.Path(f"/proc/{grandchild}/stat").read_text(), "the end of what it started")
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        eventually(lambda: children.read_text() == "", "the end of the last child")  # no zombie either

    def test_several_run_at_once(self):
        # Each waits until all have begun.
        process = self.hook(f"cd {self.files}; mktemp ./XXXXXX > /dev/null; "
                            "while [ $(ls | wc -l) -lt 4 ]; do sleep 0.01; done", "--jobs", "4")
        self.held.tell("many 4 1")
        self.assertEqual(sorted(self.held.decision() for _ in range(4)), [f"1:{i} release by=ann" for i in range(2, 6)])
        self.assertEqual(self.stop(process), "")

    def test_what_is_decided_elsewhere_is_not_asked_about(self):
        process = self.hook(f"echo run >> {self.files}/runs; while [ ! -e {self.files}/go ]; do sleep 0.01; done", "--jobs", "1")
        self.held.hold("1:2")
        eventually((self.files / "runs").exists, "the first run")
        self.held.hold("1:3")
        self.held.tell("settle 1:3 release bob")
        self.held.tell("settle 1:2 release bob")
        self.held.hold("1:4")
        (self.files / "go").touch()
        self.assertEqual(self.held.decision(), "1:4 release by=ann")
        self.assertEqual((self.files / "runs").read_text(), "run\nrun\n")
        self.assertEqual(self.stop(process), "wstap intercept: 1:2: late: bob was first: it is decided already\n")

    def test_large_payloads_both_ways(self):
        # It says a lot before it has read all.
        process = self.hook("""printf '{"action":"modify_and_forward","override_body":"'; head -c 3145728 /dev/zero | tr '\\0' x; """
                            """cat > /dev/null; printf '"}'""")
        self.held.tell(f"many 1 {BIG}")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=" + "78" * BIG)
        self.assertEqual(self.stop(process), "")

    def test_a_command_that_reads_nothing(self):
        process = self.hook("exit 0")
        self.held.tell(f"many 1 {BIG}")
        self.assertEqual(self.held.decision(), "1:2 release by=ann")
        self.assertEqual(self.stop(process), "")

    def test_interrupted(self):
        process = self.hook(f"touch {self.files}/begun; sleep 600")
        self.held.hold("1:2")
        eventually((self.files / "begun").exists, "the run")
        self.assertRegex(self.stop(process, status=143), r"^wstap intercept: 1:2: interrupted \(nothing is decided: ")

    def test_it_is_left_with_signals_as_usual(self):
        # A writer whose reader is gone ends by SIGPIPE, and SIGTERM is not blocked.
        process = self.hook("yes | head -1 > /dev/null; kill $$; sleep 600")
        self.held.hold("1:2")
        self.assertIn("ended by signal 15", process.stderr.readline().decode())
        self.stop(process)


class Watching(Talking):
    # HOLD-7
    def test_as_json(self):
        self.held.hold("1:2", "Hello")
        process = self.start("watch", "--json")
        self.assertEqual(self.lines(process, 1)[0]["id"], "1:2")
        self.held.tell("settle 1:2 drop bob")
        self.assertEqual(self.lines(process, 1), [{"type": "settled", "id": "1:2", "how": "drop", "by": "bob"}])
        process.send_signal(signal.SIGINT)
        self.end(process)

    def test_as_lines(self):
        process = self.start("watch")
        self.held.hold("1:2", "Hello")
        self.assertRegex(process.stdout.readline().decode(), r"1:2       -> text .* pending \(transfers, .*\)  Hello\n$")
        self.held.tell("settle 1:2 drop bob")
        self.assertRegex(process.stdout.readline().decode(), r"^\d\d:\S+  1:2       = drop \(bob\)\n$")
        process.stdout.close()  # CLI-1: it notices at once
        self.end(process)


if __name__ == "__main__":
    unittest.main()
