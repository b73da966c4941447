# SPDX-License-Identifier: Apache-2.0
"""What reading a recording costs: wstap inspect, beside Wireshark's tools on packets with the same messages."""
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import pcap
import report
from candidates import Setting, Wstap, which

PAYLOAD = 200  # bytes
FEW, MANY, PACKETS = 1000, 1_000_000, 20_000  # messages
GOAL = "JSON listing 0.6 us a message (0.35 us); --count 0.02 us (memory bandwidth)"


def cpu_seconds(command):
    """@return user and system time of a command whose output nobody reads."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=nowhere,
                                   stderr=nowhere)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} exited with {process.returncode}")
    return used.ru_utime + used.ru_stime


def record(folder, wstap, make_load, name, verb, messages, **words):
    """@return a capture of so many messages, made by a proxy."""
    capture = pathlib.Path(folder, f"{name}-{messages}.wstap")
    load = make_load()
    proxy = Wstap(name, wstap, folder)
    try:
        proxy.start(Setting(folder, load.ports["plain"], False, False, "/etc/ssl/certs/ca-certificates.crt", None, None))
        load.order("open", port=proxy.port, connections=1)
        load.order(verb, payload=PAYLOAD, **words)
        load.order("close")
        proxy.stop(keep_as=capture)
    finally:
        proxy.stop()
        load.stop()
    return capture


def captures(folder, wstap, make_load, many):
    """@return by kind of traffic: a capture of few and one of many messages, with how many there are."""
    kinds = {}
    for kind, verb, total in (("flood", "flood", many), ("one a burst", "echo", many // 20)):
        sizes = []
        for messages in (FEW, total):
            words = ({"to_server": messages // 2, "to_client": messages // 2} if verb == "flood"
                     else {"rounds": messages // 2})
            sizes.append((messages, record(folder, wstap, make_load, verb, verb, messages, **words)))
        kinds[kind] = sizes
    return kinds


def packets(folder, many):
    payload = (b'{"id":1,"text":"' + b"the quick brown fox jumps over the lazy dog, " * 5)[:PAYLOAD - 2] + b'"}'
    sizes = []
    for messages in (FEW, many):
        path = pathlib.Path(folder, f"packets-{messages}.pcap")
        pcap.write(path, messages, payload)
        sizes.append((messages, path))
    return sizes


def us_each(command, sizes, repetitions):
    """CPU of one more message: the difference between many and few, so that starting up does not count."""
    (few, small), (many, large) = sizes
    found = [(cpu_seconds(command(large)) - cpu_seconds(command(small))) / (many - few) * 1e6
             for _ in range(repetitions)]
    return f"{statistics.median(found):.3f} ({min(found):.3f}-{max(found):.3f})"


def run(wstap, make_load, quick, repetitions):
    """@return the scenario as text."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wstap-bench-", dir="/dev/shm"))
    rows = []
    try:
        many = MANY // 4 if quick else MANY
        for kind, sizes in captures(folder, wstap, make_load, many).items():
            for name, options in (("--json", ["--json"]), ("(lines)", []), ("--count", ["--count"])):
                rows.append([f"wstap inspect {name}, {kind}", f"{sizes[1][0]:,}",
                             us_each(lambda file, o=options: [wstap, "inspect", "-q", *o, file], sizes, repetitions)])
        sizes = packets(folder, PACKETS)
        if tshark := which("tshark"):
            fields = [word for field in ("frame.time_epoch", "websocket.opcode", "websocket.fin",
                                         "websocket.payload_length", "websocket.payload.text", "text")
                      for word in ("-e", field)]
            rows.append(["tshark -T fields", f"{sizes[1][0]:,}", us_each(
                lambda file: [tshark, "-r", file, "-Y", "websocket", "-T", "fields", *fields], sizes, repetitions)])
        if capinfos := which("capinfos"):
            rows.append(["capinfos -c", f"{sizes[1][0]:,}",
                         us_each(lambda file: [capinfos, "-c", file], sizes, repetitions)])
    finally:
        shutil.rmtree(folder)
    title = f"## inspect: recordings of {PAYLOAD} B messages, read\ngoal: {GOAL}\n\n"
    return title + report.table(["command", "messages", "CPU us a message"], rows) + "\n"
