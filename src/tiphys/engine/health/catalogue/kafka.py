"""Kafka by Strimzi, Banzai and Confluent.

Source: Strimzi, "Custom resource API reference", conditions; Koperator and Confluent for
Kubernetes, status of their resources.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    Check,
    Row,
    Said,
    always,
    both,
    check,
    claim,
    field,
    get,
    in_order,
    missing,
)
from tiphys.engine.health.shapes import words
from tiphys.model.keys import Manifest


def _strimzi(*busy: str) -> Check:
    return check(
        in_order(
            Said("NotReady", "True", DEGRADED, but=busy),
            Said("Ready", "True", HEALTHY),
        ),
        Row(always, PROGRESSING, "{condition:NotReady}"),
    )


def _brokers(live: Manifest) -> dict[str, Manifest]:
    return get(live, "status.brokersState") or {}


_SETTLED: Final = {"GracefulUpscaleSucceeded", "GracefulDownscaleSucceeded"}


def _is_settled(broker: Manifest) -> bool:
    state = get(broker, "gracefulActionState.cruiseControlState")
    return broker.get("configurationState") == "ConfigInSync" and state in _SETTLED


@claim("a broker's configuration is not in sync, or its scaling is not done")
def _is_a_broker_unsettled(live: Manifest) -> bool:
    return not all(map(_is_settled, _brokers(live).values()))


_banzai: Final = check(
    Row(missing("status.brokersState"), PROGRESSING, "Waiting for the brokers"),
    Row(_is_a_broker_unsettled, DEGRADED, "a broker is out of sync"),
    Row(
        both(
            field("status.cruiseControlTopicStatus", "CruiseControlTopicReady"),
            field("status.state", "ClusterRunning"),
        ),
        HEALTHY,
    ),
    Row(always, PROGRESSING, "{status.state}"),
)

_connector: Final = check(
    Row(
        both(
            field("status.state", "CREATED"),
            field("status.connectorState", "RUNNING"),
            missing("status.failedTasksCount"),
        ),
        HEALTHY,
    ),
    Row(field("status.state", "ERROR"), DEGRADED, "{status.state}"),
    Row(
        claim("`status.state` is set and `status.failedTasksCount` > 0")(
            lambda live: (
                bool(get(live, "status.state")) and (get(live, "status.failedTasksCount") or 0) > 0
            )
        ),
        DEGRADED,
        "{#status.failedTasksCount} tasks failed",
    ),
    Row(always, PROGRESSING, "{status.connectorState}"),
)

KAFKA: Final[dict[str, Check]] = {
    "kafka.banzaicloud.io/KafkaCluster": _banzai,
    "kafka.strimzi.io/Kafka": _strimzi("Creating"),
    "kafka.strimzi.io/KafkaBridge": _strimzi(),
    "kafka.strimzi.io/KafkaConnect": _strimzi(),
    "kafka.strimzi.io/KafkaConnector": _strimzi(),
    "kafka.strimzi.io/KafkaMirrorMaker2": _strimzi(),
    "kafka.strimzi.io/KafkaNodePool": _strimzi(),
    "kafka.strimzi.io/KafkaTopic": _strimzi(),
    "kafka.strimzi.io/KafkaUser": _strimzi(),
    "platform.confluent.io/Connector": _connector,
    "platform.confluent.io/*": words("status.phase", {HEALTHY: ("RUNNING",)}),
}
