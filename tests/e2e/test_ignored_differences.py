"""Differences that settings tell to ignore, or to see through."""

import uuid
from typing import Any

import pytest

from tests.e2e.api import PLURALS
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, World

RULE = "resource.customizations.ignoreDifferences"
HISTORIAN = "history-manager"


def _synced(world: World, *manifests: dict[str, Any], **spec: Any) -> tuple[App, str]:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace, **spec)
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    app.wait("Synced")
    return app, namespace


def _take_over_history(world: World, namespace: str) -> None:
    """Let another manager apply a field that stands in Git as well."""
    path = f"{PLURALS['Deployment'].format(ns=namespace)}/web"
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"revisionHistoryLimit": 1},
    }
    media = "application/apply-patch+yaml"
    world.api.request("PATCH", path, body, media, fieldManager=HISTORIAN, force="true")


def _history_limit(world: World, namespace: str) -> int:
    return int(world.api.get("Deployment", namespace, "web")["spec"]["revisionHistoryLimit"])


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        pytest.param(f"{RULE}.apps_Deployment", "jsonPointers: [/spec/replicas]", id="a pointer"),
        pytest.param(
            f"{RULE}.apps_Deployment", 'jqPathExpressions: [".spec.replicas"]', id="an expression"
        ),
        pytest.param(
            f"{RULE}.apps_Deployment", "managedFieldsManagers: [scaler]", id="a field manager"
        ),
        pytest.param(f"{RULE}.all", "jsonPointers: [/spec/replicas]", id="for all kinds"),
        pytest.param(
            "resource.customizations",
            "apps/Deployment: {ignoreDifferences: 'jsonPointers: [/spec/replicas]'}",
            id="in the old spelling",
        ),
    ],
)
def test_what_the_installation_ignores_is_synced_after_the_next_look(
    world: World, key: str, rule: str
) -> None:
    app, namespace = _synced(world, deployment("web"))
    replicas = {"spec": {"replicas": 2}}
    world.api.merge("Deployment", namespace, "web", replicas, manager="scaler")
    app.wait("OutOfSync")

    with world.settings("argocd-cm", {key: rule}):
        app.refresh()

        app.wait("Synced")
    app.wait("OutOfSync")


def test_an_element_of_a_list_can_be_ignored(world: World) -> None:
    app, namespace = _synced(world, deployment("web"))
    sidecar = {"name": "proxy", "image": "registry.example/proxy:1"}
    main = {"name": "main", "image": "registry.example/web:2"}
    patch = {"spec": {"template": {"spec": {"containers": [main, sidecar]}}}}
    world.api.merge("Deployment", namespace, "web", patch, manager="injector")
    app.wait("OutOfSync")

    path = '.spec.template.spec.containers[] | select(.name == "main").image'
    rule = f"jqPathExpressions: ['{path}']"
    with world.settings("argocd-cm", {f"{RULE}.apps_Deployment": rule}):
        app.refresh()
        app.wait("Synced")


def test_a_field_that_another_manager_applies_stays_his_where_that_is_respected(
    world: World,
) -> None:
    web = deployment("web")
    web["spec"]["revisionHistoryLimit"] = 10
    options = {"syncOptions": ["RespectIgnoreDifferences=true"]}
    app, namespace = _synced(world, web, syncPolicy=options)
    _take_over_history(world, namespace)
    app.wait("OutOfSync")

    rule = {f"{RULE}.apps_Deployment": f"managedFieldsManagers: [{HISTORIAN}]"}
    with world.settings("argocd-cm", rule):
        app.refresh()
        app.wait("Synced")
        assert app.sync()["phase"] == "Succeeded"
        app.wait("Synced")

        assert _history_limit(world, namespace) == 1


def test_a_field_that_is_not_in_git_stays_with_whom_applies_it(world: World) -> None:
    app, namespace = _synced(world, deployment("web"))
    _take_over_history(world, namespace)
    app.refresh()
    app.wait("Synced")

    assert app.sync()["phase"] == "Succeeded"

    assert _history_limit(world, namespace) == 1


