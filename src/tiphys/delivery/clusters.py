"""Destination clusters: which there are, and the open connection to each that is used.

A cluster is opened by the first Application that needs it, and opened anew when its Secret changes.
An unreachable cluster fails those who ask, never the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import msgspec

from tiphys.kube.client import KubeClient
from tiphys.kube.live_cache import LiveCache
from tiphys.model.application import ApplicationDestination
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.model.labels import IN_CLUSTER_SERVER


class OpenCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with its client and the live cache that its watches feed."""

    record: ClusterRecord
    client: KubeClient
    cache: LiveCache
    close: Callable[[], Awaitable[None]]


OpenFunction = Callable[[ClusterRecord], Coroutine[Any, Any, OpenCluster]]


class Clusters:
    """All destination clusters of an installation."""

    def __init__(self, open_cluster: OpenFunction) -> None:
        self._open = open_cluster
        self._records: tuple[ClusterRecord, ...] = ()
        self._opened: dict[str, asyncio.Task[OpenCluster]] = {}

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
        for server in [name for name in self._opened if now.get(name) != before.get(name)]:
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
            ClusterError: it cannot be reached; the next call tries again.
            InvalidInputError: nobody knows it any more.
        """
        while True:
            task = self._opened.get(record.server)
            if task is None or _has_failed(task):
                task = asyncio.create_task(self._open(record), name=f"open {record.server}")
                self._opened[record.server] = task
            await asyncio.wait([task])
            if not task.cancelled():
                return task.result()
            # It was closed while it was being opened: settings or its Secret changed.
            record = self._by_server(record.server)

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
        for server in list(self._opened):
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

    async def _close(self, server: str) -> None:
        task = self._opened.pop(server)
        if not task.done():
            task.cancel()
        try:
            opened = await task
        except (TiphysError, asyncio.CancelledError):
            return
        await opened.close()


def _unknown_server(server: str) -> str:
    if server == IN_CLUSTER_SERVER:
        return f'cluster "{server}" is disabled'
    return f'error getting cluster by server "{server}": cluster "{server}" not found'


def _has_failed(task: asyncio.Task[OpenCluster]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
