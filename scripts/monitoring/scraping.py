"""Which port Prometheus asks for what, outside and inside of a cluster."""

from typing import Any, Final, NamedTuple

# The process answers with all families on each port: each job keeps those of its role, so that
# sums are right, and of every role what says how the process does.
_PROCESS: Final = "go_.*|process_.*"
PART_OF: Final = {"app.kubernetes.io/part-of": "tiphys"}


class Job(NamedTuple):
    """One port that is scraped.

    Attributes:
        name: as the dashboard that is published with Argo CD calls it.
        families: regular expression of the metrics that are kept.
    """

    name: str
    service: str
    port: int
    families: str

    @property
    def kept(self) -> str:
        """The regular expression with what every job keeps."""
        return f"{_PROCESS}|{self.families}"


CONTROLLER: Final = "argocd-application-controller-metrics"
JOBS: Final = (
    Job(
        CONTROLLER,
        "argocd-metrics",
        8082,
        "argocd_(app|cluster|kubectl)_.*|workqueue_.*|tiphys_(push|dry|syncs|queue|loop)_.*",
    ),
    Job(
        "argocd-server-metrics",
        "argocd-server-metrics",
        8083,
        "argocd_info|argocd_(login|webhook)_.*|grpc_.*|tiphys_api_.*",
    ),
    Job(
        "argocd-repo-server-metrics",
        "argocd-repo-server",
        8084,
        "argocd_(git|repo)_.*|tiphys_render_.*",
    ),
    Job(
        "argocd-notifications-controller-metrics",
        "argocd-notifications-controller-metrics",
        9001,
        "argocd_notifications_.*",
    ),
)


def prometheus() -> dict[str, Any]:
    """Return the configuration of a Prometheus on the machine that tiphys runs on."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {
                "job_name": job.name,
                # An Application's namespace is meant, not that of the target.
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{job.port}"]}],
                "metric_relabel_configs": [
                    {"source_labels": ["__name__"], "regex": job.kept, "action": "keep"}
                ],
            }
            for job in JOBS
        ],
    }


def service_monitors() -> list[dict[str, Any]]:
    """Return the same for the Prometheus operator."""
    return [_service_monitor(job) for job in JOBS]


def _service_monitor(job: Job) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": job.name, "namespace": "argocd", "labels": PART_OF},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": job.service}},
            "endpoints": [
                {
                    "port": "metrics",
                    "honorLabels": True,
                    "relabelings": [{"targetLabel": "job", "replacement": job.name}],
                    "metricRelabelings": [
                        {"sourceLabels": ["__name__"], "regex": job.kept, "action": "keep"}
                    ],
                }
            ],
        },
    }
