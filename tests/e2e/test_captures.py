# SPDX-License-Identifier: Apache-2.0
"""Captures as the proxy leaves them (CAP-1 to CAP-5): complete up to a kill, honest about a full disk, readable at
any time."""
import base64
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from frame_bytes import BINARY, MASK, TEXT, close, frame, masked, read_frame
from raw_peers import in_background, open_websocket, WAIT
from wstap_testing import Program, TestCase, WSTAP, environment, eventually, everything, frames, inspect, run

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "formats" / "capture.capnp"


class Session(TestCase):
    def open(self, *args, **options):
        self.tap = self.proxy(*args, **options)
        self.client, self.server = open_websocket(self.tap, self.listener())
        self.enterContext(self.client)

    def exchange(self, count, size=10):
        """So many frames each way, numbered."""
        for n in range(count):
            payload = b"%08d" % n + bytes(size)
            self.client.send(masked(BINARY, payload))
            self.assertEqual(self.server.frame().payload, payload)
            self.server.send(frame(BINARY, payload))
            self.assertEqual(self.client.frame().payload, payload)

    def end(self):
        """Closes the flow in order. @return it as recorded."""
        self.close_both_ways()
        return self.tap.flow()

    def close_both_ways(self):
        self.client.send(close(1000, mask=MASK))
        self.server.frame()
        self.server.send(close(1000))
        self.client.frame()
        self.server.close()
        self.client.close()


class Format(Session):
    # CAP-1: any Cap'n Proto tool reads it
    def test_is_read_by_capnp(self):
        self.open()
        self.client.send(masked(TEXT, b"hello"))
        self.server.frame()
        self.end()
        self.assertEqual(self.tap.stop(), 0)
        done = subprocess.run(["capnp", "decode", SCHEMA, "Record"], stdin=open(self.tap.capture, "rb"),
                              capture_output=True, text=True, timeout=WAIT, check=True)
        kinds = re.findall(r"^\( (\w+) =", done.stdout, re.M)
        self.assertEqual((kinds[:2], kinds[-1]), (["header", "flowOpen"], "flowClose"))
        self.assertEqual(kinds.count("burst"), 3)
        self.assertIn('magic = "wstap capture"', done.stdout)

    # CAP-5: for its owner only, and never over another file
    def test_is_private_and_overwrites_nothing(self):
        self.open()
        self.assertEqual(self.tap.capture.stat().st_mode & 0o777, 0o600)
        again = run("proxy", "--listen", "127.0.0.1:0", "-w", self.tap.capture, status=1)
        self.assertIn("--force", again.stderr)
        self.assertGreater(self.tap.capture.stat().st_size, 0)
        self.end()
        self.assertEqual(self.tap.stop(), 0)
        self.enterContext(Program("proxy", "--listen", "127.0.0.1:0", "-w", self.tap.capture, "--force"))
        self.assertEqual(inspect(self.tap.capture, "--flows"), [])

    # CLI-6: a port in use costs nobody a capture
    def test_is_not_made_for_a_port_in_use(self):
        listener, file = self.listener(), self.path("new.wstap")
        done = run("proxy", "--listen", listener.target, "-w", file, status=4)
        self.assertRegex(done.stderr.splitlines()[-1], r"^wstap proxy: .*in use")
        self.assertFalse(file.exists())


