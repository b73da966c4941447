# SPDX-License-Identifier: Apache-2.0
"""The structure that ARCHITECTURE.md describes, held against the tree: who includes whom, what may use what, and
shapes of code that the compiler accepts and breaks."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder: the project's folders it may include from, and the third-party headers it may use.
MAY_INCLUDE = {
    "libcore/base": {"libcore/base"},
    "libcore/http1": {"libcore/base", "libcore/http1"},
    "libcore/h2": {"libcore/base", "libcore/http1", "libcore/h2"},
    "libcore/ws": {"libcore/base", "libcore/ws"},
    "libcore/filter": {"libcore/base", "libcore/filter"},
    "libcore/pipeline": {"libcore/base", "libcore/ws", "libcore/filter", "libcore/pipeline"},
    "libcore/steps": {"libcore/base", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/steps"},
    "libcore/replay": {"libcore/base", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/replay"},
    "libcore/rules": {"libcore/base", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/steps",
                      "libcore/rules"},
    "libcore/tls": {"libcore/base", "libcore/tls"},
    "libcore/control": {"libcore/base", "libcore/ws", "libcore/pipeline", "libcore/control"},
    "libcore/net": {"libcore/base", "libcore/control", "libcore/http1", "libcore/h2", "libcore/ws", "libcore/filter", "libcore/pipeline",
                    "libcore/steps", "libcore/tls", "libcore/net"},
    "formats": {"libcore/base", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/steps", "libcore/control",
                "formats"},
    "cmd": {"libcore/base", "libcore/http1", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/steps",
            "libcore/rules", "libcore/tls", "libcore/control", "libcore/net", "formats", "cmd"},
}
MAY_USE = {
    "libcore/base": {"fmt"},
    "libcore/http1": {"fmt"},
    "libcore/h2": {"fmt", "nghttp2"},
    "libcore/ws": {"fmt", "zlib"},
    "libcore/filter": {"fmt", "re2"},
    "libcore/pipeline": {"fmt"},
    "libcore/steps": {"fmt", "re2", "rapidjson"},
    "libcore/replay": {"fmt"},
    "libcore/rules": {"fmt", "re2", "rapidjson", "toml"},
    "libcore/tls": {"fmt", "openssl"},
    "libcore/control": {"fmt", "asio"},
    "libcore/net": {"fmt", "asio"},
    "formats": {"fmt", "capnp"},
    "cmd": {"fmt", "spdlog", "CLI", "toml"},
}
THIRD_PARTY = {
    "fmt": r"fmt/", "asio": r"asio(/|\.hpp)", "openssl": r"openssl/", "zlib": r"zlib\.h", "capnp": r"(capnp|kj)/|.*\.capnp\.h",
    "rapidjson": r"rapidjson/", "re2": r"re2/", "toml": r"toml\+\+/", "CLI": r"CLI/", "spdlog": r"spdlog/", "nghttp2": r"nghttp2/",
}
# Sockets, descriptors and clocks stay out of protocol code.
SYSTEM = re.compile(r"sys/socket\.h|netinet/|arpa/|netdb\.h|unistd\.h|fcntl\.h|chrono|ctime|time\.h")
PURE = ("libcore/http1", "libcore/h2", "libcore/ws", "libcore/filter", "libcore/pipeline", "libcore/steps", "libcore/replay",
        "libcore/rules")
TOP_LEVEL = re.compile(r"\..*|CMakeLists\.txt|CMakePresets\.json|cmd|libcore|formats|tests|man|completions|[A-Z]+\.md|LICENSE|build")
INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]', re.M)


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in {".h", ".cpp"})


def name(path):
    return str(path.relative_to(ROOT))


def code(path):
    """The text without comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.S)


