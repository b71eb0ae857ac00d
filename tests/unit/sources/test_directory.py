from pathlib import Path
from typing import Any

import msgspec
import pytest

from tiphys.model.errors import RenderError
from tiphys.model.source import ApplicationSource
from tiphys.sources.api import RenderJob
from tiphys.sources.render.directory import render_directory
from tiphys.sources.render.environment import substitute


def manifest(name: str) -> str:
    return f"apiVersion: v1\nkind: A\nmetadata: {{name: {name}}}\n"


def rendered(root: Path, files: dict[str, str], settings: dict[str, Any], **more: Any) -> list[Any]:
    for name, text in files.items():
        path = root / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    job = RenderJob(
        root="source",
        path="app",
        source_type="Directory",
        source=msgspec.convert({"directory": settings}, ApplicationSource),
        refs={},
        environment={"ARGOCD_APP_NAME": "shop"},
        release_name="shop",
        namespace="shop",
        kube_version="",
        api_versions=(),
        **more,
    )
    return render_directory(job, root)


def names(objects: list[Any]) -> list[str]:
    return [found["metadata"]["name"] for found in objects]


TREE = {name: manifest(name.partition(".")[0].replace("/", "-")) for name in (
    "b.yaml", "a.yml", "a/x.yaml", "a/y/z.yaml", "c.txt", "d.yaml.bak",
)}  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, ["a", "b"], id="the top only"),
        pytest.param(
            {"recurse": True}, ["a-x", "a-y-z", "a", "b"], id="below, each folder in its place"
        ),
        pytest.param({"recurse": True, "include": "*.yaml"}, ["a-x", "a-y-z", "b"], id="include"),
        pytest.param({"recurse": True, "exclude": "a/*"}, ["a", "b"], id="a star crosses slashes"),
        pytest.param(
            {"recurse": True, "include": "{a.yml,a/*}"}, ["a-x", "a-y-z", "a"], id="alternatives"
        ),
        pytest.param(
            {"include": "*.yaml", "exclude": "b.yaml"}, [], id="what is excluded stays so"
        ),
        pytest.param(
            {"disableExtensionFilter": True}, ["a", "b", "c", "d"], id="every name of a file"
        ),
    ],
)
def test_which_files_are_read(tmp_path: Path, settings: Any, expected: list[str]) -> None:
    assert names(rendered(tmp_path, TREE, settings)) == expected


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        pytest.param("a.yaml", manifest("a") + "---\n" + manifest("b"), ["a", "b"], id="a stream"),
        pytest.param("a.yaml", "---\n# nothing\n---\n" + manifest("a"), ["a"], id="empty parts"),
        pytest.param("values.yaml", "image: nginx\n", [], id="YAML that is no manifest"),
        pytest.param("notes.yaml", "a: b: c", [], id="what is no YAML and no manifest"),
        pytest.param("a.yaml", "# +argocd:skip-file-rendering\n" + manifest("a"), [], id="skipped"),
        pytest.param("a.json", '{"kind": "A", "metadata": {"name": "a"}}', ["a"], id="JSON"),
        pytest.param(
            "a.jsonnet", "{kind: 'A', metadata: {name: 'a'}}", ["a"], id="jsonnet, one object"
        ),
        pytest.param(
            "a.jsonnet",
            "[{kind: 'A', metadata: {name: n}} for n in ['a', 'b']]",
            ["a", "b"],
            id="jsonnet, a list",
        ),
    ],
)
def test_what_a_file_gives(tmp_path: Path, file: str, text: str, expected: list[str]) -> None:
    assert names(rendered(tmp_path, {file: text}, {})) == expected


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        pytest.param(
            "a.yaml",
            manifest("a") + "---\na: b: c",
            'Failed to unmarshal "a.yaml"',
            id="a bad part after a good one",
        ),
        pytest.param(
            "a.yaml", manifest("a") + "x: y: z", 'Failed to unmarshal "a.yaml"', id="a bad manifest"
        ),
        pytest.param(
            "a.json",
            '{"kind": "A"}{"kind": "B"}',
            'Found multiple objects in "a.json". Only single objects are allowed in JSON files.',
            id="two objects",
        ),
        pytest.param("a.json", "{", 'Failed to unmarshal "a.json"', id="bad JSON"),
        pytest.param("a.json", "{}", "Object 'Kind' is missing", id="JSON that is no manifest"),
        pytest.param("a.jsonnet", "{a: error 'no luck'}", "no luck", id="jsonnet that fails"),
    ],
)
def test_a_file_is_refused(tmp_path: Path, file: str, text: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        rendered(tmp_path, {file: text}, {})
    assert message in str(caught.value)


def test_jsonnet_takes_variables_arguments_and_libraries(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/l.libsonnet").write_text("{from: 'lib'}")
    text = """
        function(arg, code) (import 'l.libsonnet') + {
            kind: 'A', arg: arg, code: code + 1,
            ext: std.extVar('ext'), extCode: std.extVar('extCode').a,
        }
    """
    jsonnet = {
        "extVars": [
            {"name": "ext", "value": "$ARGOCD_APP_NAME"},
            {"name": "extCode", "value": "{a: 1 + 1}", "code": True},
        ],
        "tlas": [{"name": "arg", "value": "x"}, {"name": "code", "value": "2", "code": True}],
        "libs": ["lib"],
    }
    found = rendered(tmp_path, {"a.jsonnet": text}, {"jsonnet": jsonnet})
    assert found == [
        {"kind": "A", "arg": "x", "code": 3, "ext": "shop", "extCode": 2, "from": "lib"}
    ]


def test_jsonnet_that_is_turned_off_is_left_out(tmp_path: Path) -> None:
    assert rendered(tmp_path, {"a.jsonnet": "{kind: 'A'}"}, {}, jsonnet_enabled=False) == []


def test_a_directory_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="larger than 10 bytes"):
        rendered(tmp_path, {"a.yaml": manifest("a")}, {}, max_directory_bytes=10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("$A-${A}-$$A", "1-1-$A", id="both forms and an escape"),
        pytest.param("$NO${NO}x", "x", id="unknown is empty"),
        pytest.param("$1x a$", "x a$", id="a digit is a name, a lone dollar stays"),
        pytest.param("${A", "A", id="an open brace is eaten"),
        pytest.param("$(A)", "$(A)", id="no name"),
    ],
)
def test_the_build_environment_is_substituted(text: str, expected: str) -> None:
    assert substitute(text, {"A": "1"}) == expected
