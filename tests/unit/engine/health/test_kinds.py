"""The tables of tests/golden/health_kinds: a kind, a health, and small objects that have it.

Source: what Argo CD says of objects of this kind, and the documentation of the projects.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tiphys.engine.health import resource_health
from tiphys.engine.health.catalogue import AREAS, CATALOGUE
from tiphys.engine.health.resource import BUILT_INS
from tiphys.model.keys import Manifest

TABLES = Path(__file__).parents[3] / "golden" / "health_kinds"


def conditions(text: str) -> list[Manifest]:
    """`Ready=False/Reason Synced=True` as conditions."""
    found = []
    for part in text.split():
        type_, _, said = part.partition("=")
        status, _, reason = said.partition("/")
        found.append({"type": type_, "status": status, "reason": reason, "message": "why"})
    return found


def live_object(kind: str, row: Manifest) -> Manifest:
    group, _, name = kind.rpartition("/")
    status: Any = dict(row["status"]) if "status" in row else None
    if "conditions" in row or "observedGeneration" in row:
        status = status or {}
    if "conditions" in row:
        status["conditions"] = conditions(row["conditions"])
    if "observedGeneration" in row:
        status["observedGeneration"] = row["observedGeneration"]
    metadata = {"name": "web", **row.get("metadata", {})}
    if "generation" in row:
        metadata["generation"] = row["generation"]
    live = {"apiVersion": f"{group}/v1", "kind": name, "metadata": metadata}
    if "spec" in row:
        live["spec"] = row["spec"]
    return live if status is None else {**live, "status": status}


def rows() -> list[Any]:
    found = []
    for path in sorted(TABLES.glob("*.yaml")):
        for kind, by_health in yaml.safe_load(path.read_text()).items():
            for health, objects in by_health.items():
                for number, row in enumerate(objects):
                    name = f"{kind}-{health}-{number}"
                    found.append(pytest.param(kind, health, row, id=name))
    return found


@pytest.mark.parametrize(("kind", "expected", "row"), rows())
def test_an_object_has_the_health_that_the_table_says(
    kind: str, expected: str, row: Manifest
) -> None:
    health = resource_health(live_object(kind, row))

    assert health is not None
    assert health.status.value == expected


def test_no_kind_stands_in_two_areas() -> None:
    assert len(CATALOGUE) == sum(len(kinds) for kinds in AREAS.values())
    assert not set(CATALOGUE) & set(BUILT_INS)
