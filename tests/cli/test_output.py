# SPDX-License-Identifier: Apache-2.0
"""CLI-1: standard output is data and nothing else; CLI-4: progress, on a terminal only."""
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import sample_session
from command_line import Terminal, wstap
from frame_bytes import MASK, TEXT, close, masked
from raw_peers import open_websocket
from wstap_testing import WAIT, WSTAP, Echo, Proxy, TestCase, environment, eventually

MANY = 4000  # copies of the sample session: more than any pipe holds


def sleeps(process):
    """@return whether its first thread waits for something."""
    return pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"


class Sample(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="wstap-cli-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.capture = pathlib.Path(cls.directory.name, "sample.wstap")
        sample_session.record(cls.capture)
        cls.big = cls.capture.with_name("big.wstap")  # captures one behind the other are a capture
        cls.big.write_bytes(sample_session.copies(cls.capture, MANY))


class Pipes(Sample):
    """CLI-1: "-" is a pipe, and a closed one ends quietly."""

    def piped(self, proxy, *args):
        """@return wstap inspect, reading what the proxy writes to its standard output."""
        return subprocess.Popen([WSTAP, "inspect", *args, "-"], stdin=proxy.process.stdout, stdout=subprocess.PIPE,
                                env=environment())

    def say_hello(self, proxy):
        """@return a function that ends the session."""
        client, server = open_websocket(proxy, self.listener())
        client.send(masked(TEXT, b"hello"))
        server.frame()

        def end():
            with client:
                client.send(close(1000, mask=MASK))
                server.frame()
                server.send(close(1000))
                server.close()
                client.ending()
        return end

    def test_capture_on_standard_output(self):
        with Proxy("-w", "-", record=False, stdout=subprocess.PIPE) as proxy, self.piped(proxy, "--count") as reader:
            self.say_hello(proxy)()
            self.assertEqual(proxy.stop(), 0)
            self.assertEqual((reader.communicate(timeout=WAIT)[0], reader.returncode), (b"3\n", 0))

    def test_what_comes_through_a_pipe_is_shown_at_once(self):
        with Proxy("-w", "-", record=False, stdout=subprocess.PIPE) as proxy, self.piped(proxy, "--json") as reader:
            end = self.say_hello(proxy)
            self.assertEqual(json.loads(reader.stdout.readline())["payload"], "hello")  # both still run
            end()
            self.assertEqual(proxy.stop(), 0)
            reader.communicate(timeout=WAIT)

    def ends_quietly(self, *args):
        """Reads one line and no more."""
        process = subprocess.Popen([WSTAP, "inspect", *args, self.big], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment())
        with process:
            self.assertTrue(process.stdout.readline().endswith(b"\n"))
            process.stdout.close()
            self.assertEqual((process.wait(WAIT), process.stderr.read()), (0, b""))

    def test_reader_that_goes_away(self):
        for form in ([], ["--json"], ["--raw"], ["--flows"]):
            with self.subTest(form=form):
                self.ends_quietly(*form)

    def be_cut_short(self, proxy):
        """A session that the proxy ends after its first frame."""
        client, server = open_websocket(proxy, self.listener())
        client.send(masked(TEXT, b"hello"))
        for peer in (client, server):
            peer.rest()
            peer.close()

    def test_reader_of_printed_frames_that_goes_away(self):
        reading, writing = os.pipe()
        with Proxy("--workers", "1", record=False, stdout=writing) as proxy:
            os.close(writing)
            os.close(reading)
            self.be_cut_short(proxy)  # its first line finds nobody
            self.assertEqual(proxy.wait(), 0)
            self.assertNotRegex(proxy.said(), "error|failed")

    # FRM-7, CLI-2: a reader that has stopped reading does not hold a proxy that is to stop
    def test_reader_that_does_not_read(self):
        for args in (["--json"], ["-w", "-"]):
            reading, writing = os.pipe()
            with self.subTest(args=args), Proxy(*args, "--workers", "1", record=False, stdout=writing) as proxy:
                os.close(writing)
                client, server = open_websocket(proxy, self.listener())
                client.sock.settimeout(0.5)
                with self.assertRaises(TimeoutError):
                    while True:
                        client.sock.sendall(masked(TEXT, b"x" * 60_000))
                proxy.send_signal()
                proxy.send_signal(signal.SIGINT)
                self.assertIn(proxy.wait(), (130, 143))
                self.assertIn("nobody takes what it writes", proxy.said())
                for end in (client, server):
                    end.close()
            os.close(reading)

    # CLI-2, CAP-4: nor an inspect that follows
    def test_reader_of_a_follower_that_does_not_read(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            reading, writing = os.pipe()
            self.addCleanup(os.close, reading)
            self.addCleanup(os.close, writing)
            with self.subTest(number=number), subprocess.Popen(
                    [WSTAP, "inspect", "--follow", self.big], stdout=writing, stderr=subprocess.PIPE,
                    env=environment()) as follower:
                eventually(lambda: not select.select([], [writing], [], 0)[1] and sleeps(follower), "filling the pipe")
                follower.send_signal(number)
                self.assertEqual(follower.wait(WAIT), status)
                self.assertEqual(follower.stderr.read(), b"wstap inspect: cut short: nobody takes what it writes\n")

    def test_repair_into_a_closed_pipe(self):
        with subprocess.Popen([WSTAP, "inspect", "-q", "--repair", "-", self.big], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment()) as process:
            process.stdout.read(100)
            process.stdout.close()
            self.assertEqual((process.wait(WAIT), process.stderr.read()), (0, b""))

    def test_full_disk_is_no_closed_pipe(self):
        for args in (["inspect", self.capture], ["ca", "show"], ["--help"], ["proxy", "--help"],
                     ["inspect", "--list-fields"]):
            with self.subTest(args=args), open("/dev/full", "wb") as full:
                said = wstap(*args, stdout=full)
                self.assertEqual((said.status, said.err),
                                 (1, "wstap: standard output: No space left on device\n"))

    def test_printed_frames_on_a_full_disk(self):
        with open("/dev/full", "wb") as full, Proxy(record=False, stdout=full) as proxy:
            self.be_cut_short(proxy)
            self.assertEqual(proxy.wait(), 1)
            self.assertEqual(proxy.lines[-1], "wstap proxy: standard output: No space left on device")


class Binary(Sample):
    """CLI-1: binary never goes to a terminal."""

    def refused(self, *args):
        with Terminal(*args, out=True) as it:
            self.assertEqual(it.wait(), 2)
            self.assertEqual(it.screen, "")
            self.assertRegex(it.stderr, r"\Awstap \w+: .*terminal \(.*\)\n\Z")

    def test_capture(self):
        self.refused("proxy", "--listen", "127.0.0.1:0", "-w", "-")

    def test_repaired_capture(self):
        self.refused("inspect", "--repair", "-", self.capture)

    def test_certificates(self):
        for form in ("der", "p12"):
            with self.subTest(form=form):
                self.refused("ca", "export", "--format", form)

    def test_text_form_of_a_certificate_may(self):
        with Terminal("ca", "export", out=True) as it:
            self.assertEqual(it.wait(), 0)
            self.assertTrue(it.screen.startswith("-----BEGIN CERTIFICATE-----\n"))


class Streams(Sample):
    """CLI-1: what is for people goes to standard error."""

    def test_help_and_version_are_asked_for(self):
        for args in (["--help"], ["--version"], ["proxy", "--help"], ["ca", "export", "--help"]):
            with self.subTest(args=args):
                said = wstap(*args)
                self.assertEqual((said.status, said.err), (0, ""))
                self.assertTrue(said.out.endswith("\n"))

    def test_what_is_typed_is_not_said_to_be_set_elsewhere(self):
        for args in (["intercept", "list"], ["ca", "export"], ["rules", "check"]):
            with self.subTest(args=args):
                help_text = wstap(*args, "--help").out
                self.assertIn(f"Manual: wstap-{args[0]}(1)", help_text)
                self.assertNotIn("WSTAP_", help_text)

    def test_help_fits_a_terminal(self):
        for args in ([], ["proxy"], ["inspect"], ["ca"], ["ca", "export"], ["echo"]):
            with self.subTest(args=args):
                self.assertEqual([line for line in wstap(*args, "--help").out.splitlines() if len(line) > 80], [])

    def test_servers_say_nothing_on_standard_output(self):
        for program in (Echo, lambda **o: Proxy("-v", **o)):
            with program(stdout=subprocess.PIPE) as it:
                it.send_signal()
                self.assertEqual(it.process.stdout.read(), "")
                self.assertEqual(it.wait(), 0)


class Progress(Sample):
    """CLI-4"""

    def inspect(self, *args, enough, **where):
        """Feeds it the sample session again and again, until it is enough."""
        reading, writing = os.pipe()
        with Terminal("inspect", "--json", *args, "-", stdin=reading, **where) as it:
            os.close(reading)
            over = threading.Event()

            def feed():
                first = 1
                with os.fdopen(writing, "wb") as pipe:
                    while not over.is_set():
                        pipe.write(sample_session.copies(self.capture, 100, first))
                        first += 100
            feeder = threading.Thread(target=feed, daemon=True)
            feeder.start()
            until = time.monotonic() + WAIT
            while not enough(it) and time.monotonic() < until:
                it.read(0.1)
            over.set()
            status = it.wait()
            feeder.join(WAIT)
            return status, it

    def test_on_a_terminal(self):
        status, it = self.inspect(enough=lambda it: "reading: " in it.screen, err=True)
        self.assertEqual(status, 0)
        self.assertRegex(it.screen, r"\A(\rreading: \d+ MB\x1b\[K)+\r\x1b\[K\Z")  # and nothing of it stays
        self.assertTrue(it.stdout.startswith('{"type":"frame"'))

    def long_enough(self):
        """Progress begins after a second."""
        until = time.monotonic() + 2
        return lambda it: time.monotonic() > until

    def test_not_on_a_pipe(self):
        status, it = self.inspect(enough=self.long_enough())
        self.assertEqual((status, it.stderr), (0, ""))

    def test_not_when_it_is_to_be_quiet(self):
        status, it = self.inspect("-q", enough=self.long_enough(), err=True)
        self.assertEqual((status, it.screen), (0, ""))


if __name__ == "__main__":
    unittest.main()
