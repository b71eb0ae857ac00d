"""Reads what Secrets of the control-plane namespace say of clusters and repositories.

Source: Argo CD operator manual, "Declarative Setup".
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping

from tiphys.model.cluster import IN_CLUSTER, ClusterRecord
from tiphys.model.keys import Manifest
from tiphys.model.labels import IN_CLUSTER_SERVER, SECRET_TYPE, SKIP_RECONCILE


def secret_type(secret: Manifest) -> str:
    """Return what a Secret is for: "cluster", "repository", "repo-creds", ..., or ""."""
    labels = (secret.get("metadata") or {}).get("labels") or {}
    return str(labels.get(SECRET_TYPE, ""))


def decode_secret(secret: Manifest) -> dict[str, str]:
    """Return the decoded `data`; values that are no base64 or no UTF-8 are left out."""
    decoded: dict[str, str] = {}
    for name, value in (secret.get("data") or {}).items():
        try:
            decoded[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError, TypeError):
            continue
    return decoded


def parse_clusters(
    secrets: Iterable[Manifest], *, in_cluster_enabled: bool
) -> tuple[ClusterRecord, ...]:
    """Return the destination clusters: those of Secrets, and our own unless it is turned off."""
    records = [
        _parse_cluster(secret, decode_secret(secret))
        for secret in secrets
        if secret_type(secret) == "cluster"
    ]
    if in_cluster_enabled and all(record.server != IN_CLUSTER_SERVER for record in records):
        records.append(IN_CLUSTER)
    return tuple(records)


def _parse_cluster(secret: Manifest, data: Mapping[str, str]) -> ClusterRecord:
    metadata = secret.get("metadata") or {}
    server = data.get("server", "").rstrip("/")
    namespaces = tuple(
        part.strip() for part in data.get("namespaces", "").split(",") if part.strip()
    )
    skip = (metadata.get("annotations") or {}).get(SKIP_RECONCILE) == "true"
    return ClusterRecord(
        server=server,
        name=data.get("name") or server,
        namespaces=namespaces,
        cluster_resources=data.get("clusterResources") == "true",
        project=data.get("project", ""),
        skip_reconcile=skip,
        secret_data=data,
        version=str(metadata.get("resourceVersion", "")),
    )


def find_repository(
    secrets: Iterable[Manifest],
    identity: str,
    project: str,
    normalise: Callable[[str], str],
    is_prefix: Callable[[str, str], bool],
) -> dict[str, str]:
    """Return the decoded Secret that says how to read a repository; empty when none does.

    A `repository` Secret of the same address counts first, the project's own before a global one.
    When it has no credentials, or there is none, the `repo-creds` Secret with the longest matching
    address prefix lends its own.

    Args:
        secrets: all labelled Secrets.
        identity: the repository's address, normalised.
        project: the project of the Application that asks.
        normalise: gives one spelling to all addresses of one repository.
        is_prefix: whether the first of two such spellings is a template's for the second.
    """
    repository: dict[str, str] = {}
    templates: list[tuple[int, dict[str, str]]] = []
    for secret in secrets:
        kind = secret_type(secret)
        if kind not in {"repository", "repo-creds"}:
            continue
        data = decode_secret(secret)
        if data.get("project", "") not in {"", project}:
            continue
        address = normalise(data.get("url", ""))
        if kind == "repository" and address == identity:
            repository = data if data.get("project") or not repository else repository
        elif kind == "repo-creds" and is_prefix(address, identity):
            templates.append((len(address), data))
    if any(repository.get(name) for name in _CREDENTIALS) or not templates:
        return repository
    _, lent = max(templates, key=lambda entry: entry[0])
    own = {name: value for name, value in repository.items() if value}
    return {**lent, "type": "git", **own}


def find_named_repository(secrets: Iterable[Manifest], name: str, project: str) -> str:
    """Return the address of the Helm repository with a name, the project's own first; or ""."""
    found = ""
    for secret in secrets:
        data = decode_secret(secret) if secret_type(secret) == "repository" else {}
        is_named = data.get("type") == "helm" and data.get("name") == name
        if is_named and data.get("project", "") in {"", project}:
            found = data.get("url", "") if data.get("project") or not found else found
    return found


_CREDENTIALS = (
    "username",
    "password",
    "bearerToken",
    "sshPrivateKey",
    "tlsClientCertKey",
    "githubAppPrivateKey",
    "gcpServiceAccountKey",
)
