"""What an opened cluster leaves running, and one that is given up while it opens."""

import asyncio

from tests.e2e.world import World
from tiphys.kube.config import load_kubeconfig
from tiphys.kube.connection import connect
from tiphys.model.cluster import IN_CLUSTER
from tiphys.run import installation_of, open_cluster


async def test_an_opening_that_is_given_up_leaves_nothing_running(world: World) -> None:
    config = load_kubeconfig(world.kubeconfig)
    async with connect(config) as client, installation_of(client, "argocd") as installation:
        before = asyncio.all_tasks()
        opening = asyncio.create_task(open_cluster(IN_CLUSTER, config, installation))
        async with asyncio.timeout(30):
            while len(asyncio.all_tasks() - before) < 10:  # noqa: ASYNC110 -- nothing tells of it
                await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        assert opening.cancelled()
        assert asyncio.all_tasks() == before


async def test_a_closed_cluster_leaves_nothing_running(world: World) -> None:
    config = load_kubeconfig(world.kubeconfig)
    async with connect(config) as client, installation_of(client, "argocd") as installation:
        before = asyncio.all_tasks()
        cluster = await open_cluster(IN_CLUSTER, config, installation)
        assert len(asyncio.all_tasks() - before) >= 10
        await cluster.close()
        assert asyncio.all_tasks() == before
