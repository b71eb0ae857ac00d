"""jq expressions of `ignoreDifferences`: what `del(<expression>)` does to a manifest.

Anybody who may edit an Application may write one, and jq has no limits of its own. So expressions
run in a worker process, which is killed when it takes too long, has little memory and knows nothing
of our environment. Most expressions are plain paths, though, like `.spec.replicas` or
`.webhooks[]?.clientConfig.caBundle`; those are done here, in microseconds, without the worker.

A call that needs the worker blocks for up to the time limit: run it off the event loop.

Source: jq manual, "Path Expressions" and `del`; Argo CD user guide, "Diff Customization".
"""

import re
import select
import subprocess
import sys
import threading
import time
from typing import IO, Any, Final, NamedTuple

import orjson

from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest

TIME_LIMIT_S: Final = 1.0
_START_LIMIT_S: Final = 10.0

_STEP: Final = re.compile(
    r"""\s*(?:
        \.(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | \.?\[\s*"(?P<quoted>[^"\\]*)"\s*\]
      | \."(?P<dotted>[^"\\]*)"
      | \.?\[\s*(?P<index>[0-9]{1,18})\s*\]
      | \.?(?P<all>\[\s*\])
    )\??""",
    re.VERBOSE,
)


class JqError(TiphysError):
    """An expression does not compile, fails, exceeds its limit or yields no object."""

    reason = "JqFailed"


class _Every(NamedTuple):
    """All members of a list or map."""


_Step = str | int | _Every


class JqDeleter:
    """Compiles expressions and holds the worker that runs those that need one."""

    def __init__(self, time_limit_s: float = TIME_LIMIT_S) -> None:
        """Prepare; the worker starts when it is first needed.

        Args:
            time_limit_s: of one call, > 0.
        """
        self._time_limit_s = time_limit_s
        self._worker: _Worker | None = None
        self._lock = threading.Lock()

    def compile(self, expression: str) -> "Deletion":
        """Return what deletes an expression's paths from a manifest.

        Raises:
            JqError: the expression is no jq.
        """
        steps = parse_path(expression)
        if steps is None:
            self.call(expression, {}, is_trial=True)
        return Deletion(expression, steps, self)

    def call(self, expression: str, manifest: Manifest, *, is_trial: bool = False) -> Manifest:
        """Return a manifest without an expression's paths, by the worker.

        Args:
            expression: jq.
            manifest: stays as it is.
            is_trial: only compile.

        Raises:
            JqError: see the class.
        """
        request = orjson.dumps({"expression": expression, "input": manifest, "trial": is_trial})
        with self._lock:
            answer = self._ask(request, expression)
        if "error" in answer:
            raise JqError(str(answer["error"])[:256], where=f"jq expression `{expression}`")
        result: Manifest = answer["output"]
        return result

    def _ask(self, request: bytes, expression: str) -> Any:
        if self._worker is None:
            self._worker = _Worker()
        answer = self._worker.ask(request, self._time_limit_s)
        if answer is None:
            self._worker.kill()
            self._worker = None
            raise JqError(
                f"time limit of {self._time_limit_s:g} s exceeded",
                where=f"jq expression `{expression}`",
                hint="Name the fields by their paths instead of searching for them.",
            )
        return orjson.loads(answer)

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            if self._worker is not None:
                self._worker.kill()
                self._worker = None


class Deletion:
    """One compiled expression."""

    def __init__(self, expression: str, steps: tuple[_Step, ...] | None, via: JqDeleter) -> None:
        self._expression, self._steps, self._via = expression, steps, via

    @property
    def needs_worker(self) -> bool:
        """True when a call blocks on the worker process."""
        return self._steps is None

    def __call__(self, manifest: Manifest) -> Manifest:
        """Return a manifest without what the expression names; the input is untouched.

        Raises:
            JqError: the expression fails on this manifest, takes too long or yields no object.
        """
        if self._steps is None:
            return self._via.call(self._expression, manifest)
        result: Manifest = delete_path(manifest, self._steps)
        return result


def parse_path(expression: str) -> tuple[_Step, ...] | None:
    """Return the steps of an expression that is a plain path, None for any other."""
    steps: list[_Step] = []
    text = expression.strip()
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (not steps and text[0] != "."):
            return None
        found = match.groupdict()
        name = found["name"] or found["quoted"] or found["dotted"]
        if name is not None:
            steps.append(name)
        else:
            steps.append(_Every() if found["all"] else int(found["index"]))
        position = match.end()
    return tuple(steps) or None


def delete_path(value: Any, steps: tuple[_Step, ...]) -> Any:
    """Return a value without what a path leads to; a path that leads nowhere changes nothing."""
    step, rest = steps[0], steps[1:]
    if isinstance(step, _Every):
        return _delete_from_every(value, rest)
    is_there = (isinstance(value, dict) and step in value) or (
        isinstance(value, list) and isinstance(step, int) and step < len(value)
    )
    if not is_there:
        return value
    if isinstance(value, dict):
        if rest:
            return {**value, step: delete_path(value[step], rest)}
        return {name: item for name, item in value.items() if name != step}
    index = int(step)
    kept = [delete_path(value[index], rest)] if rest else []
    return [*value[:index], *kept, *value[index + 1 :]]


def _delete_from_every(value: Any, rest: tuple[_Step, ...]) -> Any:
    if isinstance(value, dict):
        return {name: delete_path(item, rest) for name, item in value.items()} if rest else {}
    if isinstance(value, list):
        return [delete_path(item, rest) for item in value] if rest else []
    return value


class _Worker:
    """A process that answers one line with one line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tiphys.languages.jq_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        if self._read(_START_LIMIT_S) is None:
            self.kill()
            raise JqError("the jq worker does not start", where=sys.executable)

    def ask(self, request: bytes, time_limit_s: float) -> bytes | None:
        """Return the answer, None when there is none in time or the worker has died."""
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write(request + b"\n")
            stdin.flush()
        except OSError:
            return None
        return self._read(time_limit_s)

    def _read(self, time_limit_s: float) -> bytes | None:
        stdout, deadline = _pipe(self._process.stdout), time.monotonic() + time_limit_s
        chunks: list[bytes] = []
        while not (chunks and chunks[-1].endswith(b"\n")):
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            chunk = stdout.read1(1 << 20) if ready else b""  # type: ignore[attr-defined]
            if not chunk:
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                _pipe(pipe).close()
            except OSError:
                continue  # what was not flushed is not wanted any more


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
