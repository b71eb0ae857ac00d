"""Opens a client of a cluster for as long as it is needed."""

import contextlib
from collections.abc import AsyncIterator

from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.kube.discovery import Discovery
from tiphys.kube.transport import Transport


@contextlib.asynccontextmanager
async def connect(config: ClusterConfig) -> AsyncIterator[KubeClient]:
    """Give a client of a cluster, its kinds already discovered.

    Raises:
        ClusterError: the cluster cannot be reached.
    """
    transport = Transport(config)
    try:
        discovery = Discovery(transport)
        await discovery.refresh()
        yield KubeClient(transport, discovery)
    finally:
        await transport.close()
