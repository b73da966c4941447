# SPDX-License-Identifier: Apache-2.0
"""`wstap intercept` in one go (HOLD-3, HOLD-6): what is held is shown, decided about, and how it ends is told."""
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

from command_line import wstap
from held_frames import HeldFrames, HeldTest
from raw_peers import WAIT
from wstap_testing import WSTAP, environment

CLOSE = b"\x03\xe8bye"


class Showing(HeldTest):
    # HOLD-2
    def test_list(self):
        self.held.hold("1:2", "Hello\x1b[2J")
        self.held.hold("2:9", b"\0\xff", "binary", "orders", receive=True)
        lines = self.intercept("list").splitlines()
        self.assertRegex(lines[0], r"^\d\d:\d\d:\d\d\.\d{6}  1:2       -> text                9  pending \(transfers, "
                                   r"release in \d+s\)  Hello\\x1b\[2J$")
        self.assertRegex(lines[1], r"  2:9       <- binary              2  pending \(orders, release in \d+s\)  00ff$")
        self.assertEqual(len(lines), 2)

    def test_nothing_is_held(self):
        self.assertEqual(self.intercept("list"), "")

    def test_list_as_json(self):
        self.held.hold("1:2", "Hello")
        self.held.hold("1:3", CLOSE, "close", "orders", receive=True)
        text, close = map(json.loads, self.intercept("list", "--json").splitlines())
        self.assertEqual({key: text[key] for key in ("type", "id", "flow_id", "sequence", "direction", "opcode", "payload",
                                                     "upgrade_url", "rules", "on_timeout")},
                         {"type": "held", "id": "1:2", "flow_id": 1, "sequence": 2, "direction": "client_to_server",
                          "opcode": "text", "payload": "Hello", "upgrade_url": "ws://example.com/chat",
                          "rules": ["transfers"], "on_timeout": "release"})
        self.assertEqual((close["direction"], close["close_code"], close["close_reason"]), ("server_to_client", 1000, "bye"))

    def test_list_what_a_filter_picks(self):
        self.held.hold("1:2", '{"a":1}')
        self.held.hold("2:2", b"\0", "binary")
        self.assertEqual([json.loads(line)["id"] for line in self.intercept("list", "--json", "-Y", "flow == 2").splitlines()],
                         ["2:2"])
        self.assertEqual(len(self.intercept("list", "-Y", 'json("/a") == 1').splitlines()), 1)
        self.assertEqual(len(self.intercept("list", "-Y", 'held and cause == "hold:transfers"').splitlines()), 2)
        said = wstap(*self.arguments("list", "-Y", "txt"))
        self.assertEqual((said.status, said.out), (2, ""))
        self.assertIn("--filter: ", said.err)

    def test_show(self):
        self.held.hold("1:2", "Hello")
        self.assertRegex(self.intercept("show", "1:2"),
                         r"(?s)^id: 1:2\n.*\nopcode: text\n.*\npayload: Hello\nverdict: pending\nurl: ws://example.com/chat\n"
                         r"held by: transfers\nexpires: \S+Z\non timeout: release\n$")
        self.assertRegex(self.intercept("show", "1:2", "--raw"),
                         r"(?s)^frame 1:2 client_to_server text, 7 bytes on the wire\nheader\n  81 .*48 65 6c 6c 6f")
        self.assertEqual(json.loads(self.intercept("show", "--json", "1:2"))["payload"], "Hello")

    def test_show_what_is_not_there(self):
        self.intercept("show", "1:2", status=1,
                       err="wstap intercept: 1:2 is not held, or not any more (see 'wstap intercept list')\n")
        self.intercept("show", "two", status=2,
                       err="wstap intercept: 'two' is not FLOW:SEQ, as in 1:2 (see 'wstap intercept list')\n")

    def test_flows_rules_stats(self):
        self.assertEqual(self.intercept("flows"),
                         "1         ws://example.com/chat\\x1b[2J  127.0.0.1:1 -> 127.0.0.1:2  -> 3 frames 30 bytes  "
                         "<- 4 frames 40 bytes  held 1, waiting 2\n")
        flow = json.loads(self.intercept("flows", "--json"))
        self.assertEqual((flow["flow"], flow["receive"], flow["held"]), (1, {"frames": 4, "bytes": 40}, 1))
        self.assertEqual(self.intercept("rules"), "hold:transfers\n")
        self.assertEqual(json.loads(self.intercept("rules", "--json")),
                         {"type": "rules", "path": "rules.toml", "version": 3, "rules": ["hold:transfers"]})
        self.assertEqual(self.intercept("rules", "--reload", status=1,
                                        err="wstap intercept: the rules stay as they are: rules.toml:1:2: no\n"),
                         "hold:transfers\n")
        self.assertIn("frames: 7\n", self.intercept("stats"))
        self.assertEqual(json.loads(self.intercept("stats", "--json"))["held_now"], 2)

    def test_closed_pipe(self):  # CLI-1
        self.held.tell("many 2000 100")
        reader, writer = os.pipe()
        os.close(reader)
        self.intercept("list", stdout=writer)
        os.close(writer)


