"""The roles and bindings that every cluster has, as recorded off a real API server."""

from importlib import resources
from typing import Any

import orjson

from tiphys.sandbox.access.aggregation import Aggregation
from tiphys.sandbox.access.rbac import GROUP
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write

_MANAGER = "kube-apiserver"


def install_roles(registry: Registry) -> None:
    """Create those that are missing."""
    document = orjson.loads((resources.files("tiphys.sandbox.data") / "roles.json").read_bytes())
    write = Write(manager=_MANAGER, now=utc_now())
    is_new = False
    for plural in ("clusterroles", "clusterrolebindings"):
        kind = registry.kinds.find(GROUP, "v1", plural)
        assert kind is not None
        manifests: list[dict[str, Any]] = document[plural]
        for manifest in manifests:
            name = ("", manifest["metadata"]["name"])
            if registry.store.get(kind.collection, name) is None:
                registry.create(kind, "", manifest, write)
                is_new = True
    if is_new:
        Aggregation(registry).aggregate()
