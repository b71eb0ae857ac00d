"""Projects: when they go, what they permit, and what is said of either."""

import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.shell import Shell
from tests.e2e.world import IN_CLUSTER, App, World

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def _project(name: str, *, is_held: bool = True, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "argocd"}
    if is_held:
        metadata["finalizers"] = [FINALIZER]
    everywhere = [{"server": "*", "namespace": "*"}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": metadata,
        "spec": {"sourceRepos": ["*"], "destinations": everywhere, **spec},
    }


def _is_gone(world: World, kind: str, name: str) -> bool:
    return world.api.find(kind, "argocd", name) is None


def test_a_project_that_nobody_needs_goes_when_it_is_deleted(world: World) -> None:
    name = f"project-{uuid.uuid4().hex[:8]}"
    world.api.create(_project(name))

    Shell(world)("proj", "delete", name)

    eventually("the project is gone", lambda: _is_gone(world, "AppProject", name))


def test_a_project_goes_as_soon_as_its_last_application_is_gone(world: World) -> None:
    name = f"project-{uuid.uuid4().hex[:8]}"
    world.api.create(_project(name))
    repository = world.new_repository({"all.yaml": text(config_map("one"))})
    metadata = {"name": f"app-{name}", "finalizers": [FINALIZER]}
    app = world.new_app(repository, world.new_namespace(), metadata=metadata, project=name)
    app.wait("OutOfSync")
    world.api.delete("AppProject", "argocd", name)
    app.refresh()
    assert not _is_gone(world, "AppProject", name)

    app.delete()

    eventually("both are gone", lambda: _is_gone(world, "AppProject", name))
    assert _is_gone(world, "Application", app.name)


@pytest.mark.parametrize("is_held", [True, False], ids=["with the finalizer", "without it"])
def test_an_app_of_apps_goes_with_its_project_and_its_applications(
    world: World, is_held: bool
) -> None:
    name = f"project-{uuid.uuid4().hex[:8]}"
    kids = world.new_repository({"all.yaml": text(config_map("one"))})
    namespace = world.new_namespace()
    kid = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"kid-{name}", "namespace": "argocd", "finalizers": [FINALIZER]},
        "spec": {
            "project": name,
            "source": {"repoURL": kids.url, "path": ".", "targetRevision": "HEAD"},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
            "syncPolicy": {"automated": {}},
        },
    }
    both = world.new_repository({"all.yaml": text(_project(name, is_held=is_held), kid)})
    mum = world.new_app(
        both,
        "argocd",
        metadata={"name": f"mum-{name}", "finalizers": [FINALIZER]},
        syncPolicy={"automated": {}},
    )
    mum.wait("Synced")
    App(world, f"kid-{name}").wait("Synced")

    mum.delete()

    eventually("all are gone", lambda: _is_gone(world, "Application", mum.name), 30)
    assert _is_gone(world, "Application", f"kid-{name}")
    assert _is_gone(world, "AppProject", name)


def test_a_deletion_says_what_it_waits_for_and_what_holds_that(world: World) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    repository = world.new_repository({"all.yaml": text(held)})
    namespace = world.new_namespace()
    metadata = {"name": f"app-{uuid.uuid4().hex[:8]}", "finalizers": [FINALIZER]}
    app = world.new_app(repository, namespace, metadata=metadata)
    app.wait("OutOfSync")
    app.sync()

    app.delete()

    said = eventually("it is said", lambda: app.conditions("DeletionWarning"), 30)
    assert said == ["waiting for deletion of /ConfigMap/held (held by example.org/hold)"]
    assert f"held by {FINALIZER}" in Shell(world)("app", "get", app.name)
    world.api.merge("ConfigMap", namespace, "held", {"metadata": {"finalizers": None}})
    eventually("it is gone", lambda: _is_gone(world, "Application", app.name))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        pytest.param(
            {"sourceRepos": ["https://one.example/**", "!https://two.example/**"]},
            "is not permitted in project",
            id="a repository",
        ),
        pytest.param(
            {
                "destinations": [
                    {"server": "*", "namespace": "team-*"},
                    {"server": "*", "namespace": "!kube-*"},
                ]
            },
            "not match any of the allowed destinations",
            id="a destination",
        ),
        pytest.param(
            {"sourceRepos": ["!https://two.example/**"]},
            "its sourceRepos only deny, which permits nothing; add an entry that allows",
            id="nothing but a denial",
        ),
    ],
)
def test_a_denial_permits_nothing_unless_the_installation_says_so(
    world: World, spec: dict[str, Any], problem: str
) -> None:
    project = world.new_project(**spec)
    repository = world.new_repository({"all.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), project=project)

    (said,) = eventually("it is said", lambda: app.conditions("InvalidSpecError"))

    assert problem in said
    setting = {"tiphys.projects.denials.permit": "true"}
    with world.settings("argocd-cmd-params-cm", setting):
        app.wait("OutOfSync")
    app.wait("Unknown")


def test_an_event_says_that_a_project_permits_nothing(world: World) -> None:
    project = world.new_project(sourceRepos=["!https://two.example/**"])

    def told() -> list[str]:
        return [
            event["message"]
            for event in world.api.list("Event", "argocd")
            if (event["reason"], event["involvedObject"]["name"]) == ("OnlyDenials", project)
        ]

    assert eventually("an Event says so", told) == [
        "sourceRepos of the project only deny, which permits nothing: add an entry that allows, "
        "such as `*`"
    ]
