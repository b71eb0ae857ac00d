"""What objects become by themselves, read from data/stages.yaml."""

from collections.abc import Mapping
from typing import Any

from tiphys.sandbox.tables import load_table
from tiphys.sandbox.typed.defaulting import kind_name, value_at
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.workloads.cluster import Cluster, Manifest, seconds_since


class Stages:
    """The stages of every kind that has some."""

    def __init__(self) -> None:
        self._stages: Mapping[str, list[Manifest]] = load_table("stages")

    def has(self, kind: Kind) -> bool:
        """Return whether objects of a kind become anything."""
        return kind_name(kind) in self._stages

    def step(self, cluster: Cluster, kind: Kind, manifest: Manifest) -> float | None:
        """Report the first stage that fits; return the seconds until its time has come."""
        for stage in self._stages[kind_name(kind)]:
            wanted = stage.get("when") or {}
            if any(value_at(manifest, path) != value for path, value in wanted.items()):
                continue
            age_s = seconds_since(manifest["metadata"]["creationTimestamp"])
            left_s: float = stage.get("after", 0) - age_s
            if left_s > 0:
                return left_s
            status = {**(manifest.get("status") or {}), **filled(stage["status"], manifest)}
            cluster.report(kind.collection, manifest, status)
            return None
        return None


def filled(value: Any, manifest: Manifest) -> Any:
    """Return a part of a stage with `$.path` replaced by what the object has there."""
    if isinstance(value, str) and value.startswith("$."):
        return value_at(manifest, value[2:])
    if isinstance(value, dict):
        return {k: f for k, v in value.items() if (f := filled(v, manifest)) is not None}
    if isinstance(value, list):
        return [filled(item, manifest) for item in value]
    return value
