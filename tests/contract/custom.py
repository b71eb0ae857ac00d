"""CustomResourceDefinitions for the suite, each in an API group of its own."""

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.contract.cluster import Cluster, at
from tests.e2e.api import eventually

Json = dict[str, Any]
DEFINITIONS = at("apiextensions.k8s.io/v1", "customresourcedefinitions")
ANYTHING: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Custom(NamedTuple):
    """A custom kind that is served: Thing, in the plural things."""

    group: str

    @property
    def definition(self) -> str:
        """The path of its definition."""
        return f"{DEFINITIONS}/things.{self.group}"

    def at(self, namespace: str, name: str = "", sub: str = "", version: str = "v1") -> str:
        """The path of its collection, of an object, or of a subresource."""
        return at(f"{self.group}/{version}", "things", namespace, name, sub)

    def thing(self, name: str = "one", version: str = "v1", **fields: Any) -> Json:
        """A manifest."""
        api_version = f"{self.group}/{version}"
        return {"apiVersion": api_version, "kind": "Thing", "metadata": {"name": name}, **fields}


def schema_of(spec: Json | None = None, **root: Any) -> Json:
    """The schema of an object with such a spec, and a free status."""
    properties = {"spec": spec or ANYTHING, "status": ANYTHING}
    return {"type": "object", "properties": properties, **root}


def version_of(schema: Json, name: str = "v1", **more: Any) -> Json:
    """A version of a definition: served, and stored unless `more` says otherwise."""
    found = {"name": name, "served": True, "storage": True}
    return {**found, "schema": {"openAPIV3Schema": schema}, **more}


def definition_of(*versions: Json, group: str = "", **names: Any) -> Json:
    """A CustomResourceDefinition of things, in a group of its own unless one is given."""
    group = group or f"g{uuid.uuid4().hex[:12]}.example.com"
    given = {"plural": "things", "singular": "thing", "kind": "Thing", **names}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{given['plural']}.{group}"},
        "spec": {
            "group": group,
            "names": given,
            "scope": "Namespaced",
            "versions": list(versions) or [version_of(schema_of())],
        },
    }


@contextlib.contextmanager
def defined(cluster: Cluster, *versions: Json) -> Iterator[Custom]:
    """Define a kind, wait until it is served, and take it back at the end."""
    definition = definition_of(*versions)
    custom = Custom(definition["spec"]["group"])
    cluster.post(DEFINITIONS, definition).ok()
    try:
        for version in definition["spec"]["versions"]:
            if version["served"]:
                wait_served(cluster, custom, version["name"])
        yield custom
    finally:
        cluster.delete(custom.definition)


def wait_served(cluster: Cluster, custom: Custom, version: str = "v1") -> None:
    """Wait until writes of a version reach its handler."""
    path = custom.at("default", version=version)
    eventually(f"{path} is served", lambda: _is_served(cluster, path), 30)


def _is_served(cluster: Cluster, path: str) -> bool:
    # A kind is listed a moment before it can be written; a dry run tells.
    return cluster.post(path, {}, dryRun="All").code in {400, 422}


def conditions(cluster: Cluster, path: str) -> dict[str, Json]:
    """The conditions of an object by their type."""
    status = cluster.get(path).ok().get("status") or {}
    return {condition["type"]: condition for condition in status.get("conditions") or ()}
