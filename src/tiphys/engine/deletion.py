"""What becomes of an Application's objects when it is deleted.

Source: Argo CD user guide, "App Deletion" and "Sync Options" (Delete).
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from tiphys.engine.deletion_hooks import cleanup_finalizer, hooks_finalizer
from tiphys.engine.hooks import sync_wave
from tiphys.engine.keeping import has_keep_policy
from tiphys.engine.sync.options import PrunePolicy, SyncOptions, resource_options
from tiphys.model.keys import GroupKind, Manifest, key_of
from tiphys.model.labels import (
    RESOURCES_FINALIZER,
    RESOURCES_FINALIZER_BACKGROUND,
    RESOURCES_FINALIZER_FOREGROUND,
)
from tiphys.model.words import HookType

_CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_PROJECT = GroupKind("argoproj.io", "AppProject")
_CASCADE = (
    RESOURCES_FINALIZER,
    RESOURCES_FINALIZER_FOREGROUND,
    RESOURCES_FINALIZER_BACKGROUND,
)


class DeletionStage(StrEnum):
    """The stages of a deletion."""

    HOOKS = "hooks"
    OBJECTS = "objects"
    CLEANUP = "cleanup"


def next_stage(finalizers: Sequence[str]) -> tuple[DeletionStage, HookType | None] | None:
    """Return what a deletion does now, and for which hooks; None when nothing is left to do."""
    before, after = HookType.PRE_DELETE, HookType.POST_DELETE
    stages: list[tuple[DeletionStage, HookType | None, bool]] = [
        (DeletionStage.HOOKS, before, hooks_finalizer(before) in finalizers),
        (DeletionStage.OBJECTS, None, cascades(finalizers)),
        (DeletionStage.HOOKS, after, hooks_finalizer(after) in finalizers),
        (DeletionStage.CLEANUP, before, cleanup_finalizer(before) in finalizers),
        (DeletionStage.CLEANUP, after, cleanup_finalizer(after) in finalizers),
    ]
    return next(((stage, kind) for stage, kind, is_due in stages if is_due), None)


class DeletionStep(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now.

    Attributes:
        delete: objects to delete.
        message: what is waited for; empty when nothing is left.
        is_done: nothing of the Application is left to delete.
    """

    delete: tuple[Manifest, ...] = ()
    message: str = ""
    is_done: bool = False


def cascades(finalizers: Sequence[str]) -> bool:
    """Return whether the objects go with the Application."""
    return any(name in _CASCADE for name in finalizers)


def propagation(finalizers: Sequence[str]) -> str:
    """Return how dependents of the objects are deleted."""
    return "Background" if RESOURCES_FINALIZER_BACKGROUND in finalizers else "Foreground"


def without_cascade(finalizers: Sequence[str]) -> list[str]:
    """Return the finalizers that stay when the objects are gone."""
    return [name for name in finalizers if name not in _CASCADE]


def is_kept_on_deletion(live: Manifest, options: SyncOptions) -> bool:
    """Return whether a cascade leaves an object; `options` are the Application's."""
    if has_keep_policy(live):
        return True
    return resource_options(options, None, live).delete is PrunePolicy.KEPT


def needs_deletion_approval(manifest: Manifest, options: SyncOptions) -> bool:
    """Return whether a person must approve before an object goes with its Application."""
    return resource_options(options, None, manifest).delete is PrunePolicy.CONFIRM


def is_deletable(live: Manifest, options: SyncOptions) -> bool:
    """Return whether a cascade takes an object along: never a definition, never what is kept."""
    return key_of(live).group_kind != _CRD and not is_kept_on_deletion(live, options)


def next_deletion(
    live: Sequence[Manifest], options: SyncOptions, *, is_approved: bool
) -> DeletionStep:
    """Return the next step of a cascade: the highest wave first, each until it is gone.

    Args:
        live: the Application's objects that may be deleted.
        options: the Application's.
        is_approved: a person approved the deletion of what asks for it.
    """
    if not live:
        return DeletionStep(is_done=True)
    asking = [found for found in live if needs_deletion_approval(found, options)]
    if asking and not is_approved:
        return DeletionStep(message=f"waiting for deletion confirmation of {_names(asking)}")
    wave = max(sync_wave(found) for found in live)
    current = [found for found in live if sync_wave(found) == wave]
    # An Application whose project is gone could not be deleted any more.
    current = [found for found in current if key_of(found).group_kind != _PROJECT] or current
    delete = tuple(found for found in current if not found["metadata"].get("deletionTimestamp"))
    return DeletionStep(delete=delete, message=f"waiting for deletion of {_names(current)}")


def is_approved(approved_at: datetime | None, since: datetime | None) -> bool:
    """Return whether an approval is for this deletion or operation and not for an earlier one."""
    return approved_at is not None and (since is None or approved_at >= since)


def _names(manifests: Sequence[Manifest]) -> str:
    key = key_of(manifests[0])
    held_by = ", ".join(manifests[0]["metadata"].get("finalizers") or ())
    held = f" (held by {held_by})" if held_by else ""
    more = f" and {len(manifests) - 1} more resources" if len(manifests) > 1 else ""
    return f"{key.group}/{key.kind}/{key.name}{held}{more}"
