import asyncio
import contextlib

from tiphys.controller.loop import work
from tiphys.controller.queue import WorkQueue


async def test_a_worker_outlives_what_it_waited_for() -> None:
    """A cluster that is closed while it is being opened is cancelled; the worker is not."""
    queue, seen = WorkQueue(), asyncio.Queue[str]()

    async def reconcile(key: str) -> float | None:
        seen.put_nowait(key)
        if key == "first":
            inner = asyncio.create_task(asyncio.sleep(60))
            inner.cancel()
            await inner
        return None

    worker = asyncio.create_task(work(queue, reconcile))
    queue.add("first")
    queue.add("second")

    assert [await seen.get(), await seen.get(), await seen.get()] == ["first", "second", "first"]
    await _stop(worker, queue)


async def test_a_worker_that_is_cancelled_ends() -> None:
    queue, begun = WorkQueue(), asyncio.Event()

    async def reconcile(key: str) -> float | None:
        del key
        begun.set()
        await asyncio.sleep(60)
        return None

    worker = asyncio.create_task(work(queue, reconcile))
    queue.add("one")
    await begun.wait()

    await _stop(worker, queue)

    assert worker.cancelled()
    assert queue.is_idle


async def _stop(worker: asyncio.Task[None], queue: WorkQueue) -> None:
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker
    queue.close()
