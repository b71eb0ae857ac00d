import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tiphys.controller.chores import Chores


@contextlib.asynccontextmanager
async def running(chores: Chores) -> AsyncIterator[None]:
    task = asyncio.create_task(chores.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_chore_that_is_asked_for_often_is_done_once() -> None:
    chores, done = Chores(), asyncio.Queue[str]()

    async def chore() -> None:
        done.put_nowait("done")

    for _ in range(5):
        chores.ask("tidy up", chore)
    async with running(chores):
        await done.get()
        await asyncio.sleep(0.01)

    assert done.empty()


async def test_one_that_is_asked_for_while_it_runs_is_done_once_more() -> None:
    chores, begun, may_end = Chores(), asyncio.Queue[None](), asyncio.Event()

    async def chore() -> None:
        begun.put_nowait(None)
        await may_end.wait()

    async with running(chores):
        chores.ask("tidy up", chore)
        await begun.get()
        chores.ask("tidy up", chore)
        may_end.set()
        await begun.get()


async def test_one_that_fails_is_logged_and_done_again_and_others_are_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chores, done = Chores(first_pause_s=0.01), asyncio.Queue[str]()
    failures = iter([KeyError("first"), KeyError("second")])

    async def fails_twice() -> None:
        for error in failures:
            raise error
        done.put_nowait("healed")

    async def other() -> None:
        done.put_nowait("other")

    async with running(chores):
        chores.ask("fails", fails_twice)
        chores.ask("other", other)

        assert [await done.get(), await done.get()] == ["other", "healed"]

    assert caplog.text.count("a chore failed") == 2
