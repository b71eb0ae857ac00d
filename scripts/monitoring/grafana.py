"""Dashboards as the JSON that Grafana reads."""

from collections.abc import Iterator
from typing import Any, Final

from scripts.monitoring.panels import Dashboard, Panel

DATASOURCE: Final = "prometheus"
_COLUMNS: Final = 24
_HEIGHTS: Final = {"stat": 4}
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def dashboard_json(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard in Grafana's model."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["tiphys", "gitops"],
        "schemaVersion": 38,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_datasource(), *map(_variable, dashboard.variables)]},
        "panels": list(_placed(dashboard.panels)),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source"}


def _variable(variable: tuple[str, str]) -> dict[str, Any]:
    name, query = variable
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _placed(panels: tuple[Panel, ...]) -> Iterator[dict[str, Any]]:
    x = y = row = 0
    for number, panel in enumerate(panels, start=1):
        height = _HEIGHTS.get(panel.kind, 8)
        if x + panel.width > _COLUMNS:
            x, y, row = 0, y + row, 0
        place = {"x": x, "y": y, "w": panel.width, "h": height}
        yield _panel(number, panel, place)
        x, row = x + panel.width, max(row, height)


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    is_table = panel.kind == "table"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place_of),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "instant": is_table,
                "range": not is_table,
                **({"format": "table"} if is_table else {}),
            }
            for place_of, query in enumerate(panel.queries)
        ],
    }


def provider() -> dict[str, Any]:
    """Return what tells Grafana in which folder the dashboards lie."""
    options = {"path": "/var/lib/grafana/dashboards/tiphys"}
    return {
        "apiVersion": 1,
        "providers": [{"name": "tiphys", "folder": "tiphys", "type": "file", "options": options}],
    }


def datasource() -> dict[str, Any]:
    """Return the data source that the alerts of Grafana ask."""
    source = {
        "name": "Prometheus",
        "uid": DATASOURCE,
        "type": "prometheus",
        "access": "proxy",
        "url": "http://127.0.0.1:9090",
    }
    return {"apiVersion": 1, "datasources": [source]}
