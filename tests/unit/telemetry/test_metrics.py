"""Metrics: what is counted under which names and labels."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tiphys.telemetry.labels import OTHER, Bounded
from tiphys.telemetry.metrics import AppLabels, ClusterRequest, Metrics

APP = AppLabels("argocd", "shop", "default", "https://kubernetes.default.svc")
REQUEST = ClusterRequest(
    host="https://c", verb="PATCH", resource="deployments", namespace="shop", code=200,
    seconds=0.01, is_dry_run=False,
)  # fmt: skip


def scrape(registry: CollectorRegistry) -> list[str]:
    return generate_latest(registry).decode().splitlines()


def test_a_sync_is_counted_with_its_phase_and_its_time() -> None:
    metrics = Metrics()

    metrics.controller.synced(APP, "Failed", 3.0, is_dry_run=False)

    lines = scrape(metrics.registry)
    labels = 'dest_server="https://kubernetes.default.svc"'
    assert any(
        line.startswith("argocd_app_sync_total{") and 'phase="Failed"' in line and labels in line
        for line in lines
    )
    assert any(
        line.endswith(" 3.0") and "argocd_app_sync_duration_seconds_total" in line for line in lines
    )


def test_an_application_that_is_gone_leaves_no_series() -> None:
    metrics = Metrics()
    metrics.controller.synced(APP, "Succeeded", 1.0, is_dry_run=False)
    metrics.controller.asked_cluster(APP, REQUEST)

    metrics.controller.forget(APP)

    assert not any('name="shop"' in line for line in scrape(metrics.registry))


def test_a_request_that_no_application_caused_is_counted_by_its_server_only() -> None:
    metrics = Metrics()

    metrics.controller.asked_cluster(None, REQUEST)

    text = "\n".join(scrape(metrics.registry))
    assert 'argocd_kubectl_requests_total{code="200",host="https://c",method="PATCH"} 1.0' in text
    assert "argocd_app_k8s_request_total{" not in text


def test_a_git_request_that_fails_is_counted_as_both() -> None:
    metrics = Metrics()

    metrics.sources.asked_git("https://git/x", "fetch", 0.5, is_failure=True)

    text = "\n".join(scrape(metrics.registry))
    assert 'argocd_git_request_total{repo="https://git/x",request_type="fetch"} 1.0' in text
    assert 'argocd_git_fetch_fail_total{repo="https://git/x",revision=""} 1.0' in text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("https://git/x", "https://git/x", id="an address"),
        pytest.param("https://me:secret@git/x", "https://git/x", id="without credentials"),
        pytest.param("x" * 500, "x" * 200, id="cut at a length"),
        pytest.param("https://me:s@[broken/x", "[broken/x", id="an address that cannot be read"),
    ],
)
def test_a_label_of_users_is_short_and_holds_no_credentials(text: str, value: str) -> None:
    assert Bounded(10).value(text) == value


def test_labels_of_users_are_not_without_number() -> None:
    bounded = Bounded(3)

    assert [bounded.value(text) for text in "abcda"] == ["a", "b", "c", OTHER, "a"]
