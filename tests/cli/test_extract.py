# SPDX-License-Identifier: Apache-2.0
"""INS-6: `wstap inspect -w OUT` writes what captures hold, or what a filter picks of it, as a new capture."""
import asyncio
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest
import zlib

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

import sample_session
from altering import AlteringProxy, tagged
from command_line import Terminal, wstap
from conversations import converse, messages
from frame_bytes import BINARY, CONTINUATION, PING, TEXT, frame, masked
from raw_peers import WAIT, Listener, open_websocket
from wstap_testing import Proxy, inspect

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


def lines(capture, *args, kind="frame"):
    """@return the objects of the lossless form that are of a kind, or all, but for the name of the capture."""
    said = wstap("inspect", "--format", "jsonl", *args, capture)
    if said.status:
        raise AssertionError(said.err)
    found = [json.loads(line) for line in said.out.splitlines()]
    return [{key: value for key, value in each.items() if key != "capture"} for each in found
            if kind in (None, each["type"])]


def shown(capture, *args):
    """@return the lines of a listing, without the colours and what the file is called."""
    return wstap("inspect", *args, capture).out


class Extracts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="wstap-extract-")
        cls.addClassCleanup(directory.cleanup)
        cls.shared = pathlib.Path(directory.name)
        cls.sample = cls.shared / "sample.wstap"
        sample_session.record(cls.sample)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="wstap-extract-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, *args, status=0, name="out.wstap"):
        """@return the new capture."""
        out = self.directory / name
        said = wstap("inspect", "-q", "-w", out, *args)
        self.assertEqual((said.status, said.out), (status, ""), said.err)
        return out

    def check(self, capture, expression, *args):
        """Every frame that is kept reads as before, and what is taken out of it once more is the same. @return it"""
        kept = self.write(capture, "-Y", expression, *args)
        expected = lines(kept, kind=None)
        if not args:
            self.assertEqual([each for each in expected if each["type"] == "frame"], lines(capture, "-Y", expression))
        again = self.write(kept, "-Y", expression, *args, name="again.wstap")
        everything = self.write(kept, name="everything.wstap")
        self.assertEqual(lines(again, kind=None), expected)
        self.assertEqual(lines(everything, kind=None), expected)
        again.unlink()
        everything.unlink()
        return kept


class Sample(Extracts):
    def test_all_of_it(self):
        out = self.write(self.sample)
        for kind in ("frame", "flow", "connection", "note", "outcome"):
            with self.subTest(kind=kind):
                self.assertEqual(lines(out, kind=kind), lines(self.sample, kind=kind))
        for form in ("--flows", "--messages", "--lint", "--count"):
            with self.subTest(form=form):
                self.assertEqual(shown(out, form).replace("out.wstap", ""), shown(self.sample, form).replace(
                    str(self.sample), str(out)).replace("out.wstap", ""))

    def test_frames(self):
        for expression in ["send", "ping or pong", "not fin", "anomaly", "verdict != forwarded", "opcode == continuation",
                           "text contains \"hello\"", "compressed", "close.code == 1000", "seq > 4"]:
            with self.subTest(expression=expression):
                self.check(self.sample, expression).unlink()

    def test_a_continuation_is_of_its_message(self):
        out = self.write(self.sample, "-Y", "opcode == continuation")
        kept, = lines(out)
        self.assertEqual((kept["message"], kept.get("anomalies")), (4, None))
        self.assertEqual(len(lines(out, kind="gap")), 1)

    def test_flows_have_their_beginning_and_end(self):
        out = self.write(self.sample, "-Y", "ping")
        self.assertEqual(lines(out, kind="flow"), [f for f in lines(self.sample, kind="flow") if f["flow"] == 1])
        self.assertEqual(lines(out, kind="connection"), [])

    def test_whole_flows(self):
        # An expression that names nothing but flows.
        out = self.write(self.sample, "-Y", "flow == 2")
        self.assertEqual(lines(out), lines(self.sample, "-Y", "flow == 2"))
        self.assertEqual([f["flow"] for f in inspect(out, "--flows")], [2])
        out = self.write(self.sample, "-Y", "flow > 2", name="connections.wstap")
        self.assertEqual([(f["type"], f["flow"]) for f in inspect(out, "--flows")], [("connection", 3), ("connection", 4)])

    def test_messages(self):
        expression = "text contains \"fragment\""
        out = self.check(self.sample, expression, "--messages")
        self.assertEqual([f["seq"] for f in lines(out)], [4, 6])
        self.assertEqual(shown(out, "--messages"), shown(self.sample, "--messages", "-Y", expression))

    def test_nothing(self):
        out = self.write(self.sample, "-Y", "flow == 99")
        self.assertEqual(shown(out, "--count"), "0\n")

    def test_concatenated(self):
        # CAP-5
        out = self.write(self.sample, "-Y", "text and send")
        twice = self.directory / "twice.wstap"
        twice.write_bytes(out.read_bytes() * 2)
        once = [f for f in lines(out)]
        self.assertEqual([{**f, "flow": 0} for f in lines(twice)], [{**f, "flow": 0} for f in once * 2])

    def test_capnp_reads_it(self):
        # CAP-1
        out = self.write(self.sample, "-Y", "opcode == continuation")
        with open(out, "rb") as capture:
            decoded = subprocess.run(["capnp", "decode", "--short", ROOT / "formats/capture.capnp", "Record"], stdin=capture,
                                     capture_output=True, text=True, timeout=WAIT)
        self.assertEqual((decoded.returncode, decoded.stderr), (0, ""))
        kinds = [line[1:].split(" ")[0] for line in decoded.stdout.splitlines()]
        self.assertEqual(kinds, ["header", "flowOpen", "gap", "burst", "flowClose"])


