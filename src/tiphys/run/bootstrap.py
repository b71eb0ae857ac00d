"""Creates what tiphys needs in its own cluster, where it is missing."""

import asyncio
import logging

from tiphys.controller.application.reconcile import APPLICATION
from tiphys.crds import custom_resource_definitions
from tiphys.kube.apply import wait_established
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError
from tiphys.model.keys import Manifest
from tiphys.model.labels import API_VERSION, DEFAULT_PROJECT

log = logging.getLogger(__name__)

_DEFAULT_PROJECT: Manifest = {
    "apiVersion": API_VERSION,
    "kind": "AppProject",
    "metadata": {"name": DEFAULT_PROJECT},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


async def ensure_installed(client: KubeClient, namespace: str) -> None:
    """Create what tiphys needs in its own cluster, where it is missing; change nothing else.

    Raises:
        ApiError: we may not create it.
    """
    for definition in custom_resource_definitions():
        await _create_if_missing(client, definition)
        await wait_established(client, definition)
    await _create_if_missing(
        client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )
    while client.discovery.resource(APPLICATION) is None:
        await client.discovery.refresh()
        await asyncio.sleep(0.05)
    metadata = {**_DEFAULT_PROJECT["metadata"], "namespace": namespace}
    await _create_if_missing(client, {**_DEFAULT_PROJECT, "metadata": metadata})


async def _create_if_missing(client: KubeClient, manifest: Manifest) -> None:
    try:
        await client.create(manifest)
        log.info("created", extra={"object": f"{manifest['kind']}/{manifest['metadata']['name']}"})
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise
