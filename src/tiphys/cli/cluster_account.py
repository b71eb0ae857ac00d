"""The service account by which an installation acts in another cluster.

Source: Kubernetes documentation, "Managing Service Accounts" (long-lived tokens).
"""

import asyncio
import base64
import time
from collections.abc import Iterable

import msgspec

from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, ClusterError, InvalidInputError
from tiphys.model.keys import GroupVersionKind, Manifest

_ACCOUNT, _ROLE = "argocd-manager", "argocd-manager-role"
_RBAC = "rbac.authorization.k8s.io"
_EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
_NON_RESOURCES = [{"nonResourceURLs": ["*"], "verbs": ["*"]}]
_TOKEN_WAIT_S = 30.0
_SECRET = GroupVersionKind("", "v1", "Secret")


class Account(msgspec.Struct, frozen=True):
    """A service account of another cluster with its token."""

    namespace: str
    name: str
    token: str


async def create_account(
    client: KubeClient, system_namespace: str, *, namespaces: Iterable[str], existing: str
) -> Account:
    """Return an account that may deploy; made where it is missing.

    Args:
        client: of the cluster that is added.
        system_namespace: where the account is made.
        namespaces: the only ones that it may manage; none means all, and cluster-wide kinds.
        existing: "namespace:name" of an account to use as it is; "" makes one.

    Raises:
        ApiError: we may not create it.
        ClusterError: the cluster issues no token for it.
    """
    if existing:
        namespace, colon, name = existing.partition(":")
        if not colon or not name:
            raise InvalidInputError(
                f"`{existing}` is not of the form NAMESPACE:NAME", where="--service-account"
            )
    else:
        namespace, name = system_namespace, _ACCOUNT
        await _ensure(client, _object("v1", "ServiceAccount", name, namespace))
        for manifest in _permissions(namespace, tuple(namespaces)):
            await _ensure(client, manifest)
    return Account(namespace, name, await _token(client, namespace, name))


def _permissions(system_namespace: str, namespaces: tuple[str, ...]) -> list[Manifest]:
    subject = {"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": system_namespace}
    version = f"{_RBAC}/v1"
    if not namespaces:
        role = _object(version, "ClusterRole", _ROLE) | {"rules": _EVERYTHING + _NON_RESOURCES}
        return [role, _binding("ClusterRoleBinding", "", "ClusterRole", subject)]
    made = []
    for namespace in namespaces:
        made.append(_object(version, "Role", _ROLE, namespace) | {"rules": _EVERYTHING})
        made.append(_binding("RoleBinding", namespace, "Role", subject))
    return made


def _binding(kind: str, namespace: str, role: str, subject: dict[str, str]) -> Manifest:
    reference = {"apiGroup": _RBAC, "kind": role, "name": _ROLE}
    manifest = _object(f"{_RBAC}/v1", kind, f"{_ROLE}-binding", namespace)
    return manifest | {"roleRef": reference, "subjects": [subject]}


def _object(version: str, kind: str, name: str, namespace: str = "") -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


async def _ensure(client: KubeClient, manifest: Manifest) -> None:
    try:
        await client.create(manifest, manager="tiphys-cli")
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise
        if manifest["kind"] != "ServiceAccount":
            await client.replace(manifest, manager="tiphys-cli")


async def _token(client: KubeClient, namespace: str, account: str) -> str:
    """Return the account's long-lived token, which the cluster fills into a Secret of ours."""
    name = f"{account}-long-lived-token"
    secret = _object("v1", "Secret", name, namespace)
    secret["metadata"]["annotations"] = {"kubernetes.io/service-account.name": account}
    secret["type"] = "kubernetes.io/service-account-token"
    try:
        await client.create(secret, manager="tiphys-cli")
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise
    deadline = time.monotonic() + _TOKEN_WAIT_S
    while time.monotonic() < deadline:
        found = await client.get(_SECRET, namespace, name)
        token = ((found or {}).get("data") or {}).get("token")
        if token:
            return base64.b64decode(token).decode()
        await asyncio.sleep(0.1)
    raise ClusterError(
        f"no token was issued for service account {namespace}/{account} "
        f"within {_TOKEN_WAIT_S:.0f} s",
        where=client.transport.server,
        hint="See whether the cluster's controller manager runs with a service account key.",
    )
