# SPDX-License-Identifier: Apache-2.0
"""CLI-3: where options come from, which of them wins; colours; how much is said, and in which form."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import sample_session
from command_line import Terminal, wstap
from raw_peers import connect
from wstap_testing import Program, Proxy, TestCase

# What the five forms of the first frame begin with: the form tells whose --format counted.
FORMS = {"text": "hh:mm:ss", "raw": "frame 1:2", "structured": "id: 1:2", "json": '{"type":"frame"', "jsonl": '{"type":"flow"'}


class Settings(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="wstap-cli-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.capture = pathlib.Path(cls.directory.name, "sample.wstap")
        sample_session.record(cls.capture)

    def file(self, text, name="config.toml"):
        path = self.path(name)
        path.write_text(text)
        return path

    def xdg(self, text):
        """@return the environment in which that is the user's own configuration."""
        home = self.path("config")
        (home / "wstap").mkdir(parents=True)
        (home / "wstap" / "config.toml").write_text(text)
        return {"XDG_CONFIG_HOME": str(home)}


class Precedence(Settings):
    """CLI-3: flag > environment > --config FILE > XDG config > default."""

    def assert_form(self, form, *args, env=None):
        said = wstap("inspect", *args, self.capture, env=env)
        self.assertEqual((said.status, said.err), (0, ""))
        self.assertTrue(sample_session.normalised(said.out).startswith(FORMS[form]), said.out[:80])

    def test_default(self):
        self.assert_form("text")

    def test_xdg_configuration_wins_over_default(self):
        self.assert_form("json", env=self.xdg('[inspect]\nformat = "json"\n'))

    def test_configuration_in_home_without_xdg(self):
        home = self.path("home")
        (home / ".config" / "wstap").mkdir(parents=True)
        (home / ".config" / "wstap" / "config.toml").write_text('[inspect]\nformat = "json"\n')
        self.assert_form("json", env={"XDG_CONFIG_HOME": "", "HOME": str(home)})

    def test_named_file_wins_over_xdg_configuration(self):
        self.assert_form("raw", "--config", self.file('[inspect]\nformat = "raw"\n'),
                         env=self.xdg('[inspect]\nformat = "json"\n'))

    def test_last_named_file_wins(self):
        self.assert_form("raw", "--config", self.file('[inspect]\nformat = "json"\n'),
                         "--config", self.file('[inspect]\nformat = "raw"\n'))

    def test_xdg_configuration_fills_what_the_file_leaves_open(self):
        self.assert_form("json", "--config", self.file("[inspect]\nquiet = true\n"),
                         env=self.xdg('[inspect]\nformat = "json"\n'))

    def test_environment_wins_over_files(self):
        self.assert_form("structured", "--config", self.file('[inspect]\nformat = "raw"\n'),
                         env={"WSTAP_FORMAT": "structured"} | self.xdg('[inspect]\nformat = "json"\n'))

    def test_command_line_wins_over_everything(self):
        self.assert_form("jsonl", "--config", self.file('[inspect]\nformat = "raw"\n'), "--format", "jsonl",
                         env={"WSTAP_FORMAT": "structured"} | self.xdg('[inspect]\nformat = "json"\n'))

    def test_short_form_wins_over_a_configured_format(self):
        self.assert_form("structured", "--structured", env={"WSTAP_FORMAT": "json"})

    def assert_lists_flows(self, *args, env=None):
        said = wstap("inspect", "--color", "never", *args, self.capture, env=env)
        self.assertEqual((said.status, said.err), (0, ""))
        self.assertEqual(said.out, wstap("inspect", "--flows", self.capture).out)

    def test_command_line_wins_over_what_cannot_go_with_it(self):
        frame = wstap("inspect", "--frame", "1:2", self.capture).out
        for env in ({"WSTAP_FLOWS": "1"}, {"WSTAP_MESSAGES": "true", "WSTAP_LINT": "true"},
                    self.xdg("[inspect]\nflows = true\n")):
            with self.subTest(env=env):
                said = wstap("inspect", "--frame", "1:2", self.capture, env=env)
                self.assertEqual((said.status, said.out, said.err), (0, frame, ""))
        self.assert_lists_flows("--flows", env={"WSTAP_FRAME": "1:2"})
        self.assert_lists_flows("--flows", "--config", self.file("[inspect]\nlint = true\n"))
        self.assert_form("json", "--format", "json", env={"WSTAP_RAW": "true"})
        self.assert_form("raw", "--raw", "--config", self.file("[inspect]\nstructured = true\n"))

    def test_flag_that_is_off_excludes_nothing(self):
        self.assert_form("raw", env={"WSTAP_FORMAT": "raw", "WSTAP_JSON": "false"})
        self.assert_lists_flows("--flows", env={"WSTAP_LINT": "false"})
        self.assert_lists_flows("--config", self.file("[inspect]\nflows = true\n"), env={"WSTAP_LINT": "false"})
        self.assert_form("raw", "--config", self.file('[inspect]\nraw = true\njson = false\n'))
        self.assert_form("text", "--config", self.file("[inspect]\njson = false\n"), env=self.xdg("[inspect]\njson = true\n"))

    def test_environment_wins_over_what_cannot_go_with_it(self):
        for args, env in ((("--config", self.file('[inspect]\nframe = "1:2"\n')), {}),
                          ((), self.xdg("[inspect]\nmessages = true\n"))):
            with self.subTest(args=args):
                self.assert_lists_flows(*args, env={"WSTAP_FLOWS": "1"} | env)

    def test_named_file_wins_over_what_cannot_go_with_it(self):
        self.assert_lists_flows("--config", self.file("[inspect]\nflows = true\n"),
                                env=self.xdg("[inspect]\nmessages = true\n"))

    def test_command_line_of_the_proxy_wins_over_what_cannot_go_with_it(self):
        def starts(*args, env):
            with Program("proxy", "--listen", "127.0.0.1:0", *args, env=env) as proxy:
                self.assertEqual(proxy.stop(), 0)
                return [line for line in proxy.lines if "descriptors" not in line]
        self.assertEqual(starts("-q", env={"WSTAP_VERBOSE": "true"}), [])
        self.assertIn("listening", starts("-v", env={"WSTAP_QUIET": "true"})[0])
        starts("-k", env={"WSTAP_UPSTREAM_CA": "/nowhere.pem"})
        starts("-k", env=self.xdg('[proxy]\nupstream-ca = "/nowhere.pem"\n'))
        trusting = wstap("proxy", "--listen", "127.0.0.1:0", "--upstream-ca", "/nowhere.pem", env={"WSTAP_INSECURE": "true"})
        self.assertEqual(trusting.status, 4, "the file was not asked for")

    def test_settings_for_other_runs_may_stand(self):
        """What is of no use this time fails nothing, unless it is all typed."""
        for_captures = '[proxy]\nforce = true\nfsync = "interval"\nrotate-size = "1M"\nrotate-time = "1h"\n' \
                       'on-capture-error = "pass"\n'
        environment = {"WSTAP_FORCE": "true", "WSTAP_FSYNC": "always", "WSTAP_ROTATE_SIZE": "1M"}
        for args, env in (((), self.xdg(for_captures)), ((), environment), (("-w", "-"), self.xdg(for_captures)),
                          (("-w", "-"), environment),
                          (("--reverse", "ws://127.0.0.1:9"), {"WSTAP_DETECT_TIMEOUT": "1s"}),
                          (("--max-message", "off"), {"WSTAP_ON_MESSAGE_LIMIT": "close"}),
                          (("--inflate", "never"), self.xdg('[proxy]\ninflate-work = "1M"\n')),
                          (("--inflate-work", "1M"), {"WSTAP_INFLATE": "never"}),
                          (("--no-print",), self.xdg("[proxy]\nprint = true\n"))):
            with self.subTest(args=args, env=env), Program("proxy", "--listen", "127.0.0.1:0", *args, env=env):
                pass

    def test_what_cannot_go_together_in_one_place(self):
        for args, env in (((), {"WSTAP_FLOWS": "1", "WSTAP_MESSAGES": "1"}),
                          (("--config", self.file("[inspect]\nflows = true\nmessages = true\n")), {})):
            with self.subTest(args=args):
                said = wstap("inspect", *args, self.capture, env=env)
                self.assertEqual((said.status, said.out), (2, ""))
                self.assertIn("--flows excludes --messages", said.err)

    def test_empty_variable_is_none(self):
        self.assert_form("raw", "--config", self.file('[inspect]\nformat = "raw"\n'), env={"WSTAP_FORMAT": ""})

    def test_file_may_be_named_before_the_command(self):
        said = wstap("--config", self.file('[inspect]\nformat = "raw"\n'), "inspect", self.capture)
        self.assertTrue(said.out.startswith("frame 1:2"))

    def test_flags_in_environment_and_file(self):
        self.assert_form("json", env={"WSTAP_JSON": "true"})
        self.assert_form("json", "--config", self.file("[inspect]\njson = true\n"))
        self.assert_form("text", "--config", self.file("[inspect]\njson = true\n"), env={"WSTAP_JSON": "false"})

    def test_flag_that_takes_back_a_configured_one(self):
        capture = self.path("printed.wstap")
        config = self.file("[proxy]\nprint = true\n")
        for args, printed in (((), True), (("--no-print",), False)):
            with self.subTest(args=args), Proxy("--config", config, "--force", *args, capture=capture,
                                                stdout=subprocess.PIPE) as proxy:
                sample_session.talk(proxy)
                proxy.send_signal()
                self.assertEqual(bool(proxy.process.stdout.read()), printed)
                self.assertEqual(proxy.wait(), 0)

    def test_lists(self):
        config = self.file('[proxy]\nlisten = ["127.0.0.1:0", "[::1]:0"]\n')
        with Program("proxy", "--config", config) as proxy:
            self.assertEqual([a.rsplit(":", 1)[0] for a in proxy.ready["listen"]], ["127.0.0.1", "[::1]"])
        with Program("proxy", "--config", config, "--listen", "127.0.0.1:0") as proxy:
            self.assertEqual([a.rsplit(":", 1)[0] for a in proxy.ready["listen"]], ["127.0.0.1"])

    def test_environment_of_another_command(self):
        """`json` is no format of a certificate, and nobody asked for one."""
        self.assert_form("json", env={"WSTAP_FORMAT": "json"})
        said = wstap("ca", "export", env={"WSTAP_FORMAT": "json"})
        self.assertEqual((said.status, said.out), (2, ""))
        self.assertEqual(wstap("ca", "path", env={"WSTAP_FORMAT": "json"}).status, 0)

    def test_unknown_entry(self):
        for text, entry in (("[inspect]\nfromat = 1\n", "inspect.fromat"), ("[inspekt]\nformat = 1\n", "inspekt.format")):
            for args, env in ((("--config", self.file(text)), {}), ((), self.xdg(text))):
                with self.subTest(text=text, args=args):
                    said = wstap(*args, "inspect", self.capture, env=env)
                    self.assertEqual((said.status, said.out), (2, ""))
                    place = args[1] if args else env["XDG_CONFIG_HOME"] + "/wstap/config.toml"
                    self.assertEqual(said.err, f"wstap inspect: {place}:2: unknown entry '{entry}' "
                                               "(see 'wstap inspect --help')\n")

    def test_what_is_no_toml(self):
        for text, place in (("x", "1:2"), ("[inspect\n", "1:9"),
                            ("[inspect]\nformat = 'raw'\nformat = 'json'\n", "3:10"),
                            ("[inspect]\njson = 1.5\n", "2:8"),
                            ("[inspect]\njson = 2026-01-01\n", "2:8")):
            with self.subTest(text=text):
                path = self.file(text)
                said = wstap("--config", path, "inspect", self.capture)
                self.assertEqual((said.status, said.out), (2, ""))
                self.assertRegex(said.err, rf"^wstap inspect: {path}:{place}: .*\n$")


