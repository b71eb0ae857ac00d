"""Data stores and brokers: PostgreSQL, MariaDB, MongoDB, Elastic, Kafka, RabbitMQ, and their like.

Source: the status documentation of each operator.
"""

from typing import Final

from tiphys.engine.health.catalogue.kafka import KAFKA
from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Check,
    Claim,
    Row,
    absent,
    always,
    any_condition,
    both,
    check,
    claim,
    condition,
    conditions_of,
    either,
    entries,
    field,
    get,
    missing,
    number,
    same,
)
from tiphys.engine.health.shapes import ready, words
from tiphys.model.keys import Manifest

_CNPG: Final = {
    HEALTHY: ("Cluster in healthy state",),
    PROGRESSING: (
        "Setting up primary",
        "Creating a new replica",
        "Upgrading cluster",
        "Waiting for the instances to become active",
        "Promoting to primary cluster",
    ),
    DEGRADED: (
        "Switchover in progress",
        "Failing over",
        "Upgrading Postgres major version",
        "Cluster upgrade delayed",
        "Waiting for user action",
        "Primary instance is being restarted in-place",
        "Primary instance is being restarted without a switchover",
        "Cluster cannot execute instance online upgrade due to missing architecture binary",
        "Online upgrade in progress",
        "Applying configuration",
    ),
    SUSPENDED: (
        "Unable to create required cluster objects",
        "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
        "Cluster has incomplete or invalid image catalog",
        "Cluster is unrecoverable and needs manual intervention",
    ),
}


@claim("annotation `cnpg.io/reconciliation` is `disabled`")
def _is_disabled(live: Manifest) -> bool:
    annotations = get(live, "metadata.annotations") or {}
    return bool(annotations.get("cnpg.io/reconciliation") == "disabled")


_HIBERNATION: Final = "cnpg.io/hibernation"
_cnpg: Final = check(
    Row(_is_disabled, SUSPENDED, "reconciliation is disabled"),
    Row(missing("status.conditions"), PROGRESSING, "{status.phaseReason|status.phase}"),
    Row(condition(_HIBERNATION, "True"), SUSPENDED, f"{{condition:{_HIBERNATION}}}"),
    Row(condition(_HIBERNATION), DEGRADED, f"{{condition:{_HIBERNATION}}}"),
    *words(
        "status.phase",
        _CNPG,
        other=UNKNOWN,
        unset=UNKNOWN,
        message="{status.phaseReason|status.phase}",
    ).parts,
)

_is_current: Final = either(
    missing("metadata.generation"), same("status.observedGeneration", "metadata.generation")
)
_cnpg_database: Final = check(
    Row(both(field("status.applied", True), _is_current), HEALTHY, "{status.message}"),
    Row(both(field("status.applied", False), _is_current), DEGRADED, "{status.message}"),
    # The first tries fail until the owner's role exists; that is no reason to stop a sync.
    Row(always, PROGRESSING, "{status.message}"),
)


def _first_false_is(text: str, *, reason: str, message: str = "") -> Claim:
    def holds(live: Manifest) -> bool:
        false = [entry for entry in conditions_of(live) if entry.get("status") == "False"]
        if not false or false[0].get("reason") != reason:
            return False
        return not message or false[0].get("message") == message

    return Claim(holds, text)


def _maria(failure: Claim | None) -> Check:
    failed = [Row(failure, DEGRADED, "failed")] if failure else []
    return check(
        Row(missing("status.conditions"), PROGRESSING, "Waiting for status"),
        *failed,
        Row(any_condition("False"), PROGRESSING, "{condition:Ready|condition:Complete}"),
        Row(always, HEALTHY, "{condition:Ready}"),
    )


@claim("a condition has reason `JobComplete`")
def _is_job_complete(live: Manifest) -> bool:
    return _says_job(live, "JobComplete")


@claim("a condition has reason `JobFailed`")
def _has_job_failed(live: Manifest) -> bool:
    return _says_job(live, "JobFailed")


def _says_job(live: Manifest, reason: str) -> bool:
    return any(
        entry.get("reason") == reason and entry.get("status") == "True"
        for entry in conditions_of(live)
    )


