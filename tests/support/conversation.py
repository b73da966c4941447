# SPDX-License-Identifier: Apache-2.0
"""A program at a terminal of its own, which is talked to: keys in, and what it shows is waited for."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from raw_peers import WAIT
from wstap_testing import WSTAP, environment


class Conversation:
    """A wstap whose three streams are a terminal, which is also its controlling one; a context manager."""

    def __init__(self, *args, columns=80, rows=24, env=None):
        self._ours, self._theirs = pty.openpty()
        self.resize(columns, rows)
        self.before = self.mode()
        self.shown = ""  # all of it
        self._seen = 0   # ... of it was waited for

        def take_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([WSTAP, *map(str, args)], stdin=self._theirs, stdout=self._theirs,
                                        stderr=self._theirs, env=environment(**(env or {})), start_new_session=True,
                                        preexec_fn=take_terminal)
        os.set_blocking(self._ours, False)

    def resize(self, columns, rows):
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def mode(self):
        """@return the terminal's settings."""
        return termios.tcgetattr(self._theirs)

    def _read(self, timeout):
        if not select.select([self._ours], [], [], timeout)[0]:
            return False
        try:
            self.shown += os.read(self._ours, 65536).decode(errors="replace").replace("\r\n", "\n")
        except (BlockingIOError, OSError):
            return False
        return True

    def expect(self, pattern):
        """Waits until it shows this, behind what was waited for before. @return the match."""
        until = time.monotonic() + WAIT
        while not (found := re.compile(pattern, re.S).search(self.shown, self._seen)):
            if time.monotonic() > until or (self.process.poll() is not None and not self._read(0.05)):
                raise AssertionError(f"{pattern!r} was not shown behind {self.shown[:self._seen]!r}, but "
                                     f"{self.shown[self._seen:]!r}")
            self._read(0.05)
        self._seen = found.end()
        return found

    def press(self, keys):
        os.write(self._ours, keys.encode())

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """@return the exit status."""
        until = time.monotonic() + WAIT
        while self.process.poll() is None:
            if time.monotonic() > until:
                raise AssertionError(f"it did not end; it shows {self.shown[self._seen:]!r}")
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT)
        os.close(self._ours)
        os.close(self._theirs)
