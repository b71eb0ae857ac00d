"""Destination clusters: which there are, and the open connection to each that is used.

A cluster is opened by the first Application that needs it, and opened anew when its Secret changes.
One that cannot be opened is remembered as such: who asks is told at once, and since when. It is
tried again after a pause that grows with each failure, as long as somebody asks for it, and at once
when its Secret changes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from tiphys.delivery.clock import Clock, system_clock, timestamp
from tiphys.kube.client import KubeClient
from tiphys.kube.listeners import Listeners
from tiphys.kube.live_cache import LiveCache
from tiphys.model.application import ApplicationDestination
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ClusterAwayError, InvalidInputError, TiphysError
from tiphys.model.labels import IN_CLUSTER_SERVER

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 1.0
_PAUSE_CAP_S: Final = 60.0
_WANTED_FOR_S: Final = 600.0


class OpenCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with its client and the live cache that its watches feed."""

    record: ClusterRecord
    client: KubeClient
    cache: LiveCache
    close: Callable[[], Awaitable[None]]


OpenFunction = Callable[[ClusterRecord], Coroutine[Any, Any, OpenCluster]]


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    """That a cluster could not be opened.

    Attributes:
        since: of the first failure in a row.
        count: of failures in a row.
    """

    error: TiphysError
    since: datetime
    count: int


