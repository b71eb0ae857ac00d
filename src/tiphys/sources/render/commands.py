"""Runs a tool's command inside the jail, and reads no more of its output than is allowed."""

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tiphys.model.errors import RenderError

_MAX_ERRORS = 64 * 1024
_CHUNK = 256 * 1024


class Finished(NamedTuple):
    """What a command left behind; the errors are cut after 64 KiB."""

    code: int
    output: bytes
    errors: str


def run_command(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], max_output_bytes: int
) -> Finished:
    """Run a command to its end.

    Args:
        arguments: the program and what it is told; never a line for a shell.
        folder: where it runs.
        environment: what it finds in its environment, besides what every program needs.
        max_output_bytes: it is killed when it prints more.

    Raises:
        RenderError: it cannot be started, or prints too much.
    """
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env={**environment, **_own_environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as err:
        raise RenderError(f"`{arguments[0]}` cannot be run: {err.strerror}") from err
    with process:
        try:
            output, errors = _drained(process, max_output_bytes)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        code = process.wait()
    return Finished(code, output, errors.decode(errors="replace"))


def _drained(process: subprocess.Popen[bytes], max_output_bytes: int) -> tuple[bytes, bytes]:
    """Read both streams to their ends; both at once, so that neither can block the command."""
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is output or len(errors) < _MAX_ERRORS:
                    key.data.extend(chunk)
            if len(output) > max_output_bytes:
                limit = f"{max_output_bytes / 1024 / 1024:.0f} MiB"
                raise RenderError(f"the command printed more than {limit} and was stopped")
    return bytes(output), bytes(errors)


def _own_environment() -> dict[str, str]:
    names = ("PATH", "HOME", "TMPDIR", "LANG")
    return {name: os.environ[name] for name in names if name in os.environ}
