# SPDX-License-Identifier: Apache-2.0
"""CLI-5: --help, man pages and the completions of three shells name the same commands, options and words."""
import functools
import pathlib
import re
import subprocess
import tempfile
import unittest

from command_line import wstap
from raw_peers import WAIT
from wstap_testing import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "completions"
ROW = re.compile(r"^  (-[\w-]+(?:, -[\w-]+)*)(?: (\S+))?", re.M)  # "  -w, --write FILE   record ..."


@functools.cache
def help_text(*command):
    said = wstap(*command, "--help")
    assert said.status == 0, said.err
    return said.out


def commands(*command):
    """@return the words under "Commands:"."""
    section = re.search(r"^Commands:\n((?:  .*\n)+)", help_text(*command), re.M)
    return re.findall(r"^  (\w+)", section[1], re.M) if section else []


def options(*command):
    """@return for every option, by each of its names: what it takes, as the help has it, or None."""
    return {name: value if value and not value.startswith("[") else None
            for names, value in ROW.findall(help_text(*command)) for name in names.split(", ")}


def words(*command):
    """@return the options that take one of a few words, and these words."""
    return {name: value.split("|") for name, value in options(*command).items() if value and "|" in value}


def every_command():
    """@return ("proxy",), ("ca",), ("ca", "export"), ..."""
    return [path for name in commands() for path in [(name,), *((name, sub) for sub in commands(name))]]


def page(*command):
    return ROOT / "man" / f"{'-'.join(['wstap', *command[:1]])}.1"


def documented(path):
    """@return the options with an entry of their own: ".It Fl w , Fl -write Ar FILE"."""
    entries = re.findall(r"^\.It (Fl .*)$", path.read_text(), re.M)
    return {f"-{name}" for entry in entries for name in re.findall(r"\bFl (-?[\w-]+)", entry)}


def documented_words(path):
    """@return the options whose entry lists words: ".It Fl -forward Cm reencode | verbatim"."""
    rows = re.findall(r"^\.It Fl -([\w-]+) Cm (.*\|.*)$", path.read_text(), re.M)
    return {f"--{name}": text.split(" | ") for name, text in rows}


class Pages(unittest.TestCase):
    def test_every_command_has_one(self):
        for name in commands():
            with self.subTest(command=name):
                self.assertTrue(page(name).exists())
                self.assertIn(f".Xr wstap-{name} 1", page().read_text())
        for name in ("wstap-tls.7", "wstap-filter.7", "wstap-capture.5", "wstap-rules.5"):
            self.assertTrue((ROOT / "man" / name).exists(), name)

    def test_every_page_is_of_a_command(self):
        pages = {path.stem for path in (ROOT / "man").glob("*.1")}
        self.assertEqual(pages, {"wstap", *(f"wstap-{name}" for name in commands())})

    def test_options(self):
        for name in commands():
            of_command = set(options(name)).union(*(options(name, sub) for sub in commands(name)))
            with self.subTest(command=name):
                self.assertEqual(documented(page(name)), of_command)
        self.assertEqual(documented(page()), set(options()))

    def test_words(self):
        for name in commands():
            of_command = {k: v for path in [(name,), *((name, sub) for sub in commands(name))]
                          for k, v in words(*path).items()}
            with self.subTest(command=name):
                self.assertEqual(documented_words(page(name)), of_command)

    def test_defaults_of_limits(self):
        """LIM-4: the table of limits, each with its option and the default that --help shows."""
        table = re.search(r'^\.Sh LIMITS\n.*?^\.El', page("proxy").read_text(), re.M | re.S)[0]
        rows = dict(re.findall(r"^\.It Fl (-[\w-]+)\n(\w+)", table, re.M))
        shown = dict(re.findall(r"^  (?:-\w, )?-(-[\w-]+) (?:SIZE|DURATION|N) \[(\w+)\]", help_text("proxy"), re.M))
        limits = {f"-{name}" for name in ("max-frame", "max-message", "max-connections", "dial-timeout",
                                           "handshake-timeout", "detect-timeout", "max-head", "max-headers",
                                           "idle-timeout", "close-timeout", "max-buffered", "inflate-work")}
        self.assertEqual({f"-{name}": value for name, value in rows.items()},
                         {f"-{name}": shown[name] for name in limits})

    # FRM-5
    def test_anomalies(self):
        source = (ROOT / "libcore" / "ws" / "anomaly.cpp").read_text()
        known = re.findall(r'\{Anomaly::\w+, "(\w+)", "([^"]+)",\s*"([^"]+)"\}', source)
        section = re.search(r"^\.Ss Anomalies$.*?^\.El$", page("inspect").read_text(), re.M | re.S)[0]
        self.assertEqual(re.findall(r"^\.It Li (\w+)\n(.*?): (.*)$", section, re.M), known)

    def test_sections(self):
        for path in (ROOT / "man").glob("*.1"):
            found = re.findall(r"^\.Sh (.*)$", path.read_text(), re.M)
            wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES",
                      "SEE ALSO"]
            with self.subTest(page=path.name):
                self.assertEqual([section for section in found if section in wanted], wanted)

    def test_form(self):
        for path in sorted((ROOT / "man").glob("wstap*.[1-9]")):
            with self.subTest(page=path.name):
                done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True,
                                      timeout=WAIT)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_references(self):
        pages = {path.name for path in (ROOT / "man").iterdir()}
        for path in (ROOT / "man").glob("wstap*.[1-9]"):
            for name, section in re.findall(r"^\.Xr (wstap[\w-]*) (\d)", path.read_text(), re.M):
                with self.subTest(page=path.name, to=name):
                    self.assertIn(f"{name}.{section}", pages)


