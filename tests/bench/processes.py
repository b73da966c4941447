# SPDX-License-Identifier: Apache-2.0
"""What processes cost: CPU time and memory of a process and of everything it started."""
import pathlib
import time

# The kernel's clock of a process's CPU time, in nanoseconds, as clock_getcpuclockid(3) makes it: /proc/PID/stat
# knows only hundredths of a second.
CPUCLOCK_SCHED = 2


def tree(pid):
    """@return `pid` and its descendants."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_ns(pid):
    """@return CPU time of the process tree, user and system, all threads."""
    return sum(time.clock_gettime_ns((~each << 3) | CPUCLOCK_SCHED) for each in tree(pid))


def _status_kib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def rss_kib(pid):
    """@return resident memory of the process tree."""
    return sum(_status_kib(each, "VmRSS") for each in tree(pid))


def peak_rss_kib(pid):
    """@return the most resident memory the processes of the tree ever had."""
    return sum(_status_kib(each, "VmHWM") for each in tree(pid))
