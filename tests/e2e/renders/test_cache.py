"""A commit renders the applications whose inputs it touches, and no other."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pygit2
import pytest

from tests.e2e.renders.jobs import new_job, write_files
from tiphys.model.errors import TiphysError
from tiphys.model.source import ApplicationSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import (
    RenderedManifest,
    RenderedSource,
    RenderJob,
    RenderRequest,
    RenderSettings,
    RenderTools,
)
from tiphys.sources.cache import ManifestCache, cache_key
from tiphys.sources.render.tools import tool_versions
from tiphys.sources.sources import Sources

WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: '%s'}\n"


class Repository:
    """A repository on disk, and Sources that render from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repo"
        self.home = folder / "home"
        self._repository = pygit2.init_repository(str(self.folder), initial_head="main")
        self.sources = self.new_sources()
        self.is_new = True

    def new_sources(self) -> Sources:
        return Sources(self.home, fresh_s=3600)

    def commit(self, files: dict[str, str]) -> None:
        for name in files:
            (self.folder / name).unlink(missing_ok=True)
        write_files(self.folder, files)
        index = self._repository.index
        index.add_all()
        index.write()
        who = pygit2.Signature("t", "t@example.com")
        head = "refs/heads/main"
        parents = [] if self._repository.head_is_unborn else [self._repository.head.target]
        self.is_new = True
        self._repository.create_commit(head, who, who, "change", index.write_tree(), parents)

    async def render(self, name: str, *sources: dict[str, Any], **more: Any) -> list[Any]:
        manifests = [m for source in await self.rendered(name, *sources, **more) for m in source]
        return [orjson.loads(manifest.body) for manifest in manifests]

    async def rendered(
        self, name: str, *sources: dict[str, Any], **more: Any
    ) -> list[tuple[RenderedManifest, ...]]:
        url = f"file://{self.folder}"
        converted = [msgspec.convert({"repoURL": url, **s}, ApplicationSource) for s in sources]
        request = RenderRequest(
            app_instance=name,
            app_name=name,
            project="default",
            destination_namespace=more.pop("namespace", "shop"),
            sources=tuple(converted),
            revisions=(None,) * len(converted),
            kube_version=more.pop("kube_version", "v1.31.2"),
            api_versions=more.pop("api_versions", ()),
            access=lambda url: RepositoryAccess(url=url),
            permits=lambda url: True,
            named=lambda name: "",
            settings=RenderSettings(file_roots=(str(self.folder.parent),), **more),
            resolve_fresh=self.is_new,
        )
        self.is_new = False
        found: tuple[RenderedSource, ...] = await self.sources.render(request)
        return [source.manifests for source in found]

    async def renders(self, apps: dict[str, dict[str, Any]]) -> set[str]:
        """Render all applications; return the names of those that were not in the cache."""
        found = set()
        for name, source in apps.items():
            before = self.sources.pool.renders
            await self.rendered(name, source)
            if self.sources.pool.renders > before:
                found.add(name)
        return found


@pytest.fixture
async def repository(tmp_path: Path) -> AsyncIterator[Repository]:
    made = Repository(tmp_path)
    yield made
    await made.sources.close()


