"""What a worker and all that it started use of the machine, and how to end them together.

A worker is the reaper of its orphans (see `jail`), so everything that it started stays below it.

Source: proc(5), `/proc/pid/task/tid/children`.
"""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

_PASSES = 500


def descendants(pid: int) -> list[int]:
    """Return the processes below a process, those that have ended left out."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = [child for child in _children(waiting.pop()) if child not in found]
        found += children
        waiting += children
    return [child for child in found if _is_alive(child)]


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of processes together; those that are gone have none."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def folder_bytes(folder: Path) -> int:
    """Return how much the files of a folder hold; what vanishes meanwhile counts nothing."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(place) / name).lstat().st_blocks * 512
    return size


def kill_tree(pid: int) -> None:
    """Kill a process and everything below it, also what forks faster than it is killed.

    The process itself is stopped first and killed last: what loses its parent then comes below it.
    """
    _send(pid, signal.SIGSTOP)
    for _ in range(_PASSES):
        below = descendants(pid)
        if not below:
            break
        for child in below:
            _send(child, signal.SIGKILL)
    _send(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 -- twenty times a second
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _is_alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _send(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)
