"""Charts of Helm repositories and OCI registries, and OCI artifacts, from repository to cluster."""

import base64
import uuid
from typing import Any

import pytest

from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, App, World
from tests.peers.archives import chart_archive, tar_gz
from tests.peers.helm import HelmServer
from tests.peers.registry import TAR_GZIP, RegistryServer
from tests.peers.serving import serving

AUTOMATED: dict[str, Any] = {"automated": {}}


def _app(world: World, source: dict[str, Any] | None, **spec: Any) -> tuple[App, str]:
    namespace, name = world.new_namespace(), f"app-{uuid.uuid4().hex[:8]}"
    world.api.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd"},
            "spec": {
                "project": "default",
                **({"source": source} if source else {}),
                "destination": {"server": IN_CLUSTER, "namespace": namespace},
                "syncPolicy": AUTOMATED,
                **spec,
            },
        }
    )
    return App(world, name), namespace


def _add_repository(world: World, kind: str = "repository", **fields: str) -> None:
    world.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": f"repo-{uuid.uuid4().hex[:8]}",
                "namespace": "argocd",
                "labels": {"argocd.argoproj.io/secret-type": kind},
            },
            "data": {k: base64.b64encode(v.encode()).decode() for k, v in fields.items()},
        }
    )


def _map(world: World, namespace: str, name: str) -> dict[str, str]:
    found: dict[str, str] = world.api.get("ConfigMap", namespace, name)["data"]
    return found


def test_a_chart_of_a_private_helm_repository_is_deployed_and_upgraded(world: World) -> None:
    server = HelmServer("ann", "s3cret")
    server.add("web", "1.0.0")
    with serving(server) as port:
        url = f"http://127.0.0.1:{port}/"
        _add_repository(
            world, type="helm", name="private", url=url, username="ann", password="s3cret"
        )
        values = {"valuesObject": {"greeting": "moin"}}
        source = {"repoURL": url, "chart": "web", "targetRevision": "1.*", "helm": values}
        app, namespace = _app(world, source)
        app.wait("Synced", "Healthy")
        assert app.status["sync"]["revision"] == "1.0.0"
        assert app.status["sourceType"] == "Helm"
        assert _map(world, namespace, f"{app.name}-web") == {"version": "1.0.0", "greeting": "moin"}

        server.add("web", "1.1.0")
        app.refresh("hard")

        app.wait("Synced", "Healthy")
        assert app.status["sync"]["revision"] == "1.1.0"
        assert _map(world, namespace, f"{app.name}-web")["version"] == "1.1.0"
        assert [entry["revision"] for entry in app.status["history"]] == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize("is_oci_scheme", [False, True])
def test_a_chart_of_a_private_registry_is_deployed(world: World, is_oci_scheme: bool) -> None:
    server = RegistryServer("ann", "s3cret")
    digest = server.push_chart("team/web", "1.0.0", chart_archive("web", "1.0.0"))
    with serving(server) as port:
        url = f"127.0.0.1:{port}/team"
        _add_repository(
            world,
            type="helm",
            name="registry",
            url=url,
            enableOCI="true",
            insecureOCIForceHttp="true",
            username="ann",
            password="s3cret",
        )
        source = {"repoURL": f"oci://{url}" if is_oci_scheme else url, "chart": "web"}
        app, namespace = _app(world, {**source, "targetRevision": "1.0.0"})
        app.wait("Synced", "Healthy")

    assert app.status["sync"]["revision"] == (digest if is_oci_scheme else "1.0.0")
    assert _map(world, namespace, f"{app.name}-web")["version"] == "1.0.0"


