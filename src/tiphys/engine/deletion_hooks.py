"""Hooks that run when an Application is deleted: before its objects go, or after.

Finalizers of the Application tell what is still to be done, so that a process killed in between
goes on where it was: one for the hooks of each type, one for clearing them away afterwards.

Source: Argo CD user guide, "Resource Hooks" (PreDelete, PostDelete).
"""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tiphys.engine.generated_names import GeneratedNames
from tiphys.engine.hooks import OPERATION, annotation, delete_policies, hook_types, sync_wave
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import POST_DELETE_FINALIZER, PRE_DELETE_FINALIZER
from tiphys.model.words import HealthStatusCode, HookDeletePolicy, HookType

DELETION_TYPES = (HookType.PRE_DELETE, HookType.POST_DELETE)
_FINALIZERS = {
    HookType.PRE_DELETE: PRE_DELETE_FINALIZER,
    HookType.POST_DELETE: POST_DELETE_FINALIZER,
}


class HookStep(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now.

    Attributes:
        create: hooks to create.
        delete: live objects to delete: left over, or failed.
        failed: hooks that failed; they are tried again.
        is_done: every hook has succeeded.
    """

    create: tuple[Manifest, ...] = ()
    delete: tuple[Manifest, ...] = ()
    failed: tuple[ResourceKey, ...] = ()
    is_done: bool = False


def is_deletion_hook(manifest: Manifest) -> bool:
    """Return whether a manifest runs when its Application is deleted."""
    return any(kind in DELETION_TYPES for kind in hook_types(manifest))


def hooks_finalizer(kind: HookType) -> str:
    """Return the finalizer that stands while hooks of a type are to be run."""
    return _FINALIZERS[kind]


def cleanup_finalizer(kind: HookType) -> str:
    """Return the finalizer that stands while hooks of a type are to be cleared away."""
    return f"{_FINALIZERS[kind]}/cleanup"


def wanted_finalizers(current: Sequence[str], hooks: Iterable[Manifest]) -> list[str]:
    """Return an Application's finalizers, with those that its deletion hooks need and no others."""
    found = {kind for hook in hooks for kind in hook_types(hook) if kind in DELETION_TYPES}
    every = [name for kind in DELETION_TYPES for name in _both(kind)]
    needed = [name for kind in DELETION_TYPES if kind in found for name in _both(kind)]
    kept = [name for name in current if name not in every or name in needed]
    return [*kept, *(name for name in needed if name not in kept)]


def _both(kind: HookType) -> tuple[str, str]:
    return hooks_finalizer(kind), cleanup_finalizer(kind)


def of_deletion(hooks: Sequence[Manifest], kind: HookType, deleted_at: str) -> list[Manifest]:
    """Return hooks with the mark of one deletion, by which they are known again.

    Args:
        hooks: those of one type.
        kind: their type.
        deleted_at: of the Application, RFC 3339.
    """
    generated = GeneratedNames(hooks)
    purpose = f"{kind}-{re.sub('[^0-9]', '', deleted_at)}"
    mark = {OPERATION: f"{deleted_at}/{kind}"}
    marked = []
    for hook in hooks:
        named = generated.named(hook, purpose)
        metadata = dict(named.get("metadata") or {})
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **mark}
        marked.append({**named, "metadata": metadata})
    return marked


def next_hooks(
    hooks: Sequence[Manifest],
    live: Callable[[ResourceKey], Manifest | None],
    health: Callable[[Manifest], HealthStatus | None],
) -> HookStep:
    """Return the next step of the hooks of one type, lower waves first.

    Args:
        hooks: with the mark of this deletion.
        live: the live object of a key, None when there is none.
        health: None for kinds without a check, which count as healthy.
    """
    pending = [hook for hook in hooks if not _has_succeeded(hook, live(key_of(hook)), health)]
    if not pending:
        return HookStep(is_done=True)
    wave = min(sync_wave(hook) for hook in pending)
    create, delete, failed = [], [], []
    for hook in pending:
        found = live(key_of(hook)) if sync_wave(hook) == wave else hook
        if found is None:
            create.append(hook)
        elif not _is_same(hook, found):
            delete.append(found)
        elif (state := health(found)) and state.status is HealthStatusCode.DEGRADED:
            failed.append(key_of(hook))
            delete.append(found)
    return HookStep(create=tuple(create), delete=tuple(delete), failed=tuple(failed))


def hooks_to_clear(
    hooks: Sequence[Manifest], live: Callable[[ResourceKey], Manifest | None]
) -> tuple[Manifest, ...]:
    """Return the live objects of hooks that go because they succeeded."""
    return tuple(
        found
        for hook in hooks
        if HookDeletePolicy.HOOK_SUCCEEDED in delete_policies(hook)
        and (found := live(key_of(hook))) is not None
        and _is_same(hook, found)
    )


def failure_message(kind: HookType, failed: Sequence[ResourceKey]) -> str:
    """Return what stands in the condition when hooks failed."""
    names = ", ".join(f"{key.namespace}/{key.name}" for key in failed)
    return f"error executing {kind} hooks: {kind} hook(s) failed: {names}"


def _has_succeeded(
    hook: Manifest, found: Manifest | None, health: Callable[[Manifest], HealthStatus | None]
) -> bool:
    if found is None or not _is_same(hook, found):
        return False
    state = health(found)
    return state is None or state.status is HealthStatusCode.HEALTHY


def _is_same(hook: Manifest, found: Manifest) -> bool:
    """Return whether a live object was created by the deletion that a hook belongs to."""
    return annotation(found, OPERATION) == annotation(hook, OPERATION)
