"""OCI registries: charts by version, artifacts by tag, digest or range."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.peers.archives import chart_archive, tar, tar_gz
from tests.peers.certificates import Authority
from tests.peers.helm import HelmServer
from tests.peers.registry import CHART_LAYER, TAR_GZIP, RegistryServer
from tests.peers.serving import serving
from tiphys.model.errors import InvalidInputError, RenderError, SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import RenderSettings
from tiphys.sources.charts.charts import Charts, ChartWanted, Fetched
from tiphys.sources.charts.registry import Address, parse_address

_TAR = "application/vnd.oci.image.layer.v1.tar"
_PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"


@contextlib.contextmanager
def _at(server: RegistryServer | HelmServer) -> Iterator[str]:
    with serving(server) as port:
        yield f"127.0.0.1:{port}"


def _access(url: str, **fields: Any) -> RepositoryAccess:
    return RepositoryAccess(url=url, plain_http=True, **fields)


async def _chart(charts: Charts, url: str, revision: str, **fields: Any) -> Fetched:
    access = _access(url, **fields)
    return await charts.chart(ChartWanted(access=access, chart="web", revision=revision))


async def _artifact(charts: Charts, url: str, revision: str, **fields: Any) -> Fetched:
    return await charts.artifact(_access(url, **fields), revision, RenderSettings(), fresh=False)


@pytest.fixture
def server() -> RegistryServer:
    server = RegistryServer()
    for version in ("1.0.0", "1.2.0", "1.10.0+build.5", "2.0.0-rc.1", "v3.0.0"):
        server.push_chart("team/web", version, chart_archive("web", version))
    return server


@pytest.mark.parametrize("scheme", ["", "oci://"])
@pytest.mark.parametrize(
    ("revision", "version"),
    [
        pytest.param("1.0.0", "1.0.0", id="an exact version"),
        pytest.param("1.*", "1.10.0+build.5", id="a range, with a tag that cannot hold a plus"),
        pytest.param("1.10.0+build.5", "1.10.0+build.5", id="build metadata"),
        pytest.param("3.0.0", "v3.0.0", id="a version without the v of its tag"),
    ],
)
async def test_a_chart_is_found_by_version(
    charts: Charts, server: RegistryServer, scheme: str, revision: str, version: str
) -> None:
    with _at(server) as host:
        found = await _chart(charts, f"{scheme}{host}/team", revision)

    assert found.revision == version
    assert f"version: {version}" in (found.tree.read("Chart.yaml") or b"").decode()


async def test_a_chart_version_that_is_absent_is_named(
    charts: Charts, server: RegistryServer
) -> None:
    with _at(server) as host, pytest.raises(SourceError) as caught:
        await _chart(charts, f"{host}/team", "9.9.9")

    expected = f'chart "web" version "9.9.9" not found in {host}/team/web repository'
    assert caught.value.line == expected


async def test_a_token_server_is_asked_with_the_password_and_only_it(charts: Charts) -> None:
    server = RegistryServer("ann", "s3cret")
    server.push_chart("team/web", "1.0.0", chart_archive("web", "1.0.0"))
    with _at(server) as host:
        found = await _chart(charts, f"{host}/team", "1.*", username="ann", password="s3cret")

    assert found.revision == "1.0.0"
    assert server.seen["/token"].startswith("Basic ")
    others = {path: seen for path, seen in server.seen.items() if path != "/token"}
    assert all(seen.startswith("Bearer ") for seen in others.values())
    assert server.asked["/token"] == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({}, "authentication required (401)", id="none"),
        pytest.param(
            {"username": "ann", "password": "wr0ng"},
            "access denied: wrong credentials (401)",
            id="wrong",
        ),
    ],
)
async def test_credentials_that_do_not_do_are_told_from_none(
    charts: Charts, fields: dict[str, str], message: str
) -> None:
    server = RegistryServer("ann", "s3cret")
    server.push_chart("team/web", "1.0.0", chart_archive("web", "1.0.0"))
    with _at(server) as host, pytest.raises(SourceError) as caught:
        await _chart(charts, f"{host}/team", "1.0.0", **fields)

    assert message in caught.value.line


async def test_a_blob_that_lies_on_another_host_gets_no_token(charts: Charts) -> None:
    server, store = RegistryServer("ann", "s3cret"), HelmServer()
    with _at(server) as host, _at(store) as elsewhere:
        server.push_chart("team/web", "1.0.0", chart_archive("web", "1.0.0"))
        server.blobs_at = f"http://{elsewhere}/blobs"
        ((digest, body),) = server.blobs.items()
        store.files[f"/blobs/{digest}"] = body
        await _chart(charts, f"{host}/team", "1.0.0", username="ann", password="s3cret")

    assert store.seen[f"/blobs/{digest}"] == ""


async def test_a_registry_with_an_own_authority_is_reached_by_https(
    charts: Charts, server: RegistryServer, authority: Authority
) -> None:
    pair = authority.issue("registry")
    with serving(server, tls=(pair.certificate, pair.key)) as port:
        access = RepositoryAccess(url=f"127.0.0.1:{port}/team", ca_data=authority.pem)
        found = await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))

    assert found.revision == "1.0.0"


async def test_a_registry_that_does_not_answer_is_named(charts: Charts) -> None:
    with pytest.raises(SourceError) as caught:
        await _chart(charts, "127.0.0.1:1/team", "1.0.0")

    assert "http://127.0.0.1:1/v2/team/web/manifests/1.0.0: cannot be reached" in caught.value.line
    assert caught.value.transient


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(TAR_GZIP, tar_gz({"deploy/one.yaml": "a: 1\n"}), id="a compressed tar"),
        pytest.param(_TAR, tar({"deploy/one.yaml": "a: 1\n"}), id="a plain tar"),
    ],
)
async def test_an_artifact_is_one_layer_of_files(charts: Charts, kind: str, body: bytes) -> None:
    server = RegistryServer()
    digest = server.push("team/app", "v1", {body: kind})
    with _at(server) as host:
        by_tag = await _artifact(charts, f"oci://{host}/team/app", "v1")
        by_digest = await _artifact(charts, f"oci://{host}/team/app", digest)

    assert by_tag.revision == by_digest.revision == digest
    assert by_tag.tree.read("deploy/one.yaml") == b"a: 1\n"
    assert charts.artifacts.fetches == 1


async def test_a_range_means_the_highest_tag(charts: Charts) -> None:
    server = RegistryServer()
    for tag in ("1.0.0", "1.1.0", "2.0.0"):
        server.push("team/app", tag, {tar_gz({"v": tag}): TAR_GZIP})
    latest = server.push("team/app", "latest", {tar_gz({"v": "latest"}): TAR_GZIP})
    with _at(server) as host:
        found = await _artifact(charts, f"oci://{host}/team/app", "1.x")
        newest = await _artifact(charts, f"oci://{host}/team/app", "")

    assert found.tree.read("v") == b"1.1.0"
    assert newest.revision == latest


async def test_the_root_of_a_chart_artifact_is_the_chart(charts: Charts) -> None:
    server = RegistryServer()
    body = chart_archive("web", "1.0.0")
    digest = server.push("web", "1.0.0", {body: CHART_LAYER, b"signed": _PROVENANCE})
    with _at(server) as host:
        found = await _artifact(charts, f"oci://{host}/web", "1.0.0")

    assert found.revision == digest
    assert found.tree.exists("Chart.yaml")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        pytest.param(
            {tar_gz({"a": "1"}): TAR_GZIP, tar_gz({"b": "1"}): TAR_GZIP},
            "expected only a single oci layer, got 2",
            id="two layers",
        ),
        pytest.param({}, "expected only a single oci layer, got 0", id="no layer"),
        pytest.param(
            {b"x": "text/plain"},
            "oci layer media type text/plain is not in the list of allowed media types",
            id="another media type",
        ),
    ],
)
async def test_an_artifact_of_another_shape_is_refused(
    charts: Charts, layers: dict[bytes, str], message: str
) -> None:
    server = RegistryServer()
    server.push("app", "v1", layers)
    with _at(server) as host, pytest.raises(SourceError) as caught:
        await _artifact(charts, f"oci://{host}/app", "v1")

    assert caught.value.line == f"{host}/app: {message}"


async def test_an_artifact_that_is_absent_is_named(charts: Charts) -> None:
    server = RegistryServer()
    with _at(server) as host, pytest.raises(SourceError) as caught:
        await _artifact(charts, f"oci://{host}/app", "v9")

    assert caught.value.line == f"{host}/app: unable to resolve 'v9' to a digest"


async def test_a_blob_that_is_not_what_its_digest_says_is_refused(charts: Charts) -> None:
    server = RegistryServer()
    server.push("app", "v1", {tar_gz({"a": "1"}): TAR_GZIP})
    (digest,) = server.blobs
    server.blobs[digest] = tar_gz({"a": "evil"})
    with _at(server) as host, pytest.raises(SourceError, match="the manifest says"):
        await _artifact(charts, f"oci://{host}/app", "v1")


async def test_an_artifact_larger_than_the_limit_is_refused(charts: Charts) -> None:
    server = RegistryServer()
    server.push("app", "v1", {tar_gz({"a": "0" * 3_000_000}): TAR_GZIP})
    settings = RenderSettings(max_oci_bytes=1_000_000)
    with (
        _at(server) as host,
        pytest.raises(RenderError, match="larger than 1000000 bytes unpacked"),
    ):
        await charts.artifact(_access(f"oci://{host}/app"), "v1", settings, fresh=False)


@pytest.mark.parametrize(
    ("url", "chart", "address"),
    [
        ("oci://ghcr.io/org/app", "", Address("ghcr.io", "org/app")),
        ("registry.example:5000/charts/", "web", Address("registry.example:5000", "charts/web")),
        ("docker.io/org", "web", Address("registry-1.docker.io", "org/web")),
    ],
)
def test_an_address_is_a_host_and_a_name(url: str, chart: str, address: Address) -> None:
    assert parse_address(url, chart) == address


@pytest.mark.parametrize(
    "url", ["oci://host", "oci://host/UPPER", "oci://ho st/x", "oci://host/a/../b", "oci://h/x:tag"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="is no repository of an OCI registry"):
        parse_address(url)
