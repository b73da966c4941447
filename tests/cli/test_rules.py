# SPDX-License-Identifier: Apache-2.0
"""`wstap rules check`, and a proxy that is given a bad file: every fault has its place, and nothing starts (FIL-2, PIPE-3)."""
import pathlib
import tempfile
import unittest

from command_line import wstap

GOOD = """
[[safety.input]]
preset = "destructive-sql"
[[safety.input]]
id = "noted"
pattern = "x"
action = "log_only"
direction = "both"
types = ["text", "binary"]
[[transform]]
id = "role"
filter = 'send and json("/role") == "user"'
set = { "/role" = "admin" }
[[transform]]
id = "no-pings"
filter = "ping"
drop = true
[[transform]]
id = "nowhere"
filter = "send and receive"
tags = ["never"]
[[macro]]
id = "token"
rule = [ { filter = "receive", extract = { token = { json = "/token" } } }, { id = "use", filter = "send", set = { "/t" = "${token}" } } ]
[[safety.output]]
preset = "credit-card"
[[safety.output]]
id = "everywhere"
pattern = "key"
where = ["payload", "head", "url", "close_reason"]
direction = "both"
[scope]
allow = ["*.example.com:443", "ws://localhost"]
deny = ["secret.example.com"]
[capture]
filter = 'path == "/chat"'
[[limit]]
id = "gently"
upgrades_per_second = 0.5
frames_per_second = 100
direction = "send"
[[limit]]
id = "in-all"
per = "all"
bytes_per_second = "1K"
bytes = "2M"
duration = "10m"
"""
BAD = """[[transform]]
id = "one"
filter = 'sned'
dropp = true
[[transform]]
id = "one"
opcode = "txt"
[[hold]]
id = "a\\nb"
[[hold]]
id = "a,b"
"""
FAULTS = """rules.toml:3:10: filter: column 1: unknown name: 'sned' (did you mean 'send'?)
  sned
  ^
rules.toml:4:1: unknown key 'dropp' (did you mean 'drop'?)
rules.toml:6:6: there is another rule 'one'
rules.toml:7:10: 'txt' is not one of text, binary (did you mean 'text'?)
rules.toml:9:6: an id has nothing in it that acts on a terminal, line breaks among it
rules.toml:11:6: an id has no comma: one stands between ids
"""


class Rules(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-rules-")))

    def with_file(self, content, *args):
        (self.directory / "rules.toml").write_text(content)
        return wstap(*args, cwd=self.directory)

    def test_what_rules_act_on(self):
        said = self.with_file(GOOD, "rules", "check", "rules.toml")
        self.assertEqual((said.status, said.err), (0, ""))
        self.assertEqual(said.out, "scope: allow *.example.com:443 ws://localhost deny secret.example.com no unread tunnels\n"
                                   "capture: a part of the flows\n"
                                   "limit gently: 0.5 upgrades/s 100 frames/s, each host, send\n"
                                   "limit in-all: 1024 bytes/s 2MiB for 10m, all\n"
                                   "safety.input destructive-sql: blocks text, send\nsafety.input noted: logs text binary\n"
                                   "safety.output credit-card: redacts payload-receive\n"
                                   "safety.output everywhere: redacts payload-send payload-receive head-request head-response url "
                                   "close_reason\n"
                                   "transform role: messages, send\ntransform no-pings: frames\n"
                                   "transform nowhere: frames, never\n"
                                   "macro token: messages, receive\nmacro token/use: messages, send\n")
        self.assertEqual(self.with_file(GOOD, "rules", "check", "-q", "rules.toml").out, "")

    def test_all_faults_with_their_places(self):
        for command, args in (("rules", ["check", "rules.toml"]), ("proxy", ["--rules", "rules.toml"])):
            with self.subTest(command=command):
                said = self.with_file(BAD, command, *args)
                self.assertEqual((said.status, said.out), (2, ""))
                self.assertEqual(said.err.replace(f"wstap {command}: ", ""), FAULTS)

    def test_standard_input(self):
        # CLI-1
        said = wstap("rules", "check", "-", input=b"[[transform]]\nid='a'\nfilter='ping'\ndrop=true\n")
        self.assertEqual((said.status, said.out), (0, "transform a: frames\n"))
        self.assertEqual(wstap("rules", "check", "-", input=b"x").err.split(":")[1:4], [" standard input", "1", "2"])

    def test_a_file_that_is_not_there(self):
        said = wstap("rules", "check", "nowhere.toml", cwd=self.directory)
        self.assertEqual((said.status, said.out), (2, ""))
        self.assertEqual(said.err, "wstap rules: nowhere.toml: No such file or directory\n")
        said = wstap("rules", "check", "/")
        self.assertEqual((said.status, said.out, said.err), (2, "", "wstap rules: /: Is a directory\n"))
        said = wstap("rules", "check", "/dev/zero")
        self.assertEqual((said.status, said.out, said.err), (2, "", "wstap rules: /dev/zero: over 16MiB\n"))

    def test_a_hostile_name_cannot_reach_the_terminal(self):
        # INS-5
        said = self.with_file("[[transform]]\n\"\\u001b[2J\" = true\n", "rules", "check", "rules.toml")
        self.assertEqual(said.status, 2)
        self.assertIn("unknown key '\\x1b[2J'", said.err)


if __name__ == "__main__":
    unittest.main()