class Includes(unittest.TestCase):
    def test_folders_include_only_what_stands_below_them(self):
        for folder, allowed in MAY_INCLUDE.items():
            for path in sources(folder):
                for header in INCLUDE.findall(path.read_text()):
                    if not header.startswith(("libcore/", "formats/", "cmd/")):
                        continue
                    of = header.rsplit("/", 1)[0]
                    with self.subTest(file=name(path), header=header):
                        self.assertIn(of, allowed)

    def test_third_party_headers_stay_in_their_folders(self):
        for folder, allowed in MAY_USE.items():
            for path in sources(folder):
                for header in INCLUDE.findall(path.read_text()):
                    for library, pattern in THIRD_PARTY.items():
                        if re.match(pattern, header):
                            with self.subTest(file=name(path), header=header):
                                self.assertIn(library, allowed)

    def test_generated_types_stay_inside_source_files(self):
        for path in sources("formats"):
            if path.suffix == ".h":
                with self.subTest(file=name(path)):
                    self.assertNotRegex(path.read_text(), r'#include\s+["<]([^">]*capnp|kj/)')

    def test_nghttp2_stays_inside_source_files(self):
        for path in sources("libcore/h2"):
            if path.suffix == ".h":
                with self.subTest(file=name(path)):
                    self.assertNotIn("nghttp2/", path.read_text())

    def test_command_header_does_not_pull_in_the_option_parser(self):
        self.assertNotIn("CLI/CLI.hpp", (ROOT / "cmd/command.h").read_text())

    def test_protocol_code_reaches_for_no_socket_file_or_clock(self):
        for folder in PURE:
            for path in sources(folder):
                for header in INCLUDE.findall(path.read_text()):
                    with self.subTest(file=name(path), header=header):
                        self.assertIsNone(SYSTEM.match(header))


class CoroutineTraps(unittest.TestCase):
    """What g++ 12 compiles and breaks."""

    def test_no_braced_aggregate_in_an_operand_of_co_await(self):
        # It is copied bit by bit into the coroutine's frame, and destroyed twice.
        for path in sources("libcore/net"):
            for statement in re.findall(r"co_await[^;{]*\(\{[^;]*|co_await[^;]*, \{[^}]", code(path)):
                with self.subTest(file=name(path)):
                    self.fail(statement.strip())

    def test_no_co_await_in_the_condition_of_a_switch(self):
        # What follows runs with a wrong `this`.
        for path in sources("libcore/net"):
            with self.subTest(file=name(path)):
                self.assertNotRegex(code(path), r"switch\s*\([^)]*co_await")

    def test_no_co_await_in_a_branch_of_a_conditional_expression(self):
        # Its result is copied bit by bit, and destroyed twice.
        for path in sources("libcore/net"):
            with self.subTest(file=name(path)):
                self.assertNotRegex(code(path), r"\?[^;{}]*\bco_await\b")

    def test_no_coroutine_is_a_capturing_lambda(self):
        # Its captures die with the closure, before the coroutine does.
        for path in sources("libcore/net"):
            with self.subTest(file=name(path)):
                self.assertNotRegex(code(path), r"\[[^\]]+\]\s*\([^)]*\)[^{;]*->\s*asio::awaitable")


class Tree(unittest.TestCase):
    def test_top_level_holds_what_was_agreed_on(self):
        extra = [p.name for p in ROOT.iterdir() if not TOP_LEVEL.fullmatch(p.name)]
        self.assertEqual(extra, [])

    def test_every_source_file_says_licence_and_purpose(self):
        for folder in ("libcore", "formats", "cmd", "tests"):
            for path in sources(folder):
                lines = path.read_text().splitlines()
                with self.subTest(file=name(path)):
                    self.assertEqual(lines[0], "// SPDX-License-Identifier: Apache-2.0")
                    if path.suffix == ".h":
                        self.assertTrue(lines[1].startswith("// "), "the second line says what the file is for")

    def test_files_are_short_enough_to_read(self):
        for folder in ("libcore", "formats", "cmd"):
            for path in sources(folder):
                with self.subTest(file=name(path)):
                    self.assertLessEqual(len(path.read_text().splitlines()), 400)

    def test_bytes_are_taken_for_text_in_one_place_only(self):
        casts = [name(p) for f in ("libcore", "formats", "cmd") for p in sources(f) if "reinterpret_cast" in code(p)]
        self.assertEqual(casts, ["libcore/base/bytes.h"])

    def test_tests_name_only_requirements_that_exist(self):
        known = set(re.findall(r"\b([A-Z][A-Z0-9]*-\d+)\b", (ROOT / "SPECIFICATION.md").read_text()))
        groups = {i.rsplit("-", 1)[0] for i in known if i[0] != "R"} - {"SHA", "UTF", "TLS13"}
        for path in sorted((ROOT / "tests").rglob("*")):
            if path.suffix not in {".cpp", ".h", ".py", ".sh", ".js"}:
                continue
            for found in re.findall(r"\b([A-Z][A-Z0-9]*-\d+)\b", path.read_text(errors="replace")):
                if found.rsplit("-", 1)[0] in groups:
                    with self.subTest(file=name(path)):
                        self.assertIn(found, known)


if __name__ == "__main__":
    unittest.main()
