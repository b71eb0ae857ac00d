"""Changes of Applications, told to many readers at once."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import orjson
import pytest

from tiphys.delivery.read_model import Listener
from tiphys.model.keys import Manifest
from tiphys.server.application_feed import ApplicationFeed, Reader
from tiphys.server.application_rows import EncodedApplications
from tiphys.server.masks import parse_mask


class Stored:
    """A read model of Applications that tests write."""

    def __init__(self) -> None:
        self.apps: dict[str, Manifest] = {}
        self._listeners: list[Listener] = []
        self._version = 0

    def all(self) -> list[Manifest]:
        return list(self.apps.values())

    def get(self, key: str) -> Manifest | None:
        return self.apps.get(key)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def write(self, name: str, **fields: Any) -> Manifest:
        self._version += 1
        key = f"argocd/{name}"
        metadata = {
            "name": name, "namespace": "argocd", "uid": name, "resourceVersion": str(self._version)
        }  # fmt: skip
        before, after = self.apps.get(key), {"metadata": metadata, **fields}
        self.apps[key] = after
        for listener in self._listeners:
            listener(key, before, after)
        return after

    def delete(self, name: str) -> None:
        before = self.apps.pop(f"argocd/{name}")
        for listener in self._listeners:
            listener(f"argocd/{name}", before, None)


class Reading:
    """One reader's events, in order."""

    def __init__(self, batches: AsyncGenerator[Sequence[bytes], None]) -> None:
        self._batches = batches

    async def next(self) -> list[tuple[str, str]]:
        batch = await asyncio.wait_for(anext(self._batches), 2)
        events = [orjson.loads(message) for message in batch]
        return [(event["type"], event["application"]["metadata"]["name"]) for event in events]

    async def is_quiet(self) -> bool:
        try:
            await asyncio.wait_for(anext(self._batches), 0.2)
        except TimeoutError:
            return True
        return False


def reading(stored: Stored, fields: str = "", **wishes: Any) -> Reading:
    feed = ApplicationFeed(stored, EncodedApplications())  # type: ignore[arg-type]
    known: dict[str, Any] = {"chooses": lambda app: True, "mask": parse_mask(fields), **wishes}
    return Reading(feed.read(Reader(**known)))


async def test_a_new_reader_is_told_of_all_that_there_is() -> None:
    stored = Stored()
    stored.write("b")
    stored.write("a")

    assert await reading(stored).next() == [("ADDED", "a"), ("ADDED", "b")]


@pytest.mark.parametrize("since", ["\u00b2", "9" * 5000, "new"])
async def test_a_version_that_is_none_is_told_everything(since: str) -> None:
    stored = Stored()
    stored.write("a")

    assert await reading(stored, since=since).next() == [("ADDED", "a")]


async def test_a_reader_with_a_list_is_told_what_changed_since() -> None:
    stored = Stored()
    stored.write("a")
    since = stored.write("b")["metadata"]["resourceVersion"]
    stored.write("c")

    assert await reading(stored, since=since).next() == [("MODIFIED", "c")]


async def test_changes_in_a_row_are_told_once() -> None:
    stored = Stored()
    stored.write("a")
    reader = reading(stored)
    await reader.next()

    for count in range(10):
        stored.write("a", spec={"count": count})

    assert await reader.next() == [("MODIFIED", "a")]


async def test_a_change_that_the_mask_hides_is_not_told() -> None:
    stored = Stored()
    stored.write("a")
    reader = reading(stored, "metadata.name")
    await reader.next()

    stored.write("a", status={"reconciledAt": "now"})

    assert await reader.is_quiet()


async def test_what_is_not_for_a_reader_is_not_told() -> None:
    stored = Stored()
    reader = reading(stored, chooses=lambda app: app["metadata"]["name"] != "secret")

    async def write() -> None:
        await asyncio.sleep(0.01)
        stored.write("secret")
        stored.write("open")

    writing = asyncio.create_task(write())
    assert await reader.next() == [("ADDED", "open")]
    await writing


async def test_a_deletion_is_told_and_may_be_followed_by_a_namesake() -> None:
    stored = Stored()
    stored.write("a")
    reader = reading(stored)
    await reader.next()

    stored.delete("a")
    assert await reader.next() == [("DELETED", "a")]
    stored.write("a")
    assert await reader.next() == [("ADDED", "a")]


async def test_a_reader_that_leaves_is_forgotten() -> None:
    stored = Stored()
    stored.write("a")
    feed = ApplicationFeed(stored, EncodedApplications())  # type: ignore[arg-type]
    batches = feed.read(Reader(chooses=lambda app: True, mask=parse_mask("")))
    await anext(batches)
    assert feed.readers == 1

    await batches.aclose()

    assert feed.readers == 0
