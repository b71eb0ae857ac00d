import asyncio

import pytest

from tiphys.sources.render.turns import (
    Lane,
    OutOfTurnError,
    Overruns,
    RenderLimitError,
    Turns,
)


class Jobs:
    """Jobs that hold their place until a test ends them."""

    def __init__(self, size: int) -> None:
        self.turns = Turns(size)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, name: str, lane: Lane = Lane.QUICK, *, prolongs: bool = False) -> None:
        self._ends[name] = asyncio.Event()

        async def run() -> None:
            async with self.turns.turn(lane) as turn:
                self.running.append(name)
                if prolongs:
                    await turn.prolong()
                await self._ends[name].wait()
            self.running.remove(name)

        self._tasks.append(asyncio.create_task(run(), name=name))
        await _settled()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await _settled()

    async def give_up(self, name: str) -> None:
        task = next(task for task in self._tasks if task.get_name() == name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_job_that_takes_long_makes_way_for_a_quick_one() -> None:
    jobs = Jobs(1)
    await jobs.begin("long", prolongs=True)

    await jobs.begin("quick")

    assert jobs.running == ["long", "quick"]
    await jobs.close()


async def test_where_too_many_take_long_the_next_one_loses_its_turn() -> None:
    turns = Turns(1)
    async with turns.turn(Lane.LONG), turns.turn(Lane.QUICK) as turn:
        with pytest.raises(OutOfTurnError):
            await turn.prolong()

    assert (turns.quick.free, turns.long.free) == (1, 1)


async def test_applications_that_are_known_to_be_quick_go_first_but_not_for_ever() -> None:
    jobs = Jobs(1)
    await jobs.begin("first")
    await jobs.begin("unknown")
    known = [f"known {index}" for index in range(7)]
    for name in known:
        await jobs.begin(name, Lane.KNOWN_QUICK)

    order = []
    for _ in range(9):
        (name,) = jobs.running
        order.append(name)
        await jobs.end(name)

    assert order == ["first", *known[:5], "unknown", *known[5:]]
    await jobs.close()


async def test_who_gives_up_waiting_takes_no_place() -> None:
    jobs = Jobs(1)
    await jobs.begin("first")
    await jobs.begin("second")
    await jobs.begin("third")

    await jobs.give_up("second")
    await jobs.end("first")

    assert jobs.running == ["third"]
    await jobs.end("third")
    assert jobs.turns.quick.free == 1
    await jobs.close()


def test_a_render_that_exceeded_a_limit_is_not_tried_again_at_once() -> None:
    overruns = Overruns(rest_s=60)
    overruns.note("key", RenderLimitError("the render took longer than 60 s and was stopped"))

    with pytest.raises(RenderLimitError, match="took longer than 60 s"):
        overruns.require_rested("key")
    overruns.require_rested("another key")


def test_it_is_tried_again_after_its_rest() -> None:
    overruns = Overruns(rest_s=0.0)
    overruns.note("key", RenderLimitError("too long"))

    overruns.require_rested("key")


def test_an_application_whose_render_takes_long_waits_with_the_unknown() -> None:
    overruns = Overruns()
    overruns.note_quick("app")
    assert overruns.lane("app") is Lane.KNOWN_QUICK

    overruns.note_long("key", "app")

    assert overruns.lane("app") is Lane.QUICK
    assert overruns.is_long("key")
