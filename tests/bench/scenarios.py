# SPDX-License-Identifier: Apache-2.0
"""What is measured: the scenarios, and how one of them is run over all candidates in alternation."""
import dataclasses
import pathlib
import shutil
import tempfile

import processes
from candidates import Setting
from load import LoadFailed


@dataclasses.dataclass
class Sample:
    """One repetition with one candidate. Times in nanoseconds; `cpu_ns` is the proxy's, `load_cpu_ns` the load's."""
    wall_ns: int = 0
    cpu_ns: int = 0
    load_cpu_ns: int = 0
    frames: int = 0
    bytes: int = 0
    p50_ns: int = 0
    p99_ns: int = 0
    connections: int = 0
    recorded_bytes: int | None = None
    rss_kib: int = 0


@dataclasses.dataclass
class Scenario:
    name: str
    title: str
    kind: str  # "flood", "echo", "set_up" or "idle"
    goal: str = ""
    tls: bool = False
    http2: bool = False  # in TLS
    connections: int = 1
    words: dict = dataclasses.field(default_factory=dict)  # of the order
    pinned: bool = True
    workers: bool = False  # wstap with one worker against wstap with two, instead of the usual candidates


def flood(name, title, payload, frames, **more):
    words = {"payload": payload, "to_server": frames, "to_client": frames} | more.pop("words", {})
    return Scenario(name, title, "flood", words=words, **more)


def echo(name, title, rounds, **more):
    return Scenario(name, title, "echo", words={"payload": 64, "rounds": rounds}, **more)


SCENARIOS = [
    flood("flood-64k", "64 KiB frames, both ways, as fast as they go", 65536, 3000,
          goal="CPU per GB 1.3x H (stretch 1.15x), capture off 0.75x (0.65x); 14 MiB (10 MiB); 5 B (4.1 B) beyond a frame"),
    flood("flood-32", "32 B frames, both ways, many in a write", 32, 2_000_000,
          goal="CPU per frame 1.65x H (1.35x); 17 M frames/s (25 M); 14 MiB (10 MiB); 5 B (4.1 B) beyond a frame"),
    flood("single-32", "32 B frames, both ways, one write a frame", 32, 50_000, words={"per_write": 1},
          goal="CPU per frame 1.2x H (1.05x)"),
    echo("echo-1", "a 64 B frame and its echo, one connection", 10_000,
         goal="added latency p50 1.0x / p99 1.1x H (relay + 3 us); 72 B (60 B) beyond a frame"),
    echo("echo-64", "64 B frames and their echoes, 64 connections", 400, connections=64,
         goal="CPU a round trip 1.15x H (0.95x)"),
    flood("flood-64k-tls", "64 KiB frames, both ways, TLS on both legs", 65536, 1500, tls=True,
          goal="CPU per GB 1.05x H (0.9x)"),
    flood("flood-32-tls", "32 B frames, both ways, TLS on both legs", 32, 1_500_000, tls=True,
          goal="CPU per frame 1.25x H (1.1x)"),
    echo("echo-1-tls", "a 64 B frame and its echo, TLS on both legs", 5_000, tls=True),
    flood("flood-64k-h2", "64 KiB frames, both ways, a stream of HTTP/2 in TLS on both legs", 65536, 1500, tls=True,
          http2=True, goal="CPU per GB 1.0x H"),
    flood("flood-32-h2", "32 B frames, both ways, a stream of HTTP/2 in TLS on both legs", 32, 600_000, tls=True,
          http2=True, goal="CPU per frame 1.0x H"),
    echo("echo-64-h2", "64 B frames and their echoes, 64 connections of HTTP/2 in TLS", 400, connections=64, tls=True,
         http2=True, goal="CPU a round trip 1.0x H"),
    Scenario("set-up", "connections made and closed", "set_up", connections=4, words={"count": 1000}),
    Scenario("set-up-tls", "connections made and closed, TLS on both legs, leaf cached", "set_up", tls=True,
             connections=4, words={"count": 300}, goal="CPU of nginx (less)"),
    Scenario("idle", "memory of connections that are silent", "idle", connections=2000,
             goal="4 KiB a flow (2 KiB)"),
    Scenario("idle-tls", "memory of connections that are silent, TLS on both legs", "idle", tls=True,
             connections=500, goal="37 KiB a flow (34 KiB)"),
    flood("workers-32", "two workers against one: 32 B frames on 64 connections, not pinned", 32, 60_000,
          connections=64, words={"check": "count"}, pinned=False, workers=True,
          goal="1.5x the frames/s of one worker (1.8x)"),
    flood("workers-64k", "two workers against one: 64 KiB frames on 64 connections, not pinned", 65536, 60,
          connections=64, words={"check": "count"}, pinned=False, workers=True,
          goal="1.5x the frames/s of one worker (1.8x)"),
]

