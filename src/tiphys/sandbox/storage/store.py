"""Objects, their versions and their history.

Everything is held in memory and written through: all writes of one turn of the event loop go into
one transaction, and nobody hears of them, neither who wrote nor who watches, before it is
committed. A transaction that fails is taken back. A killed process loses nothing that it
acknowledged.
"""

import asyncio
import logging
import sqlite3
from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tiphys.model.encoding import kept_json
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.storage.database import Database
from tiphys.sandbox.storage.stored import Change, Collection, Name, Stored, place

log = logging.getLogger(__name__)

_HISTORY = 5000


class State(NamedTuple):
    """A collection at one version; shared, so never to be changed.

    Attributes:
        names: those of its objects, sorted; see `place`.
        objects: at least these, by name.
    """

    names: list[Name]
    objects: dict[Name, Stored]


class Store:
    """All objects of a cluster.

    Attributes:
        version: of the last write, committed or about to be.
        oldest: the version from which on the history is known.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._objects: defaultdict[Collection, dict[Name, Stored]] = defaultdict(dict)
        self._names: defaultdict[Collection, list[Name]] = defaultdict(list)
        self._history: defaultdict[Collection, deque[Change]] = defaultdict(
            lambda: deque(maxlen=_HISTORY)
        )
        self._listeners: list[Callable[[Change], None]] = []
        self._by_collection: defaultdict[Collection, list[Callable[[Change], None]]] = defaultdict(
            list
        )
        self._undone: list[Callable[[Change], None]] = []
        self._waiting: list[Change] = []
        self._committed: asyncio.Future[None] | None = None
        for collection, name, stored in self._database.load():
            self._objects[collection][name] = stored
            self._names[collection].append(name)
        for names in self._names.values():
            names.sort(key=place)
        self.version = self.oldest = self._database.latest_version()

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._flush()
        self._database.close()

    def subscribe(
        self, listener: Callable[[Change], None], collection: Collection | None = None
    ) -> Callable[[], None]:
        """Be told of every committed change, of one collection or of all.

        Returns:
            what ends that.
        """
        listeners = self._listeners if collection is None else self._by_collection[collection]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def on_undone(self, listener: Callable[[Change], None]) -> None:
        """Be told of every change that could not be committed, after it was taken back."""
        self._undone.append(listener)

    def get(self, collection: Collection, name: Name) -> Stored | None:
        """Return an object, None when there is none."""
        return self._objects[collection].get(name)

    def all(self, collection: Collection, namespace: str = "") -> list[tuple[Name, Stored]]:
        """Return the objects of a collection, sorted; see `place`.

        Args:
            collection: which objects.
            namespace: those of one namespace alone; "" for all.
        """
        names, objects = self.now(collection, namespace)
        return [(name, objects[name]) for name in names]

    def now(self, collection: Collection, namespace: str) -> State:
        """Return a collection as it is, or what of it lies in one namespace."""
        names = self._names[collection]
        if namespace:
            # "0" is the sign after "/".
            edges = (f"{namespace}/", f"{namespace}0")
            start, end = (bisect_left(names, edge, key=place) for edge in edges)
            names = names[start:end]
        return State(names, self._objects[collection])

    def collections(self) -> list[Collection]:
        """Return every collection that holds something."""
        return [collection for collection, objects in self._objects.items() if objects]

    def count(self, collection: Collection) -> int:
        """Return how many objects a collection holds."""
        return len(self._objects[collection])

    def since(self, collection: Collection, version: int) -> list[Change] | None:
        """Return the committed changes after a version; None when they are no longer known."""
        history = self._history[collection]
        is_cut = len(history) == history.maxlen and history[0].stored.version > version
        if version < self.oldest or is_cut:
            return None
        found = []
        for change in reversed(history):
            if change.stored.version <= version:
                break
            found.append(change)
        return found[::-1]

    def at(self, collection: Collection, namespace: str, version: int) -> State | None:
        """Return a collection as it was at a version; None when that is no longer known."""
        changes = self.since(collection, version)
        if changes is None:
            return None
        changes += [
            change
            for change in self._waiting
            if change.collection == collection and change.stored.version > version
        ]
        state = self.now(collection, namespace)
        if not changes:
            return state
        then = {name: state.objects[name] for name in state.names}
        for change in reversed(changes):
            if namespace and change.name[0] != namespace:
                continue
            if change.previous is None:
                then.pop(change.name, None)
            else:
                then[change.name] = change.previous
        return State(sorted(then, key=place), then)

    def put(self, collection: Collection, manifest: dict[str, Any]) -> Stored:
        """Store an object at a new version; the manifest is taken over, version included."""
        metadata = manifest["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        self.version += 1
        metadata["resourceVersion"] = str(self.version)
        stored = Stored(kept_json(manifest), self.version)
        stored.hold(manifest)
        previous = self._set(collection, name, stored)
        event = "MODIFIED" if previous else "ADDED"
        self._write(Change(event, collection, name, stored, previous))
        return stored

    def remove(self, collection: Collection, name: Name) -> Stored:
        """Remove an object; returns it as it was, at the version of its removal."""
        previous = self._objects[collection][name]
        self._unset(collection, name)
        self.version += 1
        metadata = {**previous.manifest["metadata"], "resourceVersion": str(self.version)}
        manifest = {**previous.manifest, "metadata": metadata}
        gone = Stored(kept_json(manifest), self.version)
        self._write(Change("DELETED", collection, name, gone, previous))
        return gone

    async def committed(self) -> None:
        """Wait until everything written so far is kept.

        Raises:
            StatusError: it cannot be kept, and was taken back.
        """
        if self._committed is not None:
            await asyncio.shield(self._committed)

    def _set(self, collection: Collection, name: Name, stored: Stored) -> Stored | None:
        objects = self._objects[collection]
        previous = objects.get(name)
        objects[name] = stored
        if previous is None:
            insort(self._names[collection], name, key=place)
        return previous

    def _unset(self, collection: Collection, name: Name) -> None:
        del self._objects[collection][name]
        names = self._names[collection]
        del names[bisect_left(names, place(name), key=place)]

    def _write(self, change: Change) -> None:
        self._waiting.append(change)
        if self._committed is None:
            loop = asyncio.get_running_loop()
            self._committed = loop.create_future()
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        done, self._committed = self._committed, None
        failure = self._keep(waiting) if waiting else None
        if done is not None and not done.done():
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
                done.exception()  # nobody may be waiting for it: controllers do not
        if failure is None:
            for change in waiting:
                self._tell(change)

    def _keep(self, waiting: list[Change]) -> StatusError | None:
        rows = ((c.collection, c.name, None if c.event == "DELETED" else c.stored) for c in waiting)
        try:
            self._database.commit(rows, self.version)
        except sqlite3.Error as err:
            log.error("the database cannot be written, %d changes refused: %s", len(waiting), err)  # noqa: TRY400 -- the trace says nothing
            self._undo(waiting)
            text = f"the sandbox cannot write its database, nothing was changed: {err}"
            return StatusError(500, "InternalError", text)
        return None

    def _undo(self, waiting: list[Change]) -> None:
        for change in reversed(waiting):
            if change.previous is None:
                self._unset(change.collection, change.name)
            else:
                self._set(change.collection, change.name, change.previous)
        for change in waiting:
            for listener in self._undone:
                listener(change)

    def _tell(self, change: Change) -> None:
        self._history[change.collection].append(change)
        for listener in (*self._listeners, *self._by_collection[change.collection]):
            listener(change)
