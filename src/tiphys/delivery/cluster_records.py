"""Destination clusters as people see them: what is stored, how they are, without any credential.

Source: Argo CD's API, `Cluster` and `ClusterInfo`.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tiphys.delivery.clock import Clock, timestamp
from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.delivery.repositories import ConnectionState
from tiphys.delivery.writing import SECRET
from tiphys.kube.client import KubeClient
from tiphys.kube.cluster_secret import config_from_secret
from tiphys.kube.connection import connect
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ApiError, InvalidInputError
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import IN_CLUSTER_SERVER, SECRET_TYPE, SERVER_MANAGER
from tiphys.settings.secret_manifests import cluster_secret
from tiphys.settings.secrets import decode_secret, secret_type

_SHOWN_CONFIG: Final = ("awsAuthConfig", "proxyUrl", "disableCompression")
_SHOWN_TLS: Final = ("insecure", "serverName")
UPDATABLE: Final = frozenset(
    {
        "name", "namespaces", "config", "shard", "clusterResources", "labels", "annotations",
        "project",
    }
)  # fmt: skip


class ClusterRecords:
    """The clusters of an installation, for people."""

    def __init__(
        self, installation: Installation, clusters: Clusters, client: KubeClient, clock: Clock
    ) -> None:
        self._installation, self._clusters = installation, clusters
        self._client, self._clock = client, clock

    def all(self) -> list[ClusterRecord]:
        """Return every cluster, by name."""
        return sorted(self._clusters.records, key=lambda record: (record.name, record.server))

    def secret_of(self, server: str) -> Manifest | None:
        """Return the Secret of a cluster, None for our own without one."""
        for secret in self._installation.collections.secrets.objects():
            if secret_type(secret) != "cluster":
                continue
            if decode_secret(secret).get("server", "").rstrip("/") == server:
                return secret
        return None

    def described(self, record: ClusterRecord) -> dict[str, Any]:
        """Return a cluster as the API shows it."""
        secret = self.secret_of(record.server) or {}
        fields, metadata = decode_secret(secret), secret.get("metadata") or {}
        labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != SECRET_TYPE}
        info = self._info(record)
        described = {
            "server": record.server,
            "name": record.name,
            "config": _shown_config(fields.get("config", "")),
            "namespaces": list(record.namespaces),
            "clusterResources": record.cluster_resources,
            "project": record.project,
            "labels": labels,
            "annotations": metadata.get("annotations") or {},
            "shard": int(fields["shard"]) if fields.get("shard", "").isdigit() else None,
        }
        shown = {
            name: value for name, value in described.items() if value not in ("", [], {}, None)
        }
        return {
            **shown,
            "info": info,
            "serverVersion": info["serverVersion"],
            "connectionState": info["connectionState"],
        }

    def _info(self, record: ClusterRecord) -> dict[str, Any]:
        opened = next((c for c in self._clusters.opened() if c.record == record), None)
        cache: dict[str, Any] = {}
        version, api_versions = "", []
        if opened is None:
            state = ConnectionState(
                status="Unknown",
                message="Cluster has no applications and is not being monitored."
                if not self._count(record)
                else "The cluster is not reachable now.",
            )
        else:
            now = timestamp(self._clock())
            state = ConnectionState(status="Successful", attempted_at=now)
            discovery = opened.client.discovery
            version, api_versions = discovery.version, list(discovery.api_versions())
            cache = {
                "resourcesCount": len(opened.cache),
                "apisCount": len(list(discovery.preferred_resources())),
                "lastCacheSyncTime": now,
            }
        return {
            "connectionState": state,
            "serverVersion": version,
            "cacheInfo": cache,
            "applicationsCount": self._count(record),
            "apiVersions": api_versions,
        }

    def _count(self, record: ClusterRecord) -> int:
        applications = self._installation.collections.applications.objects()
        return sum(
            self._clusters.is_at((app.get("spec") or {}).get("destination") or {}, record.server)
            for app in applications
        )

    async def create(self, body: Mapping[str, Any], *, upsert: bool) -> ClusterRecord:
        """Store a cluster, once it has answered, and return it.

        Raises:
            InvalidInputError: a field is missing or malformed, or it is there and differs.
            ClusterError: it does not answer.
        """
        fields = stored_fields(body)
        secret = cluster_secret(self._installation.namespace, fields)
        _mark(secret, body)
        await self._require_answer(fields)
        try:
            stored = await self._client.create(secret, manager=SERVER_MANAGER)
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
            stored = await self._overwrite(secret, upsert=upsert)
        return await self._taken_over(stored, fields["server"])

    async def _overwrite(self, secret: Manifest, *, upsert: bool) -> Manifest:
        key = key_of(secret)
        present = await self._client.get(SECRET, key.namespace, key.name)
        if present is not None and present.get("data") == secret["data"]:
            return present
        if not upsert:
            raise InvalidInputError(
                "existing cluster spec is different; use upsert flag to force update"
            )
        return await self._client.replace(secret, manager=SERVER_MANAGER)

    async def update(
        self, record: ClusterRecord, body: Mapping[str, Any], updated: frozenset[str]
    ) -> ClusterRecord:
        """Change fields of a stored cluster, and return it.

        Args:
            record: the cluster as it is.
            body: the cluster as it is to be.
            updated: the fields to take from it; none means all that it has.

        Raises:
            InvalidInputError: a field cannot be changed, or our own cluster has no Secret.
        """
        secret = self.secret_of(record.server)
        if secret is None:
            return await self.create({**body, "server": record.server}, upsert=False)
        before = decode_secret(secret)
        wanted = updated or (UPDATABLE & body.keys())
        # Credentials never leave the server, so who sends a cluster back sends none.
        merged = {**_as_body(before), **{name: body.get(name) for name in wanted}}
        fields = stored_fields({**merged, "server": record.server})
        if "config" not in wanted:
            fields["config"] = before.get("config", "")
        changed = cluster_secret(self._installation.namespace, fields)
        written = {**secret, "apiVersion": "v1", "kind": "Secret", "data": changed["data"]}
        _mark(written, {k: v for k, v in body.items() if k in wanted})
        await self._require_answer(fields)
        stored = await self._client.replace(written, manager=SERVER_MANAGER)
        return await self._taken_over(stored, record.server)

    async def delete(self, record: ClusterRecord) -> None:
        """Forget a cluster; what was deployed there stays.

        Raises:
            InvalidInputError: it is our own without a Secret.
        """
        secret = self.secret_of(record.server)
        if secret is None:
            raise InvalidInputError(
                "the cluster that tiphys runs in cannot be removed",
                hint='Set `cluster.inClusterEnabled: "false"` in argocd-cm.',
            )
        metadata = secret["metadata"]
        key = ResourceKey("", "Secret", metadata["namespace"], metadata["name"])
        await self._client.delete(SECRET, key, preconditions={"uid": metadata["uid"]})

    async def _require_answer(self, fields: Mapping[str, str]) -> None:
        if fields["server"] == IN_CLUSTER_SERVER and not fields.get("config", "").strip("{}"):
            return
        config = config_from_secret(fields, f"cluster {fields.get('name', '')}")
        async with connect(config):
            return

    async def _taken_over(self, stored: Manifest, server: str) -> ClusterRecord:
        self._installation.collections.secrets.observe(stored)
        await self._clusters.update(self._installation.clusters())
        for record in self._clusters.records:
            if record.server == server:
                return record
        raise InvalidInputError("the cluster went while it was being stored", where=server)


def stored_fields(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a Secret that a cluster of the API describes.

    Raises:
        InvalidInputError: it has no server, or a field has the wrong type.
    """
    server = body.get("server")
    if not isinstance(server, str) or not server.strip():
        raise InvalidInputError("the address is missing", where="server")
    namespaces = body.get("namespaces") or []
    config, shard = body.get("config") or {}, body.get("shard")
    if not isinstance(namespaces, list) or not isinstance(config, dict):
        raise InvalidInputError("namespaces is a list and config an object")
    return {
        "server": server.strip().rstrip("/"),
        "name": str(body.get("name") or ""),
        "namespaces": ",".join(map(str, namespaces)),
        "clusterResources": "true" if body.get("clusterResources") else "",
        "project": str(body.get("project") or ""),
        "shard": str(shard) if isinstance(shard, int) else "",
        "config": orjson.dumps(config).decode(),
    }


