# SPDX-License-Identifier: Apache-2.0
"""CLI-2: what exit statuses say, and the one line on standard error that goes with a failure. Damaged captures are in
test_inspect.py."""
import os
import signal
import socket
import subprocess
import tempfile
import unittest

from command_line import wstap
from frame_bytes import TEXT, masked
from raw_peers import open_websocket
from wstap_testing import WAIT, WSTAP, Echo, Proxy, TestCase, environment

ANY = ("--listen", "127.0.0.1:0")

# What is typed, and what the line must name: the fault and the way out of it.
USAGE = (
    ([], "a command is missing: proxy, inspect, intercept, rules, ca, echo (see 'wstap --help')"),
    (["prxy"], "there is no command 'prxy', but proxy, inspect, intercept, rules, ca, echo (see 'wstap --help')"),
    (["--bogus"], "'--bogus' was not expected (see 'wstap --help')"),
    (["proxy", "--bogus"], "'--bogus' was not expected (see 'wstap proxy --help')"),
    (["proxy", "extra"], "'extra' was not expected (see 'wstap proxy --help')"),
    (["proxy", "--listen"], "--listen: a value is missing: ADDR:PORT (see 'wstap proxy --help')"),
    (["proxy", *ANY, "--max-message", "1M", "--max-message", "2M"],
     "--max-message: one value is expected, and there are 2: '1M', '2M' (see 'wstap proxy --help')"),
    (["proxy", *ANY, "--proxy-auth", "a:b", "--proxy-auth", "c:d"],
     "--proxy-auth: one value is expected, and there are 2 (see 'wstap proxy --help')"),
    (["proxy", *ANY, "--print=maybe"], "--print: 'maybe' is not true or false (see 'wstap proxy --help')"),
    (["proxy", *ANY, "--no-print=maybe"], "--print: 'maybe' is not true or false (see 'wstap proxy --help')"),
    (["inspect", "--json=maybe", "x"], "--json: 'maybe' is not true or false (see 'wstap inspect --help')"),
    (["proxy", "--listen", "example.com:80"], "expected an IP address and a port"),
    (["proxy", "--listen", "8080"], "expected ADDRESS:PORT, as in 127.0.0.1:8080"),
    (["proxy", *ANY, "--forward", "sideways"], "--forward: 'sideways' is not one of reencode|verbatim"),
    (["proxy", *ANY, "--max-frame", "4X"], "--max-frame: '4X' is not a size such as 65536, 64KiB, 16M or off"),
    (["proxy", *ANY, "--max-frame", "32M"], "--max-frame: a capture holds frames of at most 32505856 bytes"),
    (["proxy", *ANY, "--close-timeout", "soon"], "--close-timeout: 'soon' is not a duration such as 500ms, 1.5s, 5m or off"),
    (["proxy", *ANY, "--max-connections", "-1"], "--max-connections: '-1' is not a number from 1 to 10000000"),
    (["proxy", *ANY, "--workers", "0"], "--workers: '0' is not a number from 1 to 256"),
    (["proxy", *ANY, "--reverse", "ftp://example.com"], "the scheme is not http, https, ws or wss"),
    (["proxy", *ANY, "--proxy-auth", "nobody"], "--proxy-auth: expected USER:PASSWORD, or @FILE"),
    (["proxy", *ANY, "--proxy-auth", "@/nowhere"], "--proxy-auth: cannot read /nowhere"),
    (["proxy", *ANY, "--ca-cert", "ca.pem"], "--ca-cert requires --ca-key"),
    (["proxy", *ANY, "-w", "-", "--print"], "--print: standard output is the capture's already (-w -)"),
    (["proxy", *ANY, "--inflate", "sometimes"], "--inflate: 'sometimes' is not one of auto|always|never"),
    (["proxy", *ANY, "--deflate", "none"], "--deflate: 'none' is not one of on|off|send|receive"),
    (["proxy", *ANY, "--inflate-work", "much"], "--inflate-work: 'much' is not a size"),
    (["proxy", *ANY, "--drop-open", "keep"], "--drop-open: 'keep' is not one of truncate|close"),
    (["inspect"], "FILE is required (see 'wstap inspect --help')"),
    (["inspect", "--frame", "one", "x"], "--frame: 'one' is not FLOW:SEQ, as in 1:2"),
    (["inspect", "--raw", "--json", "x"], "--raw excludes --json"),
    (["inspect", "--flows", "--frame", "1:2", "x"], "--flows excludes --frame"),
    (["inspect", "--frame", "1:2", "--frame", "1:3", "x"], "--frame: one value is expected, and there are 2: '1:2', '1:3'"),
    (["inspect", "--follow", "x", "y"], "--follow: expected one capture"),
    (["inspect", "--repair", "z", "x", "y"], "--repair: expected one capture"),
    (["ca"], "a command is missing: path, show, export (see 'wstap ca --help')"),
    (["ca", "burn"], "there is no command 'burn', but path, show, export"),
    (["ca", "export", "--format", "jpeg"], "--format: 'jpeg' is not one of pem|der|p12"),
    (["ca", "export", "--password", "secret"], "--password: only a p12 file has one (add --format p12)"),
    (["proxy", "--rules", "-"], "--rules -: standard input cannot be read again at a SIGHUP (name a file)"),
    (["inspect", "--rules", "-", "-"], "--rules -: standard input can be read only once"),
    (["intercept", "list", "--name", "timeout"], "--name: a name is text of at most 64 bytes without control characters, and none of timeout"),
    (["intercept", "list", "--name", "n" * 65], "--name: a name is text of at most 64 bytes"),
    (["echo", "--name", "echo.example"], "--name requires --tls"),
    (["echo", "--size", "10"], "--size requires --source"),
    (["echo", "-q", "-v"], "--verbose excludes --quiet"),
    (["echo", "--source", "many"], "--source: 'many' is not a number from 0 to"),
    (["--config", "/nowhere.toml", "ca", "path"], "/nowhere.toml was not readable"),
)


