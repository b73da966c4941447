# SPDX-License-Identifier: Apache-2.0
"""Reviewers of what a proxy holds: `wstap intercept` as a process under test."""
import collections
import json
import queue
import subprocess
import threading

from raw_peers import WAIT
from wstap_testing import WSTAP, environment, eventually


def intercept(tap, *args, status=0, **options):
    """Runs one subcommand to its end. @return what it printed."""
    done = subprocess.run([WSTAP, "intercept", "--control", tap.ready["control"], *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT, env=environment(), **options)
    if done.returncode != status:
        raise AssertionError(f"wstap intercept {args} exited with {done.returncode}, not {status}: {done.stderr}")
    return done.stdout


def held(tap, count=1):
    """@return the items that the proxy holds, once there are so many."""
    def items():
        found = [json.loads(line) for line in intercept(tap, "list", "--json").splitlines()]
        return found if len(found) >= count else None
    return eventually(items, f"holding {count} frames")


class Jsonl:
    """`wstap intercept --jsonl`: a context manager."""

    def __init__(self, tap, *args):
        self.process = subprocess.Popen(
            [WSTAP, "intercept", "--control", tap.ready["control"], "--jsonl", *args], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self._lines = queue.Queue()
        self._items, self._answers = collections.deque(), collections.deque()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self, wanted):
        """@return the first line of one kind. Those of the other are kept for who asks for them: they come in any order."""
        while not wanted:
            line = self._lines.get(timeout=WAIT)
            if line is None:
                raise AssertionError(f"wstap intercept ended: {self.process.stderr.read()}")
            if line.get("type") == "held":
                self._items.append(line)
            elif "result" in line:
                self._answers.append(line)
        return wanted.popleft()

    def item(self):
        """@return the next item that is held."""
        return self._next(self._items)

    def answer(self):
        """@return the next answer to a decision."""
        return self._next(self._answers)

    def decide(self, **decision):
        self.process.stdin.write(json.dumps(decision) + "\n")
        self.process.stdin.flush()

    def finish(self):
        """No more decisions come. @return the exit status."""
        self.process.stdin.close()
        return self.process.wait(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT)
        self._reader.join(WAIT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
