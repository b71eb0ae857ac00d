"""Deletes one object, and only the one that the decision was made on.

The request carries its uid and its version. When the API server finds another one there, the
object is read anew and the decision made again.

Source: Kubernetes API reference, "DeleteOptions" (preconditions); architecture, decision 10.
"""

from collections.abc import Callable

from tiphys.delivery.clusters import OpenCluster
from tiphys.model.errors import ApiError
from tiphys.model.keys import Manifest, gvk_of, key_of

_ATTEMPTS = 8


async def remove(
    cluster: OpenCluster, live: Manifest, *, propagation: str, may_go: Callable[[Manifest], bool]
) -> bool:
    """Delete an object, unless it is leaving already; return False when it may not go.

    Args:
        cluster: where it is; its cache takes in what becomes of it.
        live: as it was last seen.
        propagation: what becomes of dependents, as the API spells it.
        may_go: asked before each attempt, with the object as it is then.

    Raises:
        ApiError: the server refuses, or somebody else changes the object faster than we decide.
        ClusterError: the server does not answer.
    """
    gvk, key = gvk_of(live), key_of(live)
    current: Manifest | None = live
    for attempts_left in reversed(range(_ATTEMPTS)):
        if current is None:
            return True
        if not may_go(current):
            return False
        metadata = current["metadata"]
        if metadata.get("deletionTimestamp"):
            return True
        conditions = {name: metadata[name] for name in ("uid", "resourceVersion")}
        try:
            await cluster.client.delete(gvk, key, preconditions=conditions, propagation=propagation)
        except ApiError as err:
            if err.code != 409 or not attempts_left:
                raise
            current = await _read(cluster, current)
        else:
            await _read(cluster, current)
            return True
    return True


async def _read(cluster: OpenCluster, live: Manifest) -> Manifest | None:
    key, uid = key_of(live), live["metadata"]["uid"]
    found = await cluster.client.get(gvk_of(live), key.namespace, key.name)
    if found is None or found["metadata"]["uid"] != uid:
        cluster.cache.forget(key, uid)
    if found is not None:
        cluster.cache.observe(found)
    return found
