"""The parent's end of one worker: starts it, gives it jobs, watches what it uses, ends it."""

import asyncio
import contextlib
import os
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderedManifest, RenderJob, RenderLimits
from tiphys.sources.render.cgroup import TaskLimit
from tiphys.sources.render.processes import descendants, folder_bytes, kill_tree, resident_bytes
from tiphys.sources.render.serving import JOB_FOLDER, SCRATCH_FOLDER, Answer
from tiphys.sources.render.turns import RenderLimitError

_WATCH_S = 0.05
_DISK_WATCH_S = 1.0
_START_S = 60.0
_MAX_FILE_BYTES = 256 * 1024 * 1024
_MIB = 1024 * 1024
_LONG_NICE = 10
_MAX_TASKS = 512  # threads of all processes together; each Go program has a dozen


class Worker:
    """One confined process and its folder; it serves one job at a time.

    Attributes:
        reads: what its jail lets it read.
        jobs: how many it was given.
        kinds: the source types of these; what they need is loaded.
        lacking: what its jail lacks on this machine, known once it runs.
        idle_since: on the clock of `time.monotonic`.
        has_given_way: it runs at a low priority, which nothing can raise again.
    """

    def __init__(self, home: Path, reads: tuple[str, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="worker-", dir=home))
        self.reads = reads
        self.jobs = 0
        self.kinds: set[str] = set()
        self.lacking: tuple[str, ...] = ()
        self.idle_since = 0.0
        self.has_given_way = False
        self._process: asyncio.subprocess.Process | None = None
        self._overrun = ""
        self._tasks: TaskLimit | None = None

    async def start(self) -> None:
        """Start the process and wait until it is confined.

        Raises:
            RenderError: it does not come up.
        """
        told = {
            "folder": str(self.folder),
            "reads": self.reads,
            "maxFileBytes": _MAX_FILE_BYTES,
        }
        scratch = self.folder / SCRATCH_FOLDER
        scratch.mkdir()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # neither the environment nor a job's files can bring modules in
            "-m",
            "tiphys.sources.render.worker",
            msgspec.json.encode(told).decode(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=scratch,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(scratch),
                "TMPDIR": str(scratch),
                "LANG": "C.UTF-8",
            },
            start_new_session=True,
            limit=_MIB,
        )
        try:
            async with asyncio.timeout(_START_S):
                hello = await self._frame(self._process, _MIB)
        except (TimeoutError, asyncio.IncompleteReadError):
            raise RenderError("a render worker does not start", hint="Look at the log.") from None
        self.lacking = msgspec.json.decode(hello, type=dict[str, tuple[str, ...]])["lacking"]
        self._tasks = TaskLimit.create(_MAX_TASKS)
        if self._tasks is not None and not self._tasks.add(self._process.pid):
            self._tasks.remove()
            self._tasks = None

    async def render(
        self, files: Path, job: RenderJob, limits: RenderLimits
    ) -> tuple[RenderedManifest, ...]:
        """Run one job; its files move into the worker's folder.

        Raises:
            RenderError: it does not render, or exceeds a limit; then the worker has to be killed.
        """
        self.jobs += 1
        self.kinds.add(job.source_type)
        os.rename(files, self.folder / JOB_FOLDER)  # noqa: PTH104 -- one call, no waiting
        body = await self._answer(msgspec.msgpack.encode(job), limits)
        if self._tasks is not None and self._tasks.was_reached():
            what = f"started more than {limits.processes} processes"
            raise RenderLimitError(f"the render {what} and was stopped")
        answer = msgspec.msgpack.decode(body, type=Answer)
        if answer.error:
            raise RefusedError(answer.error, where=answer.where, hint=answer.hint)
        return tuple(RenderedManifest(body, digest) for body, digest in answer.manifests)

    async def _answer(self, job: bytes, limits: RenderLimits) -> bytes:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(struct.pack(">I", len(job)) + job)
        watch = asyncio.create_task(self._watch(process.pid, limits))
        try:
            async with asyncio.timeout(limits.timeout_s):
                return await self._frame(process, limits.output_bytes)
        except TimeoutError:
            raise RenderLimitError(
                f"the render took longer than {limits.timeout_s:g} s and was stopped",
                hint="Make it smaller, or raise controller.repo.server.timeout.seconds.",
            ) from None
        except asyncio.IncompleteReadError:
            what = self._overrun or "crashed the renderer"
            raise RenderLimitError(f"the render {what} and was stopped") from None
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    def give_way(self) -> None:
        """Let other processes of this machine go first from now on."""
        if self._process is not None:
            self.has_given_way = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PGRP, self._process.pid, _LONG_NICE)

    async def clear(self) -> bool:
        """Empty the worker's folder; return whether it can serve another job."""
        process = self._process
        if process is None or process.returncode is not None or descendants(process.pid):
            return False

        def empty() -> bool:
            for name in (JOB_FOLDER, SCRATCH_FOLDER):
                shutil.rmtree(self.folder / name, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self.folder / SCRATCH_FOLDER).mkdir()
            return {entry.name for entry in self.folder.iterdir()} == {SCRATCH_FOLDER}

        return await asyncio.to_thread(empty)

    async def kill(self) -> None:
        """End the process, all that it started, and its folder."""
        if self._process is not None:
            if self._process.returncode is None:
                self._kill(self._process.pid)
            await self._process.wait()
        if self._tasks is not None:
            self._tasks.kill()
            self._tasks.remove()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    @staticmethod
    async def _frame(process: asyncio.subprocess.Process, max_bytes: int) -> bytes:
        assert process.stdout is not None
        size = struct.unpack(">I", await process.stdout.readexactly(4))[0]
        if size > max_bytes:
            raise RenderError(f"the manifests are larger than {max_bytes // _MIB} MiB together")
        return await process.stdout.readexactly(size)

    async def _watch(self, pid: int, limits: RenderLimits) -> None:
        """Kill everything when it uses too much; `_overrun` then says of what."""
        look_at_disk = time.monotonic() + _DISK_WATCH_S
        while not self._overrun:
            await asyncio.sleep(_WATCH_S)
            below = descendants(pid)
            is_bomb = self._tasks is not None and self._tasks.was_reached()
            if len(below) > limits.processes or is_bomb:
                self._overrun = f"started more than {limits.processes} processes"
            elif resident_bytes((pid, *below)) > limits.memory_bytes:
                self._overrun = f"needed more than {limits.memory_bytes // _MIB} MiB of memory"
            elif time.monotonic() > look_at_disk:
                if await asyncio.to_thread(folder_bytes, self.folder) > limits.disk_bytes:
                    self._overrun = f"wrote more than {limits.disk_bytes // _MIB} MiB of files"
                look_at_disk = time.monotonic() + _DISK_WATCH_S
        self._kill(pid)

    def _kill(self, pid: int) -> None:
        if self._tasks is not None:
            self._tasks.kill()
        kill_tree(pid)


class RefusedError(RenderError):
    """The renderer answered that the source does not render; the worker is as good as before."""
