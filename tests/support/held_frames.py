# SPDX-License-Identifier: Apache-2.0
"""held_frames, a proxy that only holds frames (held_frames.cpp says which), and `wstap intercept` in front of it."""
import contextlib
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import threading

from command_line import wstap
from raw_peers import WAIT
from wstap_testing import TestCase, WSTAP, eventually


class HeldFrames:
    """A context manager. What it says comes line by line; what reviewers decide are lines that begin with "review"."""

    def __init__(self, directory=None, name="1.sock"):
        self._own = tempfile.TemporaryDirectory(prefix="wstap-held-") if directory is None else None
        self.path = pathlib.Path(directory or self._own.name, name)
        self.process = subprocess.Popen(
            [os.path.join(os.path.dirname(WSTAP), "tests", "held_frames"), self.path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._told = []  # decisions that came while something else was waited for
        self.wait_for("ready")

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def next(self):
        line = self._lines.get(timeout=WAIT)
        if line is None:
            raise AssertionError(f"held_frames ended: {self.process.stderr.read()}")
        return line

    def wait_for(self, line):
        while (said := self.next()) != line:
            self._told.append(said)

    def tell(self, line):
        """Has it do something, and waits until it is done."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self.wait_for(f"done {line}")

    def hold(self, item, payload=b"", opcode="text", rule="transfers", receive=False):
        payload = payload.encode() if isinstance(payload, str) else payload
        self.tell(f"hold {item} {opcode} {rule} {payload.hex() or '-'}{' receive' if receive else ''}")

    def decision(self):
        """@return what a reviewer did next, without the word before it."""
        line = self._told.pop(0) if self._told else self.next()
        return line.removeprefix("review ")

    @contextlib.contextmanager
    def paused(self):
        """It does nothing meanwhile, and goes on then."""
        state = pathlib.Path(f"/proc/{self.process.pid}/stat")
        self.process.send_signal(signal.SIGSTOP)
        try:
            eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "pausing")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(WAIT)
        self._reader.join(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.process.stdout.close()
        self.process.stderr.close()
        if self._own:
            self._own.cleanup()


class HeldTest(TestCase):
    """A test with such a proxy, `self.held`."""

    def setUp(self):
        self.held = self.enterContext(HeldFrames())

    def arguments(self, *args, name="ann"):
        return ("intercept", "--control", self.held.path, "--name", name, *args)

    def intercept(self, *args, status=0, err="", **options):
        """@return what it said on standard output."""
        said = wstap(*self.arguments(*args), **options)
        self.assertEqual((said.status, said.err), (status, err))
        return said.out
