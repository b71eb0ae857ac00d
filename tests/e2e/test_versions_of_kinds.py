"""Custom kinds whose versions differ: what server-side apply alone cannot bring about."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api import RefusedError, eventually
from tests.e2e.manifests import text
from tests.e2e.world import App, Repository, World

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
Json = dict[str, Any]


class Widgets:
    """The kind Widget: v1 has a size, v2, which is stored, a colour too."""

    def __init__(self, world: World) -> None:
        self.world, self.group = world, f"g{uuid.uuid4().hex[:8]}.example.com"
        self.path = f"{DEFINITIONS}/widgets.{self.group}"
        names = {"kind": "Widget", "plural": "widgets"}
        versions = [_version("v1", "size"), _version("v2", "size", "colour", storage=True)]
        spec = {"group": self.group, "names": names, "scope": "Namespaced", "versions": versions}
        world.api.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"widgets.{self.group}"},
                "spec": spec,
            }
        )
        eventually("the kind is served", lambda: self._answers("v2", "default"))

    def _answers(self, version: str, namespace: str) -> bool:
        try:
            self.world.api.request("GET", self.collection(version, namespace))
        except RefusedError:
            return False
        return True

    def collection(self, version: str, namespace: str) -> str:
        return f"/apis/{self.group}/{version}/namespaces/{namespace}/widgets"

    def manifest(self, version: str, **spec: str) -> str:
        api_version = f"{self.group}/{version}"
        metadata = {"name": "one"}
        return text(
            {"apiVersion": api_version, "kind": "Widget", "metadata": metadata, "spec": spec}
        )

    def live(self, namespace: str) -> Json:
        found: Json = self.world.api.request("GET", f"{self.collection('v2', namespace)}/one")
        return found

    def label(self, version: str, namespace: str) -> None:
        """Come to own a label in a version."""
        label, media = {"metadata": {"labels": {"a": "b"}}}, "application/merge-patch+json"
        path = f"{self.collection(version, namespace)}/one"
        self.world.api.request("PATCH", path, label, media, fieldManager="somebody")

    def take_out(self, version: str) -> None:
        definition = self.world.api.request("GET", self.path)
        spec = definition["spec"]
        spec["versions"] = [v for v in spec["versions"] if v["name"] != version]
        self.world.api.request("PUT", self.path, definition)
        eventually("the version is gone", lambda: not self._answers(version, "default"))


def _version(name: str, *fields: str, storage: bool = False) -> Json:
    spec = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    schema = {"type": "object", "properties": {"spec": spec}}
    found = {"name": name, "served": True, "storage": storage}
    return {**found, "schema": {"openAPIV3Schema": schema}}


@pytest.fixture
def widgets(world: World) -> Iterator[Widgets]:
    found = Widgets(world)
    yield found
    world.api.request("DELETE", found.path)


def synced(world: World, manifest: str) -> tuple[App, Repository, str]:
    namespace, repository = world.new_namespace(), world.new_repository({"one.yaml": manifest})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    app.wait("Synced")
    return app, repository, namespace


def test_git_moves_to_a_version_that_has_more_fields(world: World, widgets: Widgets) -> None:
    app, repository, namespace = synced(world, widgets.manifest("v1", size="1"))

    repository.push({"one.yaml": widgets.manifest("v2", size="1", colour="red")})
    app.wait("OutOfSync")
    state = app.sync()

    assert state["phase"] == "Succeeded", state
    assert widgets.live(namespace)["spec"] == {"size": "1", "colour": "red"}
    app.wait("Synced")
    repository.push({"one.yaml": widgets.manifest("v2", size="2")})
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    assert widgets.live(namespace)["spec"] == {"size": "2"}
    app.wait("Synced")


def test_a_version_that_git_has_left_goes(world: World, widgets: Widgets) -> None:
    app, repository, namespace = synced(world, widgets.manifest("v1", size="1"))
    widgets.label("v1", namespace)
    repository.push({"one.yaml": widgets.manifest("v2", size="1")})
    widgets.take_out("v1")

    repository.push({"one.yaml": widgets.manifest("v2", size="2")})
    app.wait("OutOfSync")
    state = app.sync()

    assert state["phase"] == "Succeeded", state
    (result,) = state["syncResult"]["resources"]
    assert result["message"] == f"widget.{widgets.group}/one configured"
    assert widgets.live(namespace)["spec"] == {"size": "2"}
    app.wait("Synced")


def test_another_owner_in_a_version_with_fewer_fields_does_not_stop_a_sync(
    world: World, widgets: Widgets
) -> None:
    app, repository, namespace = synced(world, widgets.manifest("v2", size="1"))
    widgets.label("v1", namespace)

    repository.push({"one.yaml": widgets.manifest("v2", size="1", colour="red")})
    app.wait("OutOfSync")
    state = app.sync()

    assert state["phase"] == "Succeeded", state
    (result,) = state["syncResult"]["resources"]
    assert "owned in a version of the kind that lacks some of them" in result["message"]
    found = widgets.live(namespace)
    assert found["spec"] == {"size": "1", "colour": "red"}
    assert found["metadata"]["labels"] == {"a": "b"}
    app.wait("Synced")
