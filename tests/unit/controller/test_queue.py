import asyncio

import pytest

from tiphys.controller.queue import WorkQueue


async def _take(queue: WorkQueue) -> str:
    async with queue.lease() as key:
        return key


async def test_keys_come_out_in_the_order_they_came_in() -> None:
    queue = WorkQueue()
    for key in ("b", "a", "b"):
        queue.add(key)

    assert [await _take(queue), await _take(queue)] == ["b", "a"]
    assert queue.is_idle


async def test_a_key_added_while_it_is_held_comes_out_once_more_afterwards() -> None:
    queue = WorkQueue()
    queue.add("a")
    async with queue.lease() as key:
        queue.add(key)
        queue.add(key)
        assert len(queue) == 0

    assert await _take(queue) == "a"
    assert queue.is_idle


async def test_a_held_key_is_not_handed_to_a_second_worker() -> None:
    queue = WorkQueue()
    queue.add("a")
    async with queue.lease():
        queue.add("a")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_take(queue), 0.01)


async def test_the_earlier_of_two_wake_ups_counts() -> None:
    queue = WorkQueue()
    queue.add_after("a", 0.01)
    queue.add_after("a", 60)

    assert await asyncio.wait_for(_take(queue), 1) == "a"
    queue.close()


async def test_a_sooner_wake_up_replaces_a_later_one() -> None:
    queue = WorkQueue()
    queue.add_after("a", 60)
    queue.add_after("a", 0.01)

    assert await asyncio.wait_for(_take(queue), 1) == "a"


async def test_failures_in_a_row_wait_longer_until_one_succeeds() -> None:
    queue = WorkQueue()

    assert [queue.add_backoff("a") for _ in range(3)] == [0.5, 1.0, 2.0]
    queue.succeeded("a")
    assert queue.add_backoff("a") == 0.5
    queue.close()


async def test_a_forgotten_key_does_not_come_back() -> None:
    queue = WorkQueue()
    queue.add("a")
    queue.add_after("b", 0.01)
    queue.forget("a")
    queue.forget("b")
    await asyncio.sleep(0.02)

    assert queue.is_idle


async def test_what_can_wait_comes_out_when_nothing_else_is_ready() -> None:
    queue = WorkQueue()
    queue.add_quiet("patient")
    queue.add("urgent")
    queue.add("other")

    assert [await _take(queue) for _ in range(3)] == ["urgent", "other", "patient"]
    assert queue.is_idle


async def test_what_can_wait_gets_on_however_much_is_urgent() -> None:
    queue = WorkQueue()
    for key in ("patient", "more patient"):
        queue.add_quiet(key)
    for number in range(20):
        queue.add(f"urgent {number}")

    taken = [await _take(queue) for _ in range(13)]

    assert taken.index("patient") < taken.index("more patient")


async def test_what_could_wait_comes_out_once_when_it_becomes_urgent() -> None:
    queue = WorkQueue()
    queue.add_quiet("a")
    queue.add("b")
    queue.add("a")

    assert [await _take(queue), await _take(queue)] == ["b", "a"]
    assert queue.is_idle


async def test_a_holder_may_leave_its_own_key_for_a_quiet_moment() -> None:
    queue = WorkQueue()
    queue.add("a")
    async with queue.lease() as key:
        queue.add_quiet(key)
    queue.add("b")

    assert [await _take(queue), await _take(queue)] == ["b", "a"]
    assert queue.is_idle


async def test_a_worker_for_what_is_urgent_leaves_the_rest_to_others() -> None:
    queue = WorkQueue()
    queue.add_quiet("can wait")
    leased: list[str] = []

    async def lease() -> None:
        async with queue.lease(urgent_only=True) as key:
            leased.append(key)

    waiting = asyncio.create_task(lease())
    await asyncio.sleep(0)
    assert leased == []

    queue.add("urgent")
    await waiting

    assert leased == ["urgent"]
    async with queue.lease() as key:
        assert key == "can wait"
        assert not queue.is_urgent(key)
        queue.add(key)
        assert queue.is_urgent(key)
