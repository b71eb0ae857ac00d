"""Changes that nobody is told of before it is known that they are more than noise.

Where a user's program decides that, the answer takes its time. What is live is up to date
meanwhile; only the word of it waits, and changes of one object in a row become one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tiphys.kube.live_store import LiveRecord
from tiphys.model.keys import Manifest, ResourceKey

log = logging.getLogger(__name__)

IsNoise = Callable[[Manifest, Manifest], Awaitable[bool]]
"""Returns whether a change of an object, from before to after, needs no look."""


class DeferredChanges:
    """Changes of one cluster's objects, told one after the other."""

    def __init__(
        self,
        is_noise: IsNoise,
        current: Callable[[ResourceKey], LiveRecord | None],
        tell: Callable[[ResourceKey, LiveRecord, LiveRecord], None],
    ) -> None:
        """Prepare.

        Args:
            is_noise: decides.
            current: returns what is live, None when the object is gone: then that has been told.
            tell: called with the object before and after a change that counts.
        """
        self._is_noise, self._current, self._tell = is_noise, current, tell
        self._waiting: dict[ResourceKey, LiveRecord] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, key: ResourceKey, before: LiveRecord) -> None:
        """Take in that an object has changed from what it was before."""
        self._waiting.setdefault(key, before)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="deferred changes")

    async def close(self) -> None:
        """Forget what has not been told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            key = next(iter(self._waiting))
            before, after = self._waiting.pop(key), self._current(key)
            if after is not None and await self._counts(before, after):
                self._tell(key, before, after)

    async def _counts(self, before: LiveRecord, after: LiveRecord) -> bool:
        if before.body is None or after.body is None:
            return True
        try:
            return not await self._is_noise(before.manifest(), after.manifest())
        except Exception:  # a look too many is better than a change that nobody sees
            log.exception("cannot tell a change from noise")
            return True
