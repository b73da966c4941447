# SPDX-License-Identifier: Apache-2.0
"""`wstap inspect -Y`, `-e` and `--count` of one recorded session (INS-2, FIL-1, FIL-2, PIPE-4)."""
import pathlib
import tempfile
import unittest

import sample_session
from command_line import wstap


class Filtered(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="wstap-filter-")
        cls.addClassCleanup(cls.directory.cleanup)
        sample_session.record(pathlib.Path(cls.directory.name, "sample.wstap"))

    def inspect(self, *args, status=0, err=""):
        said = wstap("inspect", *args, "sample.wstap", cwd=self.directory.name)
        self.assertEqual((said.status, said.err), (status, err))
        return said.out

    def picked(self, expression, *args):
        """@return FLOW:SEQ of every frame the expression picks."""
        rows = self.inspect("-Y", expression, "-e", "flow,seq", *args).splitlines()
        return [row.replace("\t", ":") for row in rows]


class Frames(Filtered):
    def test_picks_by_what_stands_in_the_frame(self):
        for expression, frames in [
            ("ping or pong", ["1:5", "1:10"]),
            ("send and binary", ["1:3"]),
            ("receive and not pong and length > 0", ["1:11", "1:14"]),
            ("not fin", ["1:4"]),
            ("flow == 1 and seq in {2, 12..13}", ["1:2", "1:12", "1:13"]),
            ("close.code == 1000 and text == \"bye\"", ["1:13"]),
            ("text contains \"hello\"", ["1:2"]),
            ("payload == \"\\x00\\x01\\xfe\\xff\"", ["1:3"]),
            ("anomaly == non_minimal_length or anomaly == text_not_utf8", ["1:8", "1:9"]),
            ("verdict != forwarded", ["1:11"]),
            ("cause == \"reencode\"", ["1:11"]),
            ("path == \"/chat\" and subprotocol == \"chat\" and seq == 2", ["1:2"]),
        ]:
            with self.subTest(expression=expression):
                self.assertEqual(self.picked(expression), frames)

    def test_the_payload_of_a_compressed_frame_is_what_it_says(self):
        # DEF-2, DEF-8
        self.assertEqual(self.picked("compressed and text == \"Hello\" and payload.length == 5"), ["2:2"])
        self.assertEqual(self.picked("compressed and text == \"Hello\"", "--deflate", "off"), [])

    def test_every_form_shows_the_same_frames(self):
        for form in ("text", "json", "jsonl"):
            with self.subTest(form=form):
                self.assertEqual(len(self.inspect("-Y", "ping or pong", "--format", form).splitlines()), 2)

    def test_nothing_picked_is_no_failure(self):
        self.assertEqual(self.inspect("-Y", "flow == 99"), "")

    def test_lint_looks_at_what_is_picked(self):
        self.assertIn("1:9", self.inspect("--lint", "-Y", "send", status=1))
        self.assertEqual(self.inspect("--lint", "-Y", "ping"), "")


class Messages(Filtered):
    def test_a_text_is_found_across_fragments(self):
        self.assertEqual(self.picked("text contains \"fragment\""), [])
        self.assertEqual(self.picked("text contains \"fragment\"", "--messages"), ["1:4"])
        self.assertEqual(len(self.inspect("--messages", "-Y", "text and send").splitlines()), 6)

    def test_columns(self):
        rows = self.inspect("--messages", "-Y", "text contains \"ment\"", "-e", "opcode,length,text")
        self.assertEqual(rows, "text\t8\tfragment\n")


class Flows(Filtered):
    def test_flows_with_such_a_frame(self):
        rows = self.inspect("--flows", "-Y", "compressed").splitlines()
        self.assertEqual([row.split()[1] for row in rows], ["2"])

    def test_flows_and_connections_for_what_they_are(self):
        everything = self.inspect("--flows").splitlines()
        self.assertEqual(self.inspect("--flows", "-Y", "flow > 0").splitlines(), everything)
        self.assertEqual(self.inspect("--flows", "-Y", "host == \"nowhere.example\""), "")


class Counts(Filtered):
    def test_frames_and_flows(self):
        self.assertEqual(self.inspect("--count", "-Y", "send"), f"{len(self.picked('send'))}\n")
        self.assertEqual(self.inspect("--count", "-Y", "text contains \"e\""), "6\n")
        self.assertEqual(self.inspect("--count", "--flows", "-Y", "compressed"), "1\n")


class Columns(Filtered):
    def test_a_row_a_frame(self):
        rows = self.inspect("-e", "seq,dir,opcode,close.code,text", "-Y", "flow == 1 and seq >= 12").splitlines()
        self.assertEqual(rows, ["12\treceive\ttext\t\t", "13\tsend\tclose\t1000\tbye", "14\treceive\tclose\t1000\t"])

    def test_hostile_text_cannot_leave_its_column(self):
        # INS-5
        row = self.inspect("-e", "text,seq", "-Y", "text contains \"red\"")
        self.assertEqual(row, "\\x1b[31mred\\x07 \\u{9b}1m \\u{202e}desrever\t7\n")

    def test_fields_are_listed(self):
        said = wstap("inspect", "--list-fields")
        self.assertEqual((said.status, said.err), (0, ""))
        listed = [line.split()[0] for line in said.out.splitlines()]
        self.assertEqual(listed, "flow seq time dir opcode fin rsv masked length payload.length payload text json url host "
                                 "path subprotocol close.code verdict cause tag anomaly compressed held".split())
        manual = pathlib.Path(__file__).resolve().parents[2].joinpath("man/wstap-filter.7").read_text()
        for field in listed:
            self.assertRegex(manual, rf"(?m)^\.It Li {field}(\(|$)")


class Errors(Filtered):
    def test_an_error_shows_the_place_and_the_nearest_name(self):
        self.inspect("-Y", "send and opcodee == text", status=2, err=(
            "wstap inspect: --filter: column 10: unknown name: 'opcodee' (did you mean 'opcode'?)\n"
            "  send and opcodee == text\n"
            "           ^\n"))

    def test_of_a_column_too(self):
        self.inspect("-e", "flow,opcodes", status=2, err=(
            "wstap inspect: --fields: column 6: unknown name: 'opcodes' (did you mean 'opcode'?)\n"
            "  flow,opcodes\n"
            "       ^\n"))

    def test_options_that_exclude_each_other(self):
        for args in (["-e", "flow", "--json"], ["-e", "flow", "--flows"], ["-Y", "send", "--frame", "1:2"]):
            with self.subTest(args=args):
                said = wstap("inspect", *args, "sample.wstap", cwd=self.directory.name)
                self.assertEqual((said.status, said.out), (2, ""))
                self.assertIn("excludes", said.err)


if __name__ == "__main__":
    unittest.main()