class Deciding(HeldTest):
    # HOLD-3
    def test_release_and_drop(self):
        for item in ("1:2", "1:3", "1:4"):
            self.held.hold(item)
        self.assertEqual(self.intercept("release", "1:3", "1:2"), "")
        self.intercept("drop", "1:4")
        self.assertEqual([self.held.decision() for _ in range(3)],
                         ["1:3 release by=ann", "1:2 release by=ann", "1:4 drop by=ann"])

    def test_all(self):
        self.intercept("drop", "--all")
        self.held.tell("many 2500 1")
        self.intercept("drop", "--all")
        self.assertEqual([self.held.decision() for _ in range(2500)], [f"1:{i} drop by=ann" for i in range(2, 2502)])
        self.assertEqual(self.intercept("list"), "")

    # HOLD-7
    def test_too_late(self):
        self.held.hold("1:2")
        self.held.hold("1:3")
        self.held.tell("settle 1:2 release timeout")
        self.intercept("release", "1:2", "1:3", "7:7", status=1,
                       err="wstap intercept: 1:2: late: timeout was first: it is decided already\n"
                           "wstap intercept: 7:7: late: there is no such item\n")
        self.assertEqual(self.held.decision(), "1:3 release by=ann")

    def test_refused(self):
        self.held.hold("1:2")
        self.held.tell("refuse 1:2")
        self.intercept("modify", "1:2", "--text", "x", status=1, err="wstap intercept: 1:2: refused: a rule blocks that\n")
        self.intercept("modify", "1:2", "--text", "y")

    def test_modify(self):
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-cli-"))
        body = pathlib.Path(directory, "body")
        body.write_bytes(b"\0\xff\n")
        rows = [
            (("--text", "h\u00e9"), "modify_and_forward by=ann body=68c3a9"),
            (("--text", ""), "modify_and_forward by=ann body="),
            (("--hex", "00 fF", "--opcode", "binary", "--no-fin"),
             "modify_and_forward by=ann body=00ff opcode=binary fin=false"),
            (("--body-file", body), "modify_and_forward by=ann body=00ff0a"),
            (("--fin",), "modify_and_forward by=ann fin=true"),
            (("--close-code", "4000", "--close-reason", ""), "modify_and_forward by=ann code=4000 reason="),
            (("--raw-hex", "8100"), "send_raw by=ann raw=8100"),
            (("--raw-file", body), "send_raw by=ann raw=00ff0a"),
        ]
        for args, decided in rows:
            with self.subTest(args=args):
                self.held.hold("1:2")
                self.intercept("modify", "1:2", *args)
                self.assertEqual(self.held.decision(), f"1:2 {decided}")
        self.held.hold("1:2")
        self.intercept("modify", "1:2", "--body-file", "-", input=b"in")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=696e")

    def test_inject(self):
        rows = [
            (("--to", "server", "--text", "hi"), "client_to_server text 6869 after=-"),
            (("--to", "client", "--hex", "00"), "server_to_client binary 00 after=-"),
            (("--to", "client", "--ping"), "server_to_client ping  after=-"),
            (("--to", "client", "--pong", "--text", "x"), "server_to_client pong 78 after=-"),
            (("--to", "server", "--close", "1001", "--close-reason", "x"), "client_to_server close 03e978 after=-"),
            (("--to", "server", "--text", "", "--after", "1:9"), "client_to_server text  after=1:9"),
        ]
        for args, injected in rows:
            with self.subTest(args=args):
                self.intercept("inject", "--flow", "1", *args)
                self.assertEqual(self.held.decision(), f"inject 1 {injected} by=ann")
        self.intercept("inject", "--flow", "2", "--to", "client", "--text", "x", status=1,
                       err="wstap intercept: flow 2: refused: there is no such flow\n")

    def test_files_that_cannot_be_read(self):
        self.held.hold("1:2", "Hello")
        for file, why in (("/nonexistent", "No such file or directory"), ("/", "Is a directory")):
            with self.subTest(file=file):
                self.intercept("modify", "1:2", "--body-file", file, status=1, err=f"wstap intercept: {why}: {file}\n")

    # HOLD-6: the control socket is not taken for a standard stream that was closed
    def test_closed_streams(self):
        self.held.hold("1:2", "Hello")
        for args, closing, expected in (
                ("list", ">&-", (1, "wstap: standard output: Bad file descriptor\n")), ("--jsonl", "<&-", (0, ""))):
            with self.subTest(args=args):
                command = shlex.join(map(str, [WSTAP, *self.arguments(args)]))
                said = subprocess.run(["sh", "-c", f"{command} {closing}"], env=environment(), timeout=WAIT,
                                      capture_output=True, text=True)
                self.assertEqual((said.returncode, said.stderr), expected)

    def test_what_makes_no_sense(self):
        rows = [
            (("release",), "an ID is missing (or --all)"),
            (("drop", "--all", "1:2"), "--all: then no ID is wanted"),
            (("modify", "1:2"), "what is to be changed? (--text, --body-file, --hex, --opcode, --fin, --close-code, "
                                "--raw-file, ...)"),
            (("modify", "1:2", "--hex", "0"), "'0' is not hexadecimal, two digits a byte"),
            (("inject", "--flow", "1", "--to", "client"),
             "what is to be put there? (--text, --binary, --hex, --ping, --pong or --close)"),
            (("inject", "--flow", "1", "--to", "client", "--text", "x", "--after", "1"),
             "--after: '1' is not FLOW:SEQ, as in 1:2 (see 'wstap intercept list')"),
            (("list", "--jsonl"), "--jsonl: it goes without a command"),
            (("--exec", "true", "list"), "--exec: it goes without a command"),
            ((), "without a terminal, say who decides: --jsonl, --exec COMMAND, or a command such as list, release or drop"),
        ]
        for args, why in rows:
            with self.subTest(args=args):
                self.intercept(*args, status=2, err=f"wstap intercept: {why}\n")