def _wanted_nodes(live: Manifest) -> int:
    return sum(number(node_set, "count") for node_set in entries(live, "spec.nodeSets"))


@claim("`status.availableNodes` < the sum of `spec.nodeSets`")
def _lacks_nodes(live: Manifest) -> bool:
    return number(live, "status.availableNodes") < _wanted_nodes(live)


@claim("`status.availableNodes` > the sum of `spec.nodeSets`")
def _has_too_many_nodes(live: Manifest) -> bool:
    return number(live, "status.availableNodes") > _wanted_nodes(live)


_elasticsearch: Final = check(
    Row(absent("status"), UNKNOWN, "no status"),
    Row(missing("status.availableNodes"), UNKNOWN, "{status.phase}"),
    Row(_lacks_nodes, PROGRESSING, "{#status.availableNodes} nodes are available"),
    Row(either(_has_too_many_nodes, absent("status.health")), UNKNOWN, "{status.phase}"),
    Row(field("status.phase", "ApplyingChanges", "MigratingData"), PROGRESSING, "{status.phase}"),
    Row(field("status.phase", "Invalid"), DEGRADED, "{status.phase}"),
    Row(
        both(field("status.phase", "Ready"), field("status.health", "green")),
        HEALTHY,
        "{status.health}",
    ),
    Row(
        both(field("status.phase", "Ready"), field("status.health", "yellow")),
        PROGRESSING,
        "{status.health}",
    ),
    Row(
        both(field("status.phase", "Ready"), field("status.health", "red")),
        DEGRADED,
        "{status.health}",
    ),
    Row(always, UNKNOWN, "{status.phase}"),
)

_COLOURS: Final = {HEALTHY: ("green",), PROGRESSING: ("yellow",), DEGRADED: ("red",)}
_beat: Final = check(
    Row(both(missing("status.health"), missing("status.expectedNodes")), UNKNOWN, "no status"),
    *words("status.health", _COLOURS, other=UNKNOWN).parts,
)

_rabbit_said: Final = "{condition:Ready|reason:Ready}"
_rabbit: Final = check(
    Row(condition("Ready", "True", reasons=("SuccessfulCreateOrUpdate",)), HEALTHY, _rabbit_said),
    Row(condition("Ready", "False", reasons=("FailedCreateOrUpdate",)), DEGRADED, _rabbit_said),
    Row(always, UNKNOWN, _rabbit_said),
)

_rabbit_cluster: Final = check(
    Row(condition("ReconcileSuccess", "False"), DEGRADED, "{condition:ReconcileSuccess}"),
    Row(
        either(condition("ClusterAvailable", "Unknown"), condition("AllReplicasReady", "Unknown")),
        PROGRESSING,
        "Waiting for the cluster to report",
    ),
    Row(
        both(
            field("spec.replicas", 0),
            condition("AllReplicasReady", "False", reasons=("ScaledToZero",)),
        ),
        SUSPENDED,
        "scaled to 0 replicas",
    ),
    Row(
        both(condition("ClusterAvailable", "True"), condition("AllReplicasReady", "True")),
        HEALTHY,
    ),
    Row(always, PROGRESSING, "{condition:ClusterAvailable|condition:AllReplicasReady}"),
)


_tenant: Final = words(
    "status.currentState",
    {
        HEALTHY: ("Initialized",),
        DEGRADED: (
            "Statefulset not controlled by operator",
            "Another MinIO Tenant already exists in the namespace",
            "Tenant credentials are not set properly",
            "Different versions across MinIO Pools",
            "Pool Decommissioning Not Allowed",
        ),
    },
)

_CLICKHOUSE: Final = words(
    "status.status", {HEALTHY: ("Completed",), PROGRESSING: ("InProgress",)}, other=DEGRADED
)


@claim("every rack has all its members ready")
def _are_racks_ready(live: Manifest) -> bool:
    racks = get(live, "status.racks") or {}
    return get(live, "status.racks") is not None and all(
        get(rack, "members") == get(rack, "readyMembers")
        for rack in racks.values()
        if get(rack, "members") is not None and get(rack, "readyMembers") is not None
    )