class Completions:
    """What a shell offers, held against the help. A shell says how it is asked: complete(line) gives the words."""
    shows_short = True

    def assert_offers(self, line, offered):
        self.assertEqual(sorted(set(self.complete(line))), sorted(offered))

    def names(self, *command):
        return {name for name in options(*command) if self.shows_short or name.startswith("--")}

    def test_commands(self):
        self.assert_offers("wstap ", commands())
        self.assert_offers("wstap ca ", commands("ca"))
        self.assert_offers("wstap intercept ", commands("intercept"))
        self.assert_offers("wstap --config some.toml in", ["inspect", "intercept"])

    def test_options(self):
        for path in every_command():
            with self.subTest(command=path):
                # What the command around it has can be said behind the inner one as well.
                expected = self.names(*path) | (self.names(*path[:-1]) if len(path) > 1 else set())
                self.assert_offers(f"wstap {' '.join(path)} -", expected)
        self.assert_offers("wstap -", self.names())

    def test_beginning_of_an_option(self):
        self.assert_offers("wstap proxy --for", ["--forward", "--force", "--force-edit"])

    def test_words(self):
        for path in every_command():
            for option, values in words(*path).items():
                with self.subTest(command=path, option=option):
                    self.assert_offers(f"wstap {' '.join(path)} {option} ", values)

    def test_files(self):
        files = [(path, option) for path in every_command() for option, value in options(*path).items()
                 if value in ("FILE", "OUT")]
        self.assertGreater(len(files), 8)
        for path, option in files:
            with self.subTest(command=path, option=option):
                self.assert_offers(f"wstap {' '.join(path)} {option} sess", ["session.wstap"])
        self.assert_offers("wstap inspect sess", ["session.wstap"])
        self.assert_offers("wstap inspect --frame 1:2 sess", ["session.wstap"])

    def test_arguments_that_are_no_files(self):
        for option, value in options("proxy").items():
            if value in ("ADDR:PORT", "URL", "SECRET", "SIZE", "DURATION", "N"):
                with self.subTest(option=option):
                    self.assert_offers(f"wstap proxy {option} ", [])

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="wstap-cli-")
        cls.addClassCleanup(cls.directory.cleanup)
        pathlib.Path(cls.directory.name, "session.wstap").touch()

    def shell(self, *command):
        done = subprocess.run(command, cwd=self.directory.name, capture_output=True, text=True, timeout=WAIT,
                              env=environment(HOME=self.directory.name), stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


class Bash(Completions, unittest.TestCase):
    def complete(self, line):
        script = (f"source {COMPLETIONS}/wstap.bash; COMP_WORDS=({line.replace('=', ' = ')}"
                  f"{' ' + chr(39) * 2 if line[-1] in ' =' else ''}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _wstap; "
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return self.shell("bash", "--norc", "-c", script).split()

    def test_word_behind_an_equals_sign(self):
        self.assert_offers("wstap proxy --forward=", ["reencode", "verbatim"])
        self.assert_offers("wstap proxy --forward=v", ["verbatim"])


class Fish(Completions, unittest.TestCase):
    def complete(self, line):
        # Without its short options, fish shows the long ones.
        lines = [line] if not line.endswith(" -") else [line, f"{line}-"]
        script = f"source {COMPLETIONS}/wstap.fish; " + "; ".join(f"complete -C '{each}'" for each in lines)
        return [found.split("\t")[0] for found in self.shell("fish", "-N", "-c", script).splitlines()]

    def test_word_behind_an_equals_sign(self):
        self.assert_offers("wstap proxy --forward=v", ["--forward=verbatim"])


class Zsh(unittest.TestCase):
    """zsh completes on a terminal only. So its own parts are replaced by functions that say what they are given."""

    def specs(self, function):
        script = (f"fpath=({COMPLETIONS} $fpath); autoload -Uz _wstap; _describe() {{ }}; _arguments() {{ }}; _wstap; "
                  f"_arguments() {{ print -rl -- \"$@\" }}; {function}")
        done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, timeout=WAIT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def function(self, *command):
        return "_".join(["_wstap", *command])

    def paths(self):
        """@return the commands with a function of their own."""
        return [path for path in every_command() if path not in (("ca", "path"), ("ca", "show"))]

    def test_it_loads(self):
        self.assertEqual(subprocess.run(["zsh", "-n", COMPLETIONS / "_wstap"], timeout=WAIT).returncode, 0)
        self.assertEqual((COMPLETIONS / "_wstap").read_text().splitlines()[0], "#compdef wstap")

    def test_options(self):
        for path in self.paths():
            names = {m[1] for spec in self.specs(self.function(*path))
                     if (m := re.match(r"^(?:\([^)]*\))?\*?(--?[\w-]+)[=+]?\[", spec))}
            inherited = set(options(*path[:-1])) if len(path) > 1 else set()
            with self.subTest(command=path):
                self.assertEqual(names, set(options(*path)) | inherited)

    def test_words(self):
        for path in self.paths():
            found = {m[1]: m[2].split() for spec in self.specs(self.function(*path))
                     if (m := re.match(r"^(?:\([^)]*\))?(--[\w-]+)=\[.*\((.*)\)$", spec))}
            # What the command around it has can be said behind the inner one as well.
            inherited = words(*path[:-1]) if len(path) > 1 else {}
            with self.subTest(command=path):
                self.assertEqual(found, words(*path) | inherited)

    def test_commands(self):
        text = (COMPLETIONS / "_wstap").read_text()
        for name, expected in (("commands", commands()), ("actions", commands("ca")),
                               ("reviews", commands("intercept"))):
            entries = re.search(rf"local -a {name}=\((.*?)\n  \)", text, re.S)[1]
            self.assertEqual(re.findall(r"^\s*['\"](\w+):", entries, re.M), expected)

    def test_files(self):
        for path in self.paths():
            specs = self.specs(self.function(*path))
            for option, value in options(*path).items():
                if value in ("FILE", "OUT"):
                    with self.subTest(command=path, option=option):
                        self.assertTrue([s for s in specs if re.search(rf"(^|\)){option}[=+]\[.*:_files$", s)])


class Shells(unittest.TestCase):
    def test_the_help_was_understood(self):
        """These tests compare nothing with nothing."""
        self.assertEqual(commands(), ["proxy", "inspect", "intercept", "rules", "ca", "echo"])
        self.assertGreater(len(options("proxy")), 40)
        self.assertEqual(options("proxy")["-w"], "FILE")
        self.assertEqual(words("proxy")["--forward"], ["reencode", "verbatim"])


if __name__ == "__main__":
    unittest.main()
