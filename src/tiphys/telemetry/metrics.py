"""Every metric's definition, and the one object through which things are counted.

Names, labels, types and buckets are Argo CD's, so that dashboards and alerts written for it work;
what is ours begins with `tiphys_`. Gauges about Applications are computed at the scrape, see
`scrape`. Whoever counts calls a method that says what happened; no other module keeps a counter.

Source: Argo CD operator manual, "Metrics"; Prometheus naming practices; client-go's work queue.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from tiphys.telemetry.labels import Bounded

RECONCILIATION_QUEUE: Final = "app_reconciliation_queue"
disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for the birth of each series helps nobody

_GIT_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 4, 10, 20)
_APP: Final = ("namespace", "name", "project", "dest_server")


class AppLabels(msgspec.Struct, frozen=True):
    """By which labels an Application is known."""

    namespace: str
    name: str
    project: str
    server: str

    @property
    def values(self) -> tuple[str, str, str, str]:
        """The labels in the order of their names."""
        return self.namespace, self.name, self.project, self.server


class ClusterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request to an API server.

    Attributes:
        code: HTTP status, 0 when there was no answer.
        resource: the plural name that the path names, "" for none.
    """

    host: str
    verb: str
    resource: str
    namespace: str
    code: int
    seconds: float
    is_dry_run: bool


class Metrics:
    """All metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.controller = ControllerMetrics(self.registry)
        self.server = ServerMetrics(self.registry)
        self.sources = SourceMetrics(self.registry)
        self.notifications = NotificationMetrics(self.registry)
        ProcessCollector(registry=self.registry)


class ControllerMetrics:
    """What the controller counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._syncs = Counter(
            "argocd_app_sync", "Syncs that ended", (*_APP, "phase", "dry_run"), registry=registry
        )
        self._sync_seconds = Counter(
            "argocd_app_sync_duration_seconds", "Seconds spent in syncs", _APP, registry=registry
        )
        self._reconciles = Histogram(
            "argocd_app_reconcile",
            "Seconds that looks at Applications took",
            ("namespace", "dest_server"),
            buckets=(0.25, 0.5, 1, 2, 4, 8, 16),
            registry=registry,
        )
        self._requests = Counter(
            "argocd_app_k8s_request",
            "Requests to clusters on behalf of Applications",
            (
                "namespace", "name", "project", "server", "response_code", "verb",
                "resource_kind", "resource_namespace", "dry_run",
            ),
            registry=registry,
        )  # fmt: skip
        self._client_requests = Counter(
            "argocd_kubectl_requests",
            "Requests to API servers",
            ("host", "method", "code"),
            registry=registry,
        )
        self._client_seconds = Histogram(
            "argocd_kubectl_request_duration_seconds",
            "Seconds that API servers took to answer",
            ("host", "verb"),
            buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
            registry=registry,
        )
        self._queued = Counter(
            "workqueue_adds", "Keys that were queued", ("name",), registry=registry
        )
        self._retries = Counter(
            "workqueue_retries", "Keys that were queued again", ("name",), registry=registry
        )
        self._waited = _seconds("workqueue_queue_duration_seconds", "in the queue", registry)
        self._worked = _seconds("workqueue_work_duration_seconds", "at work on a key", registry)
        self._push_to_live = Histogram(
            "tiphys_push_to_live_seconds",
            "Seconds from a push being reported to its sync having succeeded",
            buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
            registry=registry,
        )
        self._dry_runs = Counter(
            "tiphys_dry_runs", "Dry runs sent to compare or to check", registry=registry
        )
        self._held_back = Counter(
            "tiphys_syncs_held_back", "Automated syncs that were put off", ("why",),
            registry=registry,
        )  # fmt: skip
        self._hosts = Bounded(1000)

    def reconciled(self, namespace: str, server: str, seconds: float) -> None:
        """Count a look at an Application."""
        self._reconciles.labels(namespace, server).observe(seconds)

    def synced(self, app: AppLabels, phase: str, seconds: float, *, is_dry_run: bool) -> None:
        """Count a sync that ended."""
        self._syncs.labels(*app.values, phase, _flag(is_dry_run)).inc()
        self._sync_seconds.labels(*app.values).inc(max(seconds, 0.0))

    def asked_cluster(self, app: AppLabels | None, request: ClusterRequest) -> None:
        """Count a request to an API server, for an Application or for none."""
        host, code = self._hosts.value(request.host), str(request.code or "<error>")
        self._client_requests.labels(host, request.verb, code).inc()
        self._client_seconds.labels(host, request.verb).observe(request.seconds)
        if request.is_dry_run:
            self._dry_runs.inc()
        if app is not None:
            self._requests.labels(
                *app.values, code, request.verb, request.resource, request.namespace,
                _flag(request.is_dry_run),
            ).inc()  # fmt: skip

    def queued(self) -> None:
        """Count a key that was queued."""
        self._queued.labels(RECONCILIATION_QUEUE).inc()

    def retried(self) -> None:
        """Count a key that is queued again because work on it failed."""
        self._retries.labels(RECONCILIATION_QUEUE).inc()

    def leased(self, waited_s: float) -> None:
        """Count a key that a worker took."""
        self._waited.labels(RECONCILIATION_QUEUE).observe(waited_s)

    def worked(self, seconds: float) -> None:
        """Count a key that a worker is done with."""
        self._worked.labels(RECONCILIATION_QUEUE).observe(seconds)

    def live(self, seconds: float) -> None:
        """Count a push that is live."""
        self._push_to_live.observe(seconds)

    def held_back(self, why: str) -> None:
        """Count an automated sync that was put off; `why` is one of a few words."""
        self._held_back.labels(why).inc()

    def forget(self, app: AppLabels) -> None:
        """Drop what is counted of an Application that is gone."""
        for metric in (self._syncs, self._sync_seconds, self._requests):
            _forget(metric, app)