class Finding(unittest.TestCase):
    """HOLD-6: which proxy is asked."""

    def setUp(self):
        self.runtime = self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-runtime-"))
        self.directory = pathlib.Path(self.runtime, "wstap")
        self.directory.mkdir(mode=0o700)

    def list(self, *args, **env):
        return wstap("intercept", "list", *args, env={"XDG_RUNTIME_DIR": self.runtime, **env})

    def test_the_only_one(self):
        with HeldFrames(self.directory, "4242.sock") as held:
            held.hold("1:2")
            said = self.list()
            self.assertEqual((said.status, len(said.out.splitlines()), said.err), (0, 1, ""))

    def test_none(self):
        said = self.list()
        self.assertEqual((said.status, said.out), (2, ""))
        self.assertEqual(said.err, "wstap intercept: no proxy runs that could be asked: nothing listens in "
                                   f"{self.directory} (start wstap proxy, or name its socket: --control SOCKET)\n")

    def test_several(self):
        with HeldFrames(self.directory, "1.sock") as one, HeldFrames(self.directory, "2.sock") as two:
            one.hold("1:2")
            said = self.list()
            self.assertEqual((said.status, said.out), (2, ""))
            self.assertEqual(said.err, "wstap intercept: several proxies run (say which: --control SOCKET)\n"
                                       f"  {one.path}\n  {two.path}\n")
            for said in (self.list("--control", one.path), self.list(WSTAP_CONTROL=str(one.path))):
                self.assertEqual((said.status, len(said.out.splitlines())), (0, 1))

    def test_one_that_is_not_there(self):
        said = self.list(WSTAP_CONTROL="/nowhere/1.sock")
        self.assertEqual(said.status, 2)
        self.assertRegex(said.err, r"^wstap intercept: WSTAP_CONTROL in the environment: --control: .*/nowhere/1\.sock")


if __name__ == "__main__":
    unittest.main()
