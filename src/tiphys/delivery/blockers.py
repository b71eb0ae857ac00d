"""What keeps a live object from becoming healthy, by name: a Pod of it that cannot start."""

import msgspec

from tiphys.kube.live_cache import LiveCache
from tiphys.model.keys import ResourceKey
from tiphys.model.tree import ResourceNode
from tiphys.model.words import HealthStatusCode

_MAX_DEPTH = 4
_MAX_LOOKED_AT = 200
_FINE = frozenset({HealthStatusCode.HEALTHY, HealthStatusCode.SUSPENDED})
_REASON = "Status Reason"
_UNTOLD = frozenset({"", "Running", "Completed", "Succeeded"})


def blocker(cache: LiveCache, key: ResourceKey) -> str:
    """Return what below an object is not healthy and why: "pod migrate-x: ImagePullBackOff".

    Returns:
        The first that is Degraded, else the first that says why it is not ready; "" for none.
    """
    record = cache.record(key)
    if record is None:
        return ""
    found: list[tuple[int, str]] = []
    owners, looked_at = [record.uid, str(key)], 0
    for _ in range(_MAX_DEPTH):
        children = sorted(cache.children(owners))[: _MAX_LOOKED_AT - looked_at]
        looked_at += len(children)
        owners = []
        for child in children:
            held = cache.record(child)
            if held is None:
                continue
            owners += [held.uid, str(child)]
            node = None if held.node is None else msgspec.json.decode(held.node, type=ResourceNode)
            if node is not None and (why := _why(node)):
                is_failing = node.health is not None and node.health.status not in _FINE
                rank = 0 if is_failing and _is_degraded(node) else 1
                found.append((rank, f"{child.kind.lower()} {child.name}: {why}"))
        if not owners:
            break
    return min(found, key=lambda each: each[0], default=(0, ""))[1]


def _is_degraded(node: ResourceNode) -> bool:
    return node.health is not None and node.health.status is HealthStatusCode.DEGRADED


def _why(node: ResourceNode) -> str:
    """Return why an object is not ready, "" when it is or does not say."""
    reason = next((item.value for item in node.info if item.name == _REASON), "")
    if reason not in _UNTOLD:
        return reason
    if node.health is None or node.health.status in _FINE:
        return ""
    return node.health.message