def monorepo() -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return files and 200 applications: of each kind, half use something shared."""
    files = {
        "bases/web/kustomization.yaml": "resources: [web.yaml]",
        "bases/web/web.yaml": WEB % 0,
        "bases/db/kustomization.yaml": "resources: [db.yaml]",
        "bases/db/db.yaml": WEB % 0,
        "values/common.yaml": "a: 0",
        "values/regions/eu.yaml": "a: 0",
        "lib/web.libsonnet": "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}}",
        "shared/web.yaml": WEB % 0,
        "README.md": "0",
    }
    apps: dict[str, dict[str, Any]] = {}
    for place in range(20):
        base = "web" if place % 2 else "db"
        files[f"k/{place}/kustomization.yaml"] = f"resources: [../../bases/{base}]"
        apps[f"k{place}"] = {"path": f"k/{place}"}
    for place in range(80):
        files[f"h/{place}/Chart.yaml"] = "apiVersion: v2\nname: a\nversion: 0.1.0"
        files[f"h/{place}/templates/a.yaml"] = WEB % "{{ .Values.a }}"
        shared = "/values/common.yaml" if place % 2 else "../../values/regions/*.yaml"
        apps[f"h{place}"] = {"path": f"h/{place}", "helm": {"valueFiles": [shared]}}
    for place in range(50):
        files[f"j/{place}/a.jsonnet"] = "import 'web.libsonnet'" if place % 2 else "{kind: 'A'}"
        apps[f"j{place}"] = {
            "path": f"j/{place}",
            "directory": {"jsonnet": {"libs": ["lib"] if place % 2 else []}, "recurse": True},
        }
    for place in range(50):
        files[f"d/{place}/a.yaml"] = "-> ../../shared/web.yaml" if place % 2 else WEB % 0
        apps[f"d{place}"] = {"path": f"d/{place}"}
    return files, apps


@pytest.mark.timeout(400)
async def test_a_commit_renders_those_that_use_what_it_touches(repository: Repository) -> None:
    files, apps = monorepo()
    repository.commit(files)
    assert len(apps) == 200
    assert await repository.renders(apps) == set(apps)
    assert await repository.renders(apps) == set()

    def odd(kind: str, *, is_odd: bool = True) -> set[str]:
        return {n for n in apps if n[0] == kind and bool(int(n[1:]) % 2) == is_odd}

    changes: list[tuple[dict[str, str], set[str]]] = [
        ({"README.md": "1", "elsewhere/a.yaml": WEB % 1}, set()),
        ({"bases/web/web.yaml": WEB % 1}, odd("k")),
        ({"bases/db/new.yaml": WEB % 1}, odd("k", is_odd=False)),
        ({"values/common.yaml": "a: 1"}, odd("h")),
        ({"values/regions/us.yaml": "a: 1"}, odd("h", is_odd=False)),
        ({"lib/web.libsonnet": "{apiVersion: 'v1', kind: 'B'}"}, odd("j")),
        ({"shared/web.yaml": WEB % 1}, odd("d")),
        ({"d/7/a.yaml": WEB % 2}, {"d7"}),
        ({"h/7/values.yaml": "b: 1"}, {"h7"}),
        ({"j/7/.argocd-source.yaml": "directory: {recurse: false}"}, {"j7"}),
    ]
    for changed, expected in changes:
        repository.commit(changed)
        assert await repository.renders(apps) == expected, changed


async def test_a_cache_survives_a_restart_and_damage(repository: Repository) -> None:
    repository.commit({"a/web.yaml": WEB % 1, "b/web.yaml": WEB % 2})
    apps = {name: {"path": name} for name in "ab"}
    assert await repository.renders(apps) == {"a", "b"}
    await repository.sources.close()

    repository.sources = repository.new_sources()
    assert await repository.renders(apps) == set()
    await repository.sources.close()

    for file in (repository.home / "manifests").glob("*/*"):
        content = bytearray(file.read_bytes())
        content[-20] ^= 1
        file.write_bytes(content)
    repository.sources = repository.new_sources()
    assert await repository.renders(apps) == {"a", "b"}
    await repository.sources.close()

    shutil.rmtree(repository.home)
    repository.sources = repository.new_sources()
    assert await repository.render("a", apps["a"])


async def test_a_revision_counts_only_where_it_is_read(repository: Repository) -> None:
    repository.commit(
        {
            "plain/web.yaml": WEB % 1,
            "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 0.1.0",
            "chart/templates/a.yaml": WEB % "{{ .Values.rev }}",
        }
    )
    parameters = [{"name": "rev", "value": "$ARGOCD_APP_REVISION"}]
    apps: dict[str, dict[str, Any]] = {
        "plain": {"path": "plain"},
        "chart": {"path": "chart", "helm": {"parameters": parameters}},
    }
    await repository.renders(apps)
    repository.commit({"README.md": "changed"})
    assert await repository.renders(apps) == {"chart"}
    commit = str(pygit2.Repository(str(repository.folder)).head.target)
    assert (await repository.render("chart", apps["chart"]))[0]["data"] == {"a": commit}


LINKS: dict[str, tuple[dict[str, str], str, str]] = {
    "a folder that is a link": ({"real/web.yaml": WEB % 1, "app": "-> real"}, "app", ""),
    "a link through a link": (
        {"x/y/web.yaml": WEB % 1, "z": "-> x", "app/web.yaml": "-> ../z/y/web.yaml"},
        "app",
        "",
    ),
    "a link that leads nowhere": ({"app/web.yaml": WEB % 1, "app/b.yaml": "-> nowhere"}, "app", ""),
    "a link out of the repository": (
        {"app/web.yaml": "-> ../../../etc/passwd"},
        "app",
        "repository contains out-of-bounds symlinks. file: app/web.yaml",
    ),
    "a link out of the repository at its root": (
        {"app": "-> ../repo/real", "real/web.yaml": WEB % 1},
        "app",
        "app: app path does not exist",
    ),
    "an absolute link": (
        {"app/web.yaml": "-> /etc/passwd"},
        "app",
        "repository contains out-of-bounds symlinks. file: app/web.yaml",
    ),
    "a link to itself": ({"app": "-> app"}, "app", "app: app path does not exist"),
    "an absolute path": ({"app/web.yaml": WEB % 1}, "/app", "/app: app path is absolute"),
    "a path outside": ({"app/web.yaml": WEB % 1}, "../app", "app path outside root"),
    "a path that is not there": ({"app/a": ""}, "b", "b: app path does not exist"),
    "a path of a file": ({"app/a": ""}, "app/a", "app path is not a directory"),
}


@pytest.mark.parametrize("name", list(LINKS))
async def test_links_and_paths(repository: Repository, name: str) -> None:
    files, path, message = LINKS[name]
    repository.commit(files)
    if message:
        with pytest.raises(TiphysError) as caught:
            await repository.render("a", {"path": path})
        assert message in str(caught.value)
    else:
        assert len(await repository.render("a", {"path": path})) == 1


JOB = new_job("Helm", {"helm": {"releaseName": "a"}}, tools=RenderTools())
CHANGES: dict[str, dict[str, Any]] = {
    "repoURL": {"repoURL": "https://git.example/other"},
    "targetRevision": {"targetRevision": "v1"},
    **{
        f"helm.{field}": {"helm": {"releaseName": "a", field: value}}
        for field, value in {
            "valueFiles": ["a.yaml"],
            "parameters": [{"name": "a", "value": "1"}],
            "releaseName": "b",
            "values": "a: 1",
            "valuesObject": {"a": 1},
            "fileParameters": [{"name": "a", "path": "b"}],
            "ignoreMissingValueFiles": True,
            "skipCrds": True,
            "skipTests": True,
            "skipSchemaValidation": True,
            "namespace": "b",
            "kubeVersion": "1.2.3",
            "apiVersions": ["a/v1"],
        }.items()
    },
    **{
        f"kustomize.{field}": {"kustomize": {field: value}}
        for field, value in {
            "namePrefix": "a",
            "nameSuffix": "a",
            "images": ["a:1"],
            "commonLabels": {"a": "b"},
            "version": "v1",
            "commonAnnotations": {"a": "b"},
            "forceCommonLabels": True,
            "forceCommonAnnotations": True,
            "namespace": "a",
            "commonAnnotationsEnvsubst": True,
            "replicas": [{"name": "a", "count": 1}],
            "patches": [{"path": "a"}],
            "components": ["a"],
            "ignoreMissingComponents": True,
            "labelWithoutSelector": True,
            "labelIncludeTemplates": True,
            "kubeVersion": "1.2.3",
            "apiVersions": ["a/v1"],
        }.items()
    },
    **{
        f"directory.{field}": {"directory": {field: value}}
        for field, value in {
            "recurse": True,
            "exclude": "a",
            "include": "a",
            "disableExtensionFilter": True,
            "jsonnet": {"extVars": [{"name": "a", "value": "1"}]},
        }.items()
    },
    **{
        f"directory.jsonnet.{name}": {"directory": {"jsonnet": value}}
        for name, value in {
            "extVars code": {"extVars": [{"name": "a", "value": "1", "code": True}]},
            "tlas": {"tlas": [{"name": "a", "value": "1"}]},
            "libs": {"libs": ["a"]},
        }.items()
    },
}


def key(job: RenderJob, **more: Any) -> str:
    given: dict[str, Any] = {"inputs": [("app", "1")], "versions": ["1"]}
    return cache_key(job, **{**given, **more})


def test_every_parameter_of_a_source_changes_the_key() -> None:
    keys = {
        name: key(new_job("Helm", change, tools=RenderTools())) for name, change in CHANGES.items()
    }
    keys["none"] = key(JOB)
    assert len(set(keys.values())) == len(keys)


def test_every_field_of_a_record_is_in_the_table() -> None:
    for record in ("helm", "kustomize", "directory"):
        fields = msgspec.structs.fields(ApplicationSource)
        union = next(field.type for field in fields if field.name == record)
        kind = next(part for part in union.__args__ if part is not type(None))
        told = {name.split(".")[1].split(" ")[0] for name in CHANGES if name.startswith(record)}
        # What fetches a chart does not change what is rendered from it.
        wanted = {f.encode_name for f in msgspec.structs.fields(kind)}
        assert wanted - told <= {"version", "passCredentials"}, record


@pytest.mark.parametrize("field", RenderJob.__struct_fields__)
def test_every_field_of_a_job_but_its_places_changes_the_key(field: str) -> None:
    value = getattr(JOB, field)
    others: dict[str, Any] = {
        "source": msgspec.structs.replace(JOB.source, chart="b"),
        "refs": {"a": "b"},
        "tools": RenderTools(helm="b"),
        "environment": {**JOB.environment, "ARGOCD_APP_NAME": "b"},
    }
    changed: Any = (
        not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else "b"
    )
    changed = ("b",) if isinstance(value, tuple) else changed
    other = msgspec.structs.replace(JOB, **{field: others.get(field, changed)})
    is_a_place = field in {"root", "refs", "tools"}
    assert (key(other) == key(JOB)) is is_a_place


def test_inputs_versions_and_tools_change_the_key() -> None:
    keys = [
        key(JOB),
        key(JOB, inputs=[("app", "2")]),
        key(JOB, inputs=[("other", "1")]),
        key(JOB, inputs=[("app", "1"), ("$ref/app", "1")]),
        key(JOB, versions=["2"]),
    ]
    assert len(set(keys)) == len(keys)
    assert tool_versions(RenderTools()) != tool_versions(RenderTools(helm_library=True))


def test_a_revision_changes_the_key_where_it_is_named() -> None:
    def at(revision: str, value: str, kind: str = "Helm") -> str:
        environment = {"ARGOCD_APP_REVISION": revision, "ARGOCD_APP_NAME": "a"}
        helm = {"parameters": [{"name": "a", "value": value}]}
        job = new_job(kind, {"helm": helm}, environment=environment, tools=RenderTools())
        return key(job)

    assert at("1", "x") == at("2", "x")
    assert at("1", "$ARGOCD_APP_REVISION") != at("2", "$ARGOCD_APP_REVISION")
    assert at("1", "${ARGOCD_APP_REVISION_SHORT}") != at("2", "${ARGOCD_APP_REVISION_SHORT}")
    assert at("1", "x", "Plugin") != at("2", "x", "Plugin")


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*/*"))


async def test_the_cache_stays_within_its_bounds(tmp_path: Path) -> None:
    cache = ManifestCache(tmp_path, max_bytes=100_000, max_memory_bytes=20_000)
    for place in range(40):
        body = RenderedManifest(bytes(5000), "digest")
        await cache.put(f"{place:064}", (body,))
        assert size_of(tmp_path) <= 100_000
        await cache.get(f"{0:064}")
    assert await cache.get(f"{39:064}") is not None
    assert await ManifestCache(tmp_path).get(f"{38:064}") is not None
    assert await ManifestCache(tmp_path).get(f"{1:064}") is None
