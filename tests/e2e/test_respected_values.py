"""What an Application ignores and respects stays as it is, wherever it lies; the rest is Git's."""

import uuid
from typing import Any

import pytest

from tests.e2e.api import PLURALS, eventually
from tests.e2e.manifests import deployment, free_form, free_form_definition, text
from tests.e2e.world import App, Repository, World

MERGE = "application/merge-patch+json"
OPTIONS = {"syncOptions": ["RespectIgnoreDifferences=true"]}


class Decks:
    """Objects of a kind of the test's own, whose lists are each one value."""

    def __init__(self, world: World) -> None:
        self.world, self.group = world, f"g{uuid.uuid4().hex[:8]}.example.org"
        self.definition = free_form_definition(self.group, "Deck")

    def files(self, spec: dict[str, Any]) -> dict[str, str]:
        return {"all.yaml": text(self.definition, free_form(self.group, "Deck", "one", spec))}

    def _path(self, namespace: str) -> str:
        return f"/apis/{self.group}/v1/namespaces/{namespace}/decks/one"

    def live(self, namespace: str) -> Any:
        return self.world.api.request("GET", self._path(namespace))["spec"]

    def edit(self, namespace: str, spec: dict[str, Any]) -> None:
        path, body = self._path(namespace), {"spec": spec}
        self.world.api.request("PATCH", path, body, MERGE, fieldManager="kubectl-edit")


def _synced(world: World, files: dict[str, str], rule: dict[str, Any]) -> tuple[App, Repository]:
    repository = world.new_repository(files)
    app = world.new_app(
        repository, world.new_namespace(), ignoreDifferences=[rule], syncPolicy=OPTIONS
    )
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    app.wait("Synced")
    return app, repository


def _namespace(app: App) -> str:
    return str(app.manifest["spec"]["destination"]["namespace"])


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        pytest.param({"jqPathExpressions": [".spec.cards[].value"]}, [9, 8], id="by jq"),
        pytest.param({"jsonPointers": ["/spec/cards/0/value"]}, [9, 2], id="by a pointer"),
        pytest.param(
            {"jqPathExpressions": ['.spec.cards[] | select(.name == "two") | .value']},
            [1, 8],
            id="by name",
        ),
    ],
)
def test_a_sync_keeps_ignored_values_inside_a_list_that_is_one_value(
    world: World, rule: dict[str, Any], values: list[int]
) -> None:
    decks = Decks(world)

    def cards(note: str, one: int = 1, two: int = 2) -> dict[str, Any]:
        pair = [("ace", one), ("two", two)]
        return {"cards": [{"name": name, "value": value, "note": note} for name, value in pair]}

    rule = {"group": decks.group, "kind": "Deck", **rule}
    app, repository = _synced(world, decks.files(cards("before")), rule)
    namespace = _namespace(app)
    decks.edit(namespace, cards("before", 9, 8))
    repository.push(decks.files(cards("after")))
    app.refresh()
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Succeeded"

    assert decks.live(namespace) == cards("after", *values)
    app.wait("Synced")


def test_a_sync_keeps_an_ignored_argument_and_changes_its_neighbour(world: World) -> None:
    def web(*arguments: str) -> dict[str, str]:
        made = deployment("web")
        made["spec"]["template"]["spec"]["containers"][0]["args"] = [*arguments]
        return {"all.yaml": text(made)}

    pointer = "/spec/template/spec/containers/0/args/0"
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": [pointer]}
    app, repository = _synced(world, web("--a=1", "--b=1"), rule)
    namespace = _namespace(app)
    path = f"{PLURALS['Deployment'].format(ns=namespace)}/web"
    found = world.api.request("GET", path)
    (container,) = found["spec"]["template"]["spec"]["containers"]
    container["args"][0] = "--a=live"
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    world.api.request("PATCH", path, body, MERGE, fieldManager="kubectl-edit")
    repository.push(web("--a=1", "--b=2"))
    app.refresh()
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Succeeded"

    (container,) = world.api.request("GET", path)["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["--a=live", "--b=2"]
    app.wait("Synced")


def test_a_null_in_a_custom_resource_is_data(world: World) -> None:
    decks = Decks(world)
    repository = world.new_repository(decks.files({"limits": {"cpu": None, "memory": "1Gi"}}))
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"

    assert decks.live(namespace) == {"limits": {"cpu": None, "memory": "1Gi"}}
    app.wait("Synced")

    decks.edit(namespace, {"limits": {"cpu": None}})  # which takes it away
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    assert decks.live(namespace) == {"limits": {"cpu": None, "memory": "1Gi"}}


def test_a_child_application_takes_a_charts_default_away_by_null(world: World) -> None:
    template = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: limits}\n"
    template += "data: {limits: {{ toJson .Values.limits | quote }}}\n"
    chart = {
        "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "chart/values.yaml": "limits: {cpu: 200m, memory: 1Gi}\n",
        "chart/templates/all.yaml": template,
    }
    child_name, namespace = f"child-{uuid.uuid4().hex[:6]}", world.new_namespace()
    repository = world.new_repository(chart)
    child = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": child_name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": repository.url,
                "path": "chart",
                "targetRevision": "HEAD",
                "helm": {"valuesObject": {"limits": {"cpu": None}}},
            },
            "destination": {"name": "in-cluster", "namespace": namespace},
            "syncPolicy": {"automated": {}},
        },
    }
    parents = world.new_repository({"all.yaml": text(child)})
    parent = world.new_app(parents, "argocd", syncPolicy={"automated": {}})
    parent.wait("Synced")

    made = eventually("deployed", lambda: world.api.find("ConfigMap", namespace, "limits"))

    assert made["data"]["limits"] == '{"memory":"1Gi"}'
    parent.wait("Synced")
