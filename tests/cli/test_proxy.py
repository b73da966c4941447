# SPDX-License-Identifier: Apache-2.0
"""CLI-6: where `wstap proxy` listens, what it prints and stores, how it says that it is ready."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

import sample_session
from command_line import wstap
from raw_peers import connect
from wstap_testing import DATA_HOME, Program, Proxy, TestCase, run


class Addresses(TestCase):
    def test_default(self):
        # Whoever has the port, it is not this proxy; the message says which one it wanted.
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", 8080))
                taken.listen()
            except OSError:
                pass
            said = wstap("proxy")
        self.assertEqual(said.status, 4)
        self.assertRegex(said.err, r"\Awstap proxy: address already in use: 127\.0\.0\.1:8080 \(.*--listen\)\n\Z")

    def test_default_in_the_help(self):
        self.assertIn("--listen ADDR:PORT [127.0.0.1:8080]", run("proxy", "--help").stdout)

    def test_an_address_that_others_reach_has_to_be_meant(self):
        for address in ("0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"):
            with self.subTest(address=address):
                said = wstap("proxy", "--listen", address)
                self.assertEqual((said.status, said.out), (2, ""))
                self.assertEqual(said.err, f"wstap proxy: --listen {address}: other machines could use this proxy "
                                           "(add --proxy-auth, or --allow-remote if that is meant)\n")

    def test_one_such_address_among_others(self):
        said = wstap("proxy", "--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0")
        self.assertEqual(said.status, 2)

    def test_it_can_be_meant(self):
        for meant in (["--allow-remote"], ["--proxy-auth", "ada:lovelace"]):
            with self.subTest(meant=meant), Program("proxy", "--listen", "0.0.0.0:0", *meant) as proxy:
                self.assertRegex(proxy.ready["listen"][0], r"^0\.0\.0\.0:\d+$")

    def test_loopback_needs_no_word(self):
        for address in ("127.0.0.1:0", "127.0.0.2:0", "[::1]:0", "localhost:0"):
            with self.subTest(address=address), Program("proxy", "--listen", address):
                pass

    def test_credentials_do_not_guard_a_server(self):
        # Its clients are not asked, so that it must not be taken for guarded.
        said = wstap("proxy", "--listen", "0.0.0.0:0", "--reverse", "ws://127.0.0.1:9", "--proxy-auth", "ada:lovelace")
        self.assertEqual(said.status, 2)
        self.assertIn("--allow-remote", said.err)


class Ready(TestCase):
    def test_line(self):
        with Program("proxy", "--listen", "127.0.0.1:0", "--listen", "[::1]:0") as proxy:
            line = proxy.wait_for_line("listening")
            self.assertEqual(line, f"wstap proxy: listening on {', '.join(proxy.ready['listen'])}")

    def test_file(self):
        with Program("proxy", "--listen", "127.0.0.1:0") as proxy:
            text = pathlib.Path(proxy.dir.name, "ready").read_text()
            self.assertEqual(list(json.loads(text)), ["listen", "control", "pid"])
            self.assertEqual(json.loads(text), {"listen": [f"127.0.0.1:{proxy.address[1]}"], "pid": proxy.pid,
                                                "control": f"{DATA_HOME}/wstap/{proxy.pid}.sock"})
            self.assertTrue(text.endswith("}\n"))
            connect(proxy.address).close()  # it listens already

    def test_nothing_else_is_in_the_folder(self):
        with Program("proxy", "--listen", "127.0.0.1:0") as proxy:
            self.assertEqual(os.listdir(proxy.dir.name), ["ready"])


class Printing(TestCase):
    """What is printed is what inspect shows."""

    def session(self, *args, **options):
        """@return what a proxy printed of the sample session."""
        with Proxy("-q", "--workers", "1", *args, stdout=subprocess.PIPE, **options) as proxy:
            for part in (sample_session.talk, sample_session.refused):
                part(proxy)
            proxy.send_signal()
            said = proxy.process.stdout.read()
            self.assertEqual(proxy.wait(), 0)
            return said

    def shown(self, capture, *args):
        return run("inspect", *args, capture).stdout

    def test_with_a_capture_standard_output_is_empty(self):
        self.assertEqual(self.session(), "")

    def test_print_as_well(self):
        capture = self.path("session.wstap")
        self.assertEqual(self.session("--print", capture=capture), self.shown(capture))

    def test_print_as_json(self):
        capture = self.path("session.wstap")
        objects = [json.loads(line) for line in self.session("--print", "--json", capture=capture).splitlines()]
        recorded = [json.loads(line) for line in self.shown(capture, "--json").splitlines()]
        for entry in recorded:
            del entry["capture"]
        self.assertEqual(objects, recorded)

    def test_without_a_capture_frames_are_printed(self):
        lines = sample_session.normalised(self.session(record=False)).splitlines()
        frames = sample_session.golden("frames.txt").read_text().splitlines()
        self.assertEqual(lines, [line for line in frames if "  1:" in line])

    def test_what_is_no_frame_is_said_to_people(self):
        with Proxy("--workers", "1", record=False) as proxy:
            for part in (sample_session.talk, sample_session.refused):
                part(proxy)
            proxy.wait_for_line(r"^wstap proxy: flow 1: ws://\S+ opened by 127\.0\.0\.1:\d+$")
            proxy.wait_for_line(r"^wstap proxy: flow 1: complete  -> \d+ frames \d+ bytes  <- .*close 1000")
            proxy.wait_for_line(r"^wstap proxy: 127\.0\.0\.1:\d+: ws://\S+ refused: 403")

    def test_what_is_no_frame_is_not_said_while_it_is_recorded(self):
        with Program("proxy", "--listen", "127.0.0.1:0", "-w", self.path("session.wstap")) as proxy:
            sample_session.talk(proxy)
            self.assertEqual(proxy.stop(), 0)
            self.assertNotIn("flow 1", proxy.said())

    def test_nothing_is_printed_when_that_is_said(self):
        self.assertEqual(self.session("--no-print", record=False), "")

    def test_without_a_capture_nothing_is_stored(self):
        with tempfile.TemporaryDirectory() as here, Proxy(record=False, prefix=("env", "-C", here),
                                                          env={"XDG_DATA_HOME": here, "HOME": here}) as proxy:
            sample_session.talk(proxy)
            self.assertEqual((os.listdir(here), sorted(os.listdir(f"{here}/wstap"))),
                             (["wstap"], ["lock", "wstap-ca.key", "wstap-ca.pem"]))


if __name__ == "__main__":
    unittest.main()
