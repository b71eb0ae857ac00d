"""What processes cost: CPU and memory of one and of all that it started."""

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) in found:
            found += tree(int(stat.parent.name))
    return sorted(set(found))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process and its descendants have used."""
    total = 0.0
    for member in tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15]) / _TICK
    return total


def pss_mib(pid: int) -> float:
    """Return the proportional memory of a process and its descendants."""
    total = 0
    for member in tree(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def started_with(word: str) -> list[int]:
    """Return our own descendants that have a word among their arguments."""
    found = []
    for member in tree(os.getpid())[1:]:
        try:
            arguments = Path(f"/proc/{member}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in arguments:
            found.append(member)
    return found


def loop_s() -> float:
    """Return how long ten million additions would take: what figures of one machine depend on."""
    began, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - began) * 10
