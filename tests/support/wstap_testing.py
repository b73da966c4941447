# SPDX-License-Identifier: Apache-2.0
"""wstap as a process under test: starting and stopping it, and reading the captures it leaves.

WSTAP names the binary. By hand: WSTAP=build/release/wstap PYTHONPATH=tests/support python3 tests/e2e/test_frames.py
Everything is bounded: whatever waits here gives up after WAIT seconds, and the whole process after LAST_RESORT.
"""
import base64
import faulthandler
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from raw_peers import Listener, WAIT, connect

WSTAP = os.path.abspath(os.environ["WSTAP"])
SANITIZED = bool(os.environ.get("WSTAP_SANITIZE"))  # slow, and with other memory habits
LAST_RESORT = 280
faulthandler.dump_traceback_later(LAST_RESORT, exit=True)

_scratch = tempfile.TemporaryDirectory(prefix="wstap-e2e-")
DATA_HOME = pathlib.Path(_scratch.name)  # one certificate authority for all tests of a file
SANITIZER_COMPLAINT = re.compile(r"(ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:)")


def environment(**changes):
    """Nothing of the user's settings reaches the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WSTAP", "XDG_", "SSLKEYLOG"))}
    kept |= {"XDG_DATA_HOME": str(DATA_HOME), "XDG_CONFIG_HOME": str(DATA_HOME / "no-config"),
             "XDG_RUNTIME_DIR": str(DATA_HOME), "NO_COLOR": "1"}
    return kept | changes


def run(*args, status=0, text=True, timeout=WAIT, **options):
    """Runs wstap to its end. @return what it said; its exit status is what was expected."""
    done = subprocess.run([WSTAP, *map(str, args)], capture_output=True, timeout=timeout, text=text,
                          env=environment(), **options)
    if done.returncode != status:
        raise AssertionError(f"wstap {args[0]} exited with {done.returncode}, not {status}: {done.stderr}")
    return done


def inspect(capture, *args, status=0):
    """@return the JSON objects `wstap inspect --json` prints of a capture."""
    said = run("inspect", "--json", *args, capture, status=status).stdout
    return [json.loads(line) for line in said.splitlines()]


def everything(capture, status=0):
    """@return the lossless form of a capture: every record, frames with their raw bytes as `raw` and `sent`."""
    said = run("inspect", "--format", "jsonl", capture, status=status).stdout
    records = [json.loads(line) for line in said.splitlines()]
    for record in records:
        for key in ("raw", "sent"):
            if f"{key}_b64" in record:
                record[key] = base64.b64decode(record[f"{key}_b64"])
    return records


def frames(capture, direction=None, flow=None):
    """@return the recorded frames; those of wstap's own making included."""
    return [r for r in everything(capture) if r["type"] == "frame" and direction in (None, r["dir"])
            and flow in (None, r["flow"])]


def names(record):
    """@return the names of a record's anomalies."""
    return [entry["name"] for entry in record.get("anomalies", [])]


def resident(pid):
    """@return bytes of memory a process has in use."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def eventually(check, what="it"):
    """Asks until there is an answer, for something the proxy does on its own time."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        if answer := check():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {WAIT} s")


