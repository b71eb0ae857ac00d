"""What a manifest says of itself: hook, delete policy, wave, options.

Source: Argo CD user guide, "Resource Hooks", "Sync Phases and Waves" and "Helm" (the mapping of
Helm's own hook annotations). An Argo annotation wins over Helm's of the same meaning.
"""

import re
from typing import Final

from tiphys.model.keys import Manifest
from tiphys.model.labels import (
    HELM_HOOK,
    HELM_HOOK_DELETE_POLICY,
    HELM_HOOK_WEIGHT,
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_WAVE,
)
from tiphys.model.words import HookDeletePolicy, HookType, SyncPhase

OPERATION: Final = "tiphys.dev/operation"
"""On a hook: the start of the operation and the attempt that created it; a restart adopts it."""

_HELM_HOOKS: Final = {
    "pre-install": HookType.PRE_SYNC,
    "pre-upgrade": HookType.PRE_SYNC,
    "post-install": HookType.POST_SYNC,
    "post-upgrade": HookType.POST_SYNC,
    "pre-delete": HookType.PRE_DELETE,
    "post-delete": HookType.POST_DELETE,
}
_HELM_POLICIES: Final = {
    "before-hook-creation": HookDeletePolicy.BEFORE_HOOK_CREATION,
    "hook-succeeded": HookDeletePolicy.HOOK_SUCCEEDED,
    "hook-failed": HookDeletePolicy.HOOK_FAILED,
}
# Helm's oldest way to ship definitions: an ordinary resource for us.
_NO_HOOK: Final = "crd-install"
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_PHASES: Final = {phase.value: phase for phase in SyncPhase}


def annotation(manifest: Manifest, key: str) -> str | None:
    """Return an annotation's value, None when it is absent."""
    value = ((manifest.get("metadata") or {}).get("annotations") or {}).get(key)
    return None if value is None else str(value)


def words(manifest: Manifest, key: str) -> list[str]:
    """Return the comma-separated words of an annotation."""
    text = annotation(manifest, key)
    return [word.strip() for word in text.split(",") if word.strip()] if text else []


def is_hook(manifest: Manifest) -> bool:
    """Return whether a manifest is a hook of any kind, also of one that we do not know.

    What is only to be skipped is a resource that is left alone, and no hook.
    """
    if words(manifest, HOOK):
        return not is_skipped(manifest)
    return any(word != _NO_HOOK for word in words(manifest, HELM_HOOK))


def hook_types(manifest: Manifest) -> tuple[HookType, ...]:
    """Return when a hook runs; empty for one whose types are all unknown, and for no hook."""
    known = [HookType(word) for word in words(manifest, HOOK) if word in set(HookType)]
    if not known:
        known = [_HELM_HOOKS[word] for word in words(manifest, HELM_HOOK) if word in _HELM_HOOKS]
    return tuple(dict.fromkeys(known))


def hook_phases(manifest: Manifest) -> tuple[SyncPhase, ...]:
    """Return the phases of a sync in which a hook runs."""
    return tuple(_PHASES[kind.value] for kind in hook_types(manifest) if kind.value in _PHASES)


def is_skipped(manifest: Manifest) -> bool:
    """Return whether a manifest is never applied: `Skip` is its only hook type."""
    return hook_types(manifest) == (HookType.SKIP,)


def runs_outside_sync(manifest: Manifest) -> bool:
    """Return whether a hook runs at deletion only."""
    types = hook_types(manifest)
    return bool(types) and all(
        kind in {HookType.PRE_DELETE, HookType.POST_DELETE} for kind in types
    )


def delete_policies(manifest: Manifest) -> frozenset[HookDeletePolicy]:
    """Return when a hook's object is deleted; before the next creation when nothing is said."""
    own = {
        HookDeletePolicy(word)
        for word in words(manifest, HOOK_DELETE_POLICY)
        if word in set(HookDeletePolicy)
    }
    helm = words(manifest, HELM_HOOK_DELETE_POLICY)
    own |= {_HELM_POLICIES[word] for word in helm if word in _HELM_POLICIES}
    return frozenset(own or {HookDeletePolicy.BEFORE_HOOK_CREATION})


def sync_wave(manifest: Manifest) -> int:
    """Return the wave; a value that is no integer counts as absent."""
    for key in (SYNC_WAVE, HELM_HOOK_WEIGHT):
        text = annotation(manifest, key) or ""
        if _INTEGER.fullmatch(text):
            return int(text)
    return 0