def test_a_path_of_an_oci_artifact_is_deployed(world: World) -> None:
    server = RegistryServer()
    files = {"deploy/one.yaml": text(config_map("one")), "other/two.yaml": "not: yaml: at all"}
    digest = server.push("team/app", "1.2.0", {tar_gz(files): TAR_GZIP})
    with serving(server) as port:
        url = f"oci://127.0.0.1:{port}/team/app"
        _add_repository(world, type="oci", url=url, insecureOCIForceHttp="true")
        app, namespace = _app(world, {"repoURL": url, "path": "deploy", "targetRevision": "1.x"})
        app.wait("Synced", "Healthy")

        assert app.status["sync"]["revision"] == digest
        assert world.api.find("ConfigMap", namespace, "one") is not None

        source = {"repoURL": url, "path": "absent", "targetRevision": "1.x"}
        absent, _ = _app(world, source)
        absent.wait("Unknown")
        (message,) = absent.conditions("ComparisonError")
        assert "absent: app path does not exist" in message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            {"chart": "nope", "targetRevision": "1.0.0"}, 'chart "nope" not found in', id="chart"
        ),
        pytest.param(
            {"chart": "web", "targetRevision": "9.9.9"},
            'chart "web" version "9.9.9" not found in',
            id="version",
        ),
        pytest.param(
            {"repoURL": "http://127.0.0.1:1", "chart": "web", "targetRevision": "1.0.0"},
            "http://127.0.0.1:1/index.yaml: cannot be reached",
            id="unreachable",
        ),
    ],
)
def test_a_chart_that_cannot_be_had_gives_one_condition(
    world: World, source: dict[str, str], message: str
) -> None:
    server = HelmServer()
    server.add("web", "1.0.0")
    with serving(server) as port:
        app, _ = _app(world, {"repoURL": f"http://127.0.0.1:{port}", **source})
        app.wait("Unknown")

    (found,) = app.conditions("ComparisonError")
    assert message in found


def test_credentials_in_an_address_are_used_and_never_shown(world: World) -> None:
    server = HelmServer("ann", "s3cret")
    server.add("web", "1.0.0")
    with serving(server) as port:
        source = {"chart": "web", "targetRevision": "1.0.0"}
        good, _ = _app(world, {"repoURL": f"http://ann:s3cret@127.0.0.1:{port}", **source})
        bad, _ = _app(world, {"repoURL": f"http://ann:wr0ng@127.0.0.1:{port}", **source})
        good.wait("Synced")
        bad.wait("Unknown")

    (message,) = bad.conditions("ComparisonError")
    assert "access denied: wrong credentials" in message
    assert "wr0ng" not in message
    assert "wr0ng" not in (world.home / "tiphys.log").read_text()
    assert "s3cret" not in (world.home / "tiphys.log").read_text()


def test_a_chart_that_leads_outside_gives_one_condition_and_nothing_else_stops(
    world: World,
) -> None:
    server = HelmServer()
    server.add("web", "1.0.0")
    server.add("evil", "1.0.0", archive=tar_gz({"../../evil": "x", "evil/Chart.yaml": "x"}))
    with serving(server) as port:
        url = f"http://127.0.0.1:{port}"
        evil, _ = _app(world, {"repoURL": url, "chart": "evil", "targetRevision": "1.0.0"})
        good, _ = _app(world, {"repoURL": url, "chart": "web", "targetRevision": "1.0.0"})
        good.wait("Synced", "Healthy")
        evil.wait("Unknown")

    (message,) = evil.conditions("ComparisonError")
    assert "illegal filepath in the chart: ../../evil" in message


def test_a_chart_takes_values_from_another_source(world: World) -> None:
    repository = world.new_repository({"env/prod.yaml": "greeting: from git\n"})
    server = HelmServer()
    server.add("web", "1.0.0")
    with serving(server) as port:
        chart = {
            "repoURL": f"http://127.0.0.1:{port}",
            "chart": "web",
            "targetRevision": "1.0.0",
            "helm": {"valueFiles": ["$values/env/prod.yaml"]},
        }
        lender = {"repoURL": repository.url, "targetRevision": "HEAD", "ref": "values"}
        app, namespace = _app(world, None, sources=[chart, lender])
        app.wait("Synced", "Healthy")

    assert _map(world, namespace, f"{app.name}-web")["greeting"] == "from git"
    assert app.status["sync"]["revisions"] == ["1.0.0", repository.git("rev-parse", "HEAD")]
