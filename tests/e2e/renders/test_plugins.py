"""Plugins: commands of the operator's, found by name or by what lies in the folder."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.renders.jobs import write_files
from tests.e2e.renders.test_cache import WEB, Repository
from tiphys.model.errors import TiphysError
from tiphys.sources.api import RendererOptions, RenderLimits
from tiphys.sources.plugins import load_plugins
from tiphys.sources.sources import Sources


def definition(name: str, generate: str, **spec: Any) -> str:
    return orjson.dumps(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ConfigManagementPlugin",
            "metadata": {"name": name, "annotations": spec.pop("annotations", {})},
            "spec": {"generate": {"command": ["sh", "-c", generate]}, **spec},
        }
    ).decode()


DUMP = r"""
echo 'kind: Env'; echo 'env:'
env | grep -E '^(ARGOCD|PARAM|KUBE)_' | sort |
    sed "s/'/''/g; s/^\([^=]*\)=\(.*\)$/  \1: '\2'/"
"""
TOOL = "#!/bin/sh\nsed s/world/tool/ $1\n"


class World(Repository):
    """A repository and a folder of plugins."""

    def __init__(self, folder: Path) -> None:
        self.plugins = folder / "plugins"
        files = {
            "greet/plugin.yaml": definition(
                "greet",
                "cat init.out greet.txt",
                init={"command": ["sh", "-c", "echo 'kind: A' > init.out"]},
                discover={"fileName": "*.txt"},
                version="v1",
            ),
            "dump/plugin.yaml": definition("dump", DUMP),
            "by-glob.yaml": definition(
                "by-glob", "echo 'kind: Glob'", discover={"find": {"glob": "**/deep/*.glob"}}
            ),
            "by-command/plugin.yaml": definition(
                "by-command",
                "echo 'kind: Command'",
                discover={"find": {"command": ["sh", "-c"], "args": ["ls *.ask"]}},
            ),
            "tool/plugin.yaml": definition("tool", f"{self.plugins}/tool/tool.sh a.yaml"),
            "tool/tool.sh": TOOL,
            "reads/plugin.yaml": definition(
                "reads",
                f"cat {folder}/allowed/a.yaml",
                annotations={"tiphys.dev/read": f"{folder}/allowed"},
            ),
            "peeks/plugin.yaml": definition("peeks", f"cat {folder}/secret/a.yaml"),
            "calls/plugin.yaml": definition("calls", "exec 3<>/dev/tcp/127.0.0.1/22").replace(
                '"sh"', '"bash"'
            ),
            "fails/plugin.yaml": definition("fails", "echo no luck >&2; exit 3"),
            "babbles/plugin.yaml": definition("babbles", "echo 'a: b: c'"),
            "lurks/plugin.yaml": definition("lurks", "sleep 1000 & echo 'kind: A'"),
        }
        write_files(self.plugins, files)
        (self.plugins / "tool/tool.sh").chmod(0o755)
        write_files(folder, {"allowed/a.yaml": "kind: Allowed", "secret/a.yaml": "kind: Secret"})
        super().__init__(folder)

    def new_sources(self) -> Sources:
        options = RendererOptions(plugins=load_plugins(self.plugins))
        return Sources(self.home, fresh_s=3600, renderers=options)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    made.commit(
        {
            "app/greet.txt": "hello: world",
            "app/a.yaml": "kind: Hello\nto: world",
            "glob/x/deep/a.glob": "",
            "ask/a.ask": "",
            "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 0.1.0",
            "chart/templates/a.yaml": "kind: A",
            "chart/a.txt": "",
            "plain/a.yaml": WEB % 1,
        }
    )
    yield made
    await made.sources.close()


FOUND: dict[str, tuple[dict[str, Any], Any]] = {
    "by name": ({"path": "app", "plugin": {"name": "greet"}}, {"kind": "A", "hello": "world"}),
    "by name and version": (
        {"path": "app", "plugin": {"name": "greet-v1"}},
        {"kind": "A", "hello": "world"},
    ),
    "by a file": ({"path": "app"}, {"kind": "A", "hello": "world"}),
    "by a file, asked for any": ({"path": "app", "plugin": {}}, {"kind": "A", "hello": "world"}),
    "by a glob": ({"path": "glob"}, {"kind": "Glob"}),
    "by a command": ({"path": "ask"}, {"kind": "Command"}),
    "by a program beside it": (
        {"path": "app", "plugin": {"name": "tool"}},
        {"kind": "Hello", "to": "tool"},
    ),
    "what the definition lets it read": (
        {"path": "app", "plugin": {"name": "reads"}},
        {"kind": "Allowed"},
    ),
    "a tool that is named wins": (
        {"path": "chart", "helm": {"releaseName": "a"}},
        {"kind": "A"},
    ),
}


@pytest.mark.parametrize("name", list(FOUND))
async def test_a_plugin_is_found(world: World, name: str) -> None:
    source, expected = FOUND[name]
    assert await world.render("shop", source) == [expected]


async def test_a_folder_that_no_plugin_knows_is_a_directory(world: World) -> None:
    assert [m["kind"] for m in await world.render("shop", {"path": "plain"})] == ["ConfigMap"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown name": (
        {"name": "nope"},
        'couldn\'t find cmp-server plugin with name "nope" supporting the given repository',
    ),
    "a folder that no plugin knows": ({}, "could not find plugin supporting the given repository"),
    "a command that fails": ({"name": "fails"}, "`generate` failed with exit status 3: no luck"),
    "no YAML": ({"name": "babbles"}, "YAML parse error on what plugin babbles prints"),
    "a file that it may not read": ({"name": "peeks"}, "Permission denied"),
    "the network": ({"name": "calls"}, "Permission denied"),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_a_plugin_is_refused(world: World, name: str) -> None:
    plugin, message = REFUSED[name]
    with pytest.raises(TiphysError) as caught:
        await world.render("shop", {"path": "plain", "plugin": plugin})
    assert message in str(caught.value)
    assert await world.render("shop", {"path": "plain"})


async def test_what_a_plugin_leaves_running_ends(world: World) -> None:
    source = {"path": "plain", "plugin": {"name": "lurks"}}
    with pytest.raises(TiphysError, match="took longer than"):
        await world.render("shop", source, limits=RenderLimits(timeout_s=3))


async def test_the_environment_of_a_plugin(world: World) -> None:
    plugin = {
        "name": "dump",
        "env": [{"name": "FOO", "value": "$ARGOCD_APP_NAME/x"}],
        "parameters": [
            {"name": "an-image", "string": "it's"},
            {"name": "list", "array": ["a", "b"]},
            {"name": "map", "map": {"one.two": "3"}},
        ],
    }
    source = {"path": "plain", "plugin": plugin, "targetRevision": "main"}
    (found,) = await world.render("shop", source, api_versions=("v1", "apps/v1"))
    env = found["env"]
    assert len(env.pop("ARGOCD_APP_REVISION")) == 40
    assert len(env.pop("ARGOCD_APP_REVISION_SHORT")) == 7
    assert len(env.pop("ARGOCD_APP_REVISION_SHORT_8")) == 8
    assert orjson.loads(env.pop("ARGOCD_APP_PARAMETERS")) == plugin["parameters"]
    assert env == {
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_NAMESPACE": "shop",
        "ARGOCD_APP_PROJECT_NAME": "default",
        "ARGOCD_APP_SOURCE_PATH": "plain",
        "ARGOCD_APP_SOURCE_REPO_URL": f"file://{world.folder}",
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
        "ARGOCD_ENV_FOO": "shop/x",
        "KUBE_API_VERSIONS": "v1,apps/v1",
        "KUBE_VERSION": "v1.31.2",
        "PARAM_AN_IMAGE": "it's",
        "PARAM_LIST_0": "a",
        "PARAM_LIST_1": "b",
        "PARAM_MAP_ONE_TWO": "3",
    }


async def test_a_discovery_is_asked_once_a_commit(world: World) -> None:
    await world.render("shop", {"path": "ask"})
    before = world.sources.pool.renders
    await world.render("shop", {"path": "ask"})
    assert world.sources.pool.renders == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: b: c", "the plugin is not understood", id="no YAML"),
        pytest.param("kind: A", "missing required field `metadata`", id="no plugin"),
        pytest.param(
            "{metadata: {name: a}, spec: {generate: {command: []}}}",
            "spec.generate.command is missing",
            id="nothing that generates",
        ),
    ],
)
def test_a_bad_definition_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write_files(tmp_path, {"a/plugin.yaml": text})
    with pytest.raises(TiphysError) as caught:
        load_plugins(tmp_path)
    assert message in str(caught.value)
    assert "a/plugin.yaml" in caught.value.where


KUSTOMIZE = "#!/bin/sh\necho \"{kind: Built, with: '$*'}\"\n"


async def test_a_version_of_kustomize_is_the_operators_program(world: World) -> None:
    world.commit({"k/kustomization.yaml": "resources: []"})
    program = world.plugins / "kustomize"
    program.write_text(KUSTOMIZE)
    program.chmod(0o755)
    source = {"path": "k", "kustomize": {"version": "v4"}}
    settings: dict[str, Any] = {
        "kustomize_build_options": "--general",
        "kustomize_paths": {"v4": str(program)},
        "kustomize_version_options": {"v4": "--special"},
    }
    (found,) = await world.render("shop", source, **settings)
    assert found["kind"] == "Built"
    assert found["with"].startswith("build ")
    assert found["with"].endswith(" --special")
    with pytest.raises(TiphysError, match="kustomize version v4 is not registered"):
        await world.render("shop", source)
