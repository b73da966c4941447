# SPDX-License-Identifier: Apache-2.0
"""wstap as it is typed: one command to its end, on pipes or on a terminal."""
import dataclasses
import fcntl
import os
import pty
import re
import selectors
import signal
import struct
import subprocess
import termios
import time

from raw_peers import WAIT
from wstap_testing import SANITIZER_COMPLAINT, WSTAP, environment

# The proxy says so where it may not open as many files as it would like.
DESCRIPTORS = re.compile(r"^.*only \d+ descriptors allowed: .*\n", re.M)


@dataclasses.dataclass
class Said:
    """What a command said and how it ended."""
    status: int
    out: str
    err: str


def wstap(*args, env=None, binary=False, **options):
    """Runs wstap to its end.

    @param env  more environment variables
    @param binary  standard output is bytes
    @param options  of subprocess.run: input, stdin, stdout, cwd
    """
    where = {"stdin": subprocess.DEVNULL} if "input" not in options else {}
    where |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    done = subprocess.run([WSTAP, *map(str, args)], timeout=WAIT, env=environment(**(env or {})), **where)
    err = DESCRIPTORS.sub("", done.stderr.decode())
    if SANITIZER_COMPLAINT.search(err):
        raise AssertionError(err)
    out = done.stdout if binary or done.stdout is None else done.stdout.decode()
    return Said(done.returncode, out, err)


class Terminal:
    """A wstap whose standard output, standard error or both are a terminal of 80 columns; a context manager."""

    def __init__(self, *args, out=False, err=False, env=None, stdin=subprocess.DEVNULL, cwd=None):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._texts = {}
        self._selector = selectors.DefaultSelector()
        # NO_COLOR is what the other tests run with; here it is for the test to say.
        variables = environment(**(env or {}))
        if "NO_COLOR" not in (env or {}):
            del variables["NO_COLOR"]
        self.process = subprocess.Popen(
            [WSTAP, *map(str, args)], stdin=stdin, stdout=theirs if out else subprocess.PIPE,
            stderr=theirs if err else subprocess.PIPE, env=variables, cwd=cwd, start_new_session=True)
        os.close(theirs)
        self._listen(self._ours, "screen")
        for name in ("stdout", "stderr"):
            if pipe := getattr(self.process, name):
                self._listen(pipe.fileno(), name)

    def _listen(self, fd, name):
        os.set_blocking(fd, False)
        self._selector.register(fd, selectors.EVENT_READ, name)
        self._texts[name] = b""

    def read(self, timeout=0.0):
        """Takes in what is there. @return whether anything may still come."""
        for key, _ in self._selector.select(timeout):
            try:
                part = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            except OSError:  # a terminal whose other side is gone
                part = b""
            if part:
                self._texts[key.data] += part
            else:
                self._selector.unregister(key.fd)
        return bool(self._selector.get_map())

    @property
    def screen(self):
        return self._texts["screen"].decode().replace("\r\n", "\n")

    @property
    def stdout(self):
        return self._texts["stdout"].decode()

    @property
    def stderr(self):
        return DESCRIPTORS.sub("", self._texts["stderr"].decode())

    def wait(self):
        """@return the exit status, when everything it said has been read."""
        until = time.monotonic() + WAIT
        while self.read(0.1):
            if time.monotonic() > until:
                raise AssertionError("it did not end")
        return self.process.wait(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT)
        self._selector.close()
        os.close(self._ours)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
