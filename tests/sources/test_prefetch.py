"""What renders need from elsewhere, rendered by the real tools, which see only files."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import yaml

from tests.peers.archives import chart_archive, chart_files
from tests.peers.git import GitServer, Work
from tests.peers.helm import HelmServer
from tests.peers.registry import RegistryServer
from tests.peers.serving import serving
from tests.sources.requests import request
from tiphys.model.errors import RenderError, SourceError, TiphysError
from tiphys.model.source import ApplicationSource, HelmSource, KustomizeSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import RendererOptions
from tiphys.sources.kustomize_remotes import GitBase, parse_base
from tiphys.sources.sources import Sources


@pytest.fixture
async def sources(tmp_path: Path) -> AsyncIterator[Sources]:
    opened = Sources(tmp_path / "cache", git_timeout_s=20.0, renderers=RendererOptions(workers=1))
    yield opened
    await opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def server(root: Path) -> GitServer:
    return GitServer(root)


@pytest.fixture
def git_url(server: GitServer) -> Iterator[str]:
    with serving(server) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _charts(*names: str, user: str = "", password: str = "") -> Iterator[tuple[HelmServer, str]]:
    server = HelmServer(user, password)
    for name in names:
        server.add(name, "1.0.0")
        server.add(name, "1.1.0")
    with serving(server) as port:
        yield server, f"http://127.0.0.1:{port}"


async def _is_pinned(sources: Sources, source: ApplicationSource) -> bool:
    (found,) = await sources.render(request(source))
    return found.is_pinned


async def _rendered(sources: Sources, source: ApplicationSource, **fields: Any) -> dict[str, Any]:
    """Return the objects of a source by name."""
    (found,) = await sources.render(request(source, **fields))
    objects = [orjson.loads(manifest.body) for manifest in found.manifests]
    return {entry["metadata"]["name"]: entry for entry in objects}


def _chart(dependencies: list[dict[str, str]], **more: str) -> dict[str, str]:
    files = chart_files("top", "1.0.0", **more)
    files["Chart.yaml"] += yaml.safe_dump({"dependencies": dependencies})
    return files


def _lock(name: str, version: str, url: str) -> str:
    entry = {"name": name, "version": version, "repository": url}
    return yaml.safe_dump({"dependencies": [entry], "digest": "sha256:0"})


@pytest.mark.parametrize(
    ("locked", "version"), [("", "1.1.0"), ("1.0.0", "1.0.0")], ids=["no lock", "a lock"]
)
async def test_a_chart_in_git_gets_the_dependencies_that_it_lacks(
    sources: Sources, root: Path, git_url: str, locked: str, version: str
) -> None:
    with _charts("sub") as (server, url):
        files = _chart([{"name": "sub", "version": "^1.0", "repository": url}])
        if locked:
            files["Chart.lock"] = _lock("sub", locked, url)
        Work(root, "repo").push({f"app/{name}": text for name, text in files.items()})
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path="app")
        found = await _rendered(sources, source)
        again = await _rendered(sources, source)

    assert found["app-sub"]["data"]["version"] == version
    assert found == again
    assert sources.pool.renders == 1
    assert server.asked[f"/sub-{version}.tgz"] == 1


async def test_a_dependency_is_found_under_a_version_with_a_v(
    sources: Sources, root: Path, git_url: str
) -> None:
    server = HelmServer()
    server.add("sub", "v1.2.0")
    with serving(server) as port:
        url = f"http://127.0.0.1:{port}"
        files = _chart([{"name": "sub", "version": "1.2.0", "repository": url}])
        Work(root, "repo").push({f"app/{name}": text for name, text in files.items()})
        found = await _rendered(
            sources, ApplicationSource(repo_url=f"{git_url}/repo.git", path="app")
        )

    assert found["app-sub"]["data"]["version"] == "v1.2.0"


async def test_dependencies_come_from_registries_and_by_name_too(
    sources: Sources, root: Path, git_url: str
) -> None:
    registry = RegistryServer()
    registry.push_chart("team/two", "2.0.0", chart_archive("two", "2.0.0"))
    with _charts("one") as (_, url), serving(registry) as port:
        host = f"127.0.0.1:{port}/team"
        files = _chart(
            [
                {"name": "one", "version": "1.0.0", "repository": "@stable"},
                {"name": "two", "version": "2.0.0", "repository": f"oci://{host}"},
            ]
        )
        Work(root, "repo").push(files)
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".")
        found = await _rendered(
            sources,
            source,
            access=lambda url: RepositoryAccess(url=url, plain_http=True),
            named=lambda name: url if name == "stable" else "",
        )

    assert set(found) == {"app-top", "app-one", "app-two"}


async def test_a_dependency_of_a_neighbour_is_fetched(
    sources: Sources, root: Path, git_url: str
) -> None:
    with _charts("deep") as (_, url):
        library = _chart([{"name": "deep", "version": "1.0.0", "repository": url}])
        library["Chart.yaml"] = library["Chart.yaml"].replace("name: top", "name: library")
        near = {"name": "library", "version": "1.0.0", "repository": "file://../library"}
        files = {f"library/{name}": text for name, text in library.items()}
        files |= {f"app/{name}": text for name, text in _chart([near]).items()}
        Work(root, "repo").push(files)
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path="app")
        found = await _rendered(sources, source)

    assert set(found) == {"app-top", "app-library", "app-deep"}


@pytest.mark.parametrize(
    ("dependency", "fields", "message"),
    [
        pytest.param(
            {"version": "1.0.0"},
            {"permits": lambda _: False},
            "helm repos {url} are not permitted in project 'default'",
            id="not permitted",
        ),
        pytest.param(
            {"version": "9.0.0"},
            {},
            'chart "sub" version "9.0.0" not found in {url} repository',
            id="absent",
        ),
        pytest.param(
            {"version": "1.0.0", "repository": "@nobody"},
            {},
            "no Helm repository is called `nobody`",
            id="an unknown name",
        ),
    ],
)
async def test_a_dependency_that_cannot_be_had_is_named(
    sources: Sources,
    root: Path,
    git_url: str,
    *,
    dependency: dict[str, str],
    fields: dict[str, Any],
    message: str,
) -> None:
    with _charts("sub") as (_, url):
        Work(root, "repo").push(_chart([{"name": "sub", "repository": url, **dependency}]))
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".")
        with pytest.raises(TiphysError) as caught:
            await _rendered(sources, source, **fields)

    assert message.format(url=url) in caught.value.line


async def test_a_lock_of_other_dependencies_is_refused(
    sources: Sources, root: Path, git_url: str
) -> None:
    with _charts("sub") as (_, url):
        files = _chart([{"name": "sub", "version": "2.*", "repository": url}])
        Work(root, "repo").push({**files, "Chart.lock": _lock("sub", "1.0.0", url)})
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".")
        with pytest.raises(RenderError, match="is out of sync with the dependencies file"):
            await _rendered(sources, source)


async def test_a_value_file_may_be_an_address(sources: Sources, root: Path, git_url: str) -> None:
    Work(root, "repo").push({**chart_files("web", "1.0.0"), "last.yaml": "other: 1\n"})
    with _charts() as (server, url):
        server.files["/app/values.yaml"] = b"greeting: from afar\n"
        helm = HelmSource(value_files=(f"{url}/$ARGOCD_APP_NAME/values.yaml", "last.yaml"))
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".", helm=helm)
        found = await _rendered(sources, source)
        server.files["/app/values.yaml"] = b"greeting: changed\n"
        later = await _rendered(sources, source, resolve_fresh=True)

        is_pinned = await _is_pinned(sources, source)

    assert found["app-web"]["data"]["greeting"] == "from afar"
    assert later["app-web"]["data"]["greeting"] == "changed"
    assert not is_pinned


@pytest.mark.parametrize(
    ("value_file", "error", "message"),
    [
        ("s3://bucket/values.yaml", RenderError, "the URL scheme 's3' is not allowed"),
        ("file:///etc/passwd", RenderError, "the URL scheme 'file' is not allowed"),
        ("{url}/absent.yaml", SourceError, "no such file (404)"),
    ],
)
async def test_an_address_that_cannot_be_read_is_named(
    sources: Sources,
    root: Path,
    git_url: str,
    *,
    value_file: str,
    error: type[TiphysError],
    message: str,
) -> None:
    Work(root, "repo").push(chart_files("web", "1.0.0"))
    with _charts() as (_, url):
        helm = HelmSource(value_files=(value_file.format(url=url),))
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".", helm=helm)
        with pytest.raises(error) as caught:
            await _rendered(sources, source)

    assert message in caught.value.line


def _map(name: str) -> str:
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}
    )


async def test_remote_bases_are_fetched_with_what_they_name(
    sources: Sources, root: Path, git_url: str
) -> None:
    remote = Work(root, "remote")
    remote.push(
        {
            "base/kustomization.yaml": "resources: [one.yaml, ../shared]\n",
            "base/one.yaml": _map("one"),
            "shared/kustomization.yaml": "resources:\n- two.yaml\n",
            "shared/two.yaml": _map("two"),
        }
    )
    remote.git("tag", "v1")
    remote.push({"base/one.yaml": _map("newer")}, "v1")
    with _charts() as (server, files_url):
        server.files["/install.yaml"] = _map("three").encode()
        base = f"{git_url}/remote.git//base"
        Work(root, "repo").push(
            {
                "app/kustomization.yaml": f"namePrefix: x-\nresources:\n- {base}?ref=v1\n"
                f"- ../near\n- {files_url}/install.yaml\n",
                "near/kustomization.yaml": f'resources: ["{base}"]\nnameSuffix: -near\n',
            }
        )
        kustomize = KustomizeSource(name_suffix="-y")
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path="app", kustomize=kustomize)
        found = await _rendered(sources, source)
        remote.push({"base/one.yaml": _map("newest")})
        later = await _rendered(sources, source, resolve_fresh=True)
        is_pinned = await _is_pinned(sources, source)

    expected = {"x-one-y", "x-two-y", "x-newer-near-y", "x-two-near-y", "x-three-y"}
    assert set(found) == expected
    assert "x-newest-near-y" in later
    assert not is_pinned
    assert sources.pool.renders == 2


async def test_a_remote_base_that_is_absent_is_named(
    sources: Sources, root: Path, git_url: str
) -> None:
    Work(root, "remote").push({"a": "b"})
    Work(root, "repo").push(
        {"kustomization.yaml": f"resources:\n- {git_url}/remote.git//nope?ref=HEAD\n"}
    )
    source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=".")

    with pytest.raises(SourceError, match="`nope` is no folder of it"):
        await _rendered(sources, source)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (
            "https://github.com/org/repo//deploy/base?ref=v1",
            GitBase("https://github.com/org/repo", "deploy/base", "v1"),
        ),
        (
            "github.com/org/repo/deploy?ref=main",
            GitBase("https://github.com/org/repo", "deploy", "main"),
        ),
        ("https://github.com/org/repo", GitBase("https://github.com/org/repo", "", "")),
        (
            "git@github.com:org/repo.git//base?ref=abc",
            GitBase("git@github.com:org/repo.git", "base", "abc"),
        ),
        (
            "ssh://git@host/org/repo.git/base?version=v2",
            GitBase("ssh://git@host/org/repo.git", "base", "v2"),
        ),
        (
            "git::https://host/a/b/c.git//x?ref=v1&timeout=90s",
            GitBase("https://host/a/b/c.git", "x", "v1"),
        ),
        ("https://github.com/org/repo/releases/download/v1/install.yaml", None),
        ("https://raw.githubusercontent.com/o/r/main/x.yml", None),
    ],
)
def test_a_remote_base_is_a_repository_with_a_folder_or_a_file(
    text: str, base: GitBase | None
) -> None:
    assert parse_base(text) == base


async def test_many_applications_of_one_repository_share_one_fetch(
    sources: Sources, root: Path, server: GitServer, git_url: str
) -> None:
    Work(root, "repo").push({f"app-{n}/map.yaml": _map(f"map-{n}") for n in range(20)})

    async def look(number: int) -> None:
        path = f"app-{number % 20}"
        source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=path)
        await _rendered(sources, source)

    await asyncio.gather(*(look(number) for number in range(200)))

    assert server.asked["objects"] == 1


@pytest.mark.parametrize(
    ("files", "path"),
    [
        pytest.param({"app/one.yaml": _map("one")}, "app", id="plain"),
        pytest.param(chart_files("web", "1.0.0"), ".", id="a chart that has all it needs"),
        pytest.param(
            {"kustomization.yaml": "resources: [one.yaml]", "one.yaml": _map("one")}, ".",
            id="kustomize with bases of its own",
        ),
    ],
)  # fmt: skip
async def test_what_reads_its_own_repository_alone_is_pinned_to_the_commit(
    sources: Sources, root: Path, git_url: str, files: dict[str, str], path: str
) -> None:
    work = Work(root, "repo")
    work.push(files)
    source = ApplicationSource(repo_url=f"{git_url}/repo.git", path=path)
    assert await _is_pinned(sources, source)

    before = await sources.named(request(source))
    work.push({"other.txt": "text"})
    after = await sources.named(request(source, resolve_fresh=True))

    assert before != after == (work.git("rev-parse", "HEAD"),)


def test_every_field_of_a_request_but_its_ways_is_of_its_essence() -> None:
    ways = {"access", "permits", "named", "resolve_fresh", "is_hard"}
    plain = request(ApplicationSource(repo_url="https://git.example/a"))
    for field in set(plain.__struct_fields__) - ways:
        other = msgspec.structs.replace(plain, **{field: object()})
        assert other.essence != plain.essence, field
