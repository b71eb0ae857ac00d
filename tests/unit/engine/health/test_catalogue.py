"""Every folder of tests/golden/health is a case; its name says which."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tiphys.engine.health import has_health_check, resource_health
from tiphys.engine.health.catalogue import CATALOGUE
from tiphys.model.application import HealthStatus
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind, Manifest
from tiphys.model.words import HealthStatusCode

GOLDEN = Path(__file__).parents[3] / "golden" / "health"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def read(case: str, name: str) -> Any:
    return yaml.safe_load((GOLDEN / case / name).read_text())


@pytest.mark.parametrize("case", CASES)
def test_the_health_of_a_live_object_is_as_recorded(case: str) -> None:
    health = resource_health(read(case, "input.yaml"))

    assert {"health": msgspec.to_builtins(health)} == read(case, "expected.yaml")


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_kind_of_the_catalogue_is_in_progress_or_settled_before_it_has_a_status(
    kind: str,
) -> None:
    group, _, name = kind.replace("*", "any").rpartition("/")
    live = {"apiVersion": f"{group}/v1", "kind": name, "metadata": {"name": "new"}}

    health = resource_health(live)

    assert health is not None
    assert health.status not in {HealthStatusCode.DEGRADED, HealthStatusCode.UNKNOWN}


def test_the_override_of_a_user_goes_first() -> None:
    override = HealthStatus(status=HealthStatusCode.SUSPENDED, message="said so")
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}

    assert resource_health(live, lambda _live: override) is override
    assert resource_health(live, lambda _live: None) is None


def test_an_override_that_fails_makes_the_resource_unknown() -> None:
    def fails(_live: Manifest) -> HealthStatus | None:
        raise InvalidInputError("script is broken")

    health = resource_health({"apiVersion": "v1", "kind": "Pod"}, fails)

    assert health == HealthStatus(status=HealthStatusCode.UNKNOWN, message="script is broken")


def test_a_hook_that_is_held_by_its_finalizer_still_has_its_health() -> None:
    metadata = {
        "name": "x",
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": ["argocd.argoproj.io/hook-finalizer"],
    }
    live = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "status": {"phase": "Succeeded"},
    }

    assert resource_health(live) == HealthStatus(status=HealthStatusCode.HEALTHY)


def test_has_health_check() -> None:
    assert has_health_check(GroupKind("apps", "Deployment"))
    assert has_health_check(GroupKind("s3.aws.upbound.io", "Bucket"))
    assert not has_health_check(GroupKind("", "ConfigMap"))
