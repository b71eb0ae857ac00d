"""Creates what tiphys needs in its own cluster, where it is missing."""

import asyncio
import logging

from tiphys.controller.application.reconcile import APPLICATION
from tiphys.crds import custom_resource_definitions
from tiphys.kube.apply import wait_established
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_VERSION, DEFAULT_PROJECT
from tiphys.run.known_hosts import PUBLIC_HOSTS

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

    What is there already needs no permission to create it: an installation that may act in its own
    namespace only finds the definitions and the namespace made by an administrator.

    Raises:
        ApiError: we may not create it.
    """
    for definition in custom_resource_definitions():
        if not _is_served(client, definition):
            await _create_if_missing(client, definition)
            await wait_established(client, definition)
    await _create_if_missing(
        client,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        is_optional=True,
    )
    while client.discovery.resource(APPLICATION) is None:
        await client.discovery.refresh()
        await asyncio.sleep(0.05)
    metadata = {**_DEFAULT_PROJECT["metadata"], "namespace": namespace}
    await _create_if_missing(client, {**_DEFAULT_PROJECT, "metadata": metadata})
    await _create_if_missing(client, _known_hosts(namespace), is_optional=True)


def _is_served(client: KubeClient, definition: Manifest) -> bool:
    spec = definition["spec"]
    kind, versions = spec["names"]["kind"], spec["versions"]
    return all(
        client.discovery.resource(GroupVersionKind(spec["group"], version["name"], kind))
        for version in versions
    )


def _known_hosts(namespace: str) -> Manifest:
    name = "argocd-ssh-known-hosts-cm"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "data": {"ssh_known_hosts": PUBLIC_HOSTS},
    }


async def _create_if_missing(
    client: KubeClient, manifest: Manifest, *, is_optional: bool = False
) -> None:
    """Create an object; `is_optional` takes a refusal for an answer."""
    fields = {"object": f"{manifest['kind']}/{manifest['metadata']['name']}"}
    try:
        await client.create(manifest)
    except ApiError as err:
        if err.status_reason == "AlreadyExists":
            return
        if not (is_optional and err.code == 403):
            raise
        log.debug("not created, for lack of permission", extra=fields)
        return
    log.info("created", extra=fields)
