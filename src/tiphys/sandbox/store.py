"""Objects, their versions and their history, on SQLite.

Everything is held in memory and written through: all writes of one turn of the event loop go into
one transaction, and nobody is answered before it is committed. A killed process loses nothing that
it acknowledged.
"""

import asyncio
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import orjson

Collection = tuple[str, str]
"""Group and plural."""
Name = tuple[str, str]
"""Namespace and name; the namespace of a cluster-scoped object is ""."""

_HISTORY = 5000


class Stored(msgspec.Struct, frozen=True):
    """One object at one version."""

    manifest: dict[str, Any]
    version: int


class Change(msgspec.Struct, frozen=True):
    """One entry of the history; `previous` is None for what was created."""

    event: str
    collection: Collection
    stored: Stored
    previous: Stored | None


class Store:
    """All objects of a cluster."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=normal")
        self._database.execute(
            "create table if not exists objects (grp text, plural text, namespace text, name text,"
            " version integer, body blob, primary key (grp, plural, namespace, name)) without rowid"
        )
        self._database.execute("create table if not exists versions (latest integer)")
        self._objects: defaultdict[Collection, dict[Name, Stored]] = defaultdict(dict)
        self._history: defaultdict[Collection, deque[Change]] = defaultdict(
            lambda: deque(maxlen=_HISTORY)
        )
        self._listeners: list[Callable[[Change], None]] = []
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []
        self._committed: asyncio.Future[None] | None = None
        self._load()
        self.oldest = self.version

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._flush()
        self._database.close()

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of every change at once; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, collection: Collection, name: Name) -> Stored | None:
        """Return an object, None when there is none."""
        return self._objects[collection].get(name)

    def all(self, collection: Collection) -> Iterable[tuple[Name, Stored]]:
        """Return every object of a collection, sorted by namespace and name."""
        return sorted(self._objects[collection].items())

    def collections(self) -> list[Collection]:
        """Return every collection that holds something."""
        return [collection for collection, objects in self._objects.items() if objects]

    def since(self, collection: Collection, version: int) -> list[Change] | None:
        """Return the changes after a version; None when they are no longer known."""
        history = self._history[collection]
        is_cut = len(history) == history.maxlen and history[0].stored.version > version
        if version < self.oldest or is_cut:
            return None
        return [change for change in history if change.stored.version > version]

    def put(self, collection: Collection, manifest: dict[str, Any]) -> Stored:
        """Store an object at a new version; the manifest is taken over, version included."""
        metadata = manifest["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        self.version += 1
        metadata["resourceVersion"] = str(self.version)
        stored = Stored(manifest, self.version)
        previous = self._objects[collection].get(name)
        self._objects[collection][name] = stored
        row = (*collection, *name, self.version, orjson.dumps(manifest))
        self._write("insert or replace into objects values (?, ?, ?, ?, ?, ?)", row)
        self._tell(Change("MODIFIED" if previous else "ADDED", collection, stored, previous))
        return stored

    def remove(self, collection: Collection, name: Name) -> Stored:
        """Remove an object; returns it as it was, at the version of its removal."""
        previous = self._objects[collection].pop(name)
        self.version += 1
        metadata = {**previous.manifest["metadata"], "resourceVersion": str(self.version)}
        gone = Stored({**previous.manifest, "metadata": metadata}, self.version)
        self._write(
            "delete from objects where grp=? and plural=? and namespace=? and name=?",
            (*collection, *name),
        )
        self._tell(Change("DELETED", collection, gone, previous))
        return gone

    async def committed(self) -> None:
        """Wait until everything written so far is on disk."""
        if self._committed is not None:
            await asyncio.shield(self._committed)

    def _tell(self, change: Change) -> None:
        self._history[change.collection].append(change)
        for listener in list(self._listeners):
            listener(change)

    def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        self._waiting.append((statement, row))
        if self._committed is None:
            loop = asyncio.get_running_loop()
            self._committed = loop.create_future()
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        done, self._committed = self._committed, None
        try:
            if waiting:
                self._database.execute("begin")
                for statement, row in waiting:
                    self._database.execute(statement, row)
                self._database.execute("delete from versions")
                self._database.execute("insert into versions values (?)", (self.version,))
                self._database.execute("commit")
        except sqlite3.Error as err:
            self._database.rollback()
            if done is not None and not done.done():
                done.set_exception(err)
            return
        if done is not None and not done.done():
            done.set_result(None)

    def _load(self) -> None:
        row = self._database.execute("select latest from versions").fetchone()
        self.version = row[0] if row else 0
        rows = self._database.execute(
            "select grp, plural, namespace, name, version, body from objects"
        )
        for group, plural, namespace, name, version, body in rows:
            self._objects[(group, plural)][(namespace, name)] = Stored(orjson.loads(body), version)
