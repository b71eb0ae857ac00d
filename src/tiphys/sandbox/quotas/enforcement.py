"""Refuses what a quota does not allow, and writes down what is used.

A quota counts once its status says what it allows: that and what is used is found out by a
controller (see workloads/quotas.py), as on a real cluster. What is used grows with each object
that is let in, so no two of them are let in for one place.

Source: Kubernetes documentation, "Resource Quotas"; messages as a real API server gave them.
"""

from typing import Any, NamedTuple

from tiphys.sandbox.quotas.scopes import is_about
from tiphys.sandbox.quotas.usage import (
    PODS,
    QUOTAS,
    Amounts,
    counts_changes,
    is_counted,
    missing_from,
    total,
    usage,
)
from tiphys.sandbox.statuses import StatusError, qualified
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.typed.kinds import Kind
from tiphys.structured.quantities import added_quantities, parse_quantity

Manifest = dict[str, Any]


class Charge(NamedTuple):
    """What a quota comes to say is used when an object is let in."""

    namespace: str
    name: str
    used: Amounts

    def written(self, live: Manifest) -> Manifest:
        """Return the quota with that in its status."""
        return {**live, "status": {**live["status"], "used": self.used}}


def charges_for(store: Store, kind: Kind, old: Manifest | None, new: Manifest) -> list[Charge]:
    """Return what a write adds to the quotas of its namespace.

    Args:
        store: all objects.
        kind: of the object.
        old: the object before, None for a new one.
        new: the object as it would be stored.

    Raises:
        StatusError: 403, a quota does not allow it, or needs to know more.
    """
    if not is_counted(kind) or (old is not None and not counts_changes(kind)):
        return []
    quotas = [stored.manifest for _, stored in store.all(QUOTAS, new["metadata"]["namespace"])]
    found = [quota for quota in quotas if is_about(quota["spec"], kind, new)]
    if not found:
        return []
    if old is None and kind.collection == PODS:
        _check_said(kind, found, new)
    added = usage(kind, new)
    if old is not None:
        before = {name: f"-{amount}" for name, amount in usage(kind, old).items()}
        added = total([added, before])
    added = {name: amount for name, amount in added.items() if parse_quantity(amount).value}
    charges = [_charge(kind, new, quota, added) for quota in found]
    return [charge for charge in charges if charge is not None]


def _check_said(kind: Kind, quotas: list[Manifest], pod: Manifest) -> None:
    for quota in quotas:
        missing = missing_from(pod["spec"], (quota.get("status") or {}).get("hard") or {})
        if missing:
            text = f"failed quota: {quota['metadata']['name']}: must specify {missing}"
            raise _forbidden(kind, pod, text)


def _charge(kind: Kind, new: Manifest, quota: Manifest, added: Amounts) -> Charge | None:
    status, name = quota.get("status") or {}, quota["metadata"]["name"]
    hard, used = status.get("hard") or {}, status.get("used") or {}
    asked = {resource: added[resource] for resource in sorted(hard.keys() & added.keys())}
    if not asked:
        return None
    unknown = [resource for resource in asked if resource not in used]
    if unknown:
        raise _forbidden(
            kind, new, f"status unknown for quota: {name}, resources: {_list(unknown)}"
        )
    after = {resource: added_quantities(used[resource], asked[resource]) for resource in asked}
    exceeded = [
        resource
        for resource, amount in after.items()
        if parse_quantity(asked[resource]).value > 0
        and parse_quantity(amount).value > parse_quantity(hard[resource]).value
    ]
    if exceeded:
        parts = (("requested", asked), ("used", used), ("limited", hard))
        texts = [f"{word}: {_list(f'{r}={of[r]}' for r in exceeded)}" for word, of in parts]
        raise _forbidden(kind, new, f"exceeded quota: {name}, {', '.join(texts)}")
    return Charge(quota["metadata"]["namespace"], name, {**used, **after})


def _list(words: Any) -> str:
    return ",".join(words)


def _forbidden(kind: Kind, new: Manifest, text: str) -> StatusError:
    name = new["metadata"]["name"]
    group = {"group": kind.group} if kind.group else {}
    message = f'{qualified(kind.plural, kind.group)} "{name}" is forbidden: {text}'
    return StatusError(403, "Forbidden", message, {"name": name, **group, "kind": kind.plural})
