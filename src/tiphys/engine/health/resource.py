"""Health of one resource: deletion, the user's script, the catalogue, the standard conditions.

Source: Argo CD operator manual, "Resource Health". Where we differ on purpose: popular custom
resources are rows of our own catalogue, and say so in their own words; for all others the standard
conditions speak, unless that is turned off.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, NamedTuple

from tiphys.engine.health import pods, workloads
from tiphys.engine.health.catalogue import CATALOGUE
from tiphys.engine.health.rules import Check
from tiphys.engine.health.standard import is_custom, standard
from tiphys.model.application import HealthStatus
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, gvk_of
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.words import HealthStatusCode

Override = Callable[[Manifest], HealthStatus | None]
"""The user's own check of a kind; None from it means that there is no health."""


class _BuiltIn(NamedTuple):
    """A check, and the versions whose fields it knows; none named means all."""

    check: Check
    versions: frozenset[str] = frozenset()


_V1: Final = frozenset({"v1"})
BUILT_INS: Final = {
    "Pod": _BuiltIn(pods.pod, _V1),
    "Service": _BuiltIn(workloads.service, _V1),
    "PersistentVolumeClaim": _BuiltIn(workloads.persistent_volume_claim, _V1),
    "apiextensions.k8s.io/CustomResourceDefinition": _BuiltIn(workloads.custom_resource_definition),
    "apiregistration.k8s.io/APIService": _BuiltIn(
        workloads.api_service, frozenset({"v1", "v1beta1"})
    ),
    "apps/DaemonSet": _BuiltIn(workloads.daemon_set, _V1),
    "apps/Deployment": _BuiltIn(workloads.deployment, _V1),
    "apps/ReplicaSet": _BuiltIn(workloads.replica_set, _V1),
    "apps/StatefulSet": _BuiltIn(workloads.stateful_set, _V1),
    "autoscaling/HorizontalPodAutoscaler": _BuiltIn(
        pods.horizontal_pod_autoscaler, frozenset({"v1", "v2"})
    ),
    "batch/CronJob": _BuiltIn(workloads.cron_job),
    "batch/Job": _BuiltIn(workloads.job, _V1),
    "extensions/Ingress": _BuiltIn(workloads.ingress),
    "networking.k8s.io/Ingress": _BuiltIn(workloads.ingress),
    "policy/PodDisruptionBudget": _BuiltIn(workloads.pod_disruption_budget),
}


_STANDARD: Final = _BuiltIn(standard)


def resource_health(
    live: Manifest, override: Override | None = None, *, has_standard: bool = True
) -> HealthStatus | None:
    """Return the health of a live object, None for a kind that nobody has a check for.

    Args:
        live: as the cluster returned it.
        override: the user's check for this kind, None when there is none.
        has_standard: whether the standard conditions speak for custom resources without a check.
    """
    metadata = live.get("metadata") or {}
    if metadata.get("deletionTimestamp") and HOOK_FINALIZER not in metadata.get("finalizers", ()):
        return HealthStatus(status=HealthStatusCode.PROGRESSING, message="Pending deletion")
    try:
        return override(live) if override is not None else _checked(live, has_standard)
    except TiphysError as err:
        return HealthStatus(status=HealthStatusCode.UNKNOWN, message=err.what)


def _checked(live: Manifest, has_standard: bool) -> HealthStatus | None:  # noqa: FBT001 -- private
    gvk = gvk_of(live)
    found = _find(gvk.group_kind)
    if found is None and has_standard and is_custom(gvk.group):
        found = _STANDARD
    if found is None:
        return None
    if found.versions and gvk.version not in found.versions:
        return HealthStatus(status=HealthStatusCode.UNKNOWN, message=_unsupported(gvk))
    try:
        return found.check(live)
    except (AttributeError, TypeError, ValueError, KeyError) as err:
        # A status that is not shaped as its kind says must not break the whole Application.
        return HealthStatus(
            status=HealthStatusCode.UNKNOWN, message=f"status cannot be read: {err}"
        )


def _unsupported(gvk: GroupVersionKind) -> str:
    return f"unsupported {gvk.kind} GVK: {gvk.group}/{gvk.version}, Kind={gvk.kind}"


@lru_cache(maxsize=1024)
def _find(kind: GroupKind) -> _BuiltIn | None:
    name = str(kind)
    if name in BUILT_INS:
        return BUILT_INS[name]
    if name in CATALOGUE:
        return _BuiltIn(CATALOGUE[name])
    for pattern, check in CATALOGUE.items():
        if "*" in pattern and fnmatchcase(name, pattern):
            return _BuiltIn(check)
    return None
