"""Targets and live objects side by side, and what the Application's status says about each.

Source: Argo CD reference of `Application.status.resources` and `.sync`; user guide, "Compare
Options". Hooks, skipped targets and copies of somebody else's mark are shown without a status and
never make an Application OutOfSync.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from tiphys.engine.diff import Comparison, Verdict
from tiphys.model.application import HealthStatus, ResourceStatus
from tiphys.model.keys import Manifest, ResourceKey, gvk_of, key_of
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


def pair_resources(
    targets: Iterable[Manifest], live: Mapping[ResourceKey, Manifest], roles: Roles
) -> tuple[Pair, ...]:
    """Return every resource of an Application once, sorted by key.

    Args:
        targets: see `targets.normalise_targets`; hooks among them are left out.
        live: what the Application owns, and what exists under the key of a target.
        roles: how to tell hooks, skipped targets and copies.
    """
    wanted = {key_of(target): target for target in targets if not roles.is_hook(target)}
    present = _without_aliases(live, wanted)
    pairs = [_pair(key, target, present.get(key), roles) for key, target in wanted.items()]
    pairs += [_pair(key, None, found, roles) for key, found in present.items() if key not in wanted]
    return tuple(sorted(pairs, key=lambda pair: pair.key))


def _pair(key: ResourceKey, target: Manifest | None, live: Manifest | None, roles: Roles) -> Pair:
    return Pair(
        key=key,
        target=target,
        live=live,
        is_hook=target is None and live is not None and roles.is_hook(live),
        is_skipped=target is not None and roles.is_skipped(target),
        is_self=live is None or roles.is_self(live, target),
    )


def _without_aliases(
    live: Mapping[ResourceKey, Manifest], wanted: Mapping[ResourceKey, Manifest]
) -> dict[ResourceKey, Manifest]:
    """Return live objects once each: some are served by two API groups under one uid."""
    by_uid: dict[str, ResourceKey] = {}
    for key in sorted(live, key=lambda key: (key not in wanted, key)):
        uid = str((live[key].get("metadata") or {}).get("uid") or key)
        if uid not in by_uid or key in wanted:
            by_uid.setdefault(uid, key)
    kept = set(by_uid.values()) | (wanted.keys() & live.keys())
    return {key: found for key, found in live.items() if key in kept}


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one pair.

    Attributes:
        comparison: None for a pair that is not compared, or could not be.
        health: None for kinds without a check and for what does not exist.
        sync_wave: of the target, else of the live object.
        is_permitted: False when the project does not allow the kind or name.
        requires_deletion_confirmation: see the option Delete=confirm.
    """

    comparison: Comparison | None = None
    health: HealthStatus | None = None
    sync_wave: int = 0
    is_permitted: bool = True
    requires_deletion_confirmation: bool = False


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
        requires_pruning=pair.requires_pruning,
        sync_wave=judgement.sync_wave,
        requires_deletion_confirmation=judgement.requires_deletion_confirmation,
    )


def _row_status(pair: Pair, judgement: Judgement) -> SyncStatusCode | None:
    if not pair.is_compared:
        return None
    if not judgement.is_permitted or judgement.comparison is None:
        return SyncStatusCode.UNKNOWN
    if judgement.comparison.verdict is Verdict.SYNCED:
        return SyncStatusCode.SYNCED
    return SyncStatusCode.OUT_OF_SYNC


def app_sync_status(rows: Sequence[tuple[Pair, ResourceStatus]]) -> SyncStatusCode:
    """Return the sync status of an Application whose targets and live state were both loaded."""
    for pair, row in rows:
        if row.status is SyncStatusCode.OUT_OF_SYNC and not _is_tolerated(pair):
            return SyncStatusCode.OUT_OF_SYNC
    return SyncStatusCode.SYNCED


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
