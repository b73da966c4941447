# SPDX-License-Identifier: Apache-2.0
"""Payloads edited by a reviewer at a terminal (HOLD-3, HOLD-6): what the editor leaves goes on, and the terminal is as it was."""
import unittest

from terminal_review import IDLE, PROMPT, Reviewing
from wstap_testing import eventually


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


if __name__ == "__main__":
    unittest.main()