@claim("every node of `status.solrNodes` is ready")
def _are_solr_nodes_ready(live: Manifest) -> bool:
    return get(live, "status.solrNodes") is not None and all(
        node.get("ready") for node in entries(live, "status.solrNodes")
    )


KINDS: Final[dict[str, Check]] = {
    **KAFKA,
    "acid.zalan.do/postgresql": words(
        "status.PostgresClusterStatus",
        {HEALTHY: ("Running",), PROGRESSING: ("Creating", "Updating")},
        other=DEGRADED,
    ),
    "beat.k8s.elastic.co/Beat": _beat,
    "cassandra.rook.io/Cluster": check(
        Row(_are_racks_ready, HEALTHY), Row(always, PROGRESSING, "Waiting for the racks")
    ),
    "clickhouse.altinity.com/ClickHouseInstallation": _CLICKHOUSE,
    "clickhouse-keeper.altinity.com/ClickHouseKeeperInstallation": _CLICKHOUSE,
    "elasticsearch.k8s.elastic.co/Elasticsearch": _elasticsearch,
    "k8s.mariadb.com/Backup": _maria(
        _first_false_is(
            "the first condition that is False says that the job failed",
            reason="CronJobScheduled",
            message="Failed",
        )
    ),
    "k8s.mariadb.com/MariaDB": _maria(
        _first_false_is("the first condition that is False has reason `Failed`", reason="Failed")
    ),
    "k8s.mariadb.com/SqlJob": check(
        Row(_is_job_complete, HEALTHY),
        Row(_has_job_failed, DEGRADED, "{condition:Complete}"),
        Row(always, PROGRESSING, "{condition:Complete}"),
    ),
    "k8s.mariadb.com/*": ready(unknown=DEGRADED),
    "kibana.k8s.elastic.co/Kibana": words("status.health", _COLOURS),
    "logstash.k8s.elastic.co/Logstash": words(
        "status.health", _COLOURS, other=UNKNOWN, unset=UNKNOWN
    ),
    "mariadb.mmontes.io/MariaDB": _maria(None),
    "minio.min.io/Tenant": _tenant,
    "postgresql.cnpg.io/Backup": words(
        "status.phase",
        {
            HEALTHY: ("completed",),
            DEGRADED: ("failed", "walArchivingFailing", "invalid backup definition"),
        },
        message="{status.error|status.phase}",
    ),
    "postgresql.cnpg.io/Cluster": _cnpg,
    "postgresql.cnpg.io/Database": _cnpg_database,
    "psmdb.percona.com/PerconaServerMongoDB": words(
        "status.state",
        {
            HEALTHY: ("ready",),
            PROGRESSING: ("initializing", "stopping"),
            DEGRADED: ("error",),
            SUSPENDED: ("paused",),
        },
        other=UNKNOWN,
        unset=UNKNOWN,
    ),
    "pxc.percona.com/PerconaXtraDBCluster": words(
        "status.state",
        {
            HEALTHY: ("ready",),
            PROGRESSING: ("initializing",),
            DEGRADED: ("error", "stopping"),
            UNKNOWN: ("paused",),
        },
        other=UNKNOWN,
        unset=UNKNOWN,
    ),
    "rabbitmq.com/RabbitmqCluster": _rabbit_cluster,
    "rabbitmq.com/*": _rabbit,
    "solr.apache.org/SolrCloud": check(
        Row(_are_solr_nodes_ready, HEALTHY), Row(always, PROGRESSING, "Waiting for the nodes")
    ),
    "zookeeper.pravega.io/ZookeeperCluster": check(
        Row(
            claim("`status.readyReplicas` = `status.replicas` > 0")(
                lambda live: (
                    get(live, "status.readyReplicas") == get(live, "status.replicas")
                    and number(live, "status.readyReplicas") > 0
                )
            ),
            HEALTHY,
        ),
        Row(always, PROGRESSING, "Waiting for the nodes to join"),
    ),
}
