"""A real Prometheus scrapes a tiphys that deploys: panels and rules return what they are about."""

import functools
import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.monitoring.__main__ import FOLDER
from scripts.monitoring.alerts import ALERTS, grafana
from scripts.monitoring.panels import DASHBOARDS
from tests.e2e.api import eventually
from tests.e2e.world import App, Process, World, free_port, new_world
from tests.monitoring.reference import documented

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus: apt-get install prometheus"),
]
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {text: hello}\n"
BROKEN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_A_Name}\n"


class Prometheus:
    """A Prometheus with the configuration of deploy/monitoring, on other ports."""

    def __init__(self, home: Path, ports: dict[str, int]) -> None:
        self.port = free_port()
        self._home, self._ports = home, ports

    def configuration(self) -> dict[str, Any]:
        config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(FOLDER / "rules.yaml")]
        for job in config["scrape_configs"]:
            port = self._ports[job["job_name"]]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        return config

    def start(self) -> Process:
        path = self._home / "prometheus.yml"
        path.write_text(yaml.safe_dump(self.configuration()))
        return Process(
            [
                str(PROMETHEUS), f"--config.file={path}",
                f"--storage.tsdb.path={self._home / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            self._home / "prometheus.log",
        )  # fmt: skip

    def get(self, path: str, **parameters: str) -> Any:
        address = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]

    def is_ready(self) -> bool:
        try:
            return bool(self.get("/api/v1/status/config"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series; an expression that does not parse is an HTTP error."""
        found: list[dict[str, Any]] = self.get("/api/v1/query", query=expression)["result"]
        return found

    def firing(self) -> set[tuple[str, str]]:
        """Return the names of alerts that fire or wait for it, each with its Application."""
        alerts = self.get("/api/v1/alerts")["alerts"]
        return {(a["labels"]["alertname"], a["labels"].get("name", "")) for a in alerts}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    ports = {job["job_name"]: free_port() for job in jobs}
    world.stop_tiphys()
    world.start_tiphys("--metrics-ports", ",".join(map(str, ports.values())))
    scraping = Prometheus(tmp_path_factory.mktemp("prometheus"), ports)
    process = scraping.start()
    try:
        eventually("Prometheus is ready", scraping.is_ready, 60)
        eventually(
            "every port is scraped", lambda: len(scraping.query("up == 1")) == len(ports), 60
        )
        yield scraping
    finally:
        process.kill()


@pytest.fixture(scope="module")
def deployed(world: World, prometheus: Prometheus) -> App:
    """An Application that synced by itself, changed by a push while Prometheus looks."""
    repository = world.new_repository({"greeting.yaml": CONFIG_MAP})
    app = world.new_app(
        repository, world.new_namespace(), syncPolicy={"automated": {"selfHeal": True}}
    )
    app.wait("Synced", "Healthy", 60)
    eventually(
        "it is scraped", lambda: prometheus.query(f'argocd_app_sync_total{{name="{app.name}"}}')
    )
    for text in ("bonjour", "salut"):
        time.sleep(2.0)  # two scrapes: a rate needs steps
        sha = repository.push({"greeting.yaml": CONFIG_MAP.replace("hello", text)})
        eventually("the push is live", functools.partial(_is_at, app, sha), 60)
    _call_api(world)
    return app


def _is_at(app: App, sha: str) -> bool:
    return bool(app.status["sync"]["revision"] == sha)


def _call_api(world: World) -> None:
    for _ in range(3):
        address = f"http://127.0.0.1:{world.port}/api/version"
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == 200
        time.sleep(1.2)


def concrete(expression: str, app: App) -> str:
    """Return what Grafana would send."""
    values = {"$__rate_interval": "1m", "$namespace": "argocd", "$application": app.name}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def panels() -> list[Any]:
    return [
        pytest.param(query.expression, id=f"{board.uid}: {panel.title} {number}")
        for board in DASHBOARDS
        for panel in board.panels
        for number, query in enumerate(panel.queries)
    ]


@pytest.mark.parametrize("expression", panels())
def test_each_panel_has_data_after_a_sync(
    expression: str, prometheus: Prometheus, deployed: App
) -> None:
    asked = concrete(expression, deployed)

    eventually(asked, lambda: prometheus.query(asked), 20)


def test_no_application_is_counted_by_two_jobs(prometheus: Prometheus, deployed: App) -> None:
    counted = prometheus.query(f'count(argocd_app_info{{name="{deployed.name}"}})')

    assert [series["value"][1] for series in counted] == ["1"]


@pytest.mark.parametrize("rule", grafana("x")["groups"][0]["rules"], ids=lambda r: str(r["title"]))
def test_grafana_can_ask_what_each_of_its_rules_asks(
    rule: dict[str, Any], prometheus: Prometheus, deployed: App
) -> None:
    prometheus.query(rule["data"][0]["model"]["expr"])


def test_prometheus_evaluates_every_rule(prometheus: Prometheus, deployed: App) -> None:
    def evaluated() -> bool:
        rules = prometheus.get("/api/v1/rules")["groups"][0]["rules"]
        return {r["name"] for r in rules if r["health"] == "ok"} == {a.name for a in ALERTS}

    eventually("all rules are well", evaluated, 30)


def test_no_alert_is_raised_about_an_application_that_is_well(
    prometheus: Prometheus, deployed: App
) -> None:
    assert {name for name, app in prometheus.firing() if app in {deployed.name, ""}} == set()


def test_a_sync_that_fails_is_an_alert_within_seconds(world: World, prometheus: Prometheus) -> None:
    app = world.new_app(world.new_repository({"broken.yaml": BROKEN}), world.new_namespace())
    app.wait("OutOfSync", timeout_s=60)
    assert app.sync(timeout_s=60)["phase"] in {"Failed", "Error"}

    eventually("the alert", lambda: ("TiphysSyncFailed", app.name) in prometheus.firing(), 20)
    eventually(
        "a pending alert",
        lambda: ("TiphysApplicationNotSyncedForADay", app.name) in prometheus.firing(),
        20,
    )


def test_every_scraped_family_is_documented_with_its_labels(
    prometheus: Prometheus, deployed: App
) -> None:
    known, added = documented(), {"__name__", "job", "instance", "le"}
    wrong = {}
    for series in prometheus.get("/api/v1/series", **{"match[]": '{job=~"argocd-.*"}'}):
        name = series["__name__"]
        family = name if name in known else name.rpartition("_")[0]
        if name.startswith(("up", "scrape_")):
            continue
        is_process = name.startswith(("go_", "process_"))
        if family not in known or (not is_process and known[family] < set(series) - added):
            wrong[name] = set(series) - added

    assert wrong == {}
