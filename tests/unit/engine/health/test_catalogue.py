"""Every folder of tests/golden/health is a case; its name says which."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tiphys.engine.health import resource_health
from tiphys.engine.health.catalogue import CATALOGUE
from tiphys.model.application import HealthStatus
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

GOLDEN = Path(__file__).parents[3] / "golden" / "health"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def read(case: str, name: str) -> Any:
    return yaml.safe_load((GOLDEN / case / name).read_text())


@pytest.mark.parametrize("case", CASES)
def test_the_health_of_a_live_object_is_as_recorded(case: str) -> None:
    health = resource_health(read(case, "input.yaml"))

    assert {"health": msgspec.to_builtins(health)} == read(case, "expected.yaml")


# Argo CD says so of these as long as their controllers have not said anything.
WORRYING_AT_FIRST = {
    "beat.k8s.elastic.co/Beat",
    "elasticsearch.k8s.elastic.co/Elasticsearch",
    "flagger.app/Canary",
    "game.kruise.io/GameServer",
    "logstash.k8s.elastic.co/Logstash",
    "psmdb.percona.com/PerconaServerMongoDB",
    "pxc.percona.com/PerconaXtraDBCluster",
    "rabbitmq.com/*",
}


@pytest.mark.parametrize("kind", sorted(CATALOGUE.keys() - WORRYING_AT_FIRST))
def test_every_kind_of_the_catalogue_is_in_progress_or_settled_before_it_has_a_status(
    kind: str,
) -> None:
    group, _, name = kind.replace("*", "any").rpartition("/")
    live = {"apiVersion": f"{group}/v1", "kind": name, "metadata": {"name": "new"}}

    health = resource_health(live)

    assert health is not None
    assert health.status not in {HealthStatusCode.DEGRADED, HealthStatusCode.UNKNOWN}


def custom(status: Manifest, api_version: str = "example.com/v1") -> Manifest:
    metadata = {"name": "web", "generation": 2}
    return {"apiVersion": api_version, "kind": "Boat", "metadata": metadata, "status": status}


def said(*conditions: tuple[str, str]) -> Manifest:
    return {"conditions": [{"type": type_, "status": status} for type_, status in conditions]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(said(("Ready", "True")), "Healthy", id="ready"),
        pytest.param(said(("Ready", "False")), "Progressing", id="not ready yet"),
        pytest.param(said(("Ready", "Unknown")), "Progressing", id="not known"),
        pytest.param(
            said(("Ready", "True"), ("Reconciling", "True")), "Progressing", id="being worked on"
        ),
        pytest.param(
            said(("Ready", "False"), ("Reconciling", "True"), ("Stalled", "True")),
            "Degraded",
            id="stalled goes before reconciling",
        ),
        pytest.param(
            {"observedGeneration": 1, **said(("Ready", "True"))},
            "Progressing",
            id="of an older generation",
        ),
        pytest.param({"observedGeneration": 2}, None, id="no condition"),
        pytest.param(said(("Synced", "False")), None, id="a condition of its own"),
        pytest.param({"conditions": "odd"}, None, id="conditions of another shape"),
    ],
)
def test_a_custom_resource_without_a_check_speaks_by_the_standard_conditions(
    status: Manifest, expected: str | None
) -> None:
    health = resource_health(custom(status))

    assert (health.status.value if health else None) == expected


def test_the_standard_conditions_can_be_turned_off() -> None:
    assert resource_health(custom(said(("Ready", "True"))), has_standard=False) is None


def test_the_standard_conditions_do_not_speak_for_kinds_of_kubernetes() -> None:
    assert resource_health(custom(said(("Ready", "False")), "v1")) is None
    assert resource_health(custom(said(("Ready", "False")), "node.k8s.io/v1")) is None


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
