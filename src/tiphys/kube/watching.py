"""List, then watch, for as long as it takes: the one loop that every cache is fed by.

A list is complete or it is not used: when a page fails, what was read of it is thrown away, so a
partial answer never looks like deletions. A watch goes on from the last version that it saw; only
when the server has forgotten that version (410) is the collection listed anew.

Source: Kubernetes API concepts, "Efficient detection of changes".
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
import orjson

from tiphys.kube.client import KubeClient
from tiphys.kube.discovery import ApiResource
from tiphys.kube.refusals import refusal
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import Manifest

log = logging.getLogger(__name__)

_CHANGES = frozenset({"ADDED", "MODIFIED"})
_WATCH_S = 300
_QUIET_S = 330.0
_FIRST_PAUSE_S = 0.2
_PAUSE_CAP_S = 10.0


class Head(msgspec.Struct, frozen=True):
    """What tells an object and its version apart from all others."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")


class _ObjectHead(msgspec.Struct, frozen=True):
    metadata: Head = Head()


class _EventHead(msgspec.Struct, frozen=True):
    type: str
    object: _ObjectHead = _ObjectHead()


_heads = msgspec.json.Decoder(_EventHead)


class Sink(Protocol):
    """What takes in a collection and its changes."""

    def knows(self, head: Head) -> bool:
        """Return whether an object is held at this version or a later one."""

    def replace_all(self, objects: list[Manifest], version: str) -> None:
        """Take over a complete list, as it was at a resourceVersion."""

    def followed(self) -> None:
        """Learn that the server answers and its changes arrive."""

    def changed(self, event: str, manifest: Manifest) -> None:
        """Take over one ADDED, MODIFIED or DELETED."""

    def failed(self, error: ApiError | ClusterError) -> None:
        """Learn that the collection cannot be read now."""


class GoneError(Exception):
    """The version that a watch starts from is no longer kept."""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed and watched: a kind, perhaps in one namespace, perhaps only some labels."""

    client: KubeClient
    resource: ApiResource
    namespace: str = ""
    label_selector: str = ""

    @property
    def selector(self) -> dict[str, str]:
        """The query that narrows the collection."""
        return {"labelSelector": self.label_selector} if self.label_selector else {}


async def list_and_watch(
    collection: Collection, sink: Sink, while_served: Callable[[], bool] = lambda: True
) -> None:
    """Feed a sink until cancelled, or until the kind is no longer served."""
    place, pause_s = _Place(), _FIRST_PAUSE_S
    while while_served():
        seen = place.taken
        try:
            if not place.version:
                place.version = await _list(collection, sink)
            await _watch(collection, sink, place)
        except (GoneError, ApiError, ClusterError) as err:
            if _is_gone(err):
                place.version = ""
            else:
                _tell_failure(collection, sink, place, err)
            # A server that sends changes between its failures is worth asking again soon.
            pause_s = _FIRST_PAUSE_S if place.taken > seen else min(pause_s * 2, _PAUSE_CAP_S)
            await asyncio.sleep(pause_s)


def _tell_failure(
    collection: Collection, sink: Sink, place: "_Place", err: GoneError | ApiError | ClusterError
) -> None:
    resource = collection.resource
    if isinstance(err, ApiError):
        verb = "watch" if place.version else "list"
        err = refusal(err, verb, resource, collection.namespace)
    if isinstance(err, ApiError | ClusterError):
        sink.failed(err)
        log.warning("watch failed", extra={"kind": resource.gvk.kind, "error": err.line})


class _Place(msgspec.Struct):
    """How far a collection has been followed; kept when the connection breaks in between."""

    version: str = ""
    taken: int = 0


def _is_gone(err: Exception) -> bool:
    return isinstance(err, GoneError) or (isinstance(err, ApiError) and err.code == 410)


async def _list(collection: Collection, sink: Sink) -> str:
    objects: list[Manifest] = []
    version = ""
    pages = collection.client.pages(
        collection.resource, collection.namespace, **collection.selector
    )
    async for items, listed_version in pages:
        objects += items
        version = listed_version
        await asyncio.sleep(0)  # a large collection must not hold the loop
    sink.replace_all(objects, version)
    return version


async def _watch(collection: Collection, sink: Sink, place: _Place) -> None:
    params = {
        **collection.selector,
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": place.version,
        "timeoutSeconds": str(_WATCH_S),
    }
    path = collection.resource.collection(collection.namespace)
    async with collection.client.transport.stream(path, params, quiet_s=_QUIET_S) as content:
        sink.followed()
        rest = b""
        async for chunk in content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line:
                    place.version = _take(line, sink) or place.version
                    place.taken += 1


def _take(line: bytes, sink: Sink) -> str:
    # Half of all events echo our own writes: their heads are enough, at a tenth of the cost.
    head = _heads.decode(line)
    if head.type in _CHANGES and sink.knows(head.object.metadata):
        return head.object.metadata.version
    event: dict[str, Any] = orjson.loads(line)
    kind, manifest = event["type"], event["object"]
    if kind == "ERROR":
        if manifest.get("code") == 410:
            raise GoneError
        raise ApiError(
            str(manifest.get("message", "the watch ended")),
            code=int(manifest.get("code") or 500),
            status_reason=str(manifest.get("reason", "")),
        )
    if kind != "BOOKMARK":
        sink.changed(kind, manifest)
    return str(manifest["metadata"].get("resourceVersion", ""))


async def supervise(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a feeding loop again when a bug ends it, so that no cache goes stale in silence."""
    loop, pause_s = asyncio.get_running_loop(), _FIRST_PAUSE_S
    while True:
        started = loop.time()
        try:
            await run()
            return
        except Exception:
            log.exception("feeding a cache crashed", extra={"collection": name})
            lasted = loop.time() - started > _PAUSE_CAP_S
            pause_s = _FIRST_PAUSE_S if lasted else min(pause_s * 2, _PAUSE_CAP_S)
            await asyncio.sleep(pause_s)