class Compressed(Extracts):
    def record(self, *agreement, proxy=Proxy, says=messages, count=40, factory_args=None):
        capture = self.directory / "session.wstap"
        client = ClientPerMessageDeflateFactory(client_max_window_bits=True, **(factory_args or {}))
        server = ServerPerMessageDeflateFactory(**(factory_args or {}))
        with proxy(*agreement, capture=capture) as running:
            asyncio.run(converse(running, list(says(count, 1)), list(says(count, 2)), client, server))
            running.flow(1)
        return capture

    def check_sessions(self, capture):
        everything = lines(capture)
        self.assertTrue(any(f["compressed"] for f in everything))
        odd = "seq in {" + ", ".join(str(n) for n in range(3, 400, 2)) + "}"
        for expression in (odd, "send and fin", "receive and not fin", "opcode == continuation", "text and length > 40",
                           "seq > 50", "payload.length > 100"):
            with self.subTest(expression=expression):
                self.check(capture, expression).unlink()
        for expression in ("length > 30", "text contains \"frame mask\"", "not compressed"):
            with self.subTest(messages=expression):
                out = self.check(capture, expression, "--messages")
                self.assertEqual(shown(out, "--messages", "--json").replace(str(out), ""),
                                 shown(capture, "--messages", "--json", "-Y", expression).replace(str(capture), ""))
                out.unlink()

    def test_with_takeover(self):
        # DEF-3: every other message is not there, and what referred to it is readable.
        self.check_sessions(self.record())

    def test_without_takeover(self):
        capture = self.record(factory_args={"server_no_context_takeover": True, "client_no_context_takeover": True})
        self.check_sessions(capture)

    def test_altered(self):
        # What was sent instead comes along, and fates are settled.
        capture = self.record(proxy=AlteringProxy, says=tagged)
        self.check_sessions(capture)
        out = self.check(capture, "verdict == changed or verdict == dropped")
        self.assertEqual(lines(out, kind="outcome"), [])
        self.assertTrue(any("sent_b64" in f for f in lines(out)))

    def test_cut(self):
        # LIM-3
        self.check_sessions(self.record("--max-recorded-payload", "20"))

    def test_fragments_and_control_frames(self):
        compress = zlib.compressobj(wbits=-15)

        def pieces(text):
            data = (compress.compress(text) + compress.flush(zlib.Z_SYNC_FLUSH))[:-4]
            third = len(data) // 3
            return data[:third], data[third:2 * third], data[2 * third:]
        capture = self.directory / "session.wstap"
        with Proxy("-q", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener, extra=DEFLATE, agree=DEFLATE)
            with client:
                for number in range(6):
                    first, middle, last = pieces(b"one message, said again and again: %d" % number)
                    for raw in (masked(TEXT if number % 2 else BINARY, first, fin=False, rsv=4), masked(PING, b"between"),
                                masked(CONTINUATION, middle, fin=False), masked(CONTINUATION, last)):
                        client.send(raw)
                        server.frame()
                client.finish()
                server.rest()
                server.close()
                client.ending()
            proxy.flow(1)
        recorded = lines(capture)
        self.assertEqual(len(recorded), 24)
        for expression in ("opcode == continuation", "opcode == continuation and fin", "not fin", "ping", "seq > 8",
                           "seq in {2, 4, 9, 11..13, 16, 24, 25}", "text", "text contains \"again: 3\"", "binary or ping"):
            with self.subTest(expression=expression):
                self.check(capture, expression).unlink()
        out = self.check(capture, "text contains \"again: 3\"", "--messages")
        self.assertEqual([f["seq"] for f in lines(out)], [14, 16, 17])
        self.assertEqual(lines(out)[-1]["payload"], "one message, said again and again: 3")


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
                client.finish()
                server.rest()
                server.close()
                client.ending()
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


class Fates(Extracts):
    def test_from_a_pipe_outcomes_follow(self):
        # What cannot be read ahead says later what became of a frame: fragments wait for the last one (DEF-6).
        capture = self.directory / "session.wstap"
        compress = zlib.compressobj(wbits=-15)
        payload = (compress.compress(b"change:this") + compress.flush(zlib.Z_SYNC_FLUSH))[:-4]
        with AlteringProxy("-q", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener, extra=DEFLATE, agree=DEFLATE)
            with client:
                client.send(masked(TEXT, payload[:5], fin=False, rsv=4))
                proxy.frames(1)
                client.send(masked(CONTINUATION, payload[5:]))
                server.frame()
                server.frame()
                client.finish()
                server.rest()
                server.close()
                client.ending()
            proxy.flow(1)
        self.assertEqual(len(lines(capture, kind="outcome")), 1)
        for args in ([], ["-Y", "not fin"]):
            with self.subTest(args=args), open(capture, "rb") as piped:
                out = self.directory / "piped.wstap"
                said = wstap("inspect", "-q", "--force", "-w", out, "-", *args, stdin=piped)
                self.assertEqual((said.status, said.err), (0, ""))
                self.assertEqual(lines(out), lines(capture, *args))
                self.assertEqual(len(lines(out, kind="outcome")), 1)
        # From a file they are settled.
        self.assertEqual(lines(self.write(capture), kind="outcome"), [])


if __name__ == "__main__":
    unittest.main()
