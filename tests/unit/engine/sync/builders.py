"""Manifests, tasks and a cluster in memory, for tests of syncs that touch no server."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tiphys.engine.sync.machine import Step, View, next_step
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.records import Records, applied, prune_skipped, pruned
from tiphys.engine.sync.tasks import SyncPair, SyncRequest, SyncTask, build_tasks
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.words import HealthStatusCode, SyncPhase

STARTED = "2026-01-01T00:00:00Z"
API_VERSIONS = {
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
Group = tuple[int, int]


def manifest(
    name: str, kind: str = "ConfigMap", /, *, wave: int | None = None, **annotations: Any
) -> Manifest:
    """Return a manifest; `hook="Sync"` stands for the annotation of that name of Argo CD."""
    marks = {f"argocd.argoproj.io/{key.replace('_', '-')}": v for key, v in annotations.items()}
    if wave is not None:
        marks["argocd.argoproj.io/sync-wave"] = str(wave)
    is_cluster_scoped = kind in {"Namespace", "CustomResourceDefinition"}
    return {
        "apiVersion": API_VERSIONS.get(kind, "v1"),
        "kind": kind,
        "metadata": {
            "name": name,
            **({} if is_cluster_scoped else {"namespace": "shop"}),
            **({"annotations": marks} if marks else {}),
        },
    }


def custom(group: str, kind: str, name: str, **annotations: Any) -> Manifest:
    return {**manifest(name, kind, **annotations), "apiVersion": f"{group}/v1"}


def definition(group: str, kind: str, wave: int | None = None) -> Manifest:
    name = f"{kind.lower()}s.{group}"
    found = manifest(name, "CustomResourceDefinition", wave=wave)
    return {**found, "spec": {"group": group, "names": {"kind": kind}, "scope": "Namespaced"}}


def request(**fields: Any) -> SyncRequest:
    return SyncRequest(
        **{
            "options": SyncOptions(),
            "revision": "0123456789abcdef",
            "started_at": STARTED,
            "started_unix": 1767225600,
            **fields,
        }
    )


def plan(
    targets: Iterable[Manifest] = (),
    prunes: Iterable[Manifest] = (),
    **fields: Any,
) -> tuple[SyncTask, ...]:
    pairs = [SyncPair(target=target, live=None) for target in targets]
    pairs += [SyncPair(target=None, live=live) for live in prunes]
    return build_tasks(pairs, lambda key: None, request(**fields))


def names(tasks: Iterable[SyncTask]) -> list[str]:
    return [task.key.name for task in tasks]


def place(task: SyncTask) -> Group:
    return list(SyncPhase).index(task.phase), task.wave


class Cluster:
    """Objects by key, whose health tests set; created objects are Progressing until they do."""

    def __init__(self, objects: Iterable[Manifest] = ()) -> None:
        self.objects: dict[ResourceKey, Manifest] = {}
        self.health: dict[ResourceKey, HealthStatus | None] = {}
        self.created: list[ResourceKey] = []
        self._uids = 0
        for found in objects:
            self.create(found)
        self.created = []

    def create(self, wanted: Manifest) -> None:
        key = key_of(wanted)
        before = self.objects.get(key)
        if before is None:
            self._uids += 1
            self.created.append(key)
            self.health[key] = HealthStatus(status=HealthStatusCode.PROGRESSING)
        uid = str(self._uids) if before is None else before["metadata"]["uid"]
        self.objects[key] = {**wanted, "metadata": {**wanted["metadata"], "uid": uid}}

    def delete(self, key: ResourceKey) -> None:
        self.objects.pop(key, None)

    def becomes(self, name: str, status: HealthStatusCode | None, message: str = "") -> None:
        (key,) = [key for key in self.objects if key.name == name]
        self.health[key] = None if status is None else HealthStatus(status=status, message=message)

    def view(self, **fields: Any) -> View:
        return View(
            live=self.objects.get,
            health=lambda live: self.health.get(key_of(live)),
            **fields,
        )

    def carry_out(self, step: Step, *, prunes: bool = True) -> Records:
        """Do what a step asks for, as the controller would; return the records after it."""
        records = dict(step.records)
        for task in step.release:
            live = self.objects.get(task.key)
            if live is not None:
                kept = [name for name in live["metadata"]["finalizers"] if name != HOOK_FINALIZER]
                live["metadata"]["finalizers"] = kept
        for task in step.prune:
            if prunes:
                self.delete(task.key)
            result = pruned(task) if prunes else prune_skipped(task, "ignored (requires pruning)")
            records[task.identity] = result
        for task in step.delete_hooks:
            self.delete(task.key)
        for task in step.apply:
            assert task.target is not None
            self.create(task.target)
            records[task.identity] = applied(task, f"{task.key.name} applied")
        return records


class Run(msgspec.Struct, kw_only=True):
    """A whole sync, driven step by step until it waits or ends.

    Attributes:
        batches: the phase and wave of every write, in order.
        kill: chance that the controller dies between an action and writing its result down.
    """

    tasks: tuple[SyncTask, ...]
    cluster: Cluster
    records: Records = {}
    batches: list[tuple[Group, ResourceKey]] = []
    kill: float = 0.0
    randomness: random.Random = msgspec.field(default_factory=lambda: random.Random(0))

    def until_waiting(self, **fields: Any) -> Step:
        for _ in range(1000):
            step = next_step(self.tasks, self.records, self.cluster.view(**fields))
            self.records = step.records
            written: Sequence[SyncTask] = (*step.prune, *step.apply)
            self.batches += [(place(task), task.key) for task in written]
            after = self.cluster.carry_out(step)
            if step.phase.is_completed:
                return step
            if not step.has_actions:
                return step
            if self.randomness.random() >= self.kill:
                self.records = after
        raise AssertionError("the sync neither waits nor ends")

    def results(self) -> dict[str, tuple[str, str]]:
        return {
            record.name: (str(record.status), str(record.hook_phase))
            for record in self.records.values()
        }
