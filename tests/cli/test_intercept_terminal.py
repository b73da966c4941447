# SPDX-License-Identifier: Apache-2.0
"""The reviewer at a terminal (HOLD-6): one item at a time, keys without Enter; and whatever happens, the terminal is
afterwards as it was."""
import pathlib
import re
import signal
import termios
import time
import unittest

from terminal_review import IDLE, PROMPT, Reviewing
from wstap_testing import eventually


class Deciding(Reviewing):
    def test_one_after_the_other(self):
        self.held.hold("1:2", "Hello")
        self.held.hold("1:3", "more", receive=True)
        self.held.hold("1:4")
        person = self.review()
        person.expect(r"1:2 -> text, 5 bytes, ws://example.com/chat\nheld by transfers, else release\nHello\n")
        person.expect(r"\d+s, 2 wait \[")
        self.assertFalse(person.mode()[3] & (termios.ICANON | termios.ECHO))
        person.press("r")
        person.expect(r"1:2: released\n\n1:3 <- text.*more\n.*\d+s, 1 wait ")
        person.press("d")
        person.expect(rf"1:3: dropped\n\n1:4 -> text, 0 bytes.*no payload\n.*{PROMPT}")
        person.press("s")
        person.expect(r"1:4: skipped\n.*nothing else is held \(q: quit\) ")
        self.held.hold("1:5", "late one")
        person.expect(rf"1:5 -> text.*{PROMPT}")
        person.press("q")
        person.expect("2 items are held as before\n")
        self.end(person)
        self.assertEqual([self.held.decision() for _ in range(2)], ["1:2 release by=ann", "1:3 drop by=ann"])

    def test_keys_that_mean_nothing_decide_nothing(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        person.press("R")
        person.expect(rf"r  release: .*q  quit.*{PROMPT}")
        person.press("\x1br\x1b[1;5d\x1bOr?")  # Alt-R, and what function keys send
        person.expect(rf"r  release: .*{PROMPT}")
        person.press("q")
        self.end(person)
        self.held.hold("1:3")  # nothing was decided: this is what it says next
        self.intercept("release", "1:3")
        self.assertEqual(self.held.decision(), "1:3 release by=ann")

    def test_always_and_never(self):
        for item, rule in (("1:2", "a"), ("1:3", "b"), ("1:4", "a"), ("1:5", "b")):
            self.held.hold(item, "x", rule=rule)
        person = self.review()
        person.expect(rf"1:2 .*{PROMPT}")
        person.press("a")
        person.expect(r"1:2: released\nfrom now on, what a holds is released without a question\n")
        person.expect(r"1:3 -> text")
        person.expect(r"1:4: released\n")
        person.expect(PROMPT)
        person.press("n")
        person.expect(r"1:3: dropped\nfrom now on, what b holds is dropped without a question\n")
        person.expect(r"1:5: dropped\n")
        self.held.hold("1:6", "x", rule="a")
        person.expect(r"1:6: released\n")
        self.held.hold("1:7", "x", rule="c")
        person.expect(rf"1:7 -> text.*{PROMPT}")
        person.press("\x04")
        self.end(person)
        self.assertEqual(sorted(self.held.decision() for _ in range(5)),
                         ["1:2 release by=ann", "1:3 drop by=ann", "1:4 release by=ann", "1:5 drop by=ann",
                          "1:6 release by=ann"])

    def test_always_is_asked_again_about_what_is_refused(self):
        self.held.hold("1:2", "x", rule="a")
        person = self.review()
        person.expect(PROMPT)
        person.press("n")
        person.expect(rf"what a holds is dropped without a question\n.*{IDLE}")
        self.held.tell("refuse 1:3")
        self.held.hold("1:3", "y", rule="a")
        person.expect(rf"1:3: refused: a rule blocks that\n.*1:3 -> text.*{PROMPT}")
        person.press("q")
        person.expect("one item is held as before\n")
        self.end(person)

    # HOLD-7
    def test_decided_by_others(self):
        self.held.hold("1:2", "Hello")
        self.held.hold("1:3")
        person = self.review()
        person.expect(rf"1:2 .*{PROMPT}")
        self.held.tell("settle 1:2 drop bob")
        person.expect(rf"1:2: drop, by bob\n\n1:3 .*{PROMPT}")
        person.press("d")  # that was meant for the one that is gone
        for _ in range(2):  # the seconds count down, so one has passed
            person.expect(r"\r\d+s \[")
        self.held.hold("1:4")
        person.expect(r"1 wait ")
        self.held.tell("settle 1:4 release timeout")
        person.expect(r"\d+s \[")
        person.press("r")
        person.expect(rf"1:3: released\n.*{IDLE}")
        person.press("q")
        self.end(person)

    def test_refused(self):
        self.held.hold("1:2", "Hello")
        self.held.tell("refuse 1:2")
        person = self.review()
        person.expect(PROMPT)
        person.press("d")
        person.expect(rf"1:2: refused: a rule blocks that\n.*{PROMPT}")
        person.press("d")
        person.expect("1:2: dropped\n")
        person.press("q")
        self.end(person)

    def test_skipped_and_decided_by_others(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        person.press("s")
        person.expect(r"nothing else is held \(q: quit\) ")
        self.held.tell("settle 1:2 release timeout")
        person.expect(IDLE)
        person.press("q")
        self.end(person)
        self.assertNotIn("as before", person.shown)

    def test_the_proxy_takes_its_time(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        with self.held.paused():
            person.press("r")
            person.expect(r"the proxy has not answered yet \(q: quit\) ")
        person.expect(rf"1:2: released\n.*{IDLE}")
        person.press("q")
        self.end(person)

    def test_the_proxy_does_not_answer(self):
        self.held.hold("1:2", "Hello")
        waiting, leaving = self.review(), self.review()
        for person in (waiting, leaving):
            person.expect(PROMPT)
        with self.held.paused():
            for person in (waiting, leaving):
                person.press("r")
                person.expect(r"the proxy has not answered yet \(q: quit\) ")
            leaving.press("q")
            leaving.expect("wstap intercept: .*the proxy has not answered; what was decided may still be done")
            self.end(leaving, status=4)
            self.assertNotIn("as before", leaving.shown)
            time.sleep(25)
            waiting.expect("wstap intercept: .*the proxy does not answer")
            self.end(waiting, status=4)

    def test_the_proxy_goes_away(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        self.held.stop()
        person.expect("wstap intercept: .*the proxy has ended")
        self.end(person, status=4)


class Shown(Reviewing):
    def show(self, payload, opcode="text", *args, **options):
        """@return what stands between heading and prompt."""
        self.held.hold("1:2", payload, opcode)
        person = self.review(*args, **options)
        found = person.expect(rf"else release\n(.*?)\r?{PROMPT}")
        person.press("q")
        self.end(person)
        self.held.tell("settle 1:2 release timeout")
        return found[1]

    def test_payloads(self):
        rows = [("two\nlines\x1b[2J\x9b", "text", "two\nlines\\x1b[2J\\u{9b}\n"),
                ('{"a":[1,{}],"b":"\x7f"}', "text", '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": "\\x7f"\n}\n'),
                (b"\0\x1b\xffab", "binary", "00000000  00 1b ff 61 62" + " " * 35 + "|...ab|\n"),
                (b"\x03\xe8bye\x07", "close", "close code 1000, reason: bye\\x07\n"),
                (b"", "close", "no close code\n")]
        for payload, opcode, shown in rows:
            with self.subTest(payload=payload):
                self.assertEqual(self.show(payload, opcode), shown)

    def test_long_ones_are_cut(self):
        self.assertEqual(self.show("a" * 80 * 16 + "b"), "a" * 80 * 16 + f"\n... 1280 of 1281 bytes (all: wstap intercept show)\n")
        self.assertEqual(len(self.show("a\n" * 100).splitlines()), 17)
        self.assertEqual(len(self.show(bytes(1000), "binary").splitlines()), 17)

    def test_a_narrow_window(self):
        self.held.hold("1:2", bytes(range(10)), "binary")
        for i in range(3, 15):
            self.held.hold(f"1:{i}", b"\x03\xe8", "close")
        person = self.review(columns=40)
        found = person.expect(r"(00000000 .*?)\r(\d+s.*?\? )")
        self.assertEqual(found[1], "00000000  00 01 02 03  |....|\n00000004  04 05 06 07  |....|\n00000008  08 09        |..|\n")
        person.press("r")
        person.expect(r"1:3 ")
        person.expect(r"\r(\d+s.*?\? )")
        person.resize(16, 24)
        person.send_signal(signal.SIGWINCH)
        person.expect(r"\r\? ")
        person.press("q")
        person.wait()
        # Prompts stay within the window: what is longer cannot be taken back.
        for prompt in re.findall(r"\r(\d+s[^\r\n]*\? )", person.shown):
            self.assertLess(len(prompt), 40)

    def test_the_view_is_switched(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(rf"Hello\n.*{PROMPT}")
        person.press("v")
        person.expect(rf"frame 1:2 client_to_server text, 7 bytes on the wire\nheader\n  81 .*48 65 6c 6c 6f.*{PROMPT}")
        person.press("v")
        person.expect(rf"Hello\n.*{PROMPT}")
        person.press("q")
        self.end(person)

    def test_seconds_count_down(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        first = int(person.expect(r"(\d+)s \[")[1])
        person.expect(rf"\r{first - 1}s \[")
        person.press("q")
        self.end(person)

    def test_colours(self):
        self.held.hold("1:2", "Hello")
        for args, env, coloured in ((["--color", "always"], {}, True), ([], {}, False), ([], {"NO_COLOR": ""}, True)):
            with self.subTest(args=args, env=env):
                person = self.review(*args, env=env)
                person.expect(r"\?\]\? ")
                person.press("q")
                self.assertEqual(person.wait(), 0)
                self.assertEqual("\x1b[" in person.shown, coloured)

class Signals(Reviewing):
    def test_they_leave_the_terminal_as_it_was(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGQUIT, 143)):
            with self.subTest(signal=number):
                person = self.review()
                person.expect(IDLE)
                person.send_signal(number)
                self.end(person, status)

    def test_control_c(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        person.press("\x03")
        person.expect("one item is held as before\n")
        self.end(person, 130)

    def test_stopped_and_continued(self):
        self.held.hold("1:2", "Hello")
        person = self.review()
        person.expect(PROMPT)
        person.press("\x1a")
        state = pathlib.Path(f"/proc/{person.process.pid}/stat")
        eventually(lambda: " T " in state.read_text(), "the stop")
        self.assertEqual(person.mode(), person.before)
        person.send_signal(signal.SIGCONT)
        person.expect(PROMPT)
        self.assertFalse(person.mode()[3] & termios.ICANON)
        person.press("r")
        person.expect("1:2: released\n")
        person.press("q")
        self.end(person)

    def test_control_c_is_the_editors_while_it_runs(self):
        self.held.hold("1:2", "Hello")
        person = self.review(editor="echo begun; exec sleep 600")
        person.expect(PROMPT)
        person.press("e")
        person.expect("begun\n")
        person.press("\x03")
        person.expect(rf"the editor failed: \w+ .*\n.*{PROMPT}")
        person.press("q")
        self.end(person)

    def test_terminated_while_it_edits(self):
        self.held.hold("1:2", "Hello")
        person = self.review(editor="echo begun; exec sleep 600")
        person.expect(PROMPT)
        person.press("e")
        person.expect("begun\n")
        person.send_signal(signal.SIGTERM)
        self.end(person, 143)
        self.assertEqual([path.name for path in self.files.glob("wstap-edit-*")], [])


if __name__ == "__main__":
    unittest.main()