class Program:
    """A wstap that runs until it is stopped; a context manager."""

    def __init__(self, command, *args, stdout=subprocess.DEVNULL, env=None, prefix=()):
        self.dir = tempfile.TemporaryDirectory(prefix="wstap-run-")
        ready = pathlib.Path(self.dir.name, "ready")
        self.lines = []  # of standard error
        self.process = subprocess.Popen(
            [*prefix, *self.command_line(command), "--ready-file", ready, *map(str, args)],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True,
            env=environment(**(env or {})))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: ready.exists() or self.process.poll() is not None, "the start")
        if not ready.exists():
            self._end()
            raise AssertionError(f"wstap {command} did not start: {self.said()}")
        self.ready = json.loads(ready.read_text())
        host, port = self.ready["listen"][0].rsplit(":", 1)
        self.address = (host, int(port))
        self.pid = self.process.pid

    def command_line(self, command):
        return [WSTAP, command]

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def said(self):
        return "\n".join(self.lines)

    def wait_for_line(self, pattern):
        """@return the first line of standard error in which the pattern is found."""
        return eventually(lambda: next((line for line in self.lines if re.search(pattern, line)), None),
                          f"a line with {pattern!r}")

    def reload(self):
        """Has the rules read again. @return the line that says what came of it."""
        told = lambda: [line for line in self.lines if re.search(r"\brules: \S+: ", line)]
        before = len(told())
        self.send_signal(signal.SIGHUP)
        return eventually(lambda: told()[before:], "new rules")[0]

    def send_signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        """@return the exit status."""
        status = self.process.wait(WAIT)
        self._end()
        return status

    def stop(self, number=signal.SIGTERM):
        """Ends it as a user would. @return the exit status."""
        self.send_signal(number)
        return self.wait()

    def _end(self):
        self._reader.join(WAIT)
        self.process.stderr.close()
        if self.process.stdout:
            self.process.stdout.close()
        if complaint := SANITIZER_COMPLAINT.search(self.said()):
            raise AssertionError(f"{complaint.group()}:\n{self.said()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.process.poll() is None:
                if status := self.stop():
                    raise AssertionError(f"exit status {status}: {self.said()}")
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(WAIT)
            self.dir.cleanup()


class Echo(Program):
    def __init__(self, *args, **options):
        super().__init__("echo", "--listen", "127.0.0.1:0", *args, **options)


class Proxy(Program):
    """wstap proxy on a port of its own, recording to `capture`."""

    def __init__(self, *args, capture=None, record=True, **options):
        self._captures = tempfile.TemporaryDirectory(prefix="wstap-capture-")
        self.capture = pathlib.Path(capture or os.path.join(self._captures.name, "session.wstap"))
        recording = ("-w", self.capture) if record else ()
        telling = () if "-q" in args else ("-v",)
        # A peer that is slow to speak on a busy machine is no silent one.
        patience = () if {"--detect-timeout", "--reverse"} & set(args) else ("--detect-timeout", f"{WAIT}s")
        super().__init__("proxy", "--listen", "127.0.0.1:0", *telling, *recording, *patience, *args, **options)

    def flow(self, number=1):
        """@return flow or connection record `number`, once it is over; the proxy goes on."""
        def over():
            return [r for r in inspect(self.capture, "--flows")
                    if r["flow"] == number and r.get("state") != "active"]
        return eventually(over, f"the end of flow {number}")[0]

    def frames(self, count, direction=None):
        """@return the recorded frames, once there are so many; the proxy goes on."""
        def recorded():
            found = frames(self.capture, direction)
            return found if len(found) >= count else None
        return eventually(recorded, f"recording {count} frames")

    def __exit__(self, *what):
        try:
            super().__exit__(*what)
        finally:
            self._captures.cleanup()


class TestCase(unittest.TestCase):
    """A test with a proxy, raw peers and files of its own; all of them end with it."""
    longMessage = True
    maxDiff = 2000

    def proxy(self, *args, **options):
        return self.enterContext(Proxy(*args, **options))

    def echo(self, *args, **options):
        return self.enterContext(Echo(*args, **options))

    def listener(self, **options):
        return self.enterContext(Listener(**options))

    def connect(self, address):
        return self.enterContext(connect(address))

    def path(self, name):
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-files-"))
        return pathlib.Path(directory, name)


class RulesTest(TestCase):
    """A test with a file of rules, `self.rules`."""
    def setUp(self):
        self.rules = self.path("rules.toml")

    def with_rules(self, rules, *args, **options):
        self.rules.write_text(rules)
        return self.proxy("--rules", self.rules, *args, **options)

    def replace_rules(self, tap, rules):
        """@return the line that says what came of it."""
        self.rules.write_text(rules)
        return tap.reload()
