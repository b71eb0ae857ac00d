"""Opens a client of a cluster for as long as it is needed."""

import contextlib
from collections.abc import AsyncIterator, Callable

from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.kube.discovery import Discovery
from tiphys.kube.transport import Transport
from tiphys.model.errors import ApiError, ClusterError
from tiphys.telemetry.metrics import ClusterRequest


@contextlib.asynccontextmanager
async def connect(
    config: ClusterConfig, observe: Callable[[ClusterRequest], None] = lambda request: None
) -> AsyncIterator[KubeClient]:
    """Give a client of a cluster, its kinds already discovered.

    Raises:
        ClusterError: the cluster cannot be reached, or does not know us.
    """
    transport = Transport(config, observe)
    try:
        discovery = Discovery(transport)
        try:
            await discovery.refresh()
        except ApiError as err:
            if err.code != 401:
                raise
            raise ClusterError(
                "the cluster does not know these credentials",
                where=config.server,
                hint="Try them with `kubectl auth whoami`.",
            ) from err
        yield KubeClient(transport, discovery)
    finally:
        await transport.close()
