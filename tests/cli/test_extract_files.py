# SPDX-License-Identifier: Apache-2.0
"""INS-6: `wstap inspect -w OUT` of several captures, and the files, pipes and terminals it reads and writes."""
import asyncio
import json
import os
import stat
import unittest

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from command_line import Terminal, wstap
from conversations import converse, messages
from extracts import Extracts, lines, shown
from frame_bytes import TEXT, frame, masked
from raw_peers import Listener, hang_up, open_websocket
from wstap_testing import Proxy, inspect


class Merging(Extracts):
    def record_two(self):
        """Two proxies at the same time: a frame here, a frame there."""
        captures = [self.directory / "a.wstap", self.directory / "b.wstap"]
        with Proxy("-q", capture=captures[0]) as one, Proxy("-q", capture=captures[1]) as other, Listener() as listener:
            ends = [open_websocket(proxy, listener) for proxy in (one, other, one)]
            for number in range(9):
                client, server = ends[number % 3]
                client.send(masked(TEXT, b"%d" % number))
                server.frame()
                server.send(frame(TEXT, b"%d" % number))
                client.frame()
            for client, server in ends:
                hang_up(client, server)
                client.close()
            one.flow(2), other.flow(1)
        return captures

    def test_by_time(self):
        captures = self.record_two()
        out = self.write(*captures)
        merged = lines(out)
        self.assertEqual([f["payload"] for f in merged], [str(n // 2) for n in range(18)])
        self.assertEqual([f["flow"] for f in merged], [1 + n // 2 % 3 for n in range(18)])
        times = [f["time"] for f in merged]
        self.assertEqual(times, sorted(times))
        flows = inspect(out, "--flows")
        self.assertEqual([(f["flow"], f["state"], f["send"]["frames"]) for f in flows],
                         [(n, "complete", 3) for n in (1, 2, 3)])

        def facts(flow):
            return {key: value for key, value in flow.items() if key not in ("flow", "capture")}
        recorded = [facts(f) for capture in captures for f in inspect(capture, "--flows")]
        self.assertCountEqual([facts(f) for f in flows], recorded)

    def test_of_what_is_picked(self):
        captures = self.record_two()
        out = self.write(*captures, "-Y", "receive and seq > 5")
        self.assertEqual([(f["flow"], f["payload"]) for f in lines(out)], [(1, "6"), (2, "7"), (3, "8")])
        self.assertEqual([f["flow"] for f in inspect(self.write(*captures, "-Y", "flow == 2", name="two.wstap"), "--flows")], [2])

    def test_parts_are_one_recording(self):
        # CAP-5: a flow goes on in the next part, and its compressed messages are read with the part before.
        capture = self.directory / "session.wstap"
        with Proxy("-q", "--rotate-size", "4096", capture=capture) as proxy:
            factories = ClientPerMessageDeflateFactory(), ServerPerMessageDeflateFactory()
            asyncio.run(converse(proxy, list(messages(40, 1)), list(messages(40, 2)), *factories))
            proxy.stop()
            parts = [capture, *sorted(self.directory.glob("session.*.wstap"), key=lambda p: int(p.name.split(".")[1]))]
            self.assertGreater(len(parts), 3)
            out = self.write(parts[0], self.sample, *parts[1:], "-Y", "receive")
            said = wstap("inspect", "--format", "jsonl", "-Y", "receive", *parts).out
        numbers = {f["flow"] for f in lines(self.sample)}
        recorded = [{**json.loads(line), "flow": 3, "capture": ""} for line in said.splitlines()]
        kept = [{**f, "flow": 3, "capture": ""} for f in lines(out) if f["time"] >= recorded[0]["time"]]
        self.assertEqual(len(numbers), 2)
        self.assertEqual([f["seq"] for f in kept], [f["seq"] for f in recorded])
        self.assertEqual(kept, recorded)

    def test_from_pipes(self):
        captures = self.record_two()
        with open(captures[0], "rb") as first:
            out = self.directory / "piped.wstap"
            said = wstap("inspect", "-q", "-w", out, "-", captures[1], stdin=first)
        self.assertEqual((said.status, said.err), (0, ""))
        self.assertEqual(lines(out), lines(self.write(*captures)))


class Files(Extracts):
    def refuses(self, *args, status, says, **options):
        said = wstap("inspect", *args, **options)
        self.assertEqual((said.status, said.out), (status, ""))
        self.assertIn(says, said.err)

    def test_torn(self):
        torn = self.directory / "torn.wstap"
        whole = self.sample.read_bytes()
        torn.write_bytes(whole[:len(whole) * 2 // 3] + b"torn")
        said = wstap("inspect", "-w", self.directory / "out.wstap", torn, self.sample)
        self.assertEqual(said.status, 3)
        self.assertIn("torn.wstap: at byte", said.err)
        kept = lines(self.directory / "out.wstap")
        self.assertGreater(len(kept), len(lines(self.sample)))
        self.write(torn, "-Y", "send", status=3, name="send.wstap")
        sound = json.loads("[" + ",".join(wstap("inspect", "--json", "-Y", "send", torn).out.splitlines()) + "]")
        self.assertEqual([f["seq"] for f in lines(self.directory / "send.wstap")], [f["seq"] for f in sound])

    def test_no_capture(self):
        nothing = self.directory / "nothing"
        nothing.write_text("nothing\n")
        self.refuses("-w", self.directory / "out.wstap", nothing, status=3, says="not a wstap capture")
        self.refuses("-w", self.directory / "out.wstap", self.directory / "missing", self.sample, status=1, says="missing")
        self.assertFalse((self.directory / "out.wstap").exists())

    def test_what_is_there_stays(self):
        there = self.directory / "there"
        there.write_text("mine")
        self.refuses("-w", there, self.sample, status=1, says=f"{there} (use --force to overwrite it)")
        self.assertEqual(there.read_text(), "mine")
        self.assertEqual(wstap("inspect", "-q", "--force", "-w", there, self.sample).status, 0)
        self.assertEqual(stat.S_IMODE(there.stat().st_mode), 0o600)
        self.assertEqual(lines(there), lines(self.sample))

    def test_an_input_is_never_written_to(self):
        link = self.directory / "link.wstap"
        os.link(self.sample, link)
        before = self.sample.read_bytes()
        for args in (["--force", "-w", link, self.sample], ["--force", "-w", self.sample, link], ["-w", link, link]):
            with self.subTest(args=args):
                self.refuses(*args, status=2, says="is one of the captures that are read")
        with open(link, "ab") as out:
            self.assertEqual(wstap("inspect", "-w", "-", self.sample, stdout=out).status, 2)
        self.assertEqual(self.sample.read_bytes(), before)

    def test_standard_output(self):
        said = wstap("inspect", "-q", "-w", "-", self.sample, "-Y", "send", binary=True)
        self.assertEqual((said.status, said.err), (0, ""))
        piped = self.directory / "piped.wstap"
        piped.write_bytes(said.out)
        self.assertEqual(lines(piped), lines(self.sample, "-Y", "send"))

    def test_never_to_a_terminal(self):
        # CLI-1
        with Terminal("inspect", "-w", "-", self.sample, out=True) as terminal:
            self.assertEqual(terminal.wait(), 2)
            self.assertIn("terminal", terminal.stderr)
            self.assertEqual(terminal.screen, "")

    def test_a_reader_that_is_gone(self):
        # CLI-1
        for args in ([], ["-Y", "send"]):
            with self.subTest(args=args):
                reading, writing = os.pipe()
                os.close(reading)
                with open(writing, "wb") as out:
                    said = wstap("inspect", "-w", "-", self.sample, *args, stdout=out)
                self.assertEqual((said.status, said.err), (0, ""))

    def test_a_full_disk(self):
        # CAP-3
        with open("/dev/full", "wb") as full:
            said = wstap("inspect", "-w", "-", self.sample, stdout=full)
        self.assertEqual(said.status, 1)
        self.assertIn("No space left on device", said.err)

    def test_what_cannot_go_with_it(self):
        out = self.directory / "out.wstap"
        for option in (["--json"], ["--raw"], ["--structured"], ["--format", "json"], ["-e", "flow"], ["--count"], ["--lint"],
                       ["--frame", "1:2"], ["--flows"], ["--repair", "x"], ["--deflate", "off"], ["--follow"]):
            with self.subTest(option=option):
                self.refuses("-w", out, *option, self.sample, status=2, says="--write")
        self.refuses("-w", out, "--messages", self.sample, status=2, says="without --filter")
        with open(self.sample, "rb") as capture:
            self.refuses("-w", out, "--messages", "-Y", "send", "-", status=2, says="from a pipe", stdin=capture)
        self.refuses("-w", out, "-Y", "nonsense", self.sample, status=2, says="unknown name")
        self.assertFalse(out.exists())

    def test_the_environment_has_no_say(self):
        # WSTAP_WRITE is the proxy's: what is to be listed is listed.
        said = wstap("inspect", "--count", self.sample, env={"WSTAP_WRITE": str(self.directory / "out.wstap")})
        self.assertEqual((said.status, said.out), (0, f"{len(lines(self.sample))}\n"))
        self.assertFalse((self.directory / "out.wstap").exists())

    def test_says_what_it_did(self):
        said = wstap("inspect", "-w", self.directory / "out.wstap", self.sample, "-Y", "ping")
        self.assertEqual(said.err, f"wstap inspect: 1 frames of 1 flows written to {self.directory / 'out.wstap'}\n")


if __name__ == "__main__":
    unittest.main()
