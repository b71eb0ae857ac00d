"""What each dashboard shows: rows of panels, each with its queries."""

from typing import Final, NamedTuple

from scripts.monitoring.scraping import CONTROLLER

_RATE: Final = "[$__rate_interval]"
_ONE: Final = 'namespace="$namespace", name="$application"'
_OURS: Final = f'{{job="{CONTROLLER}"}}'


class Query(NamedTuple):
    """PromQL, and how its series are called ("{{label}}")."""

    expression: str
    legend: str = ""


class Panel(NamedTuple):
    """One panel; `width` in Grafana's 24 columns, `kind` and `unit` as Grafana calls them."""

    title: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8


class Dashboard(NamedTuple):
    """One dashboard; `variables` are names with the query that lists their values."""

    uid: str
    title: str
    variables: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


def _quantiles(metric: str, by: str = "") -> tuple[Query, ...]:
    labels = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return tuple(
        Query(
            f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{_RATE})))",
            f"p{share * 100:.0f}{legend}",
        )
        for share in (0.5, 0.95)
    )


OVERVIEW: Final = Dashboard(
    "tiphys-overview",
    "tiphys / Overview",
    (),
    (
        Panel("Applications", (Query("count(argocd_app_info)"),), "stat", width=4),
        Panel(
            "Not synced",
            (Query('count(argocd_app_info{sync_status!="Synced"}) or vector(0)'),),
            "stat",
            width=4,
        ),
        Panel(
            "Not healthy",
            (Query('count(argocd_app_info{health_status!="Healthy"}) or vector(0)'),),
            "stat",
            width=4,
        ),
        Panel("Clusters", (Query("count(argocd_cluster_info)"),), "stat", width=4),
        Panel(
            "Repositories", (Query("count(count by (repo) (argocd_app_info))"),), "stat", width=4
        ),
        Panel(
            "Up since",
            (Query(f"process_start_time_seconds{_OURS} * 1000"),),
            "stat",
            "dateTimeFromNow",
            4,
        ),
        Panel(
            "Applications by sync status",
            (Query("count by (sync_status) (argocd_app_info)", "{{sync_status}}"),),
        ),
        Panel(
            "Applications by health",
            (Query("count by (health_status) (argocd_app_info)", "{{health_status}}"),),
        ),
        Panel(
            "Syncs that ended",
            (
                Query(
                    f"sum by (phase) (increase(argocd_app_sync_total{_RATE}))",
                    "{{phase}}",
                ),
            ),
        ),
        Panel(
            "What needs attention",
            (
                Query(
                    'argocd_app_info{sync_status!="Synced"}'
                    ' or argocd_app_info{health_status!~"Healthy|Progressing"} or vector(0)'
                ),
            ),
            "table",
            width=16,
        ),
        Panel(
            "Clusters that answer",
            (Query("argocd_cluster_connection_status", "{{server}}"),),
        ),
        Panel(
            "From push to live",
            _quantiles("tiphys_push_to_live_seconds"),
            unit="s",
        ),
        Panel(
            "Notifications",
            (
                Query(
                    "sum by (service, succeeded)"
                    f" (increase(argocd_notifications_deliveries_total{_RATE})) or vector(0)",
                    "{{service}} {{succeeded}}",
                ),
            ),
        ),
        Panel(
            "Calls of the API",
            (
                Query(
                    f"sum by (grpc_code) (rate(grpc_server_handled_total{_RATE}))", "{{grpc_code}}"
                ),
            ),
            unit="reqps",
        ),
    ),
)

