"""The file that objects are kept in: SQLite with a write-ahead log.

A commit is in the operating system's hands before it is acknowledged: it survives the end of this
process, however violent. It is not forced to the disk each time (synchronous=NORMAL), so the last
moments before a power cut or a crash of the machine may be missing, never half there.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from tiphys.sandbox.storage.stored import Collection, Name, Stored

log = logging.getLogger(__name__)

Row = tuple[Collection, Name, Stored | None]
"""What to keep; None instead of an object deletes it."""

_PUT = (
    "insert into objects values (?, ?, ?, ?, ?, ?)"
    " on conflict do update set version = excluded.version, body = excluded.body"
)
_REMOVE = "delete from objects where grp=? and plural=? and namespace=? and name=?"
_CHECKPOINT_EVERY = 500
"""Commits; the log is then copied into the database, off the loop."""


class Database:
    """All objects of a cluster on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path)
        self._connection.execute("pragma journal_mode=wal")
        # What copies the log waits for the disk, so a thread does it.
        self._connection.execute("pragma wal_autocheckpoint=0")
        self._connection.execute(
            "create table if not exists objects (grp text, plural text, namespace text, name text,"
            " version integer, body blob, primary key (grp, plural, namespace, name))"
        )
        self._connection.execute(
            "create table if not exists versions (id integer primary key, latest integer)"
        )
        self._commits = 0
        self._checkpoint: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def load(self) -> Iterator[tuple[Collection, Name, Stored]]:
        """Yield every object, sorted by collection, namespace and name."""
        rows = self._connection.execute(
            "select grp, plural, namespace, name, version, body from objects"
            " order by grp, plural, namespace, name"
        )
        for group, plural, namespace, name, version, body in rows:
            yield (group, plural), (namespace, name), Stored(body, version)

    def latest_version(self) -> int:
        """Return the version of the last write."""
        row = self._connection.execute("select max(latest) from versions").fetchone()
        return row[0] or 0

    def commit(self, rows: Iterable[Row], version: int) -> None:
        """Keep what was written, all of it or nothing.

        Raises:
            sqlite3.Error: the file cannot be written; nothing of this was.
        """
        execute = self._connection.execute
        try:
            execute("begin immediate")
            for collection, name, stored in rows:
                if stored is None:
                    execute(_REMOVE, (*collection, *name))
                else:
                    execute(_PUT, (*collection, *name, stored.version, stored.body))
            execute("insert or replace into versions values (1, ?)", (version,))
            execute("commit")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        self._commits += 1
        if self._commits % _CHECKPOINT_EVERY == 0:
            self._start_checkpoint()

    def _start_checkpoint(self) -> None:
        if self._checkpoint is None or self._checkpoint.done():
            self._checkpoint = asyncio.ensure_future(asyncio.to_thread(_copy_log, self._path))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma synchronous=normal")
    return connection


def _copy_log(path: Path) -> None:
    try:
        connection = _connect(path)
        try:
            connection.execute("pragma wal_checkpoint(passive)")
        finally:
            connection.close()
    except sqlite3.Error as err:
        # The log goes on growing; the next attempt may do better.
        log.warning("the sandbox's log could not be copied: %s", err)