# Options of `proxy` that do nothing beside the others, and what the line says to do.
USELESS = (
    *((option, ["-w"], f"{option[0]}: nothing is recorded without -w (add -w FILE, or leave {option[0]} out)")
      for option in (["--force"], ["--fsync", "always"], ["--rotate-size", "1M"], ["--rotate-time", "1h"],
                     ["--on-capture-error", "pass"])),
    *((option, ["-w", "-"], f"{option[0]}: -w - is standard output, not a file (name a file, or leave {option[0]} out)")
      for option in (["--force"], ["--rotate-size", "1M"], ["--rotate-time", "1h"])),
    (["--print"], ["--no-print"], "--print and --no-print: only one can be meant (leave one out)"),
    (["--detect-timeout", "1s"], ["--reverse", "ws://127.0.0.1:9"],
     "--detect-timeout: with --reverse there are no tunnels (leave one of them out)"),
    (["--on-message-limit", "close"], ["--max-message", "off"], "--on-message-limit close: with --max-message off no message "
     "is too large (set a limit, or leave one of them out)"),
    (["--inflate-work", "1M"], ["--inflate", "never"],
     "--inflate-work: with --inflate never nothing is inflated (leave one of them out)"),)

# Options of `inspect`, each with those that make no sense beside it.
EXCLUDES = {
    "--flows": "--messages --frame --lint",
    "--messages": "--frame --lint",
    "--frame": "--count --lint",
    "--count": "--lint --format --raw --structured --json",
    "--lint": "--raw --structured",
    "--format": "--raw --structured --json",
    "--raw": "--structured --json",
    "--structured": "--json",
    "--fields": "--flows --count --lint --format --raw --structured --json",
    "--filter": "--frame",
    "--repair": "--flows --messages --frame --count --lint --format --raw --structured --json --fields --filter --deflate --follow",
}


