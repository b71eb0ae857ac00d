"""Gauges that are computed when somebody scrapes: from the read model, so that none goes stale.

Source: Argo CD operator manual, "Metrics".
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT

_INFO: Final = (
    "namespace", "name", "project", "autosync_enabled", "repo", "dest_server", "dest_namespace",
    "sync_status", "health_status", "operation",
)  # fmt: skip


class ApplicationGauges:
    """What is known of Applications, as gauges."""

    def __init__(
        self,
        installation: Installation,
        *,
        labels: tuple[str, ...] = (),
        conditions: tuple[str, ...] = (),
    ) -> None:
        """Watch an installation.

        Args:
            installation: whose Applications.
            labels: keys of Applications' labels that become labels of `argocd_app_labels`.
            conditions: types of conditions that `argocd_app_condition` counts.
        """
        self._installation = installation
        self._labels, self._conditions = labels, conditions

    def collect(self) -> Iterator[Metric]:
        """Yield the families, for a scrape."""
        applications = self._installation.collections.applications.objects()
        yield self._info(applications)
        yield self._orphans(applications)
        if self._labels:
            yield self._labelled(applications)
        if self._conditions:
            yield self._conditioned(applications)

    def _info(self, applications: Iterable[Manifest]) -> Metric:
        family = GaugeMetricFamily("argocd_app_info", "Applications", labels=_INFO)
        for app in applications:
            family.add_metric(_info_values(app), 1)
        return family

    def _orphans(self, applications: Iterable[Manifest]) -> Metric:
        family = GaugeMetricFamily(
            "argocd_app_orphaned_resources_count",
            "Objects that nobody owns in an Application's namespace",
            labels=_INFO[:3],
        )
        for app in applications:
            family.add_metric(_place(app), _orphan_count(app))
        return family

    def _labelled(self, applications: Iterable[Manifest]) -> Metric:
        names = [f"label_{_sanitised(key)}" for key in self._labels]
        family = GaugeMetricFamily(
            "argocd_app_labels", "Labels of Applications", labels=(*_INFO[:3], *names)
        )
        for app in applications:
            own = app["metadata"].get("labels") or {}
            family.add_metric([*_place(app), *(str(own.get(k, "")) for k in self._labels)], 1)
        return family

    def _conditioned(self, applications: Iterable[Manifest]) -> Metric:
        family = GaugeMetricFamily(
            "argocd_app_condition", "Conditions of Applications", labels=(*_INFO[:3], "condition")
        )
        for app in applications:
            found = [c.get("type") for c in (app.get("status") or {}).get("conditions") or ()]
            for kind in self._conditions:
                family.add_metric([*_place(app), kind], found.count(kind))
        return family


class ClusterGauges:
    """What is known of destination clusters, as gauges and counters."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def collect(self) -> Iterator[Metric]:
        """Yield the families, for a scrape."""
        info = GaugeMetricFamily(
            "argocd_cluster_info", "Clusters", labels=("server", "k8s_version", "name")
        )
        status = GaugeMetricFamily(
            "argocd_cluster_connection_status", "1 for a cluster that answers",
            labels=("server", "k8s_version"),
        )  # fmt: skip
        objects = GaugeMetricFamily(
            "argocd_cluster_api_resource_objects", "Objects held of a cluster", labels=("server",)
        )
        kinds = GaugeMetricFamily(
            "argocd_cluster_api_resources", "Kinds watched in a cluster", labels=("server",)
        )
        age = GaugeMetricFamily(
            "argocd_cluster_cache_age_seconds", "Seconds since a cluster was read anew",
            labels=("server",),
        )  # fmt: skip
        events = CounterMetricFamily(
            "argocd_cluster_events", "Changes that a cluster reported",
            labels=("server", "group", "kind"),
        )  # fmt: skip
        opened = {cluster.record.server: cluster for cluster in self._clusters.opened()}
        for record in self._clusters.records:
            cluster = opened.get(record.server)
            version = cluster.client.discovery.version if cluster is not None else ""
            info.add_metric([record.server, version, record.name], 1)
            status.add_metric([record.server, version], float(cluster is not None))
            if cluster is not None:
                objects.add_metric([record.server], len(cluster.cache))
                kinds.add_metric([record.server], cluster.cache.kinds)
                age.add_metric([record.server], cluster.cache.age_s())
                for kind, count in cluster.cache.events.items():
                    events.add_metric([record.server, kind.group, kind.kind], count)
        yield from (info, status, objects, kinds, age, events)


def _info_values(app: Manifest) -> list[str]:
    spec, status = app.get("spec") or {}, app.get("status") or {}
    destination = spec.get("destination") or {}
    automated = (spec.get("syncPolicy") or {}).get("automated")
    is_automated = automated is not None and automated.get("enabled") is not False
    return [
        *_place(app),
        "true" if is_automated else "false",
        _repository(spec),
        str(destination.get("server") or destination.get("name") or ""),
        str(destination.get("namespace") or ""),
        str((status.get("sync") or {}).get("status") or "Unknown"),
        str((status.get("health") or {}).get("status") or "Unknown"),
        _operation(app),
    ]


def _place(app: Manifest) -> list[str]:
    metadata, spec = app["metadata"], app.get("spec") or {}
    project = str(spec.get("project") or DEFAULT_PROJECT)
    return [str(metadata.get("namespace", "")), str(metadata["name"]), project]


def _repository(spec: dict[str, Any]) -> str:
    sources = spec.get("sources") or [spec.get("source") or {}]
    return str(sources[0].get("repoURL") or "")


def _operation(app: Manifest) -> str:
    if app["metadata"].get("deletionTimestamp"):
        return "delete"
    return "sync" if app.get("operation") else ""


def _orphan_count(app: Manifest) -> int:
    for condition in (app.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "OrphanedResourceWarning":
            digits = "".join(c for c in str(condition.get("message", "")) if c.isdigit())
            return int(digits[:9]) if digits else 1
    return 0


def _sanitised(key: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in key)
