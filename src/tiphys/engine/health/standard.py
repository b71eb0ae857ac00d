"""Health of a custom resource that nobody has a check for, by the conditions that many follow.

What has none of these conditions, and does not say which generation it has seen, has no health, as
in Argo CD.

Source: kstatus, "The standard conditions"; Kubernetes API conventions, "Typical status properties".
Where we differ from kstatus on purpose: an object without conditions is not taken for healthy.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    Row,
    Table,
    check,
    condition,
)
from tiphys.engine.health.shapes import STALE

standard: Final[Table] = check(
    STALE,
    Row(condition("Stalled", "True"), DEGRADED, "{condition:Stalled|reason:Stalled}"),
    Row(
        condition("Reconciling", "True"),
        PROGRESSING,
        "{condition:Reconciling|reason:Reconciling}",
    ),
    Row(condition("Ready", "False", "Unknown"), PROGRESSING, "{condition:Ready|reason:Ready}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
)

_BUILT_IN_GROUPS: Final = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})


def is_custom(group: str) -> bool:
    """Return whether the kinds of a group are no part of Kubernetes itself."""
    is_api_of_kubernetes = group.endswith(".k8s.io") and ".x-k8s.io" not in group
    return group not in _BUILT_IN_GROUPS and not is_api_of_kubernetes
