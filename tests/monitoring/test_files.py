"""deploy/monitoring is what its description says, its rules fire, its metrics are documented."""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from scripts.monitoring.__main__ import FOLDER, files
from scripts.monitoring.alerts import ALERTS
from scripts.monitoring.panels import DASHBOARDS
from scripts.monitoring.scraping import JOBS
from tests.monitoring.reference import ROOT, absent, documented, families
from tiphys.telemetry.metrics import Metrics

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool here: apt-get install prometheus"
)
# The dashboard that is published with Argo CD: its metrics, and the labels that it asks by.
PUBLISHED = {
    "process_start_time_seconds": set(),
    "argocd_cluster_info": {"server"},
    "argocd_app_info": {
        "namespace", "name", "project", "dest_server", "health_status", "sync_status", "repo",
        "operation",
    },
    "argocd_app_sync_total": {"namespace", "name", "project", "dest_server", "phase"},
    "argocd_app_reconcile": {"namespace", "dest_server"},
    "argocd_app_k8s_request_total": {"server", "verb", "resource_kind"},
    "workqueue_depth": {"name"},
    "argocd_kubectl_exec_pending": {"command"},
    "go_memstats_heap_alloc_bytes": set(),
    "process_cpu_seconds_total": set(),
    "go_goroutines": set(),
    "go_gc_duration_seconds": set(),
    "argocd_cluster_api_resource_objects": {"server"},
    "argocd_cluster_api_resources": {"server"},
    "argocd_cluster_events_total": {"server"},
    "argocd_git_request_total": {"request_type"},
    "argocd_git_request_duration_seconds": {"request_type"},
    "grpc_server_handled_total": {"grpc_service", "grpc_code", "grpc_method"},
    "argocd_redis_request_total": {"failed"},
    "argocd_notifications_trigger_eval_total": {"name"},
    "argocd_notifications_deliveries_total": {"service"},
}  # fmt: skip


def registered() -> dict[str, frozenset[str]]:
    """Return the labels of every metric that a process counts, by its name in a scrape."""
    found = {}
    collectors = Metrics().registry._collector_to_names
    for metric in (c for c in collectors if isinstance(c, MetricWrapperBase)):
        suffix = "_total" if metric._type == "counter" else ""
        found[metric._name + suffix] = frozenset(metric._labelnames)
    return found


def test_the_files_are_what_the_description_generates() -> None:
    assert {name: (FOLDER / name).read_text() for name in files()} == files()


def test_every_registered_metric_is_documented_with_its_labels() -> None:
    known = documented()

    assert {name: known.get(name) for name in registered()} == registered()


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_dashboards_metric_exists_or_its_absence_has_a_reason(name: str) -> None:
    if name in absent():
        assert name not in documented()
        return
    assert PUBLISHED[name] <= documented()[name]


def test_every_panel_and_rule_asks_for_documented_metrics() -> None:
    asked = {
        *(query.expression for board in DASHBOARDS for p in board.panels for query in p.queries),
        *(alert.expression for alert in ALERTS),
    }
    names = {name for expression in asked for name in families(expression, documented())}

    assert names - set(documented()) == set()


@pytest.mark.parametrize("name", sorted(registered()))
def test_each_counted_family_is_kept_by_exactly_one_job(name: str) -> None:
    """All ports tell all families: kept twice, sums would be twice as large."""
    assert len([job for job in JOBS if re.fullmatch(job.kept, name)]) == 1


def test_service_monitors_select_the_services_that_are_installed() -> None:
    documents = [d for d in yaml.safe_load_all((ROOT / "deploy/install.yaml").read_text()) if d]
    services = {d["metadata"]["name"]: d for d in documents if d["kind"] == "Service"}
    text = (FOLDER / "kubernetes" / "servicemonitors.yaml").read_text()

    for monitor in yaml.safe_load_all(text):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        found = [s for s in services.values() if wanted <= s["metadata"]["labels"].items()]
        ports = [port["name"] for service in found for port in service["spec"]["ports"]]
        assert ports == [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]]


def test_no_panel_of_a_dashboard_lies_on_another() -> None:
    for board in DASHBOARDS:
        text = (FOLDER / "grafana" / "dashboards" / f"{board.uid}.json").read_text()
        cells = [
            (x, y)
            for panel in json.loads(text)["panels"]
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    tests = yaml.safe_load((FOLDER / "rules_test.yaml").read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }

    assert fired == {alert.name for alert in ALERTS}


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("check", "config", "prometheus.yml"), id="configuration"),
        pytest.param(("test", "rules", "rules_test.yaml"), id="rules"),
    ],
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    *command, name = arguments
    done = subprocess.run(
        [str(PROMTOOL), *command, str(FOLDER / name)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
