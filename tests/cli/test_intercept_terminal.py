# SPDX-License-Identifier: Apache-2.0
"""The reviewer at a terminal (HOLD-6): one item at a time, keys without Enter, an editor for the payload; and whatever
happens, the terminal is afterwards as it was."""
import os
import pathlib
import re
import signal
import tempfile
import termios
import unittest

from conversation import Conversation
from held_frames import HeldTest
from wstap_testing import eventually

PROMPT = r"\d+s(, \d+ wait)? \[r,d,e,h,(c,)?a,n,v,s,q,\?\]\? "
IDLE = r"nothing is held \(q: quit\) "


class Reviewing(HeldTest):
    def setUp(self):
        super().setUp()
        self.files = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-review-")))

    def review(self, *args, editor=None, env=None, **options):
        variables = {"TMPDIR": str(self.files), "VISUAL": "", "EDITOR": "", "TERM": "dumb"} | (env or {})
        if editor is not None:
            script = self.files / "editor"
            script.write_text(f"#!/bin/sh\n{editor}\n")
            script.chmod(0o700)
            variables["EDITOR"] = str(script)
        return self.enterContext(Conversation(*self.arguments(*args), env=variables, **options))

    def end(self, person, status=0):
        self.assertEqual(person.wait(), status)
        self.assertEqual(person.mode(), person.before)
        # Beyond line ends and what takes a prompt back, nothing acts on the terminal (INS-5).
        self.assertIsNone(re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", person.shown), repr(person.shown))


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
        os.kill(self.held.process.pid, signal.SIGSTOP)
        try:
            person.press("r")
            person.expect(r"the proxy has not answered yet \(q: quit\) ")
        finally:
            os.kill(self.held.process.pid, signal.SIGCONT)
        person.expect(rf"1:2: released\n.*{IDLE}")
        person.press("q")
        self.end(person)

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


class Editing(Reviewing):
    def edit(self, editor, *, payload="Hello", opcode="text", key="e", env=None):
        self.held.hold("1:2", payload, opcode)
        person = self.review(editor=editor, env=env)
        person.expect(PROMPT)
        person.press(key)
        return person

    def leave(self, person):
        person.expect(PROMPT)
        person.press("q")
        self.end(person)

    def test_payload(self):
        person = self.edit(f'cp "$1" {self.files}/was; ls -l "$1" > {self.files}/ls; stat -c %a "$1" "${{1%/*}}" > '
                           f'{self.files}/modes; echo "Bye" > "$1"')
        person.expect("1:2: changed, and on its way\n")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=427965")
        self.assertEqual((self.files / "was").read_text(), "Hello")
        self.assertEqual((self.files / "modes").read_text(), "600\n700\n")
        self.assertEqual([path.name for path in self.files.glob("wstap-edit-*")], [])
        person.expect(IDLE)
        person.press("q")
        self.end(person)

    def test_the_line_end_that_an_editor_adds(self):
        person = self.edit(r'printf "Bye\r\n" > "$1"')
        person.expect("changed")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=427965")

    def test_it_has_the_terminal_as_it_was(self):
        person = self.edit(f'stty -a > {self.files}/stty < /dev/tty; printf "name? "; read name < /dev/tty; printf %s "$name" > "$1"')
        person.expect("name[?] ")
        self.assertEqual(person.mode(), person.before)
        person.press("Ann\n")
        person.expect("changed, and on its way\n")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=416e6e")
        self.assertRegex((self.files / "stty").read_text(), r"[^-]icanon")

    def test_unchanged(self):
        person = self.edit("true")
        person.expect("unchanged\n")
        self.leave(person)

    def test_an_editor_that_fails(self):
        person = self.edit('echo x > "$1"; exit 3')
        person.expect("the editor failed: exit status 3\n")
        self.leave(person)

    def test_an_empty_file_is_asked_about(self):
        person = self.edit(': > "$1"')
        person.expect(r"send an empty payload \[y,n\]\? ")
        person.press("n")
        person.expect(PROMPT)
        person.press("e")
        person.expect(r"send an empty payload \[y,n\]\? ")
        person.press("y")
        person.expect("changed")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=")

    def test_hexadecimal(self):
        person = self.edit(f'cp "$1" {self.files}/was; sed -i "s/^00 01/ff/" "$1"', payload=b"\0\1abc", opcode="binary", key="h")
        person.expect("changed")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann body=ff616263")
        self.assertRegex((self.files / "was").read_text(), r"^#.*\n00 01 61 62 63 +# \.\.abc\n$")

    def test_an_empty_file_of_hexadecimal_is_asked_about(self):
        person = self.edit(': > "$1"', payload=b"\0", opcode="binary", key="h")
        person.expect(r"send an empty payload \[y,n\]\? ")
        person.press("n")
        self.leave(person)

    def test_what_is_no_text_is_edited_in_hexadecimal(self):
        person = self.edit('echo zz > "$1"', payload=b"\xff", opcode="text")
        person.expect("that is not hexadecimal, two digits a byte\n")
        self.leave(person)

    def test_what_was_refused_can_be_edited_further(self):
        self.held.hold("1:2", "Hello")
        self.held.tell("refuse 1:2")
        person = self.review(editor='printf "%s!" "$(cat "$1")" > "$1.new"; mv "$1.new" "$1"')
        person.expect(PROMPT)
        person.press("e")
        person.expect("refused: a rule blocks that\n")
        self.assertIn("body=" + b"Hello!".hex(), self.held.decision())
        person.expect(PROMPT)
        person.press("e")
        person.expect("changed")
        self.assertIn("body=" + b"Hello!!".hex(), self.held.decision())

    # HOLD-7
    def test_decided_by_others_meanwhile(self):
        person = self.edit(f'touch {self.files}/begun; while [ ! -e {self.files}/go ]; do sleep 0.01; done; echo x > "$1"')
        eventually((self.files / "begun").exists, "the editor")
        self.held.tell("settle 1:2 release timeout")
        self.held.hold("1:3")
        (self.files / "go").touch()
        person.expect(rf"1:2: release, by timeout\n\n1:3 .*{PROMPT}")
        person.press("q")
        self.end(person)

    def test_close(self):
        self.held.hold("1:2", b"\x03\xe8bye", "close")
        person = self.review()
        person.expect(r"\[r,d,e,h,c,a")
        person.press("c")
        person.expect(r"code \[1000\]: ")
        eventually(lambda: person.mode() == person.before, "lines again")
        person.press("40x\x7f01\n")
        person.expect(r"reason \[bye\] \(-: none\): ")
        person.press("-\n")
        person.expect("changed")
        self.assertEqual(self.held.decision(), "1:2 modify_and_forward by=ann code=4001 reason=")
        self.held.hold("1:3", b"\x03\xe8", "close")
        person.expect(rf"1:3 .*{PROMPT}")
        person.press("c")
        person.expect(r"code \[1000\]: ")
        person.press("no\n")
        person.expect("a code is a number from 0 to 65535\n")
        person.expect(PROMPT)
        person.press("c")
        person.expect(r"code \[1000\]: ")
        person.press("\n")
        person.expect(r"reason ")
        person.press("\n")
        person.expect("unchanged\n")
        person.expect(PROMPT)
        person.press("q")
        self.assertEqual(person.wait(), 0)

    def test_only_a_close_has_a_code(self):
        person = self.edit("true", key="c")
        person.expect("only a Close has a code and a reason\n")
        self.leave(person)


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
