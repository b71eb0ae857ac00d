"""Watches: changes of a collection as a stream, from a version that the client knows.

Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks".
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson

from tiphys.sandbox.http.options import asked_version
from tiphys.sandbox.http.representation import check_acceptable, wanted_form
from tiphys.sandbox.http.requests import Request, is_set
from tiphys.sandbox.http.selectors import EVERYTHING, Selector, parse_selectors
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.storage.stored import Change, Name, Stored
from tiphys.sandbox.typed.kinds import Kind

_BOOKMARK_S = 5.0
_LONGEST_S = 600.0


def watch(
    registry: Registry, request: Request, show: Callable[[Stored], Any]
) -> AsyncGenerator[bytes, None]:
    """Return the lines of a watch until its time is over; now and then nothing, as a sign of life.

    Args:
        registry: of the cluster.
        request: a GET of a collection with `watch`.
        show: turns an object into what the client asked to see; its body when that is all of it.

    Raises:
        StatusError: a selector or an option is malformed.
    """
    selects = parse_selectors(
        request.kind,
        request.query.get("labelSelector", ""),
        request.query.get("fieldSelector", ""),
    )
    check_acceptable(request)
    asked_version(request)
    return _lines(registry, request, _Stream(registry, request, selects, show))


async def _lines(
    registry: Registry, request: Request, stream: "_Stream"
) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    limit_s = float(request.query.get("timeoutSeconds") or _LONGEST_S)
    deadline = loop.time() + min(limit_s, _LONGEST_S)
    unsubscribe = registry.store.subscribe(stream.take, request.kind.collection)
    heart = asyncio.create_task(_beat(stream, deadline))
    try:
        for line in stream.begin():
            yield line
        if stream.is_over:
            return
        while loop.time() < deadline:
            yield await stream.next()
    finally:
        heart.cancel()
        unsubscribe()


async def _beat(stream: "_Stream", deadline: float) -> None:
    """Wake a watch now and then; a timer for each of its events would cost more than the event."""
    loop = asyncio.get_running_loop()
    while (left_s := deadline - loop.time()) > 0:
        await asyncio.sleep(min(_BOOKMARK_S, left_s))
        stream.wake()


class _Stream:
    """One watch under way."""

    def __init__(
        self,
        registry: Registry,
        request: Request,
        selects: Selector,
        show: Callable[[Stored], Any],
    ) -> None:
        self._registry, self._request = registry, request
        self._kind: Kind = request.kind
        self._selects, self._show = selects, show
        self._waiting: list[Change] = []
        self._awake = asyncio.Event()
        self._begun_at = 0
        self._wants_bookmarks = request.flag("allowWatchBookmarks")
        self._has_told_columns = False
        self.is_over = False

    def take(self, change: Change) -> None:
        """Take in a change of the collection that the client does not know yet."""
        if change.stored.version > self._begun_at:
            self._waiting.append(change)
            self._awake.set()

    def wake(self) -> None:
        """Let the watch give a sign of life, even when nothing has changed."""
        self._awake.set()

    def begin(self) -> list[bytes]:
        """Return what the client missed, or the whole collection when it asks for that."""
        version = self._request.query.get("resourceVersion", "")
        asked = self._request.query.get("sendInitialEvents")
        initial = None if asked is None else is_set(asked)
        if initial is False and version in {"", "0"}:
            self._begun_at = self._registry.store.version
            return []
        if initial or (initial is None and version in {"", "0"}):
            # What is not committed yet is among them: its change is not to be told again.
            self._begun_at = self._registry.store.version
            lines = [self._line("ADDED", stored) for stored in self._current()]
            if self._wants_bookmarks and (initial or not version):
                lines.append(self._bookmark({"k8s.io/initial-events-end": "true"}))
            return lines
        changes = self._registry.store.since(self._kind.collection, int(version or 0))
        if changes is None:
            self.is_over = True
            return [_expired(version, self._registry.store.version)]
        return [line for change in changes if (line := self._event(change))]

    async def next(self) -> bytes:
        """Return the next lines; a bookmark when it was woken for nothing."""
        await self._awake.wait()
        self._awake.clear()
        if not self._waiting:
            return self._bookmark({}) if self._wants_bookmarks else b""
        changes, self._waiting = self._waiting, []
        return b"".join(map(self._event, changes))

    def _current(self) -> list[Stored]:
        found = self._registry.store.all(self._kind.collection, self._request.namespace)
        return [stored for name, stored in found if self._is_wanted(name, stored)]

    def _is_wanted(self, name: Name, stored: Stored) -> bool:
        namespace, wanted = self._request.namespace, self._request.name
        if (namespace and name[0] != namespace) or (wanted and name[1] != wanted):
            return False
        return self._selects is EVERYTHING or self._selects(stored.manifest)

    def _event(self, change: Change) -> bytes:
        """Return a change as the client sees it through its selector."""
        name, previous = change.name, change.previous
        now = change.event != "DELETED" and self._is_wanted(name, change.stored)
        before = previous is not None and self._is_wanted(name, previous)
        if not now and not before:
            return b""
        event = ("MODIFIED" if before else "ADDED") if now else "DELETED"
        shown = self._show(change.stored)
        if isinstance(shown, orjson.Fragment):
            return change.line(event)  # the same bytes for everybody who watches
        return self._told(event, shown)

    def _line(self, event: str, stored: Stored) -> bytes:
        return self._told(event, self._show(stored))

    def _told(self, event: str, shown: Any) -> bytes:
        """Return a line; the columns of a table are told once."""
        if isinstance(shown, dict) and shown.get("kind") == "Table":
            if self._has_told_columns:
                shown = {**shown, "columnDefinitions": None}
            self._has_told_columns = True
        return _line(event, shown)

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(self._registry.store.version)}
        if annotations:
            metadata["annotations"] = annotations
        is_metadata = wanted_form(self._request.headers) == "PartialObjectMetadata"
        manifest = {
            "apiVersion": "meta.k8s.io/v1" if is_metadata else self._kind.gvk.api_version,
            "kind": "PartialObjectMetadata" if is_metadata else self._kind.kind,
            "metadata": metadata,
        }
        return orjson.dumps({"type": "BOOKMARK", "object": manifest}) + b"\n"


def _line(event: str, shown: Any) -> bytes:
    return orjson.dumps({"type": event, "object": shown}) + b"\n"


def _expired(version: str, current: int) -> bytes:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"too old resource version: {version} ({current})",
        "reason": "Expired",
        "code": 410,
    }
    return orjson.dumps({"type": "ERROR", "object": status}) + b"\n"
