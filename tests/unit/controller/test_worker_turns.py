"""A worker of the controller leaves turns to everybody else on the loop."""

import asyncio
import contextlib

from tiphys.controller.loop import work
from tiphys.controller.queue import WorkQueue


async def test_a_key_that_is_due_again_at_once_neither_spins_nor_keeps_the_loop() -> None:
    queue, looks = WorkQueue(), 0

    async def reconcile(_key: str) -> float | None:
        nonlocal looks
        looks += 1
        if looks > 10_000:  # without a turn for anybody else nothing could end this test
            raise SystemExit
        return 0.0

    queue.add("guestbook")
    worker = asyncio.create_task(work(queue, reconcile))
    await asyncio.sleep(0.2)
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker

    assert 1 < looks < 50