class Killed(Session):
    # CAP-2: what the peer received is in the capture, whenever the kill comes
    def test_under_load_loses_nothing_that_was_forwarded(self):
        for _ in range(3):
            self.open()
            stream = b"".join(masked(BINARY, b"%08d" % n + bytes(n % 300)) for n in range(20000))
            in_background(lambda: self.send_until_it_ends(self.client, stream))
            received = [self.server.frame() for _ in range(500)]
            self.tap.process.kill()
            while True:
                try:
                    received.append(self.server.frame())
                except (EOFError, ConnectionResetError):
                    break
            self.tap.wait()
            got = b"".join(f.payload for f in received)
            recorded = self.read_what_is_left()
            self.assertGreaterEqual(len(recorded), len(received))
            self.assertEqual(b"".join(self.payload(r["raw"]) for r in recorded[:len(received)]), got)

    def send_until_it_ends(self, peer, data):
        try:
            peer.send(data)
        except OSError:
            pass

    def payload(self, raw):
        return read_frame(io.BytesIO(raw).read).payload

    def read_what_is_left(self):
        """At most the last record is torn, which is said with status 3."""
        done = subprocess.run([WSTAP, "inspect", "--format", "jsonl", self.tap.capture], capture_output=True, text=True,
                              timeout=WAIT, env=environment())
        self.assertIn(done.returncode, (0, 3), done.stderr)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        return [r | {"raw": base64.b64decode(r["raw_b64"])} for r in records if r["type"] == "frame"]

    # CAP-2: a flow without an end is there, and active
    def test_leaves_flows_that_are_active(self):
        self.open()
        self.exchange(3)
        self.tap.process.kill()
        self.tap.wait()
        flow, = inspect(self.tap.capture, "--flows")
        self.assertEqual(flow["state"], "active")
        self.assertEqual(len(frames(self.tap.capture)), 6)

    # CAP-2: torn: everything before is read, status 3 and one line; repaired: whole again
    def test_torn_capture_is_read_and_repaired(self):
        self.open()
        self.exchange(3)
        self.end()
        self.assertEqual(self.tap.stop(), 0)
        whole = everything(self.tap.capture)
        torn, repaired = self.path("torn.wstap"), self.path("whole.wstap")
        torn.write_bytes(self.tap.capture.read_bytes()[:-20])
        done = run("inspect", "--format", "jsonl", torn, status=3)
        self.assertEqual(len(done.stdout.splitlines()), len(whole) - 1)
        self.assertRegex(done.stderr, r"^wstap inspect: .*at byte \d+.*--repair.*\n$")
        said = run("inspect", "--repair", repaired, torn).stderr
        self.assertIn("left out", said)
        self.assertEqual(len(everything(repaired)), len(whole) - 1)
        self.assertTrue(self.tap.capture.read_bytes().startswith(repaired.read_bytes()))
        run("inspect", "--repair", repaired, torn, status=1)  # not over another file


class Disk(Session):
    def limited(self, *args, size=60_000):
        """A proxy whose files cannot grow beyond `size`; what the kernel then says is what a full disk makes of it."""
        self.open(*args, prefix=("/bin/sh", "-c", f"ulimit -f {size // 512}; exec \"$@\"", "sh"))

    # CAP-3: no traffic passes unrecorded; one clear line, status 1
    def test_that_is_full_stops_the_proxy(self):
        self.limited()
        received = []
        try:
            for n in range(1000):
                self.client.send(masked(BINARY, b"%08d" % n + bytes(1000)))
                received.append(self.server.frame())
        except (EOFError, OSError):
            pass
        self.client.close()
        self.server.close()
        self.assertEqual(self.tap.wait(), 1)
        data = [f.payload[:8] for f in received if f.opcode == BINARY]
        self.assertGreater(len(data), 10)
        self.assertEqual(data, [b"%08d" % n for n in range(len(data))])
        # The capture is sound to its end, and holds all that arrived.
        recorded = [r for r in frames(self.tap.capture, "send") if r["opcode"] == "binary"]
        self.assertEqual(len(recorded), len(data))
        self.assertRegex(self.tap.said(), r"recording failed: .*session\.wstap")

    # CAP-3: --on-capture-error pass: traffic goes on, and that is said
    def test_that_is_full_passes_when_asked_to(self):
        self.limited("--on-capture-error", "pass")
        self.exchange(200, size=1000)
        self.assertTrue(self.tap.wait_for_line("traffic passes unrecorded"))
        self.client.close()
        self.server.close()
        self.assertEqual(self.tap.stop(), 0)
        self.assertLess(len(frames(self.tap.capture)), 400)
        self.assertGreater(len(frames(self.tap.capture)), 10)

    # CAP-3: a capture that cannot even be begun
    def test_that_takes_nothing(self):
        done = run("proxy", "--listen", "127.0.0.1:0", "-w", "/dev/full", "--force", status=1)
        self.assertRegex(done.stderr.splitlines()[-1], r"^wstap proxy: .*No space.*/dev/full")
        done = run("proxy", "--listen", "127.0.0.1:0", "-w", "/no/such/folder/x.wstap", status=1)
        self.assertRegex(done.stderr.splitlines()[-1], r"^wstap proxy: .*/no/such/folder/x\.wstap")


