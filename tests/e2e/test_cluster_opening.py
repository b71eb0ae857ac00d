"""What an opened cluster leaves running, and one that is given up while it opens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from tests.e2e.world import World
from tiphys.delivery.clusters import OpenCluster
from tiphys.kube.connection import connect
from tiphys.kube.kubeconfig import load_kubeconfig
from tiphys.model.cluster import IN_CLUSTER
from tiphys.run.opening import installation_of, open_cluster

Opening = Callable[[], Coroutine[Any, Any, OpenCluster]]


@contextlib.asynccontextmanager
async def _opening(world: World) -> AsyncIterator[Opening]:
    """Give what opens a cluster; nothing of that may run at the end."""
    config = load_kubeconfig(world.kubeconfig)
    async with connect(config) as client, installation_of(client, "argocd") as installation:
        before = asyncio.all_tasks()
        yield lambda: open_cluster(IN_CLUSTER, config, installation)
        assert asyncio.all_tasks() == before
    await asyncio.sleep(0.5)  # a real server takes its time to say good-bye under TLS


async def _has_begun(before: set[asyncio.Task[Any]]) -> None:
    async with asyncio.timeout(30):
        while len(asyncio.all_tasks() - before) < 10:  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0)


async def test_an_opening_that_is_given_up_leaves_nothing_running(world: World) -> None:
    async with _opening(world) as opens:
        opening, before = asyncio.create_task(opens()), asyncio.all_tasks()
        await _has_begun(before)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        assert opening.cancelled()


async def test_a_closed_cluster_leaves_nothing_running(world: World) -> None:
    async with _opening(world) as opens:
        before = asyncio.all_tasks()
        cluster = await opens()
        await _has_begun(before)
        await cluster.close()
