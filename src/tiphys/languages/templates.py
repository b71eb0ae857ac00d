"""Go templates of notifications, rendered in worker processes that can be killed.

A template may loop, and anybody who may write the configuration of notifications may write one. So
it is rendered in a process of its own with little memory and no environment, which is killed when
it takes too long. Workers start when they are first needed.

Source: Argo CD operator manual, "Notifications, Templates".
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from tiphys.languages.variables import fact_key
from tiphys.model.errors import TiphysError

TIME_LIMIT_S: Final = 5.0
_START_LIMIT_S: Final = 30.0
_MAX_LINE: Final = 32 * 1024 * 1024
_MAX_FACTS: Final = 8

Resolve = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""Fetches a fact by the name of its function and the argument; `{"error": ...}` when it cannot."""


class TemplateError(TiphysError):
    """A template is not understood, fails on its variables, or exceeds a limit."""

    reason = "TemplateFailed"


class Templates:
    """Renders templates in a few worker processes."""

    def __init__(self, workers: int = 2, time_limit_s: float = TIME_LIMIT_S) -> None:
        """Prepare.

        Args:
            workers: how many templates may be rendered at a time; one that hangs holds one worker.
            time_limit_s: of one rendering.
        """
        self._time_limit_s = time_limit_s
        self._idle: list[_Worker] = []
        self._free = asyncio.Semaphore(workers)

    async def render(
        self, templates: Mapping[str, str], variables: Mapping[str, Any], resolve: Resolve
    ) -> dict[str, str]:
        """Return the text of each template.

        Args:
            templates: their sources by any name; an error names the one that failed.
            variables: what they may look at; plain data.
            resolve: fetches what `repo.GetCommitMetadata` and `repo.GetAppDetails` tell.

        Raises:
            TemplateError: one cannot be rendered.
        """
        facts: dict[str, Any] = {}
        while True:
            request = {"templates": templates, "variables": variables, "facts": facts}
            answer = await self._ask(orjson.dumps(request))
            if "texts" in answer:
                return dict(answer["texts"])
            if "error" in answer:
                raise TemplateError(str(answer["error"])[:256], where=str(answer["of"]))
            name, argument = answer["need"]
            if len(facts) >= _MAX_FACTS:
                raise TemplateError(f"asks for more than {_MAX_FACTS} commits")
            facts[fact_key(name, argument)] = await resolve(name, argument)

    async def _ask(self, request: bytes) -> dict[str, Any]:
        async with self._free:
            worker = self._idle.pop() if self._idle else await _Worker.start()
            try:
                answer = await asyncio.wait_for(worker.ask(request), self._time_limit_s)
            except TimeoutError:
                await worker.kill()
                raise TemplateError(
                    f"time limit of {self._time_limit_s:g} s exceeded",
                    hint="Look for a loop over many elements in the template.",
                ) from None
            except BaseException:
                await worker.kill()
                raise
            if answer is None:
                await worker.kill()
                raise TemplateError("needs too much memory")
            self._idle.append(worker)
            decoded: dict[str, Any] = orjson.loads(answer)
            return decoded

    async def close(self) -> None:
        """End the workers."""
        while self._idle:
            await self._idle.pop().kill()


class _Worker:
    """A process that answers one line with one line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "_Worker":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tiphys.languages.template_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            limit=_MAX_LINE,
        )
        worker = cls(process)
        try:
            ready = await asyncio.wait_for(worker.read(), _START_LIMIT_S)
        except BaseException:
            await worker.kill()
            raise
        if ready is None:
            await worker.kill()
            raise TemplateError("the worker for templates does not start", where=sys.executable)
        return worker

    async def ask(self, request: bytes) -> bytes | None:
        """Return the answer, None when the worker has died."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request + b"\n")
            await self._process.stdin.drain()
        except OSError:
            return None
        return await self.read()

    async def read(self) -> bytes | None:
        """Return one line, None when the worker has died."""
        assert self._process.stdout is not None
        try:
            line = await self._process.stdout.readline()
        except ValueError:
            return None  # a line longer than anything that we want to send
        return line if line.endswith(b"\n") else None

    async def kill(self) -> None:
        """End the process now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