class Live(Session):
    # CAP-4: read while it is written, whole records only
    def test_is_readable_while_it_is_written(self):
        self.open()
        for n in range(1, 4):
            self.exchange(1)
            self.assertEqual(len(self.tap.frames(2 * n)), 2 * n)
        self.assertEqual(inspect(self.tap.capture, "--flows")[0]["state"], "active")

    # CAP-4: --follow shows frames as they come, and ends by a signal
    def test_is_followed(self):
        self.open()
        self.exchange(1)
        follower = subprocess.Popen([WSTAP, "inspect", "--json", "--follow", self.tap.capture], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(follower.wait, WAIT)
        self.addCleanup(follower.kill)
        for stream in (follower.stdout, follower.stderr):
            self.addCleanup(stream.close)

        def line():
            return json.loads(in_background(follower.stdout.readline).result(WAIT))
        self.assertEqual([line()["seq"] for _ in range(2)], [2, 3])
        for n in range(4, 14, 2):
            self.exchange(1)
            self.assertEqual([line()["seq"] for _ in range(2)], [n, n + 1])
        follower.send_signal(signal.SIGINT)
        self.assertEqual(follower.wait(WAIT), 0)
        self.assertEqual(follower.stderr.read(), "")

    # CAP-5: to a pipe, which another wstap reads
    def test_is_piped_to_inspect(self):
        reader = subprocess.Popen([WSTAP, "inspect", "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env=environment(), text=True)
        self.addCleanup(reader.stdout.close)
        tap = Program("proxy", "--listen", "127.0.0.1:0", "-w", "-", stdout=reader.stdin)
        reader.stdin.close()
        reader.stdin = None
        with tap:
            client, server = open_websocket(tap, self.listener())
            client.send(masked(TEXT, b"through the pipe"))
            self.assertEqual(server.frame().payload, b"through the pipe")
            server.close()
            client.close()
        said, _ = reader.communicate(timeout=WAIT)
        self.assertEqual(reader.returncode, 0)
        self.assertEqual(json.loads(said.splitlines()[0])["payload"], "through the pipe")

    # CAP-5, CAP-3: a reader that goes away ends the proxy
    def test_pipe_whose_reader_is_gone(self):
        read_end, write_end = os.pipe()
        tap = Program("proxy", "--listen", "127.0.0.1:0", "-w", "-", stdout=write_end)
        os.close(write_end)
        with tap:
            client, server = open_websocket(tap, self.listener())
            os.close(read_end)
            self.enterContext(client)
            client.send(masked(TEXT, b"for nobody"))
            client.close()
            self.assertEqual([f for f in self.frames_of(server) if f.opcode == TEXT], [])
            server.close()
            self.assertEqual(tap.wait(), 1)
            self.assertIn("recording failed", tap.said())

    def frames_of(self, peer):
        while True:
            try:
                yield peer.frame()
            except (EOFError, OSError):
                return

    # CLI-6, INS-1: without -w nothing is stored and frames are printed
    def test_without_a_capture_frames_are_printed(self):
        out = self.path("out")
        with open(out, "w") as file:
            tap = self.enterContext(Program("proxy", "--listen", "127.0.0.1:0", "--json", stdout=file))
        client, server = open_websocket(tap, self.listener())
        client.send(masked(TEXT, b"printed"))
        self.assertEqual(server.frame().payload, b"printed")
        server.close()
        client.close()
        self.assertEqual(tap.stop(), 0)
        printed = [json.loads(line) for line in out.read_text().splitlines()]
        self.assertEqual([r["payload"] for r in printed if r.get("opcode") == "text"], ["printed"])


class Rotated(Session):
    # CAP-5: every part alone, and all of them together
    def test_parts_are_readable_alone_and_together(self):
        self.open("--rotate-size", "20k")
        self.exchange(60, size=1000)
        self.close_both_ways()
        self.assertEqual(self.tap.stop(), 0)
        folder = self.tap.capture.parent
        parts = [self.tap.capture] + sorted(folder.glob("session.*.wstap"), key=lambda p: int(p.name.split(".")[1]))
        self.assertGreater(len(parts), 4)
        each = [frames(part) for part in parts]
        self.assertEqual([r["seq"] for part in each for r in part], list(range(2, 2 + 122)))
        for part in parts[1:]:
            flow, = inspect(part, "--flows")  # says again what was open
            self.assertEqual((flow["url"], "resumed_at" in flow), (inspect(parts[0], "--flows")[0]["url"], True))
        together = run("inspect", "--json", *parts).stdout.splitlines()
        self.assertEqual([json.loads(line)["seq"] for line in together], list(range(2, 2 + 122)))
        flow, = [json.loads(line) for line in run("inspect", "--json", "--flows", *parts).stdout.splitlines()]
        self.assertEqual((flow["state"], flow["send"]["frames"]), ("complete", 61))

    # CAP-4, CAP-5: who follows the first part sees them all
    def test_parts_are_followed(self):
        self.open("--rotate-size", "20k")
        with subprocess.Popen([WSTAP, "inspect", "--follow", "--json", self.tap.capture], stdout=subprocess.PIPE,
                              text=True, env=environment()) as follower:
            self.exchange(60, size=1000)
            seen = [json.loads(follower.stdout.readline()) for _ in range(120)]
            self.assertEqual([r["seq"] for r in seen], list(range(2, 122)))
            self.assertGreater(len({r["capture"] for r in seen}), 2)
            follower.send_signal(signal.SIGTERM)
            self.assertEqual(follower.wait(WAIT), 0)
        self.close_both_ways()
        self.assertEqual(self.tap.stop(), 0)

    # CAP-5
    def test_parts_by_time(self):
        self.open("--rotate-time", "200ms")
        folder = self.tap.capture.parent
        eventually(lambda: self.exchange(1) or len(list(folder.iterdir())) > 2, "a third part")
        self.close_both_ways()
        self.assertEqual(self.tap.stop(), 0)

    # CAP-5: what is there already is not overwritten by a part, and that is said before anything is recorded
    def test_part_that_exists_already(self):
        capture = self.path("session.wstap")
        (capture.parent / "session.2.wstap").write_text("precious")
        done = run("proxy", "--listen", "127.0.0.1:0", "-w", capture, "--rotate-size", "20k", status=1)
        self.assertIn("session.2.wstap", done.stderr)
        self.assertFalse(capture.exists())
        self.assertEqual((capture.parent / "session.2.wstap").read_text(), "precious")

    # CAP-5: nor is one that comes to be later
    def test_part_that_somebody_else_makes(self):
        capture = self.path("session.wstap")
        self.open("--rotate-size", "20k", capture=capture)
        (capture.parent / "session.2.wstap").write_text("precious")
        with self.assertRaises((EOFError, OSError, AssertionError)):
            self.exchange(60, size=1000)
        self.client.close()
        self.server.close()
        self.assertEqual(self.tap.wait(), 1)
        self.assertIn("session.2.wstap", self.tap.said())
        self.assertEqual((capture.parent / "session.2.wstap").read_text(), "precious")


if __name__ == "__main__":
    unittest.main()
