"""Warm worker processes in a jail, replaced after many jobs or any kill.

A job has limits, watched from here: what a chart makes a library do cannot be stopped from inside
its process. Workers start when they are needed and end when they have been idle for a while.
"""

import asyncio
import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tiphys.sources.api import RenderedManifest, RenderJob, RenderLimits
from tiphys.sources.render.handle import RefusedError, Worker
from tiphys.sources.render.turns import GIVES_WAY_S, QUICK_S, Lane, Turn, Turns

log = logging.getLogger("sources")

_JOBS_A_WORKER = 500
_T = TypeVar("_T")


class WorkerPool:
    """A few workers, started when they are first needed.

    Attributes:
        renders: how many jobs were run.
        starts: how many workers were started.
    """

    def __init__(
        self, home: Path, reads: Sequence[str], *, size: int = 2, idle_s: float = 60.0
    ) -> None:
        self._home, self._reads = home, tuple(reads)
        self._turns = Turns(size)
        self._size, self._idle_s = size, idle_s
        self._idle: list[Worker] = []
        self._lacking: tuple[str, ...] = ()
        self._reaper: asyncio.Task[None] | None = None
        self._is_clean = False
        self._alive = 0
        self._cleaning = asyncio.Lock()
        self.renders = self.starts = 0

    @contextlib.asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """Lend an empty folder for one job's files, and delete it afterwards."""
        async with self._cleaning:  # nobody may get a folder while the old ones are swept away
            if not self._is_clean:
                await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=True)
                self._is_clean = True
        self._home.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix="files-", dir=self._home))
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    async def render(  # noqa: PLR0913 -- each is a fact of its own about the job
        self,
        folder: Path,
        job: RenderJob,
        limits: RenderLimits,
        *,
        reads: Sequence[str] = (),
        once: bool = False,
        lane: Lane = Lane.QUICK,
    ) -> tuple[RenderedManifest, ...]:
        """Run a job and return its manifests in order.

        Args:
            folder: the job's files, from `folder()`; they are moved away.
            job: what to render.
            limits: what ends it early.
            reads: what the job may read besides.
            once: the worker serves no other job; for commands that other people wrote.
            lane: who it waits with.

        Raises:
            RenderError: it does not render, or exceeds a limit.
            OutOfTurnError: it takes long, and has to be run again as such.
        """
        async with self._turns.turn(lane) as turn:
            self.renders += 1
            worker = await self._worker(job.source_type, (*self._reads, *reads))
            try:
                manifests = await _in_turn(turn, worker, worker.render(folder, job, limits))
            except RefusedError:
                await self._give_back(worker, once=once or worker.has_given_way)
                raise
            except BaseException:
                await self._end(worker)
                raise
            await self._give_back(worker, once=once or worker.has_given_way)
        return manifests

    async def close(self) -> None:
        """End all workers."""
        if self._reaper is not None:
            self._reaper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reaper
            self._reaper = None
        while self._idle:
            await self._end(self._idle.pop())

    async def _worker(self, kind: str, reads: tuple[str, ...]) -> Worker:
        """Return an idle worker of that jail, best one that has the tool loaded, or a new one."""
        fitting = [worker for worker in self._idle if worker.reads == reads]
        if fitting:
            chosen = max(fitting, key=lambda worker: (kind in worker.kinds, worker.idle_since))
            self._idle.remove(chosen)
            return chosen
        if self._idle and self._alive >= self._size:
            await self._end(self._idle.pop(0))  # a worker of another jail makes place
        worker = Worker(self._home, reads)
        self.starts += 1
        self._alive += 1
        try:
            await worker.start()
        except BaseException:
            await self._end(worker)
            raise
        if worker.lacking and worker.lacking != self._lacking:
            self._lacking = worker.lacking
            log.warning(
                "renders are not fully confined: this machine lacks parts of the jail",
                extra={"lacking": worker.lacking},
            )
        return worker

    async def _give_back(self, worker: Worker, *, once: bool) -> None:
        if once or worker.jobs >= _JOBS_A_WORKER or not await worker.clear():
            await self._end(worker)
            return
        worker.idle_since = time.monotonic()
        self._idle.append(worker)
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._reap(), name="idle render workers")

    async def _reap(self) -> None:
        """End workers that have been idle for long, until none is left."""
        while self._idle:
            rest = self._idle_s - (time.monotonic() - self._idle[0].idle_since)
            if rest > 0:
                await asyncio.sleep(rest)
            else:
                await self._end(self._idle.pop(0))

    async def _end(self, worker: Worker) -> None:
        self._alive -= 1
        await worker.kill()


async def _in_turn(turn: Turn, worker: Worker, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what a job gives; one that takes long makes way for others.

    Raises:
        OutOfTurnError: it takes long, and there is no room for that.
    """
    running = asyncio.ensure_future(work)
    try:
        if not turn.is_long:
            await asyncio.wait([running], timeout=QUICK_S)
            if not running.done():
                await turn.prolong()
        await asyncio.wait([running], timeout=GIVES_WAY_S)
        if not running.done():
            worker.give_way()
        return await running
    finally:
        if not running.done():
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
