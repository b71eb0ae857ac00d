"""Warm worker processes, each with one job at a time, replaced after many jobs or any kill.

A job has a time limit and a memory limit, watched from here: what a chart makes a library do cannot
be stopped from inside its process. The environment holds nothing of ours.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderedManifest, RenderJob

_JOBS_A_WORKER = 500
_WATCH_S = 0.1


class WorkerPool:
    """A few workers, started when they are first needed."""

    def __init__(self, home: Path, *, size: int) -> None:
        self._home = home
        self._slots = asyncio.Semaphore(size)
        self._idle: list[_Worker] = []
        self.renders = 0

    @contextlib.asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """Lend an empty folder for one job, and delete it afterwards."""
        self._home.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(dir=self._home))
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    async def render(
        self, folder: Path, job: RenderJob, *, timeout_s: float, memory_bytes: int
    ) -> tuple[RenderedManifest, ...]:
        """Run a job and return its manifests in order.

        Raises:
            RenderError: it does not render, takes too long, or needs too much memory.
        """
        async with self._slots:
            self.renders += 1
            worker = self._idle.pop() if self._idle else _Worker(self._home)
            try:
                answer = await worker.ask(folder, job, timeout_s, memory_bytes)
            except BaseException:
                await worker.kill()
                raise
            if worker.jobs < _JOBS_A_WORKER:
                self._idle.append(worker)
            else:
                await worker.kill()
        if "error" in answer:
            raise RenderError(answer["error"], where=answer["where"], hint=answer["hint"])
        return tuple(
            RenderedManifest(body.encode(), digest) for body, digest in answer["manifests"]
        )

    async def close(self) -> None:
        """End all workers."""
        while self._idle:
            await self._idle.pop().kill()


class _Worker:
    """One process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self.jobs = 0

    async def ask(
        self, folder: Path, job: RenderJob, timeout_s: float, memory_bytes: int
    ) -> dict[str, Any]:
        self.jobs += 1
        process = await self._start()
        assert process.stdin is not None
        frame = msgspec.json.encode((str(folder), job))
        process.stdin.write(struct.pack(">I", len(frame)) + frame)
        watch = asyncio.create_task(self._watch(process, memory_bytes))
        try:
            async with asyncio.timeout(timeout_s):
                return await self._answer(process)
        except TimeoutError:
            raise RenderError(
                f"the render took longer than {timeout_s:.0f} s and was stopped",
                hint="Make it smaller, or raise controller.repo.server.timeout.seconds.",
            ) from None
        except asyncio.IncompleteReadError:
            exceeded = watch.done() and not watch.cancelled() and watch.result()
            limit = memory_bytes // 1024 // 1024
            what = f"needed more than {limit} MiB of memory" if exceeded else "crashed the renderer"
            raise RenderError(f"the render {what} and was stopped") from None
        finally:
            watch.cancel()

    async def kill(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tiphys.sources.render.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=self._home,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "HOME": str(self._home),
                    "LANG": "C.UTF-8",
                },
                start_new_session=True,
                limit=1024 * 1024,
            )
        return self._process

    async def _answer(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        head = await process.stdout.readexactly(4)
        body = await process.stdout.readexactly(struct.unpack(">I", head)[0])
        answer: dict[str, Any] = orjson.loads(body)
        return answer

    async def _watch(self, process: asyncio.subprocess.Process, memory_bytes: int) -> bool:
        """Kill a process whose resident memory grows too large; return True when it was."""
        while True:
            await asyncio.sleep(_WATCH_S)
            size = _resident_bytes(process.pid)
            if size is None:
                return False
            if size > memory_bytes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return True


def _resident_bytes(pid: int) -> int | None:
    """Return the resident memory of a process, None where it cannot be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