def _kind(world: World) -> tuple[str, str]:
    """Define a kind of the test's own, without a status subresource; return group and kind."""
    group, kind = f"g{uuid.uuid4().hex[:8]}.example.com", "Gadget"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": anything, "status": anything},
            }
        },
    }
    world.api.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"gadgets.{group}"},
            "spec": {
                "group": group,
                "names": {"kind": kind, "plural": "gadgets"},
                "scope": "Namespaced",
                "versions": [version],
            },
        }
    )
    return group, kind


def _gadget(group: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "one"}, **fields}


def _edit(world: World, group: str, namespace: str, patch: dict[str, Any]) -> None:
    path = f"/apis/{group}/v1/namespaces/{namespace}/gadgets/one"
    world.api.request("PATCH", path, patch, "application/merge-patch+json", fieldManager="tests")


def test_the_same_amount_is_no_difference_where_a_field_is_known_to_be_one(world: World) -> None:
    group, kind = _kind(world)
    spec = {"limits": {"cpu": "2000m"}, "wait": "90s"}
    app, namespace = _synced(world, _gadget(group, kind, spec=spec))
    _edit(world, group, namespace, {"spec": {"limits": {"cpu": "2"}, "wait": "1m30s"}})
    app.wait("OutOfSync")

    known = (
        "[{field: spec.limits, type: core/v1/ResourceList},"
        " {field: spec.wait, type: meta/v1/Duration}]"
    )
    with world.settings(
        "argocd-cm", {f"resource.customizations.knownTypeFields.{group}_{kind}": known}
    ):
        app.refresh()
        app.wait("Synced")
        _edit(world, group, namespace, {"spec": {"limits": {"cpu": "3"}}})
        app.wait("OutOfSync")


def test_a_boolean_that_is_false_is_as_good_as_absent_where_a_field_is_known_to_hold_one(
    world: World,
) -> None:
    group, kind = _kind(world)
    pod = {"containers": [{"name": "main", "image": "web:1", "tty": False}], "hostNetwork": False}
    app, namespace = _synced(world, _gadget(group, kind, spec={"pod": pod, "paused": False}))
    bare = {"containers": [{"name": "main", "image": "web:1"}], "hostNetwork": None}
    _edit(world, group, namespace, {"spec": {"pod": bare}})
    app.wait("OutOfSync")

    known = "[{field: spec.pod, type: core/v1/PodSpec}]"
    with world.settings(
        "argocd-cm", {f"resource.customizations.knownTypeFields.{group}_{kind}": known}
    ):
        app.refresh()
        app.wait("Synced")
        _edit(world, group, namespace, {"spec": {"pod": {"hostNetwork": True}}})
        app.wait("OutOfSync")
        _edit(world, group, namespace, {"spec": {"pod": {"hostNetwork": None}}})
        app.wait("Synced")
        _edit(world, group, namespace, {"spec": {"paused": None}})
        app.wait("OutOfSync")


@pytest.mark.parametrize(
    ("setting", "sync"),
    [
        pytest.param(None, "Synced", id="it is not compared"),
        pytest.param("ignoreResourceStatusField: crd", "OutOfSync", id="of definitions only"),
        pytest.param("ignoreResourceStatusField: none", "OutOfSync", id="it is compared"),
    ],
)
def test_a_status_that_stands_in_git(world: World, setting: str | None, sync: str) -> None:
    group, kind = _kind(world)
    gadget = _gadget(group, kind, spec={"size": 1}, status={"phase": "from Git"})
    app, namespace = _synced(world, gadget, config_map("other"))
    key = {"resource.compareoptions": setting} if setting else {}
    with world.settings("argocd-cm", key):
        _edit(world, group, namespace, {"status": {"phase": "from a controller"}})
        app.refresh()

        app.wait(sync)
