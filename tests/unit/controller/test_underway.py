import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tiphys.controller.application.underway import NotYetError, Underway


class Work:
    """A piece of work that ends when a test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.given_up: list[str] = []
        self.may_end = asyncio.Event()

    def of(self, name: str) -> Callable[[], Coroutine[Any, Any, str]]:
        async def run() -> str:
            self.begun.append(name)
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.given_up.append(name)
                raise
            return f"result of {name}"

        return run


class Woken:
    """Counts how often a key was woken."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_what_is_done_in_a_moment_is_given_at_once() -> None:
    woken, work = Woken(), Work()
    underway = Underway(woken)
    work.may_end.set()

    assert await underway.result("look", "one", work.of("a")) == "result of a"

    assert woken.count == 0
    assert "look" not in underway


async def test_what_takes_longer_is_taken_up_by_the_next_who_asks() -> None:
    woken, work = Woken(), Work()
    underway = Underway(woken, patience_s=0.01)
    for _ in range(3):
        with pytest.raises(NotYetError):
            await underway.result("look", "one", work.of("a"))

    work.may_end.set()
    for _ in range(5):
        await asyncio.sleep(0)

    assert woken.count == 1
    assert await underway.result("look", "one", work.of("never begun")) == "result of a"
    assert work.begun == ["a"]


async def test_only_the_first_who_asks_waits() -> None:
    work = Work()
    underway = Underway(Woken(), patience_s=0.05)
    with pytest.raises(NotYetError):
        await underway.result("look", "one", work.of("a"))

    asking = asyncio.create_task(underway.result("look", "one", work.of("a")))
    await asyncio.sleep(0)  # one turn of the loop is all it takes
    assert asking.done()
    with pytest.raises(NotYetError) as caught:
        await asking

    assert caught.value.name == "look"
    assert caught.value.since_s >= 0.05
    await underway.close()


async def test_work_on_something_else_is_given_up() -> None:
    work = Work()
    underway = Underway(Woken(), patience_s=0.01)
    with pytest.raises(NotYetError):
        await underway.result("look", "one", work.of("a"))
    with pytest.raises(NotYetError):
        await underway.result("look", "two", work.of("b"))

    assert work.begun == ["a", "b"]
    assert work.given_up == ["a"]
    await underway.close()
    assert work.given_up == ["a", "b"]


async def test_pieces_of_other_names_go_on() -> None:
    work = Work()
    underway = Underway(Woken(), patience_s=0.01)
    for name in ("look", "batch", "pause"):
        with pytest.raises(NotYetError):
            await underway.result(name, "one", work.of(name))

    await underway.drop("batch", "pause", "never begun")

    assert work.given_up == ["batch", "pause"]
    assert "look" in underway
    await underway.close()


async def test_an_error_is_raised_for_who_takes_the_result_up() -> None:
    may_fail, woken = asyncio.Event(), asyncio.Event()

    async def fails() -> None:
        await may_fail.wait()
        raise KeyError("broken")

    underway = Underway(woken.set, patience_s=0.01)
    with pytest.raises(NotYetError):
        await underway.result("look", "one", fails)
    may_fail.set()
    await woken.wait()

    with pytest.raises(KeyError, match="broken"):
        await underway.result("look", "one", fails)

    assert "look" not in underway
