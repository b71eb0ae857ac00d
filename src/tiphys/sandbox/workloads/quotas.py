"""Quotas: their status says what they allow and what is used of it.

What is let in is added at once (see quotas/enforcement.py); here all is counted anew, after
something has gone or uses less.

Source: Kubernetes documentation, "Resource Quotas".
"""

from collections.abc import Iterable

from tiphys.sandbox.quotas.scopes import is_about, selectors_of
from tiphys.sandbox.quotas.usage import (
    QUOTAS,
    USE_MORE,
    Amounts,
    is_counted,
    is_known,
    total,
    usage,
)
from tiphys.sandbox.statuses import qualified
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.workloads.cluster import Cluster, Manifest
from tiphys.structured.quantities import canonical_quantity


def step(cluster: Cluster, quota: Manifest) -> None:
    """Count what is used; report."""
    spec, namespace = quota["spec"], quota["metadata"]["namespace"]
    hard: Amounts = spec.get("hard") or {}
    kinds = {kind.collection: kind for kind in cluster.all_kinds() if is_counted(kind)}
    used = {name: "0" for name in hard if is_known(name, kinds.values())}
    for kind in kinds.values():
        if _counts(kind, hard):
            found = _used(cluster, kind, namespace, spec)
            used |= {name: amount for name, amount in found.items() if name in used}
    status = {"hard": hard, "used": used}
    cluster.report(QUOTAS, quota, {part: amounts for part, amounts in status.items() if amounts})


def _counts(kind: Kind, hard: Iterable[str]) -> bool:
    names = {f"count/{qualified(kind.plural, kind.group)}", kind.plural}
    return kind.collection in USE_MORE or not names.isdisjoint(hard)


def _used(cluster: Cluster, kind: Kind, namespace: str, spec: Manifest) -> Amounts:
    if kind.collection in USE_MORE:
        found = cluster.everything(kind.collection, namespace)
        return total(usage(kind, one) for one in found if is_about(spec, kind, one))
    count = 0 if selectors_of(spec) else cluster.count(kind.collection, namespace)
    one = usage(kind, {})
    return {name: canonical_quantity(count) for name in one}
