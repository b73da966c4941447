# SPDX-License-Identifier: Apache-2.0
"""What `wstap inspect` prints (INS-1, INS-5): golden texts of one recorded session, and the exact shape of its JSON.

Golden files are written anew with WSTAP_UPDATE_GOLDEN=1; look at the difference before you keep it."""
import base64
import fcntl
import json
import os
import pathlib
import tempfile
import unittest

import sample_session
from command_line import Terminal, wstap
from frame_bytes import MASK, PING, TEXT, close, frame, masked
from sample_session import HOSTILE, normalised

ALWAYS = ["type", "capture", "flow", "seq", "time", "dir", "opcode", "fin", "rsv", "masked"]


class Inspect(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="wstap-cli-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.capture = pathlib.Path(cls.directory.name, "sample.wstap")
        sample_session.record(cls.capture)

    def inspect(self, *args, status=0, err="", **options):
        said = wstap("inspect", *args, "sample.wstap", cwd=self.directory.name, **options)
        self.assertEqual((said.status, said.err), (status, err))
        return said.out

    def objects(self, *args):
        """@return every object with its keys in the order in which they stand."""
        return [json.loads(line) for line in self.inspect(*args).splitlines()]

    def frame(self, flow, seq, *args):
        return next(o for o in self.objects("--json", *args) if (o["flow"], o["seq"]) == (flow, seq))


class Golden(Inspect):
    """INS-1: every form, of the whole session."""

    def assert_golden(self, name, *args):
        got = normalised(self.inspect(*args))
        path = sample_session.golden(name)
        if os.environ.get("WSTAP_UPDATE_GOLDEN"):
            path.write_text(got)
        self.assertEqual(got, path.read_text())

    def test_frames(self):
        self.assert_golden("frames.txt")

    def test_frames_in_colour(self):
        self.assert_golden("frames_in_colour.txt", "--color", "always")

    def test_flows(self):
        self.assert_golden("flows.txt", "--flows")

    def test_messages(self):
        self.assert_golden("messages.txt", "--messages")

    def test_messages_as_json(self):
        self.assert_golden("messages.jsonl", "--messages", "--json")

    def test_messages_as_bytes(self):
        self.assert_golden("messages_raw.txt", "--messages", "--raw")

    def test_messages_in_full(self):
        self.assert_golden("messages_structured.txt", "--messages", "--structured")

    def test_flows_in_full(self):
        self.assert_golden("flows_structured.txt", "--flows", "--structured")

    def test_frames_as_bytes(self):
        self.assert_golden("frames_raw.txt", "--raw")

    def test_frames_in_full(self):
        self.assert_golden("frames_structured.txt", "--structured")

    def test_frames_as_json(self):
        self.assert_golden("frames.jsonl", "--json")

    def test_flows_as_json(self):
        self.assert_golden("flows.jsonl", "--flows", "--json")

    def test_lossless(self):
        self.assert_golden("lossless.jsonl", "--format", "jsonl")

    def test_request_head(self):
        self.assert_golden("request.txt", "--frame", "1:0")

    def test_response_head(self):
        self.assert_golden("response.txt", "--frame", "1:1")


class Choice(Inspect):
    """INS-1: what is shown, and in which form."""

    def test_one_frame_is_the_same_as_among_all(self):
        every = self.inspect("--json").splitlines()
        self.assertEqual(self.inspect("--json", "--frame", "1:6").splitlines(), [every[4]])
        self.assertEqual(self.inspect("--frame", "2:2"), self.inspect().splitlines(True)[-1])

    def test_heads_as_json_and_as_bytes(self):
        head = json.loads(self.inspect("--json", "--frame", "1:0"))
        self.assertEqual(list(head), ["type", "capture", "flow", "seq", "dir", "head"])
        self.assertEqual((head["type"], head["dir"]), ("head", "send"))
        self.assertTrue(head["head"].endswith("\r\n\r\n"))
        self.assertIn("GET /chat HTTP/1.1", head["head"])
        self.assertIn("|GET /chat HTTP/1|", self.inspect("--raw", "--frame", "1:0"))

    # INS-2: what is listed makes the command fail
    def test_lint(self):
        lines = self.inspect("--lint", status=1).splitlines()
        self.assertEqual(lines[0], "sample.wstap: 1:8 -> text: text_not_utf8 (RFC 6455 8.1): a text message must be UTF-8")
        self.assertEqual([line.split(": ")[2].split()[0] for line in lines],
                         ["text_not_utf8", "non_minimal_length", "rsv_without_extension"])
        objects = [json.loads(line) for line in self.inspect("--lint", "--json", status=1).splitlines()]
        self.assertEqual([(o["type"], o["flow"], o["seq"], o["section"]) for o in objects],
                         [("anomaly", 1, 8, "RFC 6455 8.1"), ("anomaly", 1, 9, "RFC 6455 5.2"),
                          ("anomaly", 1, 11, "RFC 6455 5.2")])

    def test_counts(self):
        self.assertEqual(self.inspect("--count"), "14\n")
        self.assertEqual(self.inspect("--count", "--flows"), "4\n")
        for picked in ([], ["-Y", "text"], ["-Y", "receive and length > 5"]):
            listed = self.inspect("--messages", *picked).splitlines()
            self.assertEqual(self.inspect("--count", "--messages", *picked), f"{len(listed)}\n")
            self.assertTrue(listed)

    def test_short_forms_are_formats(self):
        for form in ("raw", "structured", "json"):
            with self.subTest(form=form):
                self.assertEqual(self.inspect(f"--{form}"), self.inspect("--format", form))
        self.assertEqual(self.inspect("--format", "text"), self.inspect())

    def test_several_captures_are_read_as_one(self):
        said = wstap("inspect", "--flows", "--json", "sample.wstap", "sample.wstap", cwd=self.directory.name)
        self.assertEqual([json.loads(line)["flow"] for line in said.out.splitlines()], [1, 2, 3, 4, 5, 6, 7, 8])

    # CAP-5: parts are told from their headers
    def test_parts_out_of_order_are_noticed(self):
        said = wstap("inspect", "--count", self.capture, self.capture)
        self.assertEqual((said.status, said.out), (0, "28\n"))
        self.assertRegex(said.err, rf"\Awstap inspect: {self.capture}: part 1 of capture [0-9a-f]{{8}}\.\.\. comes a second time "
                                   r"\(give each part once\)\n\Z")
        quiet = wstap("inspect", "-q", "--count", self.capture, self.capture)
        self.assertEqual((quiet.status, quiet.out, quiet.err), (0, "28\n", ""))
        copied = wstap("inspect", "-w", "twice.wstap", self.capture, self.capture, cwd=self.directory.name)
        self.assertIn("comes a second time", copied.err)

    def test_standard_input_is_a_capture_too(self):
        with self.capture.open("rb") as capture:
            said = wstap("inspect", "-", stdin=capture)
        self.assertEqual((said.status, said.err, said.out), (0, "", self.inspect()))


class JsonShape(Inspect):
    """INS-1: every key, in its place, and no other."""

    def test_masked_text(self):
        self.assertEqual(list(self.frame(1, 2)), ALWAYS + ["mask", "length", "compressed", "payload", "verdict"])
        self.assertEqual(self.frame(1, 2) | {"time": ""}, {
            "type": "frame", "capture": "sample.wstap", "flow": 1, "seq": 2, "time": "", "dir": "send", "opcode": "text",
            "fin": True, "rsv": 0, "masked": True, "mask": MASK.hex(), "length": 5, "compressed": False,
            "payload": "hello", "verdict": "forwarded"})

    def test_time_has_nine_digits(self):
        self.assertRegex(self.frame(1, 2)["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")

    def test_unmasked_frame_has_no_mask(self):
        self.assertEqual(list(self.frame(1, 12)), ALWAYS + ["length", "compressed", "payload", "verdict"])

    def test_binary_and_control_payloads_are_base64(self):
        self.assertEqual(list(self.frame(1, 3)), ALWAYS + ["mask", "length", "compressed", "payload_b64", "verdict"])
        self.assertEqual(base64.b64decode(self.frame(1, 3)["payload_b64"]), bytes.fromhex("0001feff"))
        self.assertEqual(base64.b64decode(self.frame(1, 5)["payload_b64"]), b"are you there")

    def test_fragments_know_their_message(self):
        keys = ALWAYS + ["mask", "length", "compressed", "payload", "verdict", "message"]
        for seq, fin, payload in ((4, False, "frag"), (6, True, "ment")):
            with self.subTest(seq=seq):
                fragment = self.frame(1, seq)
                self.assertEqual(list(fragment), keys)
                self.assertEqual((fragment["message"], fragment["fin"], fragment["payload"]), (4, fin, payload))

    def test_text_that_is_not_utf8(self):
        found = self.frame(1, 8)
        self.assertEqual(list(found),
                         ALWAYS + ["mask", "length", "compressed", "payload_b64", "verdict", "anomalies"])
        self.assertEqual(found["anomalies"], [{"name": "text_not_utf8", "section": "RFC 6455 8.1"}])

    def test_changed_frame_has_what_was_sent(self):
        found = self.frame(1, 11)
        self.assertEqual(list(found), ALWAYS + ["length", "compressed", "payload", "verdict", "sent_b64", "cause",
                                                "anomalies"])
        self.assertEqual((found["verdict"], found["cause"]), ("changed", "reencode"))
        self.assertEqual(base64.b64decode(found["sent_b64"]), frame(TEXT, b"marked"))

    def test_close(self):
        found = self.frame(1, 13)
        self.assertEqual(list(found), ALWAYS + ["mask", "length", "compressed", "payload", "verdict", "close_code",
                                                "close_reason"])
        self.assertEqual((found["payload"], found["close_code"], found["close_reason"]), ("bye", 1000, "bye"))
        self.assertEqual(list(self.frame(1, 14)), ALWAYS + ["length", "compressed", "payload", "verdict", "close_code"])

    def test_compressed(self):
        found = self.frame(2, 2)
        self.assertEqual((found["compressed"], found["rsv"]), (True, 4))
        self.assertEqual((found["length"], found["payload_length"], found["payload"]), (7, 5, "Hello"))

    def test_lossless_frames_have_their_bytes(self):
        raw = {(o["flow"], o["seq"]): base64.b64decode(o["raw_b64"]) for o in self.objects("--format", "jsonl")
               if o["type"] == "frame"}
        self.assertEqual(len(raw), 14)
        self.assertEqual(raw[1, 2], masked(TEXT, b"hello"))
        self.assertEqual(raw[1, 5], masked(PING, b"are you there"))
        self.assertEqual(raw[1, 9], masked(TEXT, b"long", length_bytes=2))
        self.assertEqual(raw[1, 11], frame(TEXT, b"marked", rsv=2))
        self.assertEqual(raw[1, 13], close(1000, b"bye", mask=MASK))

    def test_lossless_holds_the_other_records(self):
        kinds = [(o["type"], o.get("state") or o.get("kind")) for o in self.objects("--format", "jsonl")
                 if o["type"] != "frame"]
        self.assertEqual(kinds, [("flow", "active"), ("flow", "complete"), ("flow", "active"), ("flow", "complete"),
                                 ("connection", "refused"), ("connection", "failed")])

    def test_flow(self):
        flow = self.objects("--flows", "--json")[0]
        self.assertEqual(list(flow), [
            "type", "capture", "flow", "protocol", "kind", "state", "start", "url", "client", "server", "request_head",
            "response_head", "subprotocol", "end", "began", "close_code", "close_reason", "send", "receive"])
        self.assertEqual(list(flow["client"]), ["address", "http_version"])
        self.assertEqual((flow["send"], flow["receive"]), ({"frames": 9, "bytes": 123}, {"frames": 4, "bytes": 29}))
        self.assertEqual((flow["protocol"], flow["kind"], flow["state"]), ("WebSocket", "bidirectional", "complete"))
        self.assertEqual((flow["subprotocol"], flow["began"], flow["close_code"]), ("chat", "client", 1000))

    def test_connections(self):
        refused, failed = self.objects("--flows", "--json")[2:]
        self.assertEqual(list(refused), ["type", "capture", "flow", "kind", "start", "end", "reason", "url", "client",
                                         "server", "request_head", "response_head"])
        self.assertEqual((refused["kind"], refused["reason"]), ("refused", "403 Forbidden"))
        self.assertEqual((failed["type"], failed["kind"]), ("connection", "failed"))
        self.assertIn("Connection refused", failed["reason"])


class Hostile(Inspect):
    """INS-5: no control character of a payload gets out as one."""
    FORMS = ([], ["--raw"], ["--structured"], ["--json"], ["--format", "jsonl"], ["--flows"])

    def assert_harmless(self, text):
        self.assertEqual({c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7f <= ord(c) < 0xa0}, set())

    def test_on_a_pipe(self):
        for form in self.FORMS:
            with self.subTest(form=form):
                self.assert_harmless(self.inspect(*form))

    def test_on_a_terminal(self):
        for form in self.FORMS:
            with self.subTest(form=form), Terminal("inspect", "--color", "never", *form, self.capture, out=True) as it:
                self.assertEqual(it.wait(), 0)
                self.assert_harmless(it.screen)

    def test_text_cannot_be_turned_around(self):
        for form in ([], ["--structured"]):
            with self.subTest(form=form):
                self.assertNotIn("\u202e", self.inspect(*form))

    def test_json_says_what_it_was(self):
        self.assertEqual(self.frame(1, 7)["payload"], HOSTILE.decode())


class Damage(Inspect):
    """What is before the damage is shown, and what is not there is said (CLI-2, CAP-2)."""

    def damaged(self, content):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-cli-")), "damaged.wstap")
        path.write_bytes(content)
        return path

    def torn(self):
        return self.damaged(self.capture.read_bytes()[:-3])

    def test_torn_capture(self):
        path = self.torn()
        said = wstap("inspect", path)
        self.assertEqual((said.status, said.out), (3, self.inspect()))
        self.assertRegex(said.err, rf"^wstap inspect: {path}: at byte \d+: the last record is torn: .* \('wstap inspect --repair .*\n$")

    def test_torn_capture_without_a_whole_record(self):
        path = self.damaged(self.capture.read_bytes()[:50])
        said = wstap("inspect", path)
        self.assertEqual((said.status, said.out), (3, ""))
        self.assertRegex(said.err, rf"^wstap inspect: {path}: at byte 0: the last record is torn: 50 of \d+ bytes are there\n$")

    def test_torn_capture_of_a_living_writer(self):
        path = self.torn()
        with path.open("r+b") as writer:
            fcntl.lockf(writer, fcntl.LOCK_EX)
            said = wstap("inspect", path)
        self.assertEqual((said.status, said.out), (0, self.inspect()))
        self.assertRegex(said.err, r"^wstap inspect: .*: still being written, read up to byte \d+\n$")

    def test_no_capture(self):
        for content in (b"hello, this is some text and no capture at all", b"\x00" * 64):
            with self.subTest(content=content):
                said = wstap("inspect", self.damaged(content))
                self.assertEqual((said.status, said.out), (3, ""))
                self.assertRegex(said.err, r"^wstap inspect: .*: not a wstap capture.*\n$")

    def test_damage_does_not_hide_the_next_capture(self):
        said = wstap("inspect", "--count", self.torn(), self.capture)
        self.assertEqual((said.status, said.out), (3, "28\n"))

    def test_repair(self):
        torn = self.torn()
        whole = torn.with_name("whole.wstap")
        said = wstap("inspect", "--repair", whole, torn)
        self.assertEqual((said.status, said.out), (0, ""))
        self.assertRegex(said.err, r"\Awstap inspect: \d+ records, \d+ bytes written to .*whole\.wstap\n"
                                   r"wstap inspect: left out from byte \d+ on: the last record is torn.*\n\Z")
        self.assertEqual(wstap("inspect", whole), wstap("inspect", self.capture))
        self.assertEqual(whole.stat().st_mode & 0o777, 0o600)

    def test_repair_to_standard_output(self):
        said = wstap("inspect", "-q", "--repair", "-", self.torn(), binary=True)
        self.assertEqual((said.status, said.err), (0, ""))
        self.assertEqual(wstap("inspect", "-", input=said.out).out, self.inspect())

    def test_repair_overwrites_nothing_unasked(self):
        torn, there = self.torn(), self.damaged(b"mine")
        said = wstap("inspect", "--repair", there, torn)
        self.assertEqual((said.status, there.read_bytes()), (1, b"mine"))
        self.assertIn("--force", said.err)
        self.assertEqual(wstap("inspect", "--force", "-q", "--repair", there, torn).status, 0)
        self.assertEqual(wstap("inspect", there).out, self.inspect())


if __name__ == "__main__":
    unittest.main()
