# SPDX-License-Identifier: Apache-2.0
"""The load generator as a process that takes orders (loadgen/main.cpp)."""
import json
import os
import selectors
import subprocess

ANSWER_WITHIN = 90  # seconds; the generator itself gives up after 60


class LoadFailed(RuntimeError):
    pass


class Load:
    def __init__(self, binary, certificate, cpus):
        self._process = subprocess.Popen([binary, certificate], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, bufsize=1)
        if cpus:
            os.sched_setaffinity(self._process.pid, cpus)
        self.pid = self._process.pid
        self._answers = selectors.DefaultSelector()
        self._answers.register(self._process.stdout, selectors.EVENT_READ)
        self.ports = self._read()

    def _read(self):
        if not self._answers.select(ANSWER_WITHIN):
            raise LoadFailed("the load generator does not answer")
        line = self._process.stdout.readline()
        if not line:
            raise LoadFailed("the load generator ended")
        return json.loads(line)

    def order(self, verb, **words):
        """@return what was measured: wall_ns, cpu_ns (of the load), frames, bytes, p50_ns, p99_ns."""
        self._process.stdin.write(" ".join([verb, *(f"{k}={v}" for k, v in words.items())]) + "\n")
        answer = self._read()
        if not answer.pop("ok"):
            raise LoadFailed(f"{verb}: {answer['error']}")
        return answer

    def stop(self):
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
