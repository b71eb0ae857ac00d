"""A control group for one worker, where this process may make one: a fork bomb ends at its limit.

The kernel counts every thread of the worker and of what it starts, whatever sessions or parents
these choose. Without a group, the number of processes is only watched.

Source: Linux kernel documentation, "Process Number Controller", of both versions of control groups.
"""

import contextlib
import os
import signal
import tempfile
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "tiphys-render-"
_PASSES = 100


class TaskLimit:
    """At most so many threads for a process and all that comes of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def create(cls, max_tasks: int) -> "TaskLimit | None":
        """Return a new group below our own; None where the machine does not let us."""
        for parent in _own_groups():
            for left in parent.glob(f"{_PREFIX}*"):
                with contextlib.suppress(OSError):
                    left.rmdir()  # of a process that was killed; one in use refuses
            try:
                folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            except OSError:
                continue
            try:
                (folder / "pids.max").write_text(str(max_tasks))
            except OSError:
                folder.rmdir()
                continue
            return cls(folder)
        return None

    def add(self, pid: int) -> bool:
        """Put a process in; what it starts from now on is in too. Return whether that worked."""
        try:
            (self._folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            return False
        return True

    def was_reached(self) -> bool:
        """Return whether something was refused for being one too many."""
        with contextlib.suppress(OSError):
            events = (self._folder / "pids.events").read_text().split()
            return "max" in events and events[events.index("max") + 1] != "0"
        return False

    def kill(self) -> None:
        """End everything in the group."""
        with contextlib.suppress(OSError):
            (self._folder / "pids.max").write_text("0")  # from here on nothing can come anew
        for _ in range(_PASSES):
            pids = self._pids()
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Delete the group; everything in it has to have ended."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _pids(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [int(line) for line in (self._folder / "cgroup.procs").read_text().split()]
        return []


def _own_groups() -> list[Path]:
    """Return where our own groups would be that count processes: of version 1, then of 2."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "pids" in controllers.split(","):
                found.insert(0, _ROOT / "pids" / path.lstrip("/"))
            elif not controllers:
                found.append(_ROOT / path.lstrip("/"))
    return found
