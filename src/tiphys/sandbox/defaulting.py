"""Fills in what the API server fills in, from the table in data/defaults.yaml."""

import copy
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from tiphys.sandbox.kinds import Kind
from tiphys.sandbox.statuses import qualified

_CONTAINER_LISTS = ("initContainers", "containers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """Return the tables of defaults, required and immutable fields."""
    text = (resources.files("tiphys.sandbox.data") / "defaults.yaml").read_text()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document


def kind_name(kind: Kind) -> str:
    """Return a kind as the tables spell it: "Deployment.apps", "Pod"."""
    return qualified(kind.kind, kind.group)


def fill_in(manifest: dict[str, Any], kind: Kind) -> None:
    """Set the defaults of a built-in kind, in place."""
    name = kind_name(kind)
    for entry in table()["kinds"].get(name, ()):
        _set(manifest, entry["path"].split("."), entry)
    path = table()["pod_templates"].get(name)
    if path:
        spec = value_at(manifest, path)
        if isinstance(spec, dict):
            _fill_pod_spec(spec)


def value_at(manifest: Any, path: str) -> Any:
    """Return what stands at a dotted path, None when nothing does."""
    for step in path.split("."):
        manifest = manifest.get(step) if isinstance(manifest, dict) else None
    return manifest


def _fill_pod_spec(spec: dict[str, Any]) -> None:
    for entry in table()["pod_spec"]:
        _set(spec, entry["path"].split("."), entry)
    for listed in _CONTAINER_LISTS:
        for container in spec.get(listed) or ():
            _fill_container(container)


def _fill_container(container: dict[str, Any]) -> None:
    for entry in table()["container"]:
        _set(container, entry["path"].split("."), entry)
    image = str(container.get("image") or "")
    last = image.rpartition("/")[2]
    is_latest = last.endswith(":latest") or (":" not in last and "@" not in last)
    container.setdefault("imagePullPolicy", "Always" if is_latest else "IfNotPresent")
    for probe in _PROBES:
        if isinstance(container.get(probe), dict):
            for entry in table()["probe"]:
                _set(container[probe], entry["path"].split("."), entry)


def _set(value: Any, steps: list[str], entry: dict[str, Any]) -> None:
    if not isinstance(value, dict):
        return
    step, rest = steps[0], steps[1:]
    if not rest:
        wanted = entry.get("when") or {}
        if value.get(step) is None and all(value.get(k) == v for k, v in wanted.items()):
            value[step] = copy.deepcopy(entry["value"])
        return
    if step.endswith("[]"):
        for item in value.get(step[:-2]) or ():
            _set(item, rest, entry)
    else:
        _set(value.get(step), rest, entry)
