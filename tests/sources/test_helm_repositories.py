"""Helm repositories over HTTP, each test against a server of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.certificates import Authority
from tests.peers.helm import HelmServer
from tests.peers.serving import serving
from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.charts.charts import Charts, ChartWanted


def _wanted(url: str, revision: str = "1.0.0", chart: str = "web", **flags: bool) -> ChartWanted:
    return ChartWanted(access=RepositoryAccess(url=url), chart=chart, revision=revision, **flags)


@pytest.fixture
def server() -> HelmServer:
    server = HelmServer()
    for version in ("1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "0.9.0"):
        server.add("web", version)
    for version in ("v1.2.0", "v1.3.0-rc.1", "v1.10.0", "1.10.1"):
        server.add("fan", version)
    return server


@contextlib.contextmanager
def _at(server: HelmServer) -> Iterator[str]:
    with serving(server) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("revision", "version"),
    [
        pytest.param("1.0.0", "1.0.0", id="an exact version"),
        pytest.param("1.*", "1.10.0", id="a wildcard"),
        pytest.param("^1.0", "1.10.0", id="a caret"),
        pytest.param("~1.2.0", "1.2.0", id="a tilde"),
        pytest.param(">=0.1 <1", "0.9.0", id="two bounds"),
        pytest.param("*", "1.10.0", id="everything but prereleases"),
        pytest.param(">=1.0.0-0", "2.0.0-rc.1", id="a range that names prereleases"),
        pytest.param("2.0.0-rc.1", "2.0.0-rc.1", id="an exact prerelease"),
        pytest.param("", "1.10.0", id="nothing"),
    ],
)
async def test_a_revision_means_the_highest_version_that_it_allows(
    charts: Charts, server: HelmServer, revision: str, version: str
) -> None:
    with _at(server) as url:
        found = await charts.chart(_wanted(url, revision))

    assert found.revision == version
    assert f"version: {version}" in (found.tree.read("Chart.yaml") or b"").decode()
    assert found.tree.names("templates") == ["map.yaml"]


@pytest.mark.parametrize(
    ("revision", "version"),
    [
        pytest.param("1.2.0", "v1.2.0", id="a version without the v of the index"),
        pytest.param("v1.2.0", "v1.2.0", id="the very text"),
        pytest.param("v1.10.1", "1.10.1", id="a version with a v that the index has not"),
        pytest.param("1.3.0-rc.1", "v1.3.0-rc.1", id="a prerelease"),
        pytest.param("1.2", "v1.2.0", id="the beginning of a version"),
        pytest.param("^1.2", "1.10.1", id="a range"),
    ],
)
async def test_a_version_is_found_with_or_without_its_v(
    charts: Charts, server: HelmServer, revision: str, version: str
) -> None:
    with _at(server) as url:
        found = await charts.chart(_wanted(url, revision, "fan"))
        again = await charts.chart(_wanted(url, revision, "fan"))

    assert (found.revision, again.revision) == (version, version)


@pytest.mark.parametrize(
    ("chart", "revision", "message"),
    [
        pytest.param("nope", "1.0.0", 'chart "nope" not found in {} repository', id="chart"),
        pytest.param(
            "web", "9.9.9", 'chart "web" version "9.9.9" not found in {} repository', id="version"
        ),
        pytest.param(
            "web", "next", 'chart "web" version "next" not found in {} repository', id="a word"
        ),
        pytest.param(
            "web", ">=7", 'chart "web" version ">=7" not found in {} repository', id="range"
        ),
    ],
)
async def test_what_is_absent_is_named(
    charts: Charts, server: HelmServer, chart: str, revision: str, message: str
) -> None:
    with _at(server) as url, pytest.raises(SourceError) as caught:
        await charts.chart(_wanted(url, revision, chart))

    assert caught.value.line == message.format(url)
    assert not caught.value.transient


async def test_a_repository_that_does_not_answer_is_named_and_may_answer_later(
    charts: Charts,
) -> None:
    with pytest.raises(SourceError) as caught:
        await charts.chart(_wanted("http://127.0.0.1:1/charts"))

    assert caught.value.line.startswith("http://127.0.0.1:1/charts/index.yaml: cannot be reached")
    assert caught.value.transient


async def test_an_address_without_an_index_is_no_helm_repository(charts: Charts) -> None:
    server = HelmServer()
    server.statuses["/index.yaml"] = 404
    with _at(server) as url, pytest.raises(SourceError, match="is no Helm repository"):
        await charts.chart(_wanted(url))


@pytest.mark.parametrize(
    ("password", "message"),
    [
        pytest.param("", "authentication required (401)", id="none"),
        pytest.param("wr0ng", "access denied: wrong credentials (401)", id="wrong"),
    ],
)
async def test_credentials_that_do_not_do_are_told_from_none(
    charts: Charts, password: str, message: str
) -> None:
    server = HelmServer("ann", "s3cret")
    with _at(server) as url:
        access = RepositoryAccess(url=url, username="ann" if password else "", password=password)
        with pytest.raises(SourceError) as caught:
            await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))

    assert message in caught.value.line
    assert "wr0ng" not in str(caught.value)


async def test_user_and_password_open_a_private_repository(charts: Charts) -> None:
    server = HelmServer("ann", "s3cret")
    server.add("web", "1.0.0")
    with _at(server) as url:
        access = RepositoryAccess(url=url, username="ann", password="s3cret")
        found = await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))

    assert found.revision == "1.0.0"


@pytest.mark.parametrize("passes", [False, True])
async def test_credentials_go_to_another_host_only_with_pass_credentials(
    charts: Charts, passes: bool
) -> None:
    home, other = HelmServer("ann", "s3cret"), HelmServer()
    with _at(home) as url, _at(other) as elsewhere:
        body = home.add("web", "1.0.0", url=f"{elsewhere}/files/web.tgz")
        other.files["/files/web.tgz"] = body
        access = RepositoryAccess(url=url, username="ann", password="s3cret")
        await charts.chart(
            ChartWanted(access=access, chart="web", revision="1.0.0", pass_credentials=passes)
        )

    assert bool(other.seen["/files/web.tgz"]) is passes


async def test_a_redirect_to_another_host_gets_no_credentials(charts: Charts) -> None:
    home, other = HelmServer("ann", "s3cret"), HelmServer()
    with _at(home) as url, _at(other) as elsewhere:
        body = home.add("web", "1.0.0")
        home.redirects["/web-1.0.0.tgz"] = f"{elsewhere}/stored"
        other.files["/stored"] = body
        access = RepositoryAccess(url=url, username="ann", password="s3cret")
        await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))

    assert home.seen["/web-1.0.0.tgz"].startswith("Basic ")
    assert other.seen["/stored"] == ""


async def test_a_chain_of_redirects_ends(charts: Charts) -> None:
    server = HelmServer()
    server.redirects["/index.yaml"] = "/index.yaml"
    with _at(server) as url, pytest.raises(SourceError, match="too many redirects"):
        await charts.chart(_wanted(url))


async def test_an_exact_version_is_fetched_once_and_shared(
    charts: Charts, server: HelmServer
) -> None:
    with _at(server) as url:
        for _ in range(3):
            await charts.chart(_wanted(url, fresh=True))

    assert server.asked == {"/index.yaml": 1, "/web-1.0.0.tgz": 1}


async def test_an_exact_version_that_is_here_needs_no_repository(
    charts: Charts, server: HelmServer
) -> None:
    with _at(server) as url:
        await charts.chart(_wanted(url))

    assert (await charts.chart(_wanted(url))).revision == "1.0.0"


async def test_a_hard_look_asks_for_the_index_only_when_it_has_changed(
    charts: Charts, server: HelmServer
) -> None:
    with _at(server) as url:
        await charts.chart(_wanted(url, "1.*"))
        before = await charts.chart(_wanted(url, "1.*", fresh=True, is_hard=True))
        server.add("web", "1.11.0")
        after = await charts.chart(_wanted(url, "1.*", fresh=True, is_hard=True))

    assert (before.revision, after.revision) == ("1.10.0", "1.11.0")
    assert server.asked["/index.yaml"] == 3


async def test_an_archive_that_is_not_what_the_index_says_is_refused(
    charts: Charts, server: HelmServer
) -> None:
    server.files["/web-1.0.0.tgz"] = b"something else"
    with _at(server) as url, pytest.raises(SourceError, match="the index says"):
        await charts.chart(_wanted(url))


async def test_an_index_without_digests_is_enough(charts: Charts) -> None:
    server = HelmServer()
    server.add("web", "1.0.0", has_digest=False)
    with _at(server) as url:
        assert (await charts.chart(_wanted(url))).revision == "1.0.0"


@pytest.fixture
def private(authority: Authority, server: HelmServer) -> Iterator[str]:
    pair = authority.issue("server")
    with serving(server, tls=(pair.certificate, pair.key), ca=authority.file) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.fixture
def encrypted(authority: Authority, server: HelmServer) -> Iterator[str]:
    pair = authority.issue("server")
    with serving(server, tls=(pair.certificate, pair.key)) as port:
        yield f"https://127.0.0.1:{port}"


async def test_a_certificate_of_an_unknown_authority_is_refused_with_a_hint(
    charts: Charts, encrypted: str
) -> None:
    with pytest.raises(SourceError) as caught:
        await charts.chart(_wanted(encrypted))

    assert "certificate" in caught.value.line
    assert "argocd-tls-certs-cm" in caught.value.hint


@pytest.mark.parametrize("how", ["authority", "insecure"])
async def test_an_own_authority_or_insecure_is_accepted(
    charts: Charts, encrypted: str, authority: Authority, how: str
) -> None:
    access = RepositoryAccess(
        url=encrypted,
        ca_data=authority.pem if how == "authority" else "",
        insecure=how == "insecure",
    )

    found = await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))

    assert found.revision == "1.0.0"


async def test_a_client_certificate_opens_a_repository_that_asks_for_one(
    charts: Charts, private: str, authority: Authority
) -> None:
    pair = authority.issue("client")
    without = RepositoryAccess(url=private, ca_data=authority.pem)
    given = RepositoryAccess(
        url=private,
        ca_data=authority.pem,
        tls_client_cert_data=pair.certificate.read_text(),
        tls_client_cert_key=pair.key.read_text(),
    )

    with pytest.raises(SourceError, match="cannot be reached"):
        await charts.chart(ChartWanted(access=without, chart="web", revision="1.0.0"))
    found = await charts.chart(ChartWanted(access=given, chart="web", revision="1.0.0"))

    assert found.revision == "1.0.0"


async def test_https_never_turns_into_http(
    charts: Charts, encrypted: str, server: HelmServer, authority: Authority
) -> None:
    server.redirects["/index.yaml"] = "http://127.0.0.1:1/index.yaml"
    access = RepositoryAccess(url=encrypted, ca_data=authority.pem)

    with pytest.raises(SourceError, match="redirects from https to http"):
        await charts.chart(ChartWanted(access=access, chart="web", revision="1.0.0"))


async def test_a_proxy_is_used_but_for_excepted_hosts(
    charts: Charts, server: HelmServer, tmp_path: Path
) -> None:
    proxy = HelmServer()
    with _at(server) as url, _at(proxy) as between:
        through = RepositoryAccess(url=url, proxy=between)
        with pytest.raises(SourceError):
            await charts.chart(ChartWanted(access=through, chart="web", revision="1.0.0"))
        around = RepositoryAccess(url=url, proxy=between, no_proxy="example.com, 127.0.0.1")
        found = await charts.chart(ChartWanted(access=around, chart="web", revision="1.0.0"))

    assert sum(proxy.asked.values()) == 1
    assert found.revision == "1.0.0"
