"""Processes that `tiphys up` starts and `tiphys down` stops, each known by a file with its pid."""

import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

_STOP_S = 8.0
_POLL_S = 0.02


def is_running(pid_file: Path) -> bool:
    """Return whether the process that a pid file names is alive and one of ours."""
    pid = _read_pid(pid_file)
    return pid is not None and _is_ours(pid)


def start(arguments: list[str], *, log: Path, pid_file: Path, environment: dict[str, str]) -> int:
    """Start `tiphys ARGUMENTS` in the background and return its pid.

    Args:
        arguments: what follows `tiphys` on the command line.
        log: output is appended to this file.
        pid_file: gets the pid; a stale one is overwritten.
        environment: variables added to those of this process.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tiphys", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **environment},
        )
    pid_file.write_text(f"{process.pid}\n")
    return process.pid


def stop(pid_file: Path) -> bool:
    """Stop a process and all it started; return whether there was one."""
    pid = _read_pid(pid_file)
    if pid is None or not _is_ours(pid):
        pid_file.unlink(missing_ok=True)
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while _is_ours(pid) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    pid_file.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Do not look for garbage meanwhile: loading a program's modules makes none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_less_garbage(allocations: int = 20_000) -> None:
    """Make the garbage collector of a server look less often, and never at what it began with.

    A server decodes objects by the thousand: at Python's usual pace a seventh to a quarter of the
    CPU of the sandbox's writes went into looking for cycles among them.

    Args:
        allocations: how many objects more there have to be than when it looked last.
    """
    gc.freeze()
    gc.set_threshold(allocations, 20, 50)


def leave() -> NoReturn:
    """End this process now, once all that it held is closed and written.

    The interpreter would first take its modules and objects apart, one by one: for a server that is
    longer than stopping it takes, seconds on a busy machine.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return None


def _is_ours(pid: int) -> bool:
    """Tell our process from one that got the same pid after a restart of the machine."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return not Path("/proc/self").exists() and _answers(pid)
    # While a process executes its new program, the kernel shows it with no command line at all.
    return state != "Z" and (not command or b"tiphys" in command)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
