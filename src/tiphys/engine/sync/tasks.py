"""The tasks of a sync, in the order they run.

Source: Argo CD user guide, "Sync Phases and Waves".
"""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from tiphys.engine.generated_names import GeneratedNames
from tiphys.engine.hooks import OPERATION, hook_phases, hook_types, is_hook, is_skipped, sync_wave
from tiphys.engine.sync.options import SyncOptions, resource_options
from tiphys.model.keys import (
    GroupKind,
    GroupVersionKind,
    Manifest,
    ResourceKey,
    gvk_of,
    key_of,
)
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.operation import SyncOperationResource
from tiphys.model.words import HookType, SyncPhase

# What others depend on comes first; a kind that is not named comes last.
_KINDS: Final = """
    Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget
    ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume
    PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList
    ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service
    DaemonSet Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler
    StatefulSet Job CronJob IngressClass Ingress APIService
"""
_KIND_ORDER: Final = {kind: place for place, kind in enumerate(_KINDS.split())}
_PHASE_ORDER: Final = {phase: place for place, phase in enumerate(SyncPhase)}
_NAMESPACE: Final = GroupKind("", "Namespace")
_CRD: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


class SyncTask(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a sync does to one object, in one phase.

    Attributes:
        target: None when the object is to be pruned.
        live: as it was when the tasks were built, None when there was none.
        hook_type: None for an ordinary resource.
        is_modified: whether target and live differ.
        is_settled: writing it would change nothing as long as live is as it was.
        creates_namespace: this task stands for `CreateNamespace=true`.
    """

    phase: SyncPhase
    wave: int
    key: ResourceKey
    gvk: GroupVersionKind
    target: Manifest | None
    live: Manifest | None
    hook_type: HookType | None = None
    options: SyncOptions = SyncOptions()
    is_modified: bool = True
    is_settled: bool = False
    creates_namespace: bool = False

    @property
    def is_hook(self) -> bool:
        """True for a hook."""
        return self.hook_type is not None

    @property
    def is_prune(self) -> bool:
        """True when the object is to be deleted because it left Git."""
        return self.target is None

    @property
    def identity(self) -> tuple[SyncPhase, ResourceKey]:
        """What tells one task of a sync from another."""
        return self.phase, self.key

    @property
    def manifest(self) -> Manifest:
        """The target, or the live object when there is none."""
        found = self.target if self.target is not None else self.live
        assert found is not None
        return found


class SyncPair(msgspec.Struct, frozen=True, kw_only=True):
    """An object that Git wants, or that is live and ours, or both."""

    target: Manifest | None
    live: Manifest | None
    is_modified: bool = True
    is_settled: bool = False


class SyncRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a sync is asked to do.

    Attributes:
        selected: only these resources, when not empty; hooks do not run then.
        runs_hooks: False for the strategy `apply`.
        revision: names hooks that only have a generateName.
        started_at: of the operation, RFC 3339; marks the hooks that it creates.
        started_unix: the same in seconds since 1970.
        attempt: how often the operation was tried before; an attempt runs its own hooks.
        namespace_manifest: what `CreateNamespace=true` creates; None when nothing is to do.
        namespace_live: that namespace as it is, None when there is none.
    """

    options: SyncOptions
    revision: str
    started_at: str
    started_unix: int
    attempt: int = 0
    selected: Sequence[SyncOperationResource] = ()
    runs_hooks: bool = True
    force: bool = False
    namespace_manifest: Manifest | None = None
    namespace_live: Manifest | None = None


def build_tasks(
    pairs: Iterable[SyncPair],
    live_hook: Callable[[ResourceKey], Manifest | None],
    request: SyncRequest,
) -> tuple[SyncTask, ...]:
    """Return the tasks of a sync in the order they run.

    Args:
        pairs: every target, hooks included, with its live object; and what is to be pruned. All
            have the namespace that they live in, none for cluster-scoped kinds.
        live_hook: the live object of a hook whose name is only known now.
        request: what is asked.
    """
    tasks: list[SyncTask] = []
    pairs = tuple(pairs)
    generated = GeneratedNames(pair.target for pair in pairs if pair.target is not None)
    for pair in pairs:
        if pair.target is not None and is_hook(pair.target):
            if request.runs_hooks and not request.selected:
                tasks += _hook_tasks(pair.target, live_hook, request, generated)
        elif not _is_left_out(pair, request):
            tasks.append(_resource_task(pair, request))
    if request.namespace_manifest is not None:
        tasks.append(_namespace_task(request))
    return _in_order(_with_prune_waves(tasks))


def is_selected(key: ResourceKey, selected: Sequence[SyncOperationResource]) -> bool:
    """Return whether a partial sync names a resource; an exclusion wins."""
    if not selected:
        return True
    if any(rule.exclude and _names(rule, key) for rule in selected):
        return False
    wanted = [rule for rule in selected if not rule.exclude]
    return not wanted or any(_names(rule, key) for rule in wanted)


def _names(rule: SyncOperationResource, key: ResourceKey) -> bool:
    return (
        fnmatchcase(key.group, rule.group or "")
        and fnmatchcase(key.kind, rule.kind)
        and fnmatchcase(key.name, rule.name)
        and (not rule.namespace or fnmatchcase(key.namespace, rule.namespace))
    )


def _is_left_out(pair: SyncPair, request: SyncRequest) -> bool:
    manifest = pair.target if pair.target is not None else pair.live
    assert manifest is not None
    return is_skipped(manifest) or not is_selected(key_of(manifest), request.selected)


def _resource_task(pair: SyncPair, request: SyncRequest) -> SyncTask:
    manifest = pair.target if pair.target is not None else pair.live
    assert manifest is not None
    options = resource_options(request.options, pair.target, pair.live)
    if request.force:
        options = msgspec.structs.replace(options, force=True)
    # A live object's own version may no longer be the preferred one; it is the one that is served.
    return SyncTask(
        phase=SyncPhase.SYNC,
        wave=sync_wave(manifest),
        key=key_of(manifest),
        gvk=gvk_of(manifest),
        target=pair.target,
        live=pair.live,
        options=options,
        is_modified=pair.is_modified,
        is_settled=pair.is_settled and options.is_plain_apply,
    )


def _hook_tasks(
    hook: Manifest,
    live_hook: Callable[[ResourceKey], Manifest | None],
    request: SyncRequest,
    generated: GeneratedNames,
) -> list[SyncTask]:
    types = {kind.value: kind for kind in hook_types(hook)}
    tasks = []
    for phase in hook_phases(hook):
        short = request.revision[:7] if len(request.revision) >= 8 else request.revision
        named = generated.named(hook, f"{short}-{phase}-{request.started_unix}")
        target = _marked_hook(named, phase, request)
        key = key_of(target)
        tasks.append(
            SyncTask(
                phase=phase,
                wave=sync_wave(hook),
                key=key,
                gvk=gvk_of(target),
                target=target,
                live=live_hook(key),
                hook_type=types[phase.value],
                options=resource_options(request.options, target, None),
            )
        )
    return tasks


def _marked_hook(hook: Manifest, phase: SyncPhase, request: SyncRequest) -> Manifest:
    metadata = dict(hook.get("metadata") or {})
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        OPERATION: f"{request.started_at}/{request.attempt}/{phase}",
    }
    finalizers = [name for name in metadata.get("finalizers") or [] if name != HOOK_FINALIZER]
    metadata["finalizers"] = [*finalizers, HOOK_FINALIZER]
    return {**hook, "metadata": metadata}


