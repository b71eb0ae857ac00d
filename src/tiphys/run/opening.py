"""Opens what an installation consists of: its own collections, and the clusters it delivers to."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from tiphys.controller.application.reconcile import APPLICATION
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Collections, Installation
from tiphys.delivery.noise import Noise
from tiphys.engine.filters import is_excluded
from tiphys.engine.globs import names_any
from tiphys.engine.health.resource import resource_health
from tiphys.engine.nodes import node_of
from tiphys.engine.tracking import owner_instance
from tiphys.kube.client import KubeClient
from tiphys.kube.cluster_secret import config_from_secret
from tiphys.kube.config import ClusterConfig
from tiphys.kube.discovery import Discovery
from tiphys.kube.extent import Extent
from tiphys.kube.informer import Informer
from tiphys.kube.live_cache import LiveCache
from tiphys.kube.live_store import Reading
from tiphys.kube.transport import Transport
from tiphys.languages.interpreters import Interpreters
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ClusterError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP
from tiphys.settings.settings import parse_settings
from tiphys.telemetry.metrics import ClusterRequest

_FIRST_ANSWER_S = 20.0


@contextlib.asynccontextmanager
async def installation_of(client: KubeClient, namespace: str) -> AsyncIterator[Installation]:
    """Give the installation in a namespace, its collections already listed."""
    async with contextlib.AsyncExitStack() as stack:

        def informer(kind: GroupVersionKind, within: str, patterns: Sequence[str] = ()) -> Informer:
            made = Informer(
                client,
                kind,
                namespace=within,
                is_kept=lambda found: found == namespace or names_any(patterns, found),
            )
            stack.push_async_callback(made.close)
            return made

        interpreters = Interpreters()
        stack.push_async_callback(interpreters.close)
        config_maps = informer(GroupVersionKind("", "v1", "ConfigMap"), namespace)
        await config_maps.start()  # the settings say where else Applications may be
        also_in = _application_namespaces(namespace, config_maps)
        collections = Collections(
            applications=informer(APPLICATION, "" if also_in else namespace, also_in),
            projects=informer(GroupVersionKind(API_GROUP, "v1alpha1", "AppProject"), namespace),
            secrets=informer(GroupVersionKind("", "v1", "Secret"), namespace),
            config_maps=config_maps,
        )
        rest = (collections.applications, collections.projects, collections.secrets)
        await asyncio.gather(*(part.start() for part in rest))
        yield Installation(namespace, collections, os.environ, interpreters)


def _application_namespaces(namespace: str, config_maps: Informer) -> tuple[str, ...]:
    params = config_maps.get(f"{namespace}/argocd-cmd-params-cm") or {}
    return parse_settings({}, params.get("data") or {}).application_namespaces


async def open_cluster(
    record: ClusterRecord,
    home: ClusterConfig,
    installation: Installation,
    observe: Callable[[ClusterRequest], None] = lambda request: None,
) -> OpenCluster:
    """Open a destination cluster and fill its live cache.

    Raises:
        ClusterError: it cannot be reached.
    """
    data = record.secret_data
    config = home if record.is_in_cluster else config_from_secret(data, f"cluster {record.name}")
    async with contextlib.AsyncExitStack() as stack:
        # An opening that is given up half-way must not leave watches behind.
        transport = Transport(config, observe)
        stack.push_async_callback(transport.close)
        discovery = Discovery(transport)
        await _first_answer(discovery, transport.server)
        client = KubeClient(transport, discovery)
        settings, noise = installation.settings, Noise(installation, HealthChecks(installation))
        cache = LiveCache(
            client,
            is_excluded=lambda kind: is_excluded(
                kind, record.server, settings.exclusions, settings.inclusions
            ),
            reading=Reading(
                tracking=lambda live: owner_instance(live, installation.tracking),
                without_noise=noise.without,
                takes_time=noise.takes_time,
                is_noise=noise.is_noise,
                describe=_described,
            ),
            extent=Extent(record.namespaces, record.cluster_resources),
        )
        stack.push_async_callback(cache.close)
        await cache.start()
        close = stack.pop_all().aclose
    return OpenCluster(record=record, client=client, cache=cache, close=close)


async def _first_answer(discovery: Discovery, server: str) -> None:
    try:
        async with asyncio.timeout(_FIRST_ANSWER_S):
            await discovery.refresh()
    except TimeoutError:
        what = f"the cluster does not answer: no list of its kinds within {_FIRST_ANSWER_S:g} s"
        raise ClusterError(what, where=server) from None


def _described(live: Manifest) -> bytes:
    # Users' own checks run where they can be stopped; what they say of managed objects is in the
    # comparison, and of what these own the catalogue's word has to do.
    return msgspec.json.encode(node_of(live, resource_health(live)))