class Origins(Settings):
    """CLI-3: who gave a wrong value is told where it stands."""

    def assert_wrong(self, text, command, *args, env=None):
        """@param text  of the line, with PATH for that of the last argument but "x"."""
        said = wstap(command, *args, env=env)
        self.assertEqual((said.status, said.out), (2, ""))
        name = "ca export" if command == "ca" and "(see" in text else command
        path = [arg for arg in args if arg != "x"][-1:] or [""]
        self.assertEqual(said.err, f"wstap {name}: {text}\n".replace("PATH", str(path[0])))

    SIZE = "is not a size such as 65536, 64KiB, 16M or off (see 'wstap proxy --help')"

    def test_environment(self):
        for env, command, text in (
                ({"WSTAP_MAX_MESSAGE": "abc"}, ("proxy",), f"WSTAP_MAX_MESSAGE in the environment: --max-message: 'abc' {self.SIZE}"),
                ({"WSTAP_PRINT": "maybe"}, ("proxy",),
                 "WSTAP_PRINT in the environment: --print: 'maybe' is not true or false (see 'wstap proxy --help')"),
                ({"WSTAP_LISTEN": "nonsense"}, ("proxy",), "WSTAP_LISTEN in the environment: --listen: not an address: 'nonsense' "
                 "(expected ADDRESS:PORT, as in 127.0.0.1:8080)"),
                ({"WSTAP_LISTEN": "nonsense"}, ("echo",), "WSTAP_LISTEN in the environment: --listen: not an address: 'nonsense' "
                 "(expected ADDRESS:PORT, as in 127.0.0.1:8080)"),
                ({"WSTAP_JSON": "maybe"}, ("inspect", "x"),
                 "WSTAP_JSON in the environment: --json: 'maybe' is not true or false (see 'wstap inspect --help')"),
                ({"WSTAP_FRAME": "one"}, ("inspect", "x"),
                 "WSTAP_FRAME in the environment: --frame: 'one' is not FLOW:SEQ, as in 1:2"),
                ({"WSTAP_FILTER": "pingg"}, ("inspect", "x"), "WSTAP_FILTER in the environment: --filter: column 1: unknown name: "
                 "'pingg' (did you mean 'ping'?)\n  pingg\n  ^"),
                ({"WSTAP_FIELDS": "seqq"}, ("inspect", "x"), "WSTAP_FIELDS in the environment: --fields: column 1: unknown name: "
                 "'seqq' (did you mean 'seq'?)\n  seqq\n  ^"),
                ({"WSTAP_FLOWS": "1", "WSTAP_LINT": "1"}, ("inspect", "x"), "WSTAP_FLOWS in the environment, WSTAP_LINT in the "
                 "environment: --flows excludes --lint (see 'wstap inspect --help')"),
                ({"WSTAP_PASSWORD": "x"}, ("ca", "export"),
                 "WSTAP_PASSWORD in the environment: --password: only a p12 file has one (add --format p12)"),
                ({"WSTAP_FORMAT": "jpeg"}, ("ca", "export"),
                 "WSTAP_FORMAT in the environment: --format: 'jpeg' is not one of pem|der|p12 (see 'wstap ca export --help')")):
            with self.subTest(env=env):
                self.assert_wrong(text, *command, env=env)

    def test_files(self):
        for text, command, wrong in (
                ('[proxy]\nforce = true\nmax-message = "abc"\n', "proxy", f"PATH:3: --max-message: 'abc' {self.SIZE}"),
                ("[proxy]\nlisten = []\n", "proxy", "PATH:2: --listen: a value is missing: ADDR:PORT (see 'wstap proxy --help')"),
                ('[proxy]\nmax-message = ["1M", "2M"]\n', "proxy", "PATH:2: --max-message: one value is expected, and there are 2: "
                 "'1M', '2M' (see 'wstap proxy --help')"),
                ('[proxy]\nmax-frame = "32M"\n', "proxy", "PATH:2: --max-frame: a capture holds frames of at most 32505856 bytes"),
                ('[proxy]\n\nmax-message = "abc"\n', "inspect",
                 f"PATH:3: --max-message: 'abc' {self.SIZE}".replace("proxy --help", "inspect --help")),
                ('[inspect]\njson = "maybe"\n', "inspect", "PATH:2: --json: 'maybe' is not true or false (see 'wstap inspect --help')"),
                ("[inspect]\njson = [true, false]\n", "inspect",
                 "PATH:2: 'inspect.json' is true or false, and not a list (see 'wstap inspect --help')"),
                ("[inspect]\nhelp = true\n", "inspect",
                 "PATH:2: 'inspect.help' cannot be set in a file (see 'wstap inspect --help')"),
                ('[inspect]\nformat = "xml"\n', "inspect", "PATH:2: --format: 'xml' is not one of text|raw|structured|json|jsonl "
                 "(see 'wstap inspect --help')"),
                ('[inspect]\nfilter = ""\n', "inspect", "PATH:2: --filter: the value is empty (see 'wstap inspect --help')"),
                ('[inspect]\nfilter = "pongg"\n', "inspect",
                 "PATH:2: --filter: column 1: unknown name: 'pongg' (did you mean 'pong'?)\n  pongg\n  ^"),
                ("[inspect]\nflows = true\nlint = true\n", "inspect",
                 "PATH:2, PATH:3: --flows excludes --lint (see 'wstap inspect --help')")):
            with self.subTest(text=text):
                self.assert_wrong(wrong, command, "--config", self.file(text), *(["x"] if command == "inspect" else []))

    def test_the_file_that_counts(self):
        other = self.file('[proxy]\nmax-message = "other"\n', "other.toml")
        config = self.file('[proxy]\nmax-message = "abc"\n')
        self.assert_wrong(f"PATH:2: --max-message: 'abc' {self.SIZE}", "proxy", "--config", other, "--config", config)

    def test_empty_values(self):
        """A script's variable that is not set."""
        for command, option in (("inspect", "--filter"), ("inspect", "--fields"), ("inspect", "--write"), ("inspect", "FILE"),
                                ("proxy", "--write"), ("proxy", "--rules"), ("proxy", "--reverse")):
            with self.subTest(option=option):
                args = [option, ""] if option.startswith("-") else [""]
                said = wstap(command, *args, *(["x"] if command == "inspect" else []))
                self.assertEqual((said.status, said.out, said.err),
                                 (2, "", f"wstap {command}: {option}: the value is empty (see 'wstap {command} --help')\n"))

    def test_command_line_needs_no_word(self):
        config = self.file('[proxy]\nmax-message = "abc"\n')
        self.assert_wrong(f"--max-message: 'xyz' {self.SIZE}", "proxy", "--config", config, "--max-message", "xyz",
                          env={"WSTAP_MAX_MESSAGE": "def"})


