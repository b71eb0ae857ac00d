"""The command line, as a person in a shell and a script in a pipeline use it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.shell import Shell
from tests.e2e.world import IN_CLUSTER, App, World


@pytest.fixture
def tiphys(world: World) -> Shell:
    return Shell(world)


def test_an_application_lives_from_create_to_delete(world: World, tiphys: Shell) -> None:
    repository = world.new_repository(
        {"app/config.yaml": text(config_map("settings", {"tone": "warm"}))}
    )
    namespace, app = world.new_namespace(), App(world, "cli-life")
    source = ["--repo", repository.url, "--path", "app", "--dest-namespace", namespace]

    created = tiphys("app", "create", app.name, *source, "--dest-server", IN_CLUSTER)
    assert created == "application 'cli-life' created\n"
    again = tiphys("app", "create", app.name, *source, "--dest-server", IN_CLUSTER)
    assert again == "application 'cli-life' unchanged\n"

    synced = tiphys("app", "sync", app.name)
    assert "configmap/settings created" in synced
    assert "successfully synced (all tasks run)" in synced
    assert world.api.get("ConfigMap", namespace, "settings")["data"] == {"tone": "warm"}
    tiphys("app", "wait", app.name, "--timeout", "20")
    assert "Synced to HEAD" in tiphys("app", "get", app.name)

    first = tiphys("app", "history", app.name, "-o", "id").strip()
    repository.push({"app/config.yaml": text(config_map("settings", {"tone": "cold"}))})
    tiphys("app", "get", app.name, "--refresh")
    assert "cold" in tiphys("app", "diff", app.name, code=1)
    tiphys("app", "sync", app.name)
    assert world.api.get("ConfigMap", namespace, "settings")["data"] == {"tone": "cold"}
    tiphys("app", "rollback", app.name, first)
    assert world.api.get("ConfigMap", namespace, "settings")["data"] == {"tone": "warm"}

    assert "deleted" in tiphys("app", "delete", app.name, "-y", "--wait")
    assert world.api.find("ConfigMap", namespace, "settings") is None
    assert "not found" in tiphys.run("app", "get", app.name, code=20).stderr


def test_diff_names_the_field_both_values_and_who_wrote_the_live_one(
    world: World, tiphys: Shell
) -> None:
    repository = world.new_repository(
        {"config.yaml": text(config_map("settings", {"tone": "warm"}))}
    )
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()

    assert tiphys("app", "diff", app.name) == ""
    world.api.merge("ConfigMap", namespace, "settings", {"data": {"tone": "loud"}}, manager="bob")

    lines = tiphys("app", "diff", app.name, code=1).splitlines()
    assert len(lines) == 2, lines
    assert '.data.tone: live "loud", Git "warm"  by bob at 20' in lines[1]
    assert tiphys("app", "diff", app.name, "--exit-code=false").splitlines() == lines


def test_secret_values_are_never_printed(world: World, tiphys: Shell) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "stringData": {"password": "swordfish"},
    }
    repository = world.new_repository({"secret.yaml": text(secret)})
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    changed = {"data": {"password": "aHVudGVyMg=="}}
    world.api.merge("Secret", namespace, "login", changed)

    shown = tiphys("app", "diff", app.name, code=1)
    shown += tiphys("app", "manifests", app.name)
    shown += tiphys("app", "manifests", app.name, "--source", "live")

    assert ".data.password" in shown
    for value in ("swordfish", "c3dvcmRmaXNo", "hunter2", "aHVudGVyMg=="):
        assert value not in shown


def test_a_failed_sync_ends_with_1_and_says_which_object_and_why(
    world: World, tiphys: Shell
) -> None:
    broken = deployment("web")
    broken["spec"]["replicas"] = "many"
    repository = world.new_repository({"web.yaml": text(broken)})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")

    done = tiphys.run("app", "sync", app.name, code=1)

    assert "Operation has completed with phase: Failed" in done.stderr
    assert ".spec.replicas" in done.stdout, done.stdout


def left_git(world: World, tiphys: Shell, manifest: dict[str, Any]) -> tuple[App, str]:
    """Return an Application, and its namespace, of which one of two objects was synced and left."""
    files: dict[str, str] = {"a.yaml": text(config_map("a")), "b.yaml": text(manifest)}
    repository, namespace = world.new_repository(files), world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    tiphys("app", "sync", app.name)
    repository.push({"b.yaml": None})
    tiphys("app", "get", app.name, "--refresh")
    return app, namespace


def test_what_was_pruned_and_is_held_back_is_not_left_over(world: World, tiphys: Shell) -> None:
    held = config_map("b")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    app, namespace = left_git(world, tiphys, held)

    try:
        tiphys("app", "sync", app.name, "--prune")
        assert app.status["sync"]["status"] == "OutOfSync"
    finally:
        world.api.merge("ConfigMap", namespace, "b", {"metadata": {"finalizers": None}})
    app.wait("Synced")


def test_what_left_git_makes_a_sync_without_prune_end_with_1(world: World, tiphys: Shell) -> None:
    app, namespace = left_git(world, tiphys, config_map("b"))

    done = tiphys.run("app", "sync", app.name, code=1)

    assert "1 resources require pruning" in done.stderr
    assert world.api.find("ConfigMap", namespace, "b") is not None
    tiphys("app", "sync", app.name, "--prune")
    assert world.api.find("ConfigMap", namespace, "b") is None


def test_a_selective_sync_deals_with_the_named_resource_only(world: World, tiphys: Shell) -> None:
    repository = world.new_repository(
        {"a.yaml": text(config_map("a")), "b.yaml": text(config_map("b"))}
    )
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")

    tiphys("app", "sync", app.name, "--resource", ":ConfigMap:b")

    assert world.api.find("ConfigMap", namespace, "a") is None
    assert world.api.find("ConfigMap", namespace, "b") is not None


def test_a_spec_that_does_not_render_is_not_created(world: World, tiphys: Shell) -> None:
    repository = world.new_repository({"a.yaml": text(config_map("a"))})
    create = ["app", "create", "cli-absent", "--repo", repository.url, "--path", "nowhere"]
    create += ["--dest-server", IN_CLUSTER, "--dest-namespace", "default"]

    done = tiphys.run(*create, code=20)

    assert "nowhere: app path does not exist" in done.stderr
    assert "--validate=false" in done.stderr
    assert world.api.find("Application", "argocd", "cli-absent") is None
    tiphys(*create, "--validate=false")
    tiphys("app", "delete", "cli-absent", "--yes")


def test_an_existing_application_changes_only_with_upsert(world: World, tiphys: Shell) -> None:
    repository = world.new_repository(
        {"a.yaml": text(config_map("a")), "sub/b.yaml": text(config_map("b"))}
    )
    app = world.new_app(repository, "default")
    manifest = app.manifest
    manifest["spec"]["source"]["path"] = "sub"
    kept = {"name": app.name, "namespace": "argocd"}
    changed = yaml.safe_dump({**manifest, "metadata": kept, "status": None})

    refused = tiphys.run("app", "create", "-f", "-", stdin=changed, code=20)
    assert "existing application spec is different" in refused.stderr
    assert app.manifest["spec"]["source"]["path"] == "."

    assert "updated" in tiphys("app", "create", "-f", "-", "--upsert", stdin=changed)
    assert app.manifest["spec"]["source"]["path"] == "sub"


def test_set_unset_and_patch_change_the_spec(world: World, tiphys: Shell) -> None:
    app = world.new_app(world.new_repository({"a.yaml": text(config_map("a"))}), "default")

    tiphys("app", "set", app.name, "-p", "a=1", "-p", "b=2", "--sync-policy", "auto")
    tiphys("app", "set", app.name, "--self-heal", "--auto-prune=false")
    tiphys("app", "unset", app.name, "-p", "a")
    tiphys("app", "patch", app.name, "--type", "merge", "--patch", '{"spec":{"info":[]}}')

    spec = app.manifest["spec"]
    assert spec["source"]["helm"]["parameters"] == [{"name": "b", "value": "2"}]
    assert spec["syncPolicy"] == {"automated": {"selfHeal": True, "prune": False}}
    assert spec["info"] == []


def test_lists_and_trees_are_for_people_and_for_programs(world: World, tiphys: Shell) -> None:
    repository = world.new_repository({"web.yaml": text(deployment("web", 1))})
    namespace = world.new_namespace()
    labels = {"name": "cli-listed", "labels": {"team": "cli"}}
    app = world.new_app(repository, namespace, metadata=labels)
    app.wait("OutOfSync")
    app.sync()

    names = tiphys("app", "list", "-l", "team=cli", "-o", "name")
    listed = json.loads(tiphys("app", "list", "-l", "team=cli", "-o", "json"))
    table = tiphys("app", "list", "-l", "team=cli").splitlines()
    tree = tiphys("app", "get", app.name, "-o", "tree")

    assert names == "argocd/cli-listed\n"
    assert [found["metadata"]["name"] for found in listed] == ["cli-listed"]
    assert table[0].split()[:4] == ["NAME", "CLUSTER", "NAMESPACE", "PROJECT"]
    assert table[1].split()[0] == "argocd/cli-listed"
    assert "└─ReplicaSet/web-" in tree
    assert "\x1b" not in tree, "colours are for terminals"


def test_wait_that_takes_too_long_says_what_it_waited_for(world: World, tiphys: Shell) -> None:
    app = world.new_app(world.new_repository({"a.yaml": text(config_map("a"))}), "default")
    app.wait("OutOfSync")

    done = tiphys.run("app", "wait", app.name, "--sync", "--timeout", "1", code=20)

    assert "timed out (1s) waiting: it is OutOfSync" in done.stderr


def test_a_cluster_that_does_not_answer_is_named(
    world: World, tiphys: Shell, tmp_path: Path
) -> None:
    config = yaml.safe_load(world.kubeconfig.read_text())
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "config").write_text(yaml.safe_dump(config))

    done = tiphys.run("app", "list", "--kubeconfig", str(tmp_path / "config"), code=20)

    assert "https://127.0.0.1:1" in done.stderr