class OneLine(TestCase):
    def assert_fails(self, args, status, text, **options):
        said = wstap(*args, **options)
        self.assertEqual((said.status, said.out), (status, ""), said.err)
        command = " ".join(["wstap", *args[:1]]) if args and args[0] in ("proxy", "inspect", "rules", "ca", "echo") else "wstap"
        self.assertRegex(said.err, rf"\A{command}[^\n]*: [^\n]+\n\Z")
        self.assertIn(text, said.err)

    def test_usage(self):
        for args, text in USAGE:
            with self.subTest(args=args):
                self.assert_fails(args, 2, text)

    def test_options_that_make_no_sense_together(self):
        """Whichever comes first, the line names both."""
        def given(option):
            return [option, *{"--frame": ["1:2"], "--format": ["raw"], "--repair": ["out"], "--deflate": ["off"],
                              "--fields": ["flow"], "--filter": ["send"]}.get(option, [])]
        for option, others in EXCLUDES.items():
            for other in others.split():
                for pair in ((option, other), (other, option)):
                    with self.subTest(pair=pair):
                        said = wstap("inspect", *given(pair[0]), *given(pair[1]), "x")
                        self.assertEqual((said.status, said.out), (2, ""))
                        self.assertRegex(said.err, rf"\Awstap inspect: ({option} excludes {other}|{other} excludes {option}) ")

    def test_options_of_the_proxy_that_contradict_each_other(self):
        quiet, insecure = (["-q"], ["-v"]), (["-k"], ["--upstream-ca", "/nowhere.pem"])
        for (one, other), names in ((quiet, ("--quiet", "--verbose")), (insecure, ("--insecure", "--upstream-ca"))):
            for pair in (one + other, other + one):
                with self.subTest(pair=pair):
                    said = wstap("proxy", *ANY, *pair)
                    self.assertEqual((said.status, said.out), (2, ""))
                    self.assertRegex(said.err, r"\Awstap proxy: --[\w-]+ excludes --[\w-]+ \(see [^\n]+\n\Z")
                    self.assertEqual([name in said.err for name in names], [True, True])

    def test_options_of_the_proxy_that_would_do_nothing(self):
        for option, other, text in USELESS:
            beside = [] if other == ["-w"] else other
            for pair in (option + beside, beside + option):
                with self.subTest(pair=pair):
                    self.assert_fails(["proxy", *ANY, *pair], 2, text)

    def test_durations(self):
        for text in ("1.5s", "0.25s", "0.5", "1.25m", "0.0005h", "0.0s", "1.500000s", "20ms", "off"):
            with self.subTest(text=text):  # which is in order, so that the next fault is the one that is found
                self.assert_fails(["proxy", *ANY, "--close-timeout", text, "--max-frame", "32M"], 2, "--max-frame: a capture")
        for text in ("1.", ".5s", "1.5.5s", "-1.5s", "1.5ms", "0.0001s", "1.5x", "1,5s", "1. 5s", "9000h",
                     "8784.1h", "99999999999999999999s", "1.99999999999999999999s"):
            with self.subTest(text=text):
                self.assert_fails(["proxy", *ANY, "--close-timeout=" + text], 2, f"'{text}' is not a duration")

    def test_file_that_is_not_there(self):
        self.assert_fails(["inspect", "/nowhere"], 1, "No such file or directory: /nowhere")

    def test_file_that_cannot_be_made(self):
        self.assert_fails(["proxy", *ANY, "-w", "/nowhere/x.wstap"], 1, "/nowhere/x.wstap")
        self.assert_fails(["proxy", *ANY, "--ready-file", "/nowhere/ready"], 1, "/nowhere/ready")
        self.assert_fails(["proxy", *ANY, "--keylog", "/nowhere/keys"], 1, "/nowhere/keys")

    def test_capture_that_is_there_already(self):
        there = self.path("there.wstap")
        there.write_bytes(b"mine")
        self.assert_fails(["proxy", *ANY, "-w", there], 1, f"{there} (use --force to overwrite it)")
        self.assertEqual(there.read_bytes(), b"mine")

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            capture = self.path("none.wstap")
            self.assert_fails(["proxy", "--listen", address, "-w", capture], 4, f"{address} (is another one running?")
            self.assertFalse(capture.exists(), "a capture was made for nothing")
            self.assert_fails(["echo", "--listen", address], 4, f"{address} (is another one running?")

    def test_certificates_that_cannot_be_used(self):
        garbage = self.path("garbage.pem")
        garbage.write_text("no certificate\n")
        for args in (["--upstream-ca", garbage], ["--ca-cert", garbage, "--ca-key", garbage]):
            with self.subTest(args=args):
                self.assert_fails(["proxy", *ANY, *args], 4, str(args[1]))
        self.assert_fails(["proxy", *ANY, "--upstream-ca", "/nowhere.pem"], 4,
                          "/nowhere.pem: no certificates to trust (No such file or directory)")

    def test_key_that_others_can_read(self):
        with tempfile.TemporaryDirectory() as data:
            wstap("ca", "path", env={"XDG_DATA_HOME": data})
            key = f"{data}/wstap/wstap-ca.key"
            os.chmod(key, 0o644)
            self.assert_fails(["proxy", *ANY], 4, f"(run: chmod 600 {key})", env={"XDG_DATA_HOME": data})


class Signals(TestCase):
    def test_drained(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for program in (Proxy, Echo):
                with self.subTest(number=number, program=program.__name__), program() as it:
                    self.assertEqual(it.stop(number), 0)

    def test_follower(self):
        with Proxy() as proxy:
            client, server = open_websocket(proxy, self.listener())
            with client, server, subprocess.Popen([WSTAP, "inspect", "--follow", proxy.capture], env=environment(),
                                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as follower:
                for text in (b"one", b"two"):
                    client.send(masked(TEXT, text))
                    self.assertTrue(follower.stdout.readline().endswith(text + b"\n"))
                follower.send_signal(signal.SIGINT)
                self.assertEqual(follower.communicate(timeout=WAIT), (b"", b""))
                self.assertEqual(follower.returncode, 0)

    def test_second_signal(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number), Proxy() as proxy:
                client, server = open_websocket(proxy, self.listener())
                with client, server:  # neither of them ends
                    proxy.send_signal(number)
                    proxy.wait_for_line("stopping")
                    proxy.send_signal(number)
                    self.assertEqual(proxy.wait(), status)


if __name__ == "__main__":
    unittest.main()