class Clusters:
    """All destination clusters of an installation."""

    def __init__(
        self,
        open_cluster: OpenFunction,
        *,
        clock: Clock = system_clock,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        """Know of no cluster yet.

        Args:
            open_cluster: opens one.
            clock: tells since when a cluster is away.
            first_pause_s: between the first failure and the next attempt; it doubles each time.
        """
        self._open, self._clock, self._first_pause_s = open_cluster, clock, first_pause_s
        self._records: tuple[ClusterRecord, ...] = ()
        self._opened: dict[str, asyncio.Task[OpenCluster]] = {}
        self._failed: dict[str, _Failed] = {}
        self._wanted_at: dict[str, float] = {}
        self._retries: dict[str, asyncio.TimerHandle] = {}
        self._listeners = Listeners[[str]]("availability of clusters")

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Be told the server of each cluster that comes back, or that is away for a new reason."""
        self._listeners.add(listener)

    @property
    def records(self) -> tuple[ClusterRecord, ...]:
        """Every cluster that is known, open or not."""
        return self._records

    def opened(self) -> list[OpenCluster]:
        """Return the clusters that are open now."""
        return [
            task.result()
            for task in self._opened.values()
            if task.done() and not task.cancelled() and task.exception() is None
        ]

    async def update(self, records: tuple[ClusterRecord, ...]) -> None:
        """Take over a new set of clusters; those that changed or went are closed."""
        before = {record.server: record for record in self._records}
        self._records = records
        now = {record.server: record for record in records}
        touched = self._opened.keys() | self._failed.keys()
        for server in [name for name in touched if now.get(name) != before.get(name)]:
            await self._close(server)

    def find(self, destination: ApplicationDestination) -> ClusterRecord:
        """Return the cluster that a destination names.

        Raises:
            InvalidInputError: none or several match, or both name and server are given.
        """
        server, name = destination.server.rstrip("/"), destination.name
        if server and name:
            raise InvalidInputError(
                f"application destination can't have both name and server defined: {name} {server}",
                hint="Keep one of spec.destination.name and spec.destination.server.",
            )
        return self._by_name(name) if name else self._by_server(server)

    def is_at(self, destination: Mapping[str, Any], server: str) -> bool:
        """Return whether a destination, as an Application's manifest has it, names a server."""
        if destination.get("server"):
            return str(destination["server"]).rstrip("/") == server
        names = {record.name for record in self._records if record.server == server}
        return destination.get("name") in names

    async def open(self, record: ClusterRecord) -> OpenCluster:
        """Return the open cluster; the first caller opens it, the others wait for that.

        Raises:
            ClusterAwayError: it cannot be reached; it is tried again by and by, and who subscribed
                learns of that.
            InvalidInputError: nobody knows it any more, or its credentials cannot be used.
        """
        while True:
            server = record.server
            self._wanted_at[server] = asyncio.get_running_loop().time()
            failed, task = self._failed.get(server), self._opened.get(server)
            if failed is not None:
                if task is None and server not in self._retries:
                    self._begin(record)  # nobody has asked for it for so long that we gave up
                raise _away(failed) from failed.error
            await asyncio.wait([task or self._begin(record)])
            task = self._opened.get(server)
            if task is not None and task.done() and not task.cancelled():
                return task.result()
            # It was closed while it was being opened: settings or its Secret changed.
            record = self._by_server(server)

    async def reopen(self, record: ClusterRecord) -> OpenCluster:
        """Close a cluster, open it anew and return it: everything there is read again.

        Raises:
            ClusterError: it cannot be reached.
        """
        if record.server in self._opened:
            await self._close(record.server)
        return await self.open(record)

    async def close(self) -> None:
        """Close every open cluster."""
        for server in self._opened.keys() | self._failed.keys():
            await self._close(server)

    def _by_server(self, server: str) -> ClusterRecord:
        for record in self._records:
            if record.server == server:
                return record
        raise InvalidInputError(_unknown_server(server), hint=self._known())

    def _by_name(self, name: str) -> ClusterRecord:
        found = [record for record in self._records if record.name == name]
        if not found:
            raise InvalidInputError(
                f"there are no clusters with this name: {name}", hint=self._known()
            )
        if len(found) > 1:
            servers = ", ".join(record.server for record in found)
            raise InvalidInputError(
                f"there are {len(found)} clusters with the same name: [{servers}]",
                hint="Use spec.destination.server instead of the name.",
            )
        return found[0]

    def _known(self) -> str:
        names = ", ".join(f"`{record.name}` ({record.server})" for record in self._records)
        return f"Use one of the clusters that are known: {names}." if names else "Add a cluster."

    def _begin(self, record: ClusterRecord) -> asyncio.Task[OpenCluster]:
        task = asyncio.create_task(self._open(record), name=f"open {record.server}")
        self._opened[record.server] = task
        task.add_done_callback(lambda done: self._settled(record, done))
        return task

    def _settled(self, record: ClusterRecord, task: asyncio.Task[OpenCluster]) -> None:
        server = record.server
        if task.cancelled() or self._opened.get(server) is not task:
            return
        err, before = task.exception(), self._failed.get(server)
        if err is None:
            self._failed.pop(server, None)
            if before is not None:
                self._listeners.tell(server)
            return
        del self._opened[server]
        if not isinstance(err, TiphysError):
            log.error("opening a cluster crashed", extra={"cluster": server}, exc_info=err)
            err = ClusterAwayError(f"it cannot be opened: {type(err).__name__}", where=server)
        since = before.since if before is not None else self._clock()
        failed = _Failed(error=err, since=since, count=before.count + 1 if before else 1)
        self._failed[server] = failed
        self._retry_later(record, failed.count)
        if before is not None and before.error.line != err.line:
            self._listeners.tell(server)

    def _retry_later(self, record: ClusterRecord, failures: int) -> None:
        pause_s = min(self._first_pause_s * 2.0 ** (failures - 1), _PAUSE_CAP_S)
        log.warning(
            "a cluster cannot be opened",
            extra={
                "cluster": record.server,
                "error": self._failed[record.server].error.line,
                "again_s": pause_s,
            },
        )
        loop = asyncio.get_running_loop()

        def retry() -> None:
            self._retries.pop(record.server, None)
            if loop.time() - self._wanted_at[record.server] < _WANTED_FOR_S:
                self._begin(record)

        self._retries[record.server] = loop.call_later(pause_s, retry)

    async def _close(self, server: str) -> None:
        timer = self._retries.pop(server, None)
        if timer is not None:
            timer.cancel()
        self._failed.pop(server, None)
        task = self._opened.pop(server, None)
        if task is None:
            return
        task.cancel()
        try:
            opened = await task
        except (TiphysError, asyncio.CancelledError):
            return
        await opened.close()


def _away(failed: _Failed) -> TiphysError:
    """Return the error for who asks for a cluster that could not be opened."""
    err = failed.error
    if not err.transient:
        return err
    what = f"{err.what} (since {timestamp(failed.since)})"
    return ClusterAwayError(what, where=err.where, hint=err.hint)


def _unknown_server(server: str) -> str:
    if server == IN_CLUSTER_SERVER:
        return f'cluster "{server}" is disabled'
    return f'error getting cluster by server "{server}": cluster "{server}" not found'
