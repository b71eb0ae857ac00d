"""Projects, repositories and clusters from the command line."""

import base64
import json

import pytest
import yaml

from tests.e2e.manifests import config_map, text
from tests.e2e.shell import Shell
from tests.e2e.world import World
from tests.peers.archives import chart_archive
from tests.peers.helm import HelmServer
from tests.peers.registry import RegistryServer
from tests.peers.serving import serving


@pytest.fixture
def tiphys(world: World) -> Shell:
    return Shell(world)


def test_a_project_is_created_shown_and_deleted_once_nobody_uses_it(
    world: World, tiphys: Shell
) -> None:
    repository = world.new_repository({"a.yaml": text(config_map("a"))})
    namespace = world.new_namespace()
    destination = f"https://kubernetes.default.svc,{namespace}"
    create = ["proj", "create", "cli-shop", "-d", destination, "-s", repository.url]

    assert tiphys(*create) == "project 'cli-shop' created\n"
    assert tiphys(*create) == "project 'cli-shop' unchanged\n"
    tiphys(*create, "-s", "https://example.com/more", code=20)
    tiphys(*create, "-s", "https://example.com/more", "--upsert")
    assert "https://example.com/more" in tiphys("proj", "get", "cli-shop")
    assert "argocd/cli-shop" in tiphys("proj", "list", "-o", "name").splitlines()

    app = world.new_app(repository, namespace, project="cli-shop")
    app.wait("OutOfSync")
    refused = tiphys.run("proj", "delete", "cli-shop", code=20)
    assert f"referenced by 1 applications: {app.name}" in refused.stderr
    tiphys("app", "delete", app.name, "--yes", "--wait")
    assert tiphys("proj", "delete", "cli-shop") == "project 'cli-shop' deleted\n"


def test_secrets_of_garbage_are_listed_beside_the_others(world: World, tiphys: Shell) -> None:
    garbage = {
        "garbage-repository": ("repository", {"password": "swordfish"}),
        "garbage-cluster": ("cluster", {"name": "garbage", "server": "https://a:swordfish@b"}),
        "empty-cluster": ("cluster", {}),
    }
    for name, (kind, data) in garbage.items():
        labels = {"argocd.argoproj.io/secret-type": kind}
        metadata = {"name": name, "namespace": "argocd", "labels": labels}
        world.api.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
        )
    try:
        repositories = tiphys("repo", "list")
        clusters = tiphys("cluster", "list")
    finally:
        for name in garbage:
            world.api.delete("Secret", "argocd", name)

    assert "Secret garbage-repository has no `url`" in repositories
    assert "`server` is not the address of an API server" in clusters
    assert "https://kubernetes.default.svc" in clusters
    assert "swordfish" not in repositories + clusters


def test_a_repository_is_added_only_once_it_answers(world: World, tiphys: Shell) -> None:
    repository = world.new_repository({"a.yaml": text(config_map("a"))})
    absent = repository.url.replace(".git", "-absent.git")

    refused = tiphys.run("repo", "add", absent, "--password", "swordfish", code=20)
    assert absent in refused.stderr
    assert "swordfish" not in refused.stderr
    assert tiphys("repo", "add", repository.url) == f"Repository '{repository.url}' added\n"

    listed = json.loads(tiphys("repo", "list", "-o", "json"))
    assert [row["status"] for row in listed if row["repo"] == repository.url] == ["Successful"]
    assert absent not in tiphys("repo", "list", "-o", "url")
    tiphys("repo", "rm", repository.url)
    assert repository.url not in tiphys("repo", "list", "-o", "url")
    assert "not found" in tiphys.run("repo", "rm", repository.url, code=20).stderr


