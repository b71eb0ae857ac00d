"""Reads and writes of objects in one cluster."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from tiphys.kube.discovery import ApiResource, Discovery
from tiphys.kube.transport import APPLY_PATCH, Transport
from tiphys.model.errors import ApiError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey, gvk_of, key_of
from tiphys.model.labels import FIELD_MANAGER, STATUS_MANAGER

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_PAGE = 500


class KubeClient:
    """One cluster's objects.

    Every write raises ApiError when the server refuses it, ClusterError when it does not answer,
    and NotFoundError when the kind is not served.
    """

    def __init__(self, transport: Transport, discovery: Discovery) -> None:
        self.transport, self.discovery = transport, discovery

    def resource(self, gvk: GroupVersionKind) -> ApiResource:
        """Return a kind as it is served.

        Raises:
            NotFoundError: it is not; the message names the versions that are.
        """
        resource = self.discovery.resource(gvk)
        if resource is None:
            raise NotFoundError(*_unknown_kind(gvk, self.discovery.versions_of(gvk.group_kind)))
        return resource

    async def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Manifest | None:
        """Return an object, None when there is no such one."""
        key = ResourceKey(gvk.group, gvk.kind, namespace, name)
        try:
            return await self._send("GET", self.resource(gvk).path(key))
        except ApiError as err:
            if err.code == 404:
                return None
            raise

    async def pages(
        self, resource: ApiResource, namespace: str = "", **params: str
    ) -> AsyncIterator[tuple[list[Manifest], str]]:
        """Yield a collection page by page, each with the list's resourceVersion.

        Objects of a list carry no `apiVersion` and `kind`; they are filled in here.
        """
        path, token = resource.collection(namespace), ""
        while True:
            query = {**params, "limit": str(_PAGE), **({"continue": token} if token else {})}
            page = await self._send("GET", path, query)
            metadata = page.get("metadata") or {}
            items: list[Manifest] = page.get("items") or []
            for item in items:
                item.setdefault("apiVersion", resource.gvk.api_version)
                item.setdefault("kind", resource.gvk.kind)
            token = metadata.get("continue", "")
            yield items, str(metadata.get("resourceVersion", ""))
            if not token:
                return

    async def list(
        self, gvk: GroupVersionKind, namespace: str = "", **params: str
    ) -> list[Manifest]:
        """Return a whole collection."""
        found: list[Manifest] = []
        async for items, _ in self.pages(self.resource(gvk), namespace, **params):
            found += items
        return found

    async def create(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, **params: str
    ) -> Manifest:
        """Create an object and return it."""
        resource = self.resource(gvk_of(manifest))
        path = resource.collection(key_of(manifest).namespace)
        return await self._send("POST", path, {"fieldManager": manager, **params}, manifest)

    async def replace(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, **params: str
    ) -> Manifest:
        """Replace an object as a whole and return it."""
        path = self.resource(gvk_of(manifest)).path(key_of(manifest))
        return await self._send("PUT", path, {"fieldManager": manager, **params}, manifest)

    async def patch(
        self,
        gvk: GroupVersionKind,
        key: ResourceKey,
        patch: Any,
        kind: str = MERGE_PATCH,
        **params: str,
    ) -> Manifest:
        """Patch an object and return it; `kind` is one of the patch media types."""
        query = {"fieldManager": STATUS_MANAGER, **params}
        return await self._send("PATCH", self.resource(gvk).path(key), query, patch, kind)

    async def apply(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, **params: str
    ) -> tuple[Manifest, tuple[str, ...]]:
        """Apply server-side, taking over contested fields; return the object and the warnings.

        Source: KEP-555 "Server-side Apply".
        """
        path = self.resource(gvk_of(manifest)).path(key_of(manifest))
        answer = await self.transport.request(
            "PATCH",
            path,
            params={"fieldManager": manager, "force": "true", **params},
            body=orjson.dumps(manifest),
            headers={"Content-Type": APPLY_PATCH},
        )
        return answer.json(), answer.warnings

    async def delete(
        self,
        gvk: GroupVersionKind,
        key: ResourceKey,
        *,
        preconditions: Mapping[str, str] | None = None,
        propagation: str = "Foreground",
        dry_run: bool = False,
    ) -> bool:
        """Delete an object; return False when there was none.

        Args:
            gvk: the kind in a served version.
            key: the object.
            preconditions: `uid` and `resourceVersion` that the object must have.
            propagation: what becomes of dependents: Foreground, Background or Orphan.
            dry_run: ask whether it would be deleted, and leave it.
        """
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        if preconditions:
            options["preconditions"] = dict(preconditions)
        if dry_run:
            options["dryRun"] = ["All"]
        try:
            await self._send("DELETE", self.resource(gvk).path(key), {}, options)
        except ApiError as err:
            if err.code == 404:
                return False
            raise
        return True

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Manifest:
        answer = await self.transport.request(
            method,
            path,
            params=params,
            body=None if body is None else orjson.dumps(body),
            headers={} if body is None else {"Content-Type": content_type},
        )
        decoded: Manifest = answer.json()
        return decoded


def _unknown_kind(gvk: GroupVersionKind, served: list[str]) -> tuple[str]:
    """Word the error as Argo CD does; users search for it."""
    if served:
        versions = ", ".join(f'"{version}"' for version in served)
        return (
            f'The Kubernetes API could not find version "{gvk.version}" of '
            f"{gvk.group_kind} for requested resource. "
            f"Version {versions} of {gvk.group_kind} is installed on the destination cluster.",
        )
    return (
        f"The Kubernetes API could not find {gvk.group_kind} for requested resource. "
        f'Make sure the "{gvk.kind}" CRD is installed on the destination cluster.',
    )