APPLICATION: Final = Dashboard(
    "tiphys-application",
    "tiphys / Application",
    (
        ("namespace", "label_values(argocd_app_info, namespace)"),
        ("application", 'label_values(argocd_app_info{namespace="$namespace"}, name)'),
    ),
    (
        Panel(
            "Now",
            (Query(f"argocd_app_info{{{_ONE}}}"),),
            "table",
            width=24,
        ),
        Panel(
            "Sync status over time",
            (Query(f"max by (sync_status) (argocd_app_info{{{_ONE}}})", "{{sync_status}}"),),
            "state-timeline",
            width=12,
        ),
        Panel(
            "Health over time",
            (Query(f"max by (health_status) (argocd_app_info{{{_ONE}}})", "{{health_status}}"),),
            "state-timeline",
            width=12,
        ),
        Panel(
            "Syncs that ended, by phase",
            (Query(f"sum by (phase) (argocd_app_sync_total{{{_ONE}}})", "{{phase}}"),),
        ),
        Panel(
            "Seconds spent in syncs",
            (Query(f"sum(argocd_app_sync_duration_seconds_total{{{_ONE}}})", "seconds"),),
            unit="s",
        ),
        Panel(
            "Orphaned objects",
            (Query(f"argocd_app_orphaned_resources_count{{{_ONE}}}", "objects"),),
        ),
        Panel(
            "Requests to the cluster",
            (
                Query(
                    f"sum by (verb, resource_kind) (argocd_app_k8s_request_total{{{_ONE}}})",
                    "{{verb}} {{resource_kind}}",
                ),
            ),
            width=24,
        ),
    ),
)

INTERNALS: Final = Dashboard(
    "tiphys-internals",
    "tiphys / Controller and repositories",
    (),
    (
        Panel(
            "Looks at Applications",
            (Query(f"sum(rate(argocd_app_reconcile_count{_RATE}))", "looks"),),
            unit="ops",
        ),
        Panel("Seconds of a look", _quantiles("argocd_app_reconcile"), unit="s"),
        Panel(
            "Queue",
            (
                Query("workqueue_depth", "waiting"),
                Query("tiphys_queue_age_seconds", "seconds of the longest wait"),
                Query("workqueue_longest_running_processor_seconds", "seconds of the longest work"),
            ),
        ),
        Panel("Seconds in the queue", _quantiles("workqueue_queue_duration_seconds"), unit="s"),
        Panel(
            "Queued again after failures",
            (Query(f"sum(rate(workqueue_retries_total{_RATE})) or vector(0)", "keys"),),
        ),
        Panel(
            "Requests to API servers",
            (
                Query(
                    f"sum by (method, code) (rate(argocd_kubectl_requests_total{_RATE}))",
                    "{{method}} {{code}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Seconds of an API server",
            _quantiles("argocd_kubectl_request_duration_seconds", "verb"),
            unit="s",
        ),
        Panel(
            "Objects held of a cluster",
            (Query("argocd_cluster_api_resource_objects", "{{server}}"),),
        ),
        Panel(
            "Changes that clusters reported",
            (
                Query(
                    f"sum by (server) (rate(argocd_cluster_events_total{_RATE}))",
                    "{{server}}",
                ),
            ),
        ),
        Panel(
            "Requests to Git",
            (
                Query(
                    f"sum by (request_type) (rate(argocd_git_request_total{_RATE}))",
                    "{{request_type}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Seconds of Git",
            _quantiles("argocd_git_request_duration_seconds", "request_type"),
            unit="s",
        ),
        Panel(
            "Renders that wait or run",
            (Query("sum(argocd_repo_pending_request_total)", "renders"),),
        ),
        Panel("Seconds of a render", _quantiles("tiphys_render_seconds", "kind"), unit="s"),
        Panel(
            "Manifests found in the cache",
            (
                Query(
                    f'sum(rate(tiphys_render_cache_lookups_total{{result="hit"}}{_RATE}))'
                    f" / sum(rate(tiphys_render_cache_lookups_total{_RATE}))",
                    "share",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "Lag of the event loop, of the last hour",
            (Query("tiphys_loop_lag_seconds", "{{quantile}}"),),
            unit="s",
        ),
        Panel(
            "Memory",
            (Query(f"process_resident_memory_bytes{_OURS}", "resident"),),
            unit="bytes",
        ),
        Panel(
            "CPU",
            (Query(f"rate(process_cpu_seconds_total{_OURS}{_RATE})", "cores"),),
        ),
        Panel(
            "Open files",
            (Query(f"process_open_fds{_OURS}", "files"),),
        ),
    ),
)

DASHBOARDS: Final = (OVERVIEW, APPLICATION, INTERNALS)
