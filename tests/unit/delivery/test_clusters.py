import asyncio
from typing import cast

import pytest

from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.kube.client import KubeClient
from tiphys.kube.live_cache import LiveCache
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError

FIRST = ClusterRecord(server="https://one", name="one", version="1")
SECOND = ClusterRecord(server="https://one", name="one", version="2")


class Opening:
    """Opens clusters that stand for nothing, once it may."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()
        self.asked: list[str] = []
        self.closed: list[str] = []

    async def open(self, record: ClusterRecord) -> OpenCluster:
        self.asked.append(record.version)
        await self.may_go.wait()

        async def close() -> None:
            self.closed.append(record.version)

        # Nobody looks into it here.
        client, cache = cast("KubeClient", None), cast("LiveCache", None)
        return OpenCluster(record=record, client=client, cache=cache, close=close)


async def test_who_waits_for_a_cluster_that_changes_meanwhile_gets_it_as_it_is_now() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    waiting = [asyncio.create_task(clusters.open(FIRST)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await clusters.update((SECOND,))
    opening.may_go.set()

    assert {opened.record.version for opened in await asyncio.gather(*waiting)} == {"2"}
    assert opening.asked == ["1", "2"]
    await clusters.close()
    assert opening.closed == ["2"]


async def test_who_waits_for_a_cluster_that_is_taken_away_is_told() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    waiting = asyncio.create_task(clusters.open(FIRST))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await clusters.update(())

    with pytest.raises(InvalidInputError, match='cluster "https://one" not found'):
        await waiting


async def test_who_stops_waiting_stops_nobody_else() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    leaving, staying = (asyncio.create_task(clusters.open(FIRST)) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()
    opening.may_go.set()

    assert (await staying).record == FIRST
    await clusters.close()
