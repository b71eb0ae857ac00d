"""Renders ksonnet applications with jsonnet; ksonnet itself is archived, its users are not.

An application is `app.yaml` with environments, `components/*.jsonnet` with `params.libsonnet`, and
`environments/<name>/params.libsonnet` that changes the components' parameters.

Source: the ksonnet documentation, "Environments" and "Components", as archived.
"""

from pathlib import Path
from typing import Any

import orjson

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderJob
from tiphys.sources.render.documents import load_documents
from tiphys.sources.render.jsonnet import evaluate


def is_ksonnet(folder: Path) -> bool:
    """Return whether a folder holds a ksonnet application."""
    if not ((folder / "app.yaml").is_file() and (folder / "components").is_dir()):
        return False
    document = next(iter(load_documents((folder / "app.yaml").read_bytes())), None)
    return isinstance(document, dict) and "environments" in document


def render_ksonnet(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of the environment for the destination namespace, else the first one.

    Raises:
        RenderError: there is no environment, or a component does not evaluate.
    """
    folder = root / job.path
    document = next(iter(load_documents((folder / "app.yaml").read_bytes())))
    environments: dict[str, Any] = document.get("environments") or {}
    name = _environment(environments, job.namespace)
    destination = (environments[name] or {}).get("destination") or {}
    libraries = [folder / "lib", folder / "vendor", folder]
    codes = {
        "__ksonnet/params": _parameters(folder, name, root, libraries),
        "__ksonnet/environments": orjson.dumps(destination).decode(),
    }
    found: list[Any] = []
    for component in sorted((folder / "components").glob("*.jsonnet")):
        result = evaluate(component, root, libraries, ext_codes=codes)
        found += _objects(result)
    return found


def _parameters(folder: Path, environment: str, root: Path, libraries: list[Path]) -> str:
    """Return the components' parameters as JSON, as the environment changes them."""
    base = folder / "components" / "params.libsonnet"
    changed = folder / "environments" / environment / "params.libsonnet"
    own = f"import {orjson.dumps(str(base)).decode()}" if base.is_file() else "{components: {}}"
    path = changed if changed.is_file() else base
    if not path.is_file():
        return "{components: {}}"
    result = evaluate(path, root, libraries, ext_codes={"__ksonnet/params": own})
    return orjson.dumps(result).decode()


def _environment(environments: dict[str, Any], namespace: str) -> str:
    for name, entry in environments.items():
        if ((entry or {}).get("destination") or {}).get("namespace") == namespace:
            return name
    if not environments:
        raise RenderError("app.yaml names no environment", hint="Add one with `destination`.")
    return "default" if "default" in environments else next(iter(environments))


def _objects(result: Any) -> list[Any]:
    """Return the objects in what a component gives: one, a list, or a map of them."""
    if isinstance(result, list):
        return [found for item in result for found in _objects(item)]
    if isinstance(result, dict) and "apiVersion" in result:
        return [result]
    if isinstance(result, dict):
        return [found for item in result.values() for found in _objects(item)]
    return []
