"""One worker of a controller: leases keys and reconciles them until cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tiphys.controller.queue import WorkQueue
from tiphys.model.errors import TiphysError

log = logging.getLogger(__name__)

_LEAST_PAUSE_S = 0.02
"""A key that is due again at once is looked at again a little later: it cannot spin."""


async def work(
    queue: WorkQueue,
    reconcile: Callable[[str], Awaitable[float | None]],
    *,
    urgent_only: bool = False,
) -> None:
    """Reconcile leased keys until cancelled; a leased key is never handed to a second worker.

    Args:
        queue: where the keys come from.
        reconcile: reads all state itself and returns the seconds until its next look, or None.
        urgent_only: leave keys that can wait to others.
    """
    me = asyncio.current_task()
    assert me is not None
    while True:
        async with queue.lease(urgent_only=urgent_only) as key:
            try:
                next_look_s = await reconcile(key)
            except asyncio.CancelledError:
                # What we waited for was cancelled, not we: a task group would not miss a worker.
                if me.cancelling():
                    raise
                queue.add_backoff(key)
            except TiphysError as err:
                delay_s = queue.add_backoff(key)
                log.warning(
                    "reconcile failed",
                    extra={"key": key, "reason": err.reason, "error": err.line, "again_s": delay_s},
                )
            except Exception:  # a bug in one key must not stop the others
                queue.add_backoff(key)
                log.exception("reconcile crashed", extra={"key": key})
            else:
                queue.succeeded(key)
                if next_look_s is not None:
                    queue.add_after(key, max(next_look_s, _LEAST_PAUSE_S))
        # A look that waits for nothing gives nobody else a turn, and the loop's clock stands still.
        await asyncio.sleep(0)