def _namespace_task(request: SyncRequest) -> SyncTask:
    manifest = request.namespace_manifest
    assert manifest is not None
    return SyncTask(
        phase=SyncPhase.PRE_SYNC,
        wave=0,
        key=key_of(manifest),
        gvk=gvk_of(manifest),
        target=manifest,
        live=request.namespace_live,
        options=resource_options(request.options, manifest, request.namespace_live),
        creates_namespace=True,
    )


def _with_prune_waves(tasks: list[SyncTask]) -> list[SyncTask]:
    """Mirror the waves of what is pruned, and move what is pruned last behind the rest."""
    waves = sorted({task.wave for task in tasks if task.is_prune and not task.options.prune_last})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    last = max((task.wave for task in tasks if task.phase is SyncPhase.SYNC), default=0) + 1
    return [
        msgspec.structs.replace(
            task, wave=max(last, 1) if task.options.prune_last else mirrored[task.wave]
        )
        if task.is_prune
        else task
        for task in tasks
    ]


def _order(task: SyncTask) -> tuple[int, int, int, str, str, str, str]:
    place = _KIND_ORDER.get(task.key.kind, len(_KIND_ORDER))
    group, kind, namespace, name = task.key
    return _PHASE_ORDER[task.phase], task.wave, place, name, kind, group, namespace


def _in_order(tasks: list[SyncTask]) -> tuple[SyncTask, ...]:
    ordered = sorted(tasks, key=_order)
    for needed in [task for task in ordered if _is_needed_by_others(task)]:
        behind = _place(needed, ordered)
        needs = _need(needed)
        ahead = next((place for place in range(behind) if needs(ordered[place])), None)
        if ahead is not None:
            del ordered[behind]
            first = ordered[ahead]
            moved = msgspec.structs.replace(needed, phase=first.phase, wave=first.wave)
            ordered.insert(ahead, moved)
    return tuple(ordered)


def _place(task: SyncTask, ordered: list[SyncTask]) -> int:
    return next(place for place, other in enumerate(ordered) if other is task)


def _is_needed_by_others(task: SyncTask) -> bool:
    return not task.is_prune and not task.is_hook and task.key.group_kind in {_NAMESPACE, _CRD}


def _need(needed: SyncTask) -> Callable[[SyncTask], bool]:
    """Return whether a task cannot be carried out before a namespace or definition is there."""
    if needed.key.group_kind == _NAMESPACE:
        return lambda task: not task.is_prune and task.key.namespace == needed.key.name
    spec = needed.manifest.get("spec") or {}
    defined = GroupKind(spec.get("group", ""), (spec.get("names") or {}).get("kind", ""))
    return lambda task: not task.is_prune and task.key.group_kind == defined