def test_helm_repositories_and_registries_are_added_once_they_answer(tiphys: Shell) -> None:
    charts, registry = HelmServer("ann", "s3cret"), RegistryServer("ann", "s3cret")
    registry.push_chart("team/web", "1.0.0", chart_archive("web", "1.0.0"))
    with serving(charts) as one, serving(registry) as other:
        helm_url, oci_url = f"http://127.0.0.1:{one}", f"oci://127.0.0.1:{other}/team/web"
        added = {
            helm_url: ["--type", "helm", "--name", "mine"],
            oci_url: ["--type", "oci", "--insecure-oci-force-http"],
            f"127.0.0.1:{other}/team": [
                "--type", "helm", "--name", "reg", "--enable-oci", "--insecure-oci-force-http",
            ],
        }  # fmt: skip
        for url, flags in added.items():
            login = ["--username", "ann", "--password"]
            refused = tiphys.run("repo", "add", url, *flags, *login, "wr0ng", code=20)
            assert "access denied: wrong credentials" in refused.stderr
            assert "wr0ng" not in refused.stderr
            said = tiphys("repo", "add", url, *flags, *login, "s3cret")
            assert said == f"Repository '{url}' added\n"

        listed = json.loads(tiphys("repo", "list", "-o", "json"))
        rows = {row["repo"]: row for row in listed if row["repo"] in added}
        assert {row["status"] for row in rows.values()} == {"Successful"}
        assert rows[helm_url]["type"] == "helm"
        assert rows[f"127.0.0.1:{other}/team"]["oci"] == "true"
        tiphys("repo", "rm", *added)


def test_credentials_are_lent_to_all_addresses_that_begin_so(tiphys: Shell) -> None:
    charts = HelmServer("ann", "s3cret")
    with serving(charts) as port:
        host = f"http://127.0.0.1:{port}"
        login = ["--username", "ann", "--password", "s3cret"]
        said = tiphys("repocreds", "add", f"{host}/team", "--type", "helm", *login)
        assert said == f"Repository credentials for '{host}/team' added\n"
        assert tiphys("repocreds", "list", "-o", "url").splitlines() == [f"{host}/team"]
        charts.aliases["/team/charts"] = ""
        tiphys("repo", "add", f"{host}/team/charts", "--type", "helm", "--name", "lent")
        refused = tiphys.run(
            "repo", "add", f"{host}/other", "--type", "helm", "--name", "not-lent", code=20
        )
        assert "authentication required" in refused.stderr
        tiphys("repo", "rm", f"{host}/team/charts")
        tiphys("repocreds", "rm", f"{host}/team")
        assert tiphys.run("repocreds", "rm", f"{host}/team", code=20).stderr
    assert "s3cret" not in tiphys("repocreds", "list")


def test_a_cluster_is_added_with_an_account_of_its_own_and_deployed_to(
    world: World, tiphys: Shell
) -> None:
    context = yaml.safe_load(world.kubeconfig.read_text())["current-context"]
    repository = world.new_repository({"a.yaml": text(config_map("a"))})
    namespace = world.new_namespace()

    tiphys("cluster", "add", context, "--name", "elsewhere", "--yes")
    listed = json.loads(tiphys("cluster", "list", "-o", "json"))
    [added] = [row for row in listed if row["name"] == "elsewhere"]
    assert added["status"] == "Successful", added
    secrets = world.api.list("Secret", "argocd")
    [secret] = [s for s in secrets if _field(s, "name") == "elsewhere"]
    assert secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "cluster"

    there = {"name": "elsewhere", "namespace": namespace}
    app = world.new_app(repository, namespace, destination=there)
    app.wait("OutOfSync")
    app.sync()
    written = world.api.get("ConfigMap", namespace, "a")["metadata"]["annotations"]
    assert written["argocd.argoproj.io/tracking-id"].startswith(app.name)
    tiphys("app", "delete", app.name, "--yes", "--wait")
    tiphys("cluster", "rm", "elsewhere", "--yes")
    assert "elsewhere" not in tiphys("cluster", "list")


def _field(secret: dict[str, dict[str, str]], name: str) -> str:
    return base64.b64decode((secret.get("data") or {}).get(name, "")).decode(errors="replace")
