"""3scale: what its operator manages says Ready, Synced, Invalid, Orphan or Failed.

Source: 3scale operator, reference of each resource, "status".
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Check,
    Row,
    Said,
    always,
    both,
    check,
    claim,
    condition,
    field,
    find_condition,
    get,
    in_order,
    number,
    unless,
)
from tiphys.model.keys import Manifest

_waiting: Final = Row(always, PROGRESSING, "Waiting for status")


def _said(done: str, *bad: str, more: tuple[Said, ...] = (), first: tuple[Row, ...] = ()) -> Check:
    failed = (Said(type_, "True", DEGRADED) for type_ in bad)
    return check(*first, in_order(Said(done, "True", HEALTHY), *failed, *more), _waiting)


def _deployments(live: Manifest, state: str) -> bool:
    return get(live, f"status.deployments.{state}") is not None


@claim("`status.deployments` are all ready")
def _are_deployments_ready(live: Manifest) -> bool:
    return (
        _deployments(live, "ready")
        and not _deployments(live, "starting")
        and not _deployments(live, "stopped")
    )


@claim("`status.tenantId` and `status.adminId` are set")
def _has_ids(live: Manifest) -> bool:
    return number(live, "status.tenantId") > 0 and number(live, "status.adminId") > 0


@claim("`status.adminId` is set")
def _has_admin(live: Manifest) -> bool:
    return number(live, "status.adminId") > 0


@claim("condition `Available` gives a reason")
def _is_unavailable(live: Manifest) -> bool:
    return bool((find_condition(live, "Available") or {}).get("reason"))


_is_ready: Final = condition("Ready", "True")
_api_manager: Final = check(
    Row(_are_deployments_ready, HEALTHY),
    Row(condition("Available", "True"), HEALTHY),
    Row(_is_unavailable, DEGRADED, "{reason:Available}"),
    _waiting,
)

THREESCALE: Final[dict[str, Check]] = {
    "apps.3scale.net/APIManager": _api_manager,
    "capabilities.3scale.net/ActiveDoc": _said("Ready", "Invalid", "Orphan", "Failed"),
    "capabilities.3scale.net/Application": check(
        Row(field("status.state", "suspended"), SUSPENDED, "suspended"),
        Row(_is_ready, HEALTHY),
        Row(both(condition("Ready"), unless(_has_admin)), DEGRADED, "{condition:Ready}"),
        _waiting,
    ),
    "capabilities.3scale.net/ApplicationAuth": _said("Ready", "Failed"),
    "capabilities.3scale.net/Backend": _said("Synced", "Invalid", "Failed"),
    "capabilities.3scale.net/CustomPolicyDefinition": _said("Ready", "Invalid", "Failed"),
    "capabilities.3scale.net/DeveloperAccount": _said(
        "Ready", "Invalid", "Failed", more=(Said("Waiting", "True", SUSPENDED),)
    ),
    "capabilities.3scale.net/DeveloperUser": _said(
        "Ready",
        "Invalid",
        "Orphan",
        "Failed",
        first=(Row(field("status.developerUserState", "suspended"), SUSPENDED, "suspended"),),
    ),
    "capabilities.3scale.net/OpenAPI": _said("Ready", "Invalid", "Failed"),
    "capabilities.3scale.net/Product": _said("Synced", "Invalid", "Orphan", "Failed"),
    "capabilities.3scale.net/ProxyConfigPromote": _said(
        "Ready", "Failed", more=(Said("In-progress", "True", PROGRESSING),)
    ),
    "capabilities.3scale.net/Tenant": check(
        Row(both(_is_ready, _has_ids), HEALTHY),
        Row(both(condition("Ready"), unless(_is_ready)), DEGRADED, "{condition:Ready}"),
        _waiting,
    ),
}
