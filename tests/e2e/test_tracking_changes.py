"""Another way of tracking for Applications that live already."""

from typing import Any

import pytest

from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World

METHOD, KEY = "application.resourceTrackingMethod", "application.instanceLabelKey"
INSTANCE, OTHER_KEY = "app.kubernetes.io/instance", "example.com/deployed-by"
TRACKING_ID = "argocd.argoproj.io/tracking-id"


def _mark(settings: dict[str, str], app: App, namespace: str, name: str) -> dict[str, Any]:
    """The metadata by which settings tell what is an Application's."""
    if settings.get(METHOD) == "label":
        return {"labels": {settings.get(KEY, INSTANCE): app.name}}
    return {"annotations": {TRACKING_ID: f"{app.name}:/ConfigMap:{namespace}/{name}"}}


def _create_marked(
    world: World, settings: dict[str, str], app: App, namespace: str, name: str
) -> None:
    extra = config_map(name)
    extra["metadata"] |= {"namespace": namespace, **_mark(settings, app, namespace, name)}
    world.api.create(extra)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {METHOD: "label"}, id="from the annotation to the label"),
        pytest.param({METHOD: "label"}, {METHOD: "annotation"}, id="from the label back"),
        pytest.param(
            {METHOD: "label"}, {METHOD: "label", KEY: OTHER_KEY}, id="from one label to another"
        ),
        pytest.param({}, {METHOD: "annotation+label"}, id="from the annotation to both"),
    ],
)
def test_a_living_application_changes_over_with_a_sync(
    world: World, before: dict[str, str], after: dict[str, str]
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    with world.settings("argocd-cm", before):
        app = world.new_app(repository, namespace)
        app.wait("OutOfSync")
        app.sync()
        app.wait("Synced", "Healthy")
        _create_marked(world, before, app, namespace, "old")
        app.wait("OutOfSync")
        assert app.sync(prune=True)["phase"] == "Succeeded"
        app.wait("Synced")
    with world.settings("argocd-cm", after):
        _create_marked(world, after, app, namespace, "extra")
        app.refresh()
        app.wait("OutOfSync")
        assert app.resource("ConfigMap", "extra")["requiresPruning"]

        assert app.sync(prune=True)["phase"] == "Succeeded"

        app.wait("Synced", "Healthy")
        assert world.api.find("ConfigMap", namespace, "extra") is None
        assert [row["name"] for row in app.status["resources"]] == ["one"]
        metadata = world.api.get("ConfigMap", namespace, "one")["metadata"]
        for field, wanted in _mark(after, app, namespace, "one").items():
            assert wanted.items() <= metadata[field].items()
        _create_marked(world, after, app, namespace, "later")
        app.wait("OutOfSync")
        world.api.delete("ConfigMap", namespace, "later")
        app.wait("Synced")


def test_objects_that_carry_the_label_stay_synced_when_the_annotation_takes_over(
    world: World,
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    with world.settings("argocd-cm", {METHOD: "label"}):
        app = world.new_app(repository, namespace)
        app.wait("OutOfSync")
        app.sync()
        app.wait("Synced")

    app.refresh("hard")

    assert app.status["sync"]["status"] == "Synced"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="the annotation is ours, the label is not"),
        pytest.param({METHOD: "label", KEY: OTHER_KEY}, id="another label is ours"),
    ],
)
def test_an_instance_label_that_the_chart_sets_stays_as_the_chart_says(
    world: World, settings: dict[str, str]
) -> None:
    namespace = world.new_namespace()
    labelled = config_map("one")
    labelled["metadata"]["labels"] = {INSTANCE: "release-of-the-chart"}
    repository = world.new_repository({"one.yaml": text(labelled)})
    with world.settings("argocd-cm", settings):
        app = world.new_app(repository, namespace)
        app.wait("OutOfSync")
        assert app.sync()["phase"] == "Succeeded"
        app.wait("Synced")

        labels = world.api.get("ConfigMap", namespace, "one")["metadata"]["labels"]
        assert labels[INSTANCE] == "release-of-the-chart"
