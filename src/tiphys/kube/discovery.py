"""Which kinds a cluster serves, read in one or two requests.

Source: KEP-3352 "Aggregated Discovery".
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tiphys.kube.transport import Transport
from tiphys.model.keys import GroupKind, GroupVersionKind, ResourceKey

_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class ApiResource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind as the server serves it in one version."""

    gvk: GroupVersionKind
    plural: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()

    def collection(self, namespace: str = "") -> str:
        """Return the path of the collection, of all namespaces when `namespace` is empty."""
        group, version, _ = self.gvk
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        return (
            f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"
        )

    def path(self, key: ResourceKey) -> str:
        """Return the path of one object."""
        return f"{self.collection(key.namespace if self.namespaced else '')}/{key.name}"

    @property
    def display(self) -> str:
        """The name as kubectl prints it: "deployment.apps", "configmap"."""
        singular = self.gvk.kind.lower()
        return f"{singular}.{self.gvk.group}" if self.gvk.group else singular

    @property
    def is_watchable(self) -> bool:
        """True when objects can be listed and watched."""
        return {"list", "watch"} <= self.verbs


class Discovery:
    """The kinds of one cluster; `refresh` reads them anew."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._by_gvk: dict[GroupVersionKind, ApiResource] = {}
        self._preferred: dict[GroupKind, ApiResource] = {}
        self._api_versions: tuple[str, ...] = ()
        self.version = ""
        self.digest = 0

    async def refresh(self) -> bool:
        """Read all kinds; return whether anything changed.

        Raises:
            ClusterError: the cluster cannot be reached.
            ApiError: it refuses to tell.
        """
        documents = [
            (await self._transport.request("GET", root, headers={"Accept": _ACCEPT})).json()
            for root in ("/api", "/apis")
        ]
        if not self.version:
            answer = (await self._transport.request("GET", "/version")).json()
            self.version = str(answer.get("gitVersion", ""))
        found = {
            resource.gvk: resource
            for document in documents
            for resource in _resources(document.get("items") or [])
        }
        if found == self._by_gvk:
            return False
        self._by_gvk, self._api_versions = found, ()
        self.digest = hash(frozenset(found.values()))
        self._preferred = {}
        for resource in found.values():  # versions come in the order of preference
            self._preferred.setdefault(resource.gvk.group_kind, resource)
        return True

    def resource(self, gvk: GroupVersionKind) -> ApiResource | None:
        """Return a kind in exactly this version, None when it is not served."""
        return self._by_gvk.get(gvk)

    def preferred(self, kind: GroupKind) -> ApiResource | None:
        """Return a kind in the server's preferred version, None when it is not served."""
        return self._preferred.get(kind)

    def preferred_resources(self) -> Iterable[ApiResource]:
        """Return every kind once, in its preferred version."""
        return self._preferred.values()

    def is_namespaced(self, kind: GroupKind) -> bool | None:
        """Return the scope of a kind, None when it is not served."""
        resource = self._preferred.get(kind)
        return None if resource is None else resource.namespaced

    def versions_of(self, kind: GroupKind) -> list[str]:
        """Return the served versions of a kind, preferred first."""
        return [gvk.version for gvk in self._by_gvk if gvk.group_kind == kind]

    def api_versions(self) -> tuple[str, ...]:
        """Return what Helm's `.Capabilities.APIVersions` holds: "apps/v1", "apps/v1/Deployment"."""
        if not self._api_versions:
            names = {gvk.api_version for gvk in self._by_gvk}
            names |= {f"{gvk.api_version}/{gvk.kind}" for gvk in self._by_gvk}
            self._api_versions = tuple(sorted(names))
        return self._api_versions


def _resources(groups: list[Any]) -> Iterable[ApiResource]:
    for group in groups:
        group_name = group["metadata"].get("name", "")
        for version in group.get("versions") or []:
            for resource in version.get("resources") or []:
                kind = resource.get("responseKind") or {}
                yield ApiResource(
                    gvk=GroupVersionKind(group_name, version["version"], kind.get("kind", "")),
                    plural=resource["resource"],
                    namespaced=resource.get("scope") == "Namespaced",
                    verbs=frozenset(resource.get("verbs") or ()),
                    short_names=tuple(resource.get("shortNames") or ()),
                )
