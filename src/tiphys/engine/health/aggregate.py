"""Health of an Application, from that of its resources.

Source: Argo CD operator manual, "Resource Health".
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tiphys.model.application import HealthStatus
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.words import HealthStatusCode

_SEVERITY: Final = {code: rank for rank, code in enumerate(HealthStatusCode)}  # best first
_APPLICATION: Final = GroupKind("argoproj.io", "Application")
_CHILD_STATES_THAT_DO_NOT_COUNT: Final = frozenset(
    {HealthStatusCode.MISSING, HealthStatusCode.UNKNOWN}
)
_MAX_CAUSES: Final = 3


class ResourceHealth(NamedTuple):
    """What of a resource counts for its Application.

    Attributes:
        health: None for a kind without a check, and for what does not exist.
        is_live: whether it exists.
        is_counted: False for hooks, skipped resources, those annotated to be ignored, and the
            Application itself.
        is_hook: hooks do not make an Application that has lost everything else look present.
    """

    key: ResourceKey
    health: HealthStatus | None
    is_live: bool
    is_counted: bool = True
    is_hook: bool = False


def worst_health(codes: Iterable[HealthStatusCode]) -> HealthStatusCode:
    """Return the most severe of `codes`; Healthy when there are none."""
    return max(codes, key=_SEVERITY.__getitem__, default=HealthStatusCode.HEALTHY)


def app_health(resources: Iterable[ResourceHealth]) -> HealthStatus:
    """Return the health of an Application, its message naming the first causes."""
    own = [resource for resource in resources if not resource.is_hook]
    if own and not any(resource.is_live for resource in own):
        return HealthStatus(status=HealthStatusCode.MISSING)
    counted = [resource for resource in own if _counts(resource)]
    worst = worst_health(resource.health.status for resource in counted if resource.health)
    if worst is HealthStatusCode.HEALTHY:
        return HealthStatus(status=worst)
    causes = [r.key for r in counted if r.health is not None and r.health.status is worst]
    return HealthStatus(status=worst, message=_name_causes(causes))


def _counts(resource: ResourceHealth) -> bool:
    if not (resource.is_counted and resource.is_live) or resource.health is None:
        return False
    is_child = resource.key.group_kind == _APPLICATION
    return not (is_child and resource.health.status in _CHILD_STATES_THAT_DO_NOT_COUNT)


def _name_causes(causes: list[ResourceKey]) -> str:
    named = ", ".join(
        f"{key.group}/{key.kind}:{key.namespace}/{key.name}" for key in causes[:_MAX_CAUSES]
    )
    more = len(causes) - _MAX_CAUSES
    return f"{named} and {more} more" if more > 0 else named