class ServerMetrics:
    """What the server counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("grpc_type", "grpc_service", "grpc_method")
        self._handled = Counter(
            "grpc_server_handled", "Calls that were answered", (*names, "grpc_code"),
            registry=registry,
        )  # fmt: skip
        self._started = Counter(
            "grpc_server_started", "Calls that were begun", names, registry=registry
        )
        self._call_seconds = Histogram(
            "grpc_server_handling_seconds", "Seconds that calls took", names, registry=registry
        )
        self._logins = Counter(
            "argocd_login_request", "Attempts to log in", ("status",), registry=registry
        )
        self._webhooks = Counter(
            "argocd_webhook_requests", "Pushes that were reported", ("repo",), registry=registry
        )
        self._repositories = Bounded(5000)
        self.streams = Gauge("tiphys_api_streams", "Readers of streams now", registry=registry)

    def called(self, service: str, method: str, kind: str, code: str, seconds: float) -> None:
        """Count a call of the API; `kind` is "unary" or "server_stream"."""
        self._started.labels(kind, service, method).inc()
        self._handled.labels(kind, service, method, code).inc()
        self._call_seconds.labels(kind, service, method).observe(seconds)

    def logged_in(self, *, is_successful: bool) -> None:
        """Count an attempt to log in."""
        self._logins.labels("success" if is_successful else "failure").inc()

    def pushed(self, urls: Iterable[str]) -> None:
        """Count a push that a Git host reported."""
        url = next(iter(urls), "")
        self._webhooks.labels(self._repositories.value(url)).inc()


class SourceMetrics:
    """What the repository side counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._git = Counter(
            "argocd_git_request", "Requests to Git repositories", ("repo", "request_type"),
            registry=registry,
        )  # fmt: skip
        self._git_seconds = Histogram(
            "argocd_git_request_duration_seconds",
            "Seconds that Git repositories took",
            ("repo", "request_type"),
            buckets=_GIT_BUCKETS,
            registry=registry,
        )
        self._fetch_failures = Counter(
            "argocd_git_fetch_fail", "Fetches that failed", ("repo", "revision"), registry=registry
        )
        self._list_failures = Counter(
            "argocd_git_lsremote_fail", "Listings that failed", ("repo", "revision"),
            registry=registry,
        )  # fmt: skip
        self._pending = Gauge(
            "argocd_repo_pending_request_total",
            "Renders that wait or run",
            ("repo",),
            registry=registry,
        )
        self._renders = Histogram(
            "tiphys_render_seconds",
            "Seconds that renders took",
            ("kind",),
            buckets=(0.005, 0.02, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
            registry=registry,
        )
        self._cache = Counter(
            "tiphys_render_cache_lookups", "Looks for manifests in the cache", ("result",),
            registry=registry,
        )  # fmt: skip
        self._repositories = Bounded(5000)

    def asked_git(self, repository: str, what: str, seconds: float, *, is_failure: bool) -> None:
        """Count a request to a Git repository; `what` is "ls-remote" or "fetch"."""
        url = self._repositories.value(repository)
        self._git.labels(url, what).inc()
        self._git_seconds.labels(url, what).observe(seconds)
        if is_failure:
            failures = self._fetch_failures if what == "fetch" else self._list_failures
            failures.labels(url, "").inc()

    def rendered(self, kind: str, seconds: float) -> None:
        """Count a render; `kind` is "Helm", "Kustomize", ..."""
        self._renders.labels(kind or "Directory").observe(seconds)

    def looked_up(self, *, is_hit: bool) -> None:
        """Count a look into the cache of manifests."""
        self._cache.labels("hit" if is_hit else "miss").inc()

    def pending(self, repository: str, change: int) -> None:
        """Count a render that begins to wait (1) or is done (-1)."""
        self._pending.labels(self._repositories.value(repository)).inc(change)


class NotificationMetrics:
    """What notifications count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries = Counter(
            "argocd_notifications_deliveries",
            "Notifications that were sent, or could not be",
            ("trigger", "service", "succeeded"),
            registry=registry,
        )
        self._evaluations = Counter(
            "argocd_notifications_trigger_eval",
            "Triggers that were evaluated",
            ("name", "triggered"),
            registry=registry,
        )
        self._names = Bounded(2000)

    def delivered(self, trigger: str, service: str, *, succeeded: bool) -> None:
        """Count a notification that was sent, or that could not be."""
        names = self._names.value(trigger), self._names.value(service)
        self._deliveries.labels(*names, _flag(succeeded)).inc()

    def evaluated(self, trigger: str, *, triggered: bool) -> None:
        """Count a trigger that was evaluated."""
        self._evaluations.labels(self._names.value(trigger), _flag(triggered)).inc()


def _seconds(name: str, where: str, registry: CollectorRegistry) -> Histogram:
    buckets = (0.001, 0.01, 0.1, 1, 10, 60)
    return Histogram(name, f"Seconds {where}", ("name",), buckets=buckets, registry=registry)


def _flag(value: bool) -> str:  # noqa: FBT001 -- it becomes the label's text
    return "true" if value else "false"


def _forget(metric: Counter, app: AppLabels) -> None:
    wanted = app.values[:2]
    for values in [found for found in metric._metrics if tuple(found[:2]) == wanted]:  # noqa: SLF001
        metric.remove(*values)