def _as_body(fields: Mapping[str, str]) -> dict[str, Any]:
    names = [name.strip() for name in fields.get("namespaces", "").split(",") if name.strip()]
    return {
        "name": fields.get("name", ""),
        "namespaces": names,
        "clusterResources": fields.get("clusterResources") == "true",
        "project": fields.get("project", ""),
        "shard": int(fields["shard"]) if fields.get("shard", "").isdigit() else None,
    }


def _mark(secret: Manifest, body: Mapping[str, Any]) -> None:
    metadata = secret["metadata"]
    for field in ("labels", "annotations"):
        given = body.get(field)
        if isinstance(given, dict):
            texts = {str(name): str(value) for name, value in given.items()}
            metadata[field] = texts
    # What makes a Secret one of a cluster, nobody may take off.
    metadata["labels"] = {**(metadata.get("labels") or {}), SECRET_TYPE: "cluster"}


def _shown_config(text: str) -> dict[str, Any]:
    try:
        config = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(config, dict):
        return {}
    shown = {name: config[name] for name in _SHOWN_CONFIG if config.get(name)}
    tls = config.get("tlsClientConfig")
    if isinstance(tls, dict):
        shown["tlsClientConfig"] = {name: tls[name] for name in _SHOWN_TLS if tls.get(name)}
    return shown