class Colours(Settings):
    """CLI-3: NO_COLOR, --color."""

    def assert_coloured(self, coloured, *args, terminal=True, env=None):
        with Terminal("inspect", *args, self.capture, out=terminal, env=env) as it:
            self.assertEqual(it.wait(), 0)
            self.assertEqual("\x1b[32m-> text" in (it.screen if terminal else it.stdout), coloured)

    def test_by_themselves_on_a_terminal_only(self):
        self.assert_coloured(True)
        self.assert_coloured(False, terminal=False)

    def test_no_color(self):
        self.assert_coloured(False, env={"NO_COLOR": "1"})
        self.assert_coloured(True, env={"NO_COLOR": ""})

    def test_option_wins(self):
        self.assert_coloured(True, "--color", "always", env={"NO_COLOR": "1"}, terminal=False)
        self.assert_coloured(False, "--color", "never")


def fail_to_connect(proxy):
    """Something to be said: a dial that fails, since nobody listens on port 1."""
    with connect(proxy.address) as client:
        client.send("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n")
        client.rest()


class Saying(TestCase):
    """CLI-3: -q, -v, --log-format json."""

    def said(self, *args):
        with Program("proxy", "--listen", "127.0.0.1:0", *args) as proxy:
            fail_to_connect(proxy)
            address = proxy.ready["listen"][0]
            self.assertEqual(proxy.stop(), 0)
            return [line.replace(address, "ADDRESS") for line in proxy.lines if "descriptors" not in line]

    FAILED = r"^wstap proxy: 127\.0\.0\.1:\d+: 127\.0\.0\.1:1 failed: cannot connect: "

    def test_by_itself(self):
        listening, stopping = "wstap proxy: listening on ADDRESS", "wstap proxy: stopping (once more: at once)"
        self.assertEqual(self.said("--no-print"), [listening, stopping])
        lines = self.said()  # beside the frames that are printed, what happens is told
        self.assertEqual((lines[0], lines[2:]), (listening, [stopping]))
        self.assertRegex(lines[1], self.FAILED)

    def test_quiet(self):
        self.assertEqual(self.said("-q"), [])

    def test_verbose(self):
        lines = self.said("-v", "--no-print")
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], self.FAILED)

    def test_json(self):
        lines = [json.loads(line) for line in self.said("-v", "--no-print", "--log-format", "json")]
        self.assertEqual([list(line) for line in lines], [["time", "level", "command", "text"]] * 3)
        self.assertEqual([line["level"] for line in lines], ["notice", "info", "notice"])
        self.assertEqual({line["command"] for line in lines}, {"proxy"})
        self.assertRegex(lines[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(lines[0]["text"], "listening on ADDRESS")


if __name__ == "__main__":
    unittest.main()
