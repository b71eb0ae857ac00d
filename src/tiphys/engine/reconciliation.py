"""Targets and live objects side by side, and what the Application's status says about each.

Source: Argo CD reference of `Application.status.resources` and `.sync`; user guide, "Compare
Options". Hooks, skipped targets, what Helm's resource policy keeps and copies of somebody else's
mark are shown without a status and never make an Application OutOfSync.
"""

from collections.abc import Callable, Collection, Mapping

import msgspec

from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.keeping import KEEP_POLICY
from tiphys.model.application import HealthStatus, ResourceStatus
from tiphys.model.keys import Manifest, ResourceKey, gvk_of
from tiphys.model.labels import COMPARE_OPTIONS, IGNORE_HEALTHCHECK
from tiphys.model.words import SyncStatusCode

IsSelf = Callable[[Manifest, Manifest | None], bool]
"""Given live and target: whether live's mark is its own, see `tracking.is_self_reference`."""


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """How to tell what is not an ordinary resource."""

    is_hook: Callable[[Manifest], bool]
    is_skipped: Callable[[Manifest], bool]
    is_self: IsSelf


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of an Application: what Git wants and what the cluster has.

    Attributes:
        key: of both.
        target: None when Git does not have it.
        live: None when the cluster does not.
        is_hook: only ever without a target: hooks belong to a sync, not to the state.
        is_skipped: Git says to leave it alone.
        is_self: False for an object that carries a copy of another object's mark.
    """

    key: ResourceKey
    target: Manifest | None = None
    live: Manifest | None = None
    is_hook: bool = False
    is_skipped: bool = False
    is_self: bool = True

    @property
    def is_compared(self) -> bool:
        """True when the pair has a sync status."""
        return self.is_self and not (self.is_hook or self.is_skipped)

    @property
    def requires_pruning(self) -> bool:
        """True for what is in the cluster, ours and no longer in Git."""
        return self.target is None and self.live is not None and self.is_self


def pair_resource(
    key: ResourceKey, target: Manifest | None, live: Manifest | None, roles: Roles
) -> Pair:
    """Return what Git wants and what the cluster has of one object.

    Args:
        key: of both.
        target: never a hook: those belong to a sync.
        live: the object in the cluster.
        roles: how to tell hooks, skipped targets and copies.
    """
    return Pair(
        key=key,
        target=target,
        live=live,
        is_hook=target is None and live is not None and roles.is_hook(live),
        is_skipped=target is not None and roles.is_skipped(target),
        is_self=live is None or roles.is_self(live, target),
    )


def without_aliases(
    uids: Mapping[ResourceKey, str], wanted: Collection[ResourceKey]
) -> Collection[ResourceKey]:
    """Return live objects once each: some are served by two API groups under one uid.

    Args:
        uids: of the live objects.
        wanted: the keys that Git has; these stay.
    """
    if len(set(uids.values())) == len(uids):
        return uids.keys()
    by_uid: dict[str, ResourceKey] = {}
    for key in sorted(uids, key=lambda key: (key not in wanted, key)):
        by_uid.setdefault(uids[key], key)
    return set(by_uid.values()) | {key for key in wanted if key in uids}


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one pair.

    Attributes:
        comparison: None for a pair that is not compared, or could not be.
        health: None for kinds without a check and for what does not exist.
        sync_wave: of the target, else of the live object.
        is_permitted: False when the project does not allow the kind or name.
        requires_deletion_confirmation: see the option Delete=confirm.
        kept: why the object stays although it left Git, "" when it may be pruned.
    """

    comparison: Comparison | None = None
    health: HealthStatus | None = None
    sync_wave: int = 0
    is_permitted: bool = True
    requires_deletion_confirmation: bool = False
    kept: str = ""


def resource_row(pair: Pair, judgement: Judgement) -> ResourceStatus:
    """Return the row of `status.resources` for one pair."""
    group, version, kind = gvk_of(pair.target or pair.live or {})
    return ResourceStatus(
        group=group,
        version=version,
        kind=kind,
        namespace=pair.key.namespace,
        name=pair.key.name,
        status=_row_status(pair, judgement),
        health=judgement.health,
        hook=pair.is_hook,
        requires_pruning=pair.requires_pruning and not judgement.kept,
        sync_wave=judgement.sync_wave,
        requires_deletion_confirmation=judgement.requires_deletion_confirmation,
    )


def _row_status(pair: Pair, judgement: Judgement) -> SyncStatusCode | None:
    if not pair.is_compared or judgement.kept == KEEP_POLICY:
        return None
    if not judgement.is_permitted or judgement.comparison is None:
        return SyncStatusCode.UNKNOWN
    if judgement.comparison.verdict is Verdict.SYNCED:
        return SyncStatusCode.SYNCED
    return SyncStatusCode.OUT_OF_SYNC


def is_behind(pair: Pair, judgement: Judgement) -> bool:
    """Return whether one pair makes the whole Application OutOfSync.

    What the project does not permit is shown as unknown, but it does differ.
    """
    permitted = msgspec.structs.replace(judgement, is_permitted=True)
    return _row_status(pair, permitted) is SyncStatusCode.OUT_OF_SYNC and not _is_tolerated(pair)


def _is_tolerated(pair: Pair) -> bool:
    return pair.requires_pruning and has_compare_option(pair.live or {}, "IgnoreExtraneous")


def has_compare_option(manifest: Manifest, option: str) -> bool:
    """Return whether a resource's annotation names a compare option."""
    text = ((manifest.get("metadata") or {}).get("annotations") or {}).get(COMPARE_OPTIONS) or ""
    return option in {part.strip() for part in text.split(",")}


def is_health_ignored(live: Manifest) -> bool:
    """Return whether a resource asks that its health not count for the Application."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    return annotations.get(IGNORE_HEALTHCHECK) == "true"
