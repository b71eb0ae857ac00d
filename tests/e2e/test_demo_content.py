"""Everything in the demo repository renders with the real tools, to objects that are valid."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _gojsonnet
import helm_python
import kubernetes_validate
import pytest
import yaml

from tiphys.sandbox.demo import BROKEN_APPLICATION, applications, content_dir

pytestmark = pytest.mark.e2e

_KUBECTL = Path(sys.executable).with_name("kubectl")
_GIT_URL = "http://127.0.0.1:1/git/demo.git"
_APPLICATIONS: dict[str, dict[str, Any]] = {
    app["metadata"]["name"]: app for app in yaml.safe_load_all(applications(_GIT_URL))
}


def _plain(directory: Path) -> Iterator[Any]:
    for file in sorted(directory.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def _helm(directory: Path, options: dict[str, Any]) -> Iterator[Any]:
    values: dict[str, Any] = {}
    for name in options.get("valueFiles", []):
        values |= yaml.safe_load((directory / name).read_text())
    for parameter in options.get("parameters", []):
        values[parameter["name"]] = parameter["value"].replace(
            "$ARGOCD_APP_SOURCE_REPO_URL", _GIT_URL
        )
    chart = helm_python.Chart.load(str(directory))
    for name, text in chart.render(values, name="demo", namespace="argocd").items():
        if not name.endswith(("NOTES.txt", ".tpl")):
            yield from yaml.safe_load_all(text)


def _kustomize(directory: Path) -> Iterator[Any]:
    done = subprocess.run(
        [str(_KUBECTL), "kustomize", str(directory)], capture_output=True, text=True, check=True
    )
    yield from yaml.safe_load_all(done.stdout)


def _jsonnet(directory: Path, options: dict[str, Any]) -> Iterator[Any]:
    for file in sorted(directory.glob("*.jsonnet")):
        arguments = options.get("tlas", [])
        text = _gojsonnet.evaluate_file(
            str(file),
            ext_vars={var["name"]: var["value"] for var in options.get("extVars", [])},
            tla_vars={arg["name"]: arg["value"] for arg in arguments if not arg.get("code")},
            tla_codes={arg["name"]: arg["value"] for arg in arguments if arg.get("code")},
        )
        value = json.loads(text)
        yield from value if isinstance(value, list) else value.get("items", [value])


def _ksonnet(directory: Path) -> Iterator[Any]:
    environment = directory / "environments" / "default"
    params = _gojsonnet.evaluate_file(
        str(environment / "params.libsonnet"),
        ext_codes={"__ksonnet/params": (directory / "components" / "params.libsonnet").read_text()},
    )
    components = {
        file.stem: json.loads(
            _gojsonnet.evaluate_file(str(file), ext_codes={"__ksonnet/params": params})
        )
        for file in (directory / "components").glob("*.jsonnet")
    }
    text = _gojsonnet.evaluate_file(
        str(environment / "main.jsonnet"),
        ext_codes={"__ksonnet/components": json.dumps(components)},
    )
    for value in json.loads(text).values():
        yield from value if isinstance(value, list) else [value]


def _render(name: str) -> list[dict[str, Any]]:
    source = _APPLICATIONS[name]["spec"]["source"]
    directory = content_dir() / source["path"]
    if (directory / "Chart.yaml").exists():
        rendered = _helm(directory, source.get("helm", {}))
    elif (directory / "kustomization.yaml").exists():
        rendered = _kustomize(directory)
    elif (directory / "app.yaml").exists():
        rendered = _ksonnet(directory)
    elif next(directory.glob("*.jsonnet"), None):
        rendered = _jsonnet(directory, source.get("directory", {}).get("jsonnet", {}))
    else:
        rendered = _plain(directory)
    return [manifest for manifest in rendered if manifest]


@pytest.mark.parametrize("name", sorted(_APPLICATIONS))
def test_an_application_renders_to_valid_objects(name: str) -> None:
    manifests = _render(name)
    assert manifests
    for manifest in manifests:
        if manifest["apiVersion"].startswith("argoproj.io/"):
            continue
        manifest["metadata"].setdefault("name", "generated")
        if name == BROKEN_APPLICATION:
            with pytest.raises(kubernetes_validate.ValidationError, match="three"):
                kubernetes_validate.validate(manifest, "1.37", strict=True)
        else:
            kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("name", sorted(_APPLICATIONS))
def test_no_application_names_an_object_twice(name: str) -> None:
    names = [(m["kind"], m["metadata"]["name"]) for m in _render(name) if "name" in m["metadata"]]
    assert len(names) == len(set(names))


def test_the_children_take_the_repository_of_their_parent() -> None:
    children = _render("apps")
    assert {child["spec"]["source"]["repoURL"] for child in children} == {_GIT_URL}
    assert not {child["metadata"]["name"] for child in children} & _APPLICATIONS.keys()


def test_the_preview_shows_the_colour_that_is_not_live() -> None:
    services = {m["metadata"]["name"]: m for m in _render("blue-green") if m["kind"] == "Service"}
    colours = {name: m["spec"]["selector"]["colour"] for name, m in services.items()}
    assert colours == {"shop": "blue", "shop-preview": "green"}


def test_every_directory_is_deployed_by_an_application() -> None:
    deployed = {app["spec"]["source"]["path"].split("/")[0] for app in _APPLICATIONS.values()}
    directories = {entry.name for entry in content_dir().iterdir() if entry.is_dir()}
    assert directories == deployed
