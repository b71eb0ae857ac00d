"""Runs the simulated workloads: follows every change, makes children, reports statuses."""

import asyncio
import logging
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import yaml

from tiphys.sandbox.defaulting import kind_name, value_at
from tiphys.sandbox.dependents import Dependents, owners_of
from tiphys.sandbox.kinds import Kind, version_order
from tiphys.sandbox.registry import Registry, utc_now
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.stored import Change, Collection
from tiphys.sandbox.workloads import owners
from tiphys.sandbox.workloads.pods import pod_status
from tiphys.sandbox.writing import Write

log = logging.getLogger(__name__)

Manifest = dict[str, Any]
_PODS: Collection = ("", "pods")
_REPLICA_SETS: Collection = ("apps", "replicasets")
_POD_OWNERS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet"})
_WORKLOADS = frozenset({*_POD_OWNERS, "Deployment", "Job", "Pod"})
_TIMES = ("Time", "startedAt", "finishedAt")
_MANAGER = "sandbox-controller-manager"


class Workloads:
    """All simulated workloads of a cluster."""

    def __init__(self, registry: Registry, dependents: Dependents) -> None:
        self._registry, self._dependents = registry, dependents
        self._waiting: asyncio.Queue[tuple[Collection, tuple[str, str]]] = asyncio.Queue()
        self._queued: set[tuple[Collection, tuple[str, str]]] = set()
        # The last of equal collections stays: that of the preferred version.
        kinds = sorted(registry.kinds.all(), key=version_order, reverse=True)
        self._kinds = {kind.collection: kind for kind in kinds if not kind.is_custom}
        text = (resources.files("tiphys.sandbox.data") / "stages.yaml").read_text()
        self._stages: dict[str, list[Manifest]] = yaml.safe_load(text)

    async def run(self) -> None:
        """Work until cancelled."""
        store = self._registry.store
        unsubscribe = store.subscribe(self._changed)
        for collection in store.collections():
            if self._is_simulated(collection):
                for name, _ in store.all(collection):
                    self._ask(collection, name)
        try:
            while True:
                key = await self._waiting.get()
                self._queued.discard(key)
                try:
                    self._step(*key)
                except StatusError as err:
                    log.warning("workload step refused", extra={"key": str(key), "error": str(err)})
                except Exception:
                    log.exception("workload step crashed", extra={"key": str(key)})
                # What was written is seen by the next step once it is committed.
                await asyncio.sleep(0)
        finally:
            unsubscribe()

    def _changed(self, change: Change) -> None:
        self._ask(change.collection, change.name)
        for owner in owners_of(change.stored):
            kind = self._registry.kinds.of(owner["apiVersion"].rpartition("/")[0], owner["kind"])
            if kind is not None:
                self._ask(kind.collection, (change.name[0], owner["name"]))

    def _ask(self, collection: Collection, name: tuple[str, str]) -> None:
        if not self._is_simulated(collection) or (collection, name) in self._queued:
            return
        self._queued.add((collection, name))
        self._waiting.put_nowait((collection, name))

    def _is_simulated(self, collection: Collection) -> bool:
        kind = self._kinds.get(collection)
        return kind is not None and (kind_name(kind) in self._stages or kind.kind in _WORKLOADS)

    def _step(self, collection: Collection, name: tuple[str, str]) -> None:
        stored = self._registry.store.get(collection, name)
        if stored is None or stored.manifest["metadata"].get("deletionTimestamp"):
            return
        kind, manifest = self._kinds[collection], stored.manifest
        if kind.kind == "Deployment":
            self._deployment(kind, manifest)
        elif kind.kind in _POD_OWNERS:
            pods = self._pods_of(manifest)
            self._report(kind, manifest, owners.replicas_status(manifest, pods))
        elif kind.kind == "Job":
            self._job(kind, manifest)
        elif collection == _PODS:
            self._pod(kind, manifest)
        else:
            self._stage(kind, manifest)

    def _deployment(self, kind: Kind, deployment: Manifest) -> None:
        sets = self._existing(deployment, _REPLICA_SETS)
        wanted = owners.replica_set(deployment, len(sets) + 1)
        current = next(
            (s for s in sets if s["metadata"]["name"] == wanted["metadata"]["name"]), None
        )
        if current is None:
            self._create(_REPLICA_SETS, wanted)
        elif current["spec"].get("replicas") != deployment["spec"].get("replicas", 1):
            self._scale(current, deployment["spec"].get("replicas", 1))
        for old in sets:
            if old["metadata"]["name"] != wanted["metadata"]["name"] and old["spec"]["replicas"]:
                self._scale(old, 0)
        pods = [] if current is None else self._existing(current, _PODS)
        status = owners.deployment_status(deployment, pods, utc_now())
        self._report(kind, deployment, status)

    def _scale(self, replica_set: Manifest, replicas: int) -> None:
        def change(live: Manifest) -> Manifest:
            return {**live, "spec": {**live["spec"], "replicas": replicas}}

        metadata = replica_set["metadata"]
        name = (metadata["namespace"], metadata["name"])
        self._registry.patch(self._kinds[_REPLICA_SETS], name, change, self._write())

    def _pods_of(self, owner: Manifest) -> list[Manifest]:
        """Make and remove pods until there are as many as wanted; return those that are left."""
        spec, name = owner["spec"], owner["metadata"]["name"]
        count = 1 if owner["kind"] == "DaemonSet" else spec.get("replicas", 1)
        digest = owners.template_hash(spec["template"])
        pods = {p["metadata"]["name"]: p for p in self._existing(owner, _PODS)}
        is_ordinal = owner["kind"] == "StatefulSet"
        wanted = [f"{name}-{n}" if is_ordinal else f"{name}-{digest[:5]}{n}" for n in range(count)]
        for pod_name in pods.keys() - set(wanted):
            self._delete(pods.pop(pod_name))
        for pod_name in wanted:
            if pod_name not in pods:
                made = self._create(_PODS, owners.pod(owner, pod_name))
                if made is not None:
                    pods[pod_name] = made
            elif is_ordinal and _is_outdated(pods[pod_name], owner):
                self._delete(pods.pop(pod_name))
        return list(pods.values())

    def _job(self, kind: Kind, job: Manifest) -> None:
        pods = self._existing(job, _PODS)
        status = owners.job_status(job, pods, utc_now())
        is_over = bool(status.get("conditions")) or job["spec"].get("suspend")
        wanted = job["spec"].get("completions", 1) - status.get("succeeded", 0)
        active = min(wanted, job["spec"].get("parallelism", 1)) - status.get("active", 0)
        if not is_over:
            for place in range(max(active, 0)):
                name = f"{job['metadata']['name']}-{len(pods) + place}"
                self._create(_PODS, owners.pod(job, name))
        self._report(kind, job, status)

    def _pod(self, kind: Kind, pod: Manifest) -> None:
        made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        age_s = (datetime.now(UTC) - made).total_seconds()
        status, left_s = pod_status(pod, age_s, utc_now())
        before = pod.get("status") or {}
        if _without_times(before) != _without_times(status):
            self._report(kind, pod, status)
        if left_s is not None:
            name = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            loop = asyncio.get_running_loop()
            loop.call_later(max(left_s, 0.05), self._ask, _PODS, name)

    def _stage(self, kind: Kind, manifest: Manifest) -> None:
        for stage in self._stages[kind_name(kind)]:
            wanted = stage.get("when") or {}
            if all(value_at(manifest, path) == value for path, value in wanted.items()):
                filled = _filled(stage["status"], manifest)
                if filled:
                    self._report(kind, manifest, {**(manifest.get("status") or {}), **filled})
                return

    def _existing(self, owner: Manifest, collection: Collection) -> list[Manifest]:
        found = self._dependents.of(owner["metadata"]["uid"], collection)
        manifests = [stored.manifest for _, _, stored in found]
        return [m for m in manifests if not m["metadata"].get("deletionTimestamp")]

    def _create(self, collection: Collection, manifest: Manifest) -> Manifest | None:
        namespace = manifest["metadata"]["namespace"]
        try:
            made = self._registry.create(
                self._kinds[collection], namespace, manifest, self._write()
            )
        except StatusError as err:
            if err.code not in {403, 409}:
                raise
            return None
        return made.manifest

    def _delete(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        name = (metadata["namespace"], metadata["name"])
        if self._registry.store.get(_PODS, name) is not None:
            self._registry.delete(self._kinds[_PODS], *name, {})

    def _report(self, kind: Kind, manifest: Manifest, status: Manifest) -> None:
        if (manifest.get("status") or {}) == status:
            return
        metadata = manifest["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        self._registry.patch(
            kind, name, lambda live: {**live, "status": status}, self._write("status")
        )

    def _write(self, subresource: str = "") -> Write:
        return Write(manager=_MANAGER, now=utc_now(), subresource=subresource)


def _is_outdated(pod: Manifest, owner: Manifest) -> bool:
    wanted = {c["name"]: c.get("image") for c in owner["spec"]["template"]["spec"]["containers"]}
    return {c["name"]: c.get("image") for c in pod["spec"]["containers"]} != wanted


def _filled(value: Any, manifest: Manifest) -> Any:
    if isinstance(value, str) and value.startswith("$."):
        return value_at(manifest, value[2:])
    if isinstance(value, dict):
        return {k: f for k, v in value.items() if (f := _filled(v, manifest)) is not None}
    if isinstance(value, list):
        return [_filled(item, manifest) for item in value]
    return value


def _without_times(status: Any) -> Any:
    if isinstance(status, dict):
        kept = {name: value for name, value in status.items() if not name.endswith(_TIMES)}
        return {name: _without_times(value) for name, value in kept.items()}
    if isinstance(status, list):
        return [_without_times(item) for item in status]
    return status
