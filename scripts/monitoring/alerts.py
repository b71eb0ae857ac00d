"""The alerts: what is wrong, since when, how much it matters and what to do."""

from typing import Any, Final, NamedTuple

from scripts.monitoring.scraping import CONTROLLER, PART_OF

_APP: Final = "namespace, name, project, dest_server"
_RAN_INTO_ERRORS: Final = 'argocd_app_sync_total{phase=~"Error|Failed", dry_run="false"}'
_NOT_DELIVERED: Final = 'argocd_notifications_deliveries_total{succeeded="false"}'


class Alert(NamedTuple):
    """One rule.

    Attributes:
        expression: PromQL; each series that it returns is one alert.
        lasting: for how long it must hold.
        summary: one line; may use Prometheus' `{{ $labels.x }}`.
    """

    name: str
    expression: str
    lasting: str
    severity: str
    summary: str
    action: str


def _counted(counter: str, labels: str, span: str = "10m") -> str:
    """Return what asks by labels for a counter that has gone up.

    A counter's first event makes its series: `increase` sees no step there, so that a series which
    was not there before counts as well.
    """
    new = f"{counter} unless {counter} offset {span}"
    return f"sum by ({labels}) (increase({counter}[{span}]) > 0 or ({new}))"


# The state's other labels change while it lasts; grouped away, they do not start the clock anew.
ALERTS: Final = (
    Alert(
        "TiphysApplicationOutOfSync",
        f"max by ({_APP})"
        ' (argocd_app_info{sync_status="OutOfSync", autosync_enabled="true"}) == 1',
        "15m",
        "warning",
        "{{ $labels.namespace }}/{{ $labels.name }} is out of sync although it syncs by itself",
        "Look at its diff and its last sync; a sync window or a failed revision holds syncs back.",
    ),
    Alert(
        "TiphysApplicationNotSyncedForADay",
        f'max by ({_APP}) (argocd_app_info{{sync_status="OutOfSync"}}) == 1',
        "24h",
        "info",
        "{{ $labels.namespace }}/{{ $labels.name }} is out of sync for a day",
        "Sync it, or revert in Git what should not be live.",
    ),
    Alert(
        "TiphysApplicationUnknown",
        f'max by ({_APP}) (argocd_app_info{{sync_status="Unknown"}}) == 1',
        "15m",
        "warning",
        "{{ $labels.namespace }}/{{ $labels.name }} cannot be compared",
        "Its conditions say why: a repository, a render or a cluster fails.",
    ),
    Alert(
        "TiphysApplicationDegraded",
        f'max by ({_APP}) (argocd_app_info{{health_status="Degraded"}}) == 1',
        "5m",
        "critical",
        "{{ $labels.namespace }}/{{ $labels.name }} is degraded",
        "Its tree shows which object is, and what that says.",
    ),
    Alert(
        "TiphysSyncFailed",
        _counted(_RAN_INTO_ERRORS, _APP),
        "0m",
        "warning",
        "A sync of {{ $labels.namespace }}/{{ $labels.name }} failed",
        "The operation's result names the objects that were refused.",
    ),
    Alert(
        "TiphysClusterUnreachable",
        "argocd_cluster_connection_status == 0 and on (server) ("
        'label_replace(count by (dest_server) (argocd_app_info), "server", "$1", "dest_server",'
        ' "(.+)") or argocd_cluster_info and on (name) label_replace(count by (dest_server)'
        ' (argocd_app_info), "name", "$1", "dest_server", "(.+)"))',
        "5m",
        "critical",
        "The cluster {{ $labels.server }} does not answer, and Applications deploy to it",
        "`tiphys cluster get` says what was answered: network, certificate or credentials.",
    ),
    Alert(
        "TiphysQueueGrowing",
        "deriv(workqueue_depth[15m]) > 0 and on (name)"
        " min_over_time(tiphys_queue_age_seconds[5m]) > 30",
        "10m",
        "warning",
        "More Applications wait for a look than are looked at",
        "See which renders and repositories are slow, and whether the CPU suffices.",
    ),
    Alert(
        "TiphysNotReconciling",
        '(sum(workqueue_depth{name="app_reconciliation_queue"}) > 0) and'
        " ((sum(increase(argocd_app_reconcile_count[10m])) or vector(0)) == 0)",
        "5m",
        "critical",
        "Applications wait, and none is looked at",
        "Read the log of the controller: its last lines say where it hangs.",
    ),
    Alert(
        "TiphysDown",
        f'absent(up{{job="{CONTROLLER}"}} == 1)',
        "5m",
        "critical",
        "tiphys does not answer to Prometheus",
        "Nothing is deployed or watched meanwhile: see whether its pod runs.",
    ),
    Alert(
        "TiphysGitFailing",
        f"({_counted('argocd_git_fetch_fail_total', 'repo')})"
        f" or ({_counted('argocd_git_lsremote_fail_total', 'repo')})",
        "10m",
        "warning",
        "The repository {{ $labels.repo }} cannot be read",
        "`tiphys repo list` says what it answered: address, certificate or credentials.",
    ),
    Alert(
        "TiphysNotificationFailing",
        _counted(_NOT_DELIVERED, "trigger, service"),
        "0m",
        "warning",
        "A notification by {{ $labels.service }} was not delivered ({{ $labels.trigger }})",
        "The log has the service's answer; see whether its token is still good.",
    ),
)


def rules() -> dict[str, Any]:
    """Return Prometheus' rule file."""
    return {"groups": [{"name": "tiphys", "rules": [_rule(alert) for alert in ALERTS]}]}


def prometheus_rule() -> dict[str, Any]:
    """Return the same for the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "tiphys", "namespace": "argocd", "labels": PART_OF},
        "spec": rules(),
    }


def grafana(datasource: str) -> dict[str, Any]:
    """Return the same for Grafana's own alerting, which asks a data source."""
    group = {
        "orgId": 1,
        "name": "tiphys",
        "folder": "tiphys",
        "interval": "1m",
        "rules": [_grafana_rule(alert, datasource) for alert in ALERTS],
    }
    return {"apiVersion": 1, "groups": [group]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.lasting,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "description": alert.action},
    }


def _grafana_rule(alert: Alert, datasource: str) -> dict[str, Any]:
    # Prometheus alerts for each series, Grafana for each value above zero; some of ours are zeros.
    query = f"({alert.expression}) * 0 + 1"
    span = {"from": 1800, "to": 0}
    asked = {"refId": "A", "expr": query, "instant": True}
    condition = {
        "refId": "B",
        "type": "threshold",
        "expression": "A",
        "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
    }
    return {
        "uid": alert.name.lower(),
        "title": alert.name,
        "condition": "B",
        "data": [
            {"refId": "A", "relativeTimeRange": span, "datasourceUid": datasource, "model": asked},
            {"refId": "B", "datasourceUid": "__expr__", "model": condition},
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": alert.lasting,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "description": alert.action},
    }