# In --quick runs everything that is counted is divided by this.
QUICK = 3
COUNTED = ("to_server", "to_client", "rounds", "count")


def shortened(scenario):
    words = {k: v // QUICK if k in COUNTED else v for k, v in scenario.words.items()}
    return dataclasses.replace(scenario, words=words)


class Runner:
    """Each candidate has a load of its own, whose connections stay open while others are measured."""

    def __init__(self, make_load, authority, certificate, load_cpus, proxy_cpus, repetitions, log):
        """@param make_load  starts a load on the processors it is given; None: on any."""
        self._make_load, self._authority, self._certificate = make_load, authority, certificate
        self._load_cpus, self._proxy_cpus = load_cpus, proxy_cpus
        self._repetitions, self._log = repetitions, log

    def run(self, scenario, candidates):
        """@return samples by candidate name; candidates that failed are left out."""
        step = {"flood": self._traffic, "echo": self._traffic, "set_up": self._set_up, "idle": self._idle}[scenario.kind]
        directory = pathlib.Path(tempfile.mkdtemp(prefix="wstap-bench-"))
        runs = []
        try:
            for candidate in candidates:
                if candidate.fits(scenario):
                    runs.append(Run(candidate, self._make_load(self._load_cpus if scenario.pinned else None)))
                    self._start(runs[-1], scenario, directory)
            return {run.candidate.name: samples for run, samples in step(scenario, runs)}
        finally:
            for run in runs:
                run.load.stop()  # first: a proxy that stops waits for its connections to end
                run.candidate.stop()
            shutil.rmtree(directory)

    def _start(self, run, scenario, directory):
        run.candidate.start(Setting(directory, run.load.ports["tls" if scenario.tls else "plain"], scenario.tls,
                                    scenario.http2, self._authority, self._certificate, self._proxy_cpus if scenario.pinned else None))

    def _traffic(self, scenario, runs):
        runs = [run for run in runs if self._works(scenario, run)]
        return self._alternate(runs, lambda run: run.measure(scenario.kind, **scenario.words))

    def _works(self, scenario, run):
        """Opens the connections, sends everything once with every byte checked, and counts what was recorded."""
        try:
            run.open(scenario)
            done = run.load.order(scenario.kind, **(scenario.words | {"check": "all"}))
            recorded = run.candidate.frames_recorded()
            if recorded not in (None, done["frames"]):
                raise LoadFailed(f"{done['frames']} frames passed, {recorded} were recorded")
            return True
        except LoadFailed as failed:
            self._log(f"{scenario.name}: {run.candidate.name} is left out: {failed}")
            return False

    def _set_up(self, scenario, runs):
        words = {"connections": scenario.connections, "tls": int(scenario.tls)} | scenario.words

        def measure(run):
            sample = run.measure("set_up", port=run.candidate.port, **words)
            sample.connections = words["count"]
            return sample

        for run in runs:
            measure(run)
        return self._alternate(runs, measure)

    def _idle(self, scenario, runs):
        """Once: a process that had so many connections before would answer from memory it kept."""
        for run in runs:
            run.load.order("set_up", port=run.candidate.port, count=20, connections=4, tls=int(scenario.tls))
            before = processes.rss_kib(run.candidate.pid)
            run.open(scenario)
            grown = processes.rss_kib(run.candidate.pid) - before
            run.load.order("close")
            yield run, [Sample(rss_kib=grown, connections=scenario.connections)]

    def _alternate(self, runs, measure):
        """Repetition by repetition all candidates in turn, each time another one first."""
        samples = {run: [] for run in runs}
        for repetition in range(self._repetitions):
            first = repetition % len(runs)
            for run in runs[first:] + runs[:first]:
                if run not in samples:
                    continue
                try:
                    samples[run].append(measure(run))
                except LoadFailed as failed:
                    self._log(f"{run.candidate.name} is left out from repetition {repetition + 1} on: {failed}")
                    del samples[run]
        return samples.items()


class Run:
    """A candidate and its load."""

    def __init__(self, candidate, load):
        self.candidate, self.load = candidate, load

    def open(self, scenario):
        self.load.order("open", port=self.candidate.port, connections=scenario.connections, tls=int(scenario.tls),
                        http2=int(scenario.http2))

    def measure(self, verb, **words):
        self.candidate.forget_recording()
        pid = self.candidate.pid
        before = processes.cpu_ns(pid) if pid else 0
        done = self.load.order(verb, **words)
        return Sample(wall_ns=done["wall_ns"], load_cpu_ns=done["cpu_ns"], frames=done["frames"], bytes=done["bytes"],
                      p50_ns=done["p50_ns"], p99_ns=done["p99_ns"],
                      cpu_ns=processes.cpu_ns(pid) - before if pid else 0,
                      rss_kib=processes.peak_rss_kib(pid) if pid else 0,
                      recorded_bytes=self.candidate.recorded_bytes())
