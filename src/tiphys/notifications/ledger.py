"""Writes down what was delivered, on the Applications themselves.

News wait here until they stand in the annotation. They count from the moment they are noted, so
nothing is sent again while the write is on its way; a process that dies before has sent a message
that the next one may send again, never one that is lost.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from tiphys.engine.notifications.state import (
    DeliveryState,
    Failure,
    annotations_of,
    changed,
    read_state,
)
from tiphys.kube.client import KubeClient
from tiphys.kube.informer import Informer
from tiphys.model.errors import ApiError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import API_GROUP

_T = TypeVar("_T")

log = logging.getLogger(__name__)

MANAGER: Final = "argocd-notifications-controller"
_APPLICATION: Final = GroupVersionKind(API_GROUP, "v1alpha1", "Application")
_WRITERS: Final = 4
_PAUSES_S: Final = (0.05, 0.2, 1.0, 5.0, 30.0)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What is not written yet about one Application."""

    sent: Mapping[str, int] = {}
    failed: Mapping[str, Failure] = {}
    forgotten: frozenset[str] = frozenset()

    def to(self, state: DeliveryState) -> DeliveryState:
        """Return a state with the news in it."""
        return changed(state, sent=self.sent, failed=self.failed, forgotten=self.forgotten)


class Ledger:
    """Keeps delivery states."""

    def __init__(self, home: KubeClient, applications: Informer) -> None:
        self._home, self._applications = home, applications
        self._news: dict[tuple[str, str], News] = {}
        self._writing: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers = asyncio.Semaphore(_WRITERS)

    @property
    def is_busy(self) -> bool:
        """Whether something is not written yet."""
        return bool(self._tasks)

    def state(self, app: Manifest) -> DeliveryState:
        """Return what is known of an Application, written or not."""
        metadata = app["metadata"]
        written = read_state(metadata.get("annotations") or {})
        news = self._news.get(_place(app))
        return news.to(written) if news is not None else written

    def note(
        self,
        app: Manifest,
        *,
        sent: Mapping[str, int] | None = None,
        failed: Mapping[str, Failure] | None = None,
        forgotten: Iterable[str] = (),
    ) -> None:
        """Take note of news; they are written soon."""
        place = _place(app)
        news = self._news.get(place, News())
        gone = frozenset(forgotten)
        fresh = {**(sent or {}), **(failed or {})}
        self._news[place] = News(
            sent={**_without(news.sent, gone), **(sent or {})},
            failed={**_without(news.failed, gone | set(sent or {})), **(failed or {})},
            forgotten=(news.forgotten - fresh.keys()) | gone,
        )
        if place not in self._writing:
            self._writing.add(place)
            task = asyncio.get_running_loop().create_task(self._write(place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Return when all news are written."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop writing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self, place: tuple[str, str]) -> None:
        try:
            failures = 0
            while (news := self._news.get(place)) is not None:
                async with self._writers:
                    is_done = await self._attempt(place, news)
                if is_done:
                    failures = 0
                    if self._news.get(place) is news:
                        del self._news[place]
                    continue
                await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
                failures += 1
        finally:
            self._writing.discard(place)

    async def _attempt(self, place: tuple[str, str], news: News) -> bool:
        """Write news once; return whether there is nothing left to do."""
        key, uid = place
        app = self._applications.get(key)
        if app is None or app["metadata"].get("uid") != uid:
            return True  # nobody is left to remember it
        metadata = app["metadata"]
        before = read_state(metadata.get("annotations") or {})
        after = news.to(before)
        if after == before:
            return True
        namespace, _, name = key.partition("/")
        patch = {
            "metadata": {
                "resourceVersion": metadata["resourceVersion"],
                "annotations": annotations_of(after),
            }
        }
        try:
            answer = await self._home.patch(
                _APPLICATION,
                ResourceKey(API_GROUP, "Application", namespace, name),
                patch,
                fieldManager=MANAGER,
            )
        except ApiError as err:
            if err.code == 404:
                return True
            if err.code != 409:
                log.warning("delivery not written down", extra={"key": key, "error": err.line})
            return False
        except TiphysError as err:
            log.warning("delivery not written down", extra={"key": key, "error": err.line})
            return False
        self._applications.observe(answer)
        return True


def _place(app: Manifest) -> tuple[str, str]:
    metadata = app["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}", str(metadata.get("uid", ""))


def _without(entries: Mapping[str, _T], gone: Iterable[str]) -> dict[str, _T]:
    left_out = set(gone)
    return {key: value for key, value in entries.items() if key not in left_out}
