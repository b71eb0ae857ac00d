"""Bad input of every kind: a clear condition, and nothing changes in the cluster."""

from typing import Any

import pytest

from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, World

AUTOMATED = {"automated": {"prune": True, "selfHeal": True}}


def _only(messages: list[str]) -> str:
    assert len(messages) == 1, messages
    return messages[0]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param({"targetRevision": "nope"}, "unable to resolve 'nope'", id="unknown revision"),
        pytest.param({"path": "absent"}, "absent: app path does not exist", id="absent path"),
        pytest.param({"path": "../.."}, "app path outside root", id="a path that escapes"),
        pytest.param({"path": "/etc"}, "/etc: app path is absolute", id="an absolute path"),
        pytest.param({"path": "broken"}, "broken.yaml", id="malformed YAML"),
    ],
)
def test_a_source_that_does_not_render_gives_one_condition(
    world: World, source: dict[str, str], message: str
) -> None:
    repository = world.new_repository(
        {
            "ok.yaml": text(config_map("one")),
            "broken/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n",
        }
    )
    namespace = world.new_namespace()
    written = {"repoURL": repository.url, "path": ".", "targetRevision": "HEAD", **source}
    app = world.new_app(repository, namespace, source=written, syncPolicy=AUTOMATED)

    status = app.wait("Unknown")

    assert message in _only(app.conditions("ComparisonError"))
    assert status["health"]["status"] == "Healthy"
    assert "operationState" not in status


def test_an_unknown_repository_is_named(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    repository.url = repository.url.replace(".git", "-absent.git")
    app = world.new_app(repository, world.new_namespace())

    app.wait("Unknown", "Healthy")

    assert "repository not found" in _only(app.conditions("ComparisonError"))


def test_a_source_that_breaks_later_deletes_nothing(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    repository.push({"one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n"})

    app.wait("Unknown")
    assert world.api.find("ConfigMap", namespace, "one") is not None
    repository.push({"one.yaml": text(config_map("one", {"key": "mended"}))})
    app.wait("Synced", "Healthy")
    assert app.status.get("conditions") in (None, [])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"project": "garbage"},
            "Application referencing project garbage which does not exist",
            id="unknown project",
        ),
        pytest.param(
            {"destination": {"server": "https://nowhere.example", "namespace": "x"}},
            'error getting cluster by server "https://nowhere.example"',
            id="unknown server",
        ),
        pytest.param(
            {"destination": {"name": "nowhere", "namespace": "x"}},
            "there are no clusters with this name: nowhere",
            id="unknown cluster name",
        ),
        pytest.param(
            {"destination": {"server": IN_CLUSTER, "name": "in-cluster", "namespace": "x"}},
            "application destination can't have both name and server defined",
            id="name and server",
        ),
        pytest.param(
            {"source": {"repoURL": "http://127.0.0.1:1/x.git"}},
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
            id="neither path nor chart",
        ),
    ],
)
def test_a_spec_that_cannot_work_gives_one_condition(
    world: World, spec: dict[str, Any], message: str
) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), **spec)

    app.wait("Unknown", "Unknown")

    assert message in _only(app.conditions("InvalidSpecError"))


def test_an_object_that_the_api_rejects_fails_the_sync_and_writes_nothing(world: World) -> None:
    namespace = world.new_namespace()
    rejected = config_map("two")
    rejected["metadata"]["labels"] = {"bad label": "x"}
    repository = world.new_repository({"all.yaml": text(config_map("one"), rejected)})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Failed"
    assert state["message"] == "one or more objects failed to apply (dry run)"
    (result,) = state["syncResult"]["resources"]
    assert result["name"] == "two"
    assert "bad label" in result["message"]
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_an_unknown_field_fails_the_sync_unless_validation_is_off(world: World) -> None:
    namespace = world.new_namespace()
    strange = config_map("one")
    strange["dota"] = {"a": "b"}
    repository = world.new_repository({"one.yaml": text(strange)})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Failed"
    app.patch({"spec": {"syncPolicy": {"syncOptions": ["Validate=false"]}}})
    assert app.sync(syncOptions=["Validate=false"])["phase"] == "Succeeded"


def test_a_kind_that_the_cluster_does_not_know_is_named(world: World) -> None:
    unknown = {"apiVersion": "none.example.com/v1", "kind": "Ghost", "metadata": {"name": "g"}}
    repository = world.new_repository({"one.yaml": text(unknown)})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Failed"
    assert "none.example.com/Ghost" in state["message"]


def test_a_failed_automated_sync_says_so_and_a_mended_commit_clears_it(world: World) -> None:
    namespace = world.new_namespace()
    rejected = config_map("one")
    rejected["metadata"]["labels"] = {"bad label": "x"}
    repository = world.new_repository({"one.yaml": text(rejected)})
    policy = {**AUTOMATED, "retry": {"limit": 0}}
    app = world.new_app(repository, namespace, syncPolicy=policy)
    app.wait_for_operation()
    app.refresh()
    assert "Failed last sync attempt" in _only(app.conditions("SyncError"))

    repository.push({"one.yaml": text(config_map("one"))})

    app.wait("Synced", "Healthy")
    assert app.status.get("conditions") in (None, [])
