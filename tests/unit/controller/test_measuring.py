"""Syncs and pushes, counted off what changes of Applications."""

from typing import Any

import pytest
from prometheus_client import generate_latest

from tiphys.controller.measuring import Measuring
from tiphys.model.keys import Manifest
from tiphys.telemetry.metrics import Metrics


def app(**state: Any) -> Manifest:
    status = {"operationState": state} if state else {}
    return {
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"destination": {"server": "https://c"}},
        "status": status,
    }


RUNNING = {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z"}
ENDED = {**RUNNING, "phase": "Succeeded", "finishedAt": "2026-01-01T00:00:05Z"}


def measured(*changes: tuple[Manifest | None, Manifest | None], pushed: bool = False) -> str:
    metrics = Metrics()
    measuring = Measuring(metrics.controller)
    if pushed:
        measuring.pushed("argocd/shop")
    for before, after in changes:
        measuring.changed("argocd/shop", before, after)
    return generate_latest(metrics.registry).decode()


def syncs(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("argocd_app_sync_total{")]


def test_a_sync_is_counted_once_when_it_ends() -> None:
    text = measured((app(**RUNNING), app(**ENDED)), (app(**ENDED), app(**ENDED)))

    (line,) = syncs(text)
    assert 'phase="Succeeded"' in line
    assert line.endswith(" 1.0")
    assert "argocd_app_sync_duration_seconds_total" in text
    assert "} 5.0" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, app(**ENDED), id="what was there when we started"),
        pytest.param(app(), app(**RUNNING), id="a beginning"),
        pytest.param(app(**ENDED), app(**{**ENDED, "message": "again"}), id="a later note"),
    ],
)
def test_what_is_no_end_of_a_sync_is_not_counted(before: Manifest | None, after: Manifest) -> None:
    assert syncs(measured((before, after))) == []


def test_a_push_is_live_when_its_sync_has_succeeded() -> None:
    text = measured((app(**RUNNING), app(**ENDED)), pushed=True)

    assert "tiphys_push_to_live_seconds_count 1.0" in text


def test_a_push_whose_sync_failed_is_not_live() -> None:
    failed = {**ENDED, "phase": "Failed"}

    assert "tiphys_push_to_live_seconds_count 0.0" in measured(
        (app(**RUNNING), app(**failed)), pushed=True
    )
