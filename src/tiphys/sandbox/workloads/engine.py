"""Runs the simulated controllers: follows every change, and moves what it concerns one step on.

One key is worked on at a time, from what is stored then; what is written in a few milliseconds is
committed together. Requests go first: while they keep coming, the controllers take a twentieth
of the loop.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from tiphys.sandbox.lifecycle.dependents import Dependents, owners_of
from tiphys.sandbox.quotas.usage import QUOTAS, USE_MORE
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.serving.custom import CRDS
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.storage.stored import Change, Collection, Name, Stored
from tiphys.sandbox.workloads import (
    cronjobs,
    daemonsets,
    deployments,
    jobs,
    pods,
    quotas,
    replicas,
    services,
    statefulsets,
)
from tiphys.sandbox.workloads.cluster import PODS, REPLICA_SETS, Cluster, Manifest, Step
from tiphys.sandbox.workloads.stages import Stages

log = logging.getLogger(__name__)

_STEPS: dict[Collection, Step] = {
    deployments.DEPLOYMENTS: deployments.step,
    REPLICA_SETS: replicas.step,
    statefulsets.STATEFUL_SETS: statefulsets.step,
    daemonsets.DAEMON_SETS: daemonsets.step,
    jobs.JOBS: jobs.step,
    cronjobs.CRON_JOBS: cronjobs.step,
    services.SERVICES: services.step,
    services.BUDGETS: services.budget,
    PODS: pods.step,
    QUOTAS: quotas.step,
}
_SELECTING = (services.SERVICES, services.BUDGETS)
_SHARE = 19
_TURN_S = 0.003
_RETRY_S = 1.0


class Workloads:
    """All simulated controllers of a cluster."""

    def __init__(
        self, registry: Registry, dependents: Dependents, served: Callable[[], int]
    ) -> None:
        """Control a cluster.

        Args:
            registry: of the cluster.
            dependents: who owns what in it.
            served: how many requests there have been so far.
        """
        self._registry, self._served = registry, served
        self._cluster = Cluster(registry, dependents)
        self._stages = Stages()
        self._waiting: asyncio.Queue[tuple[Collection, Name]] = asyncio.Queue()
        self._queued: set[tuple[Collection, Name]] = set()
        self._timers: dict[tuple[Collection, Name], asyncio.TimerHandle] = {}
        # What selects pods, by namespace: pods do not say who selects them.
        self._selectors: defaultdict[str, dict[tuple[Collection, Name], dict[str, str]]] = (
            defaultdict(dict)
        )

    async def run(self) -> None:
        """Work until cancelled."""
        store = self._registry.store
        store.on_undone(lambda change: self._ask_later(change.collection, change.name, _RETRY_S))
        unsubscribe = store.subscribe(self._changed)
        for collection in store.collections():
            if self._is_simulated(collection):
                for name, stored in store.all(collection):
                    self._note_selector(collection, name, stored)
                    self._ask(collection, name)
        try:
            while True:
                worked_s = self._work(await self._waiting.get())
                while worked_s < _TURN_S and not self._waiting.empty():
                    worked_s += self._work(self._waiting.get_nowait())
                await self._let_requests_go_first(worked_s)
        finally:
            unsubscribe()
            for timer in self._timers.values():
                timer.cancel()

    def _work(self, key: tuple[Collection, Name]) -> float:
        """Move one object on; return the seconds that it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._queued.discard(key)
        try:
            next_s = self._step(*key)
        except StatusError as err:
            log.warning("workload step refused", extra={"key": str(key), "error": str(err)})
            next_s = None
        except Exception:
            log.exception("workload step crashed", extra={"key": str(key)})
            next_s = None
        if next_s is not None:
            self._ask_later(*key, next_s)
        return loop.time() - began

    async def _let_requests_go_first(self, worked_s: float) -> None:
        before = self._served()
        await asyncio.sleep(0)  # what was written is committed, and told, in this turn
        await asyncio.sleep(0)  # and what came in meanwhile is begun in this one
        for _ in range(_SHARE):
            if self._served() == before:
                return
            before = self._served()
            await asyncio.sleep(worked_s)

    def _step(self, collection: Collection, name: Name) -> float | None:
        stored = self._registry.store.get(collection, name)
        if stored is None:
            return None
        metadata = stored.manifest["metadata"]
        if metadata.get("deletionTimestamp"):
            if collection == PODS and not metadata.get("finalizers"):
                # What a kubelet does once the containers have ended: here that takes no time.
                self._cluster.delete(PODS, stored.manifest)
            return None
        step = _STEPS.get(collection)
        self._cluster.refusal = ""
        next_s = None if step is None else step(self._cluster, stored.manifest)
        if self._cluster.refusal:
            next_s = _RETRY_S if next_s is None else min(next_s, _RETRY_S)
        kind = self._cluster.kinds[collection]
        if self._stages.has(kind):
            later_s = self._stages.step(self._cluster, kind, stored.manifest)
            next_s = later_s if next_s is None else next_s
        return next_s

    def _changed(self, change: Change) -> None:
        collection, name = change.collection, change.name
        if self._is_simulated(collection):
            if change.event == "DELETED":
                self._selectors[name[0]].pop((collection, name), None)
            else:
                self._note_selector(collection, name, change.stored)
            self._ask(collection, name)
        self._ask_quotas(change)
        for owner in owners_of(change.stored):
            kind = self._registry.kinds.of(owner["apiVersion"].rpartition("/")[0], owner["kind"])
            if kind is not None:
                self._ask(kind.collection, (name[0], owner["name"]))
        if collection == PODS and self._selectors.get(name[0]):
            self._ask_selecting(name[0], change.stored.manifest)

    def _ask_quotas(self, change: Change) -> None:
        """Look at the quotas of which less may be used now, or which count another kind."""
        if change.collection == CRDS:
            namespace = ""
        elif change.name[0] and (change.event == "DELETED" or change.collection in USE_MORE):
            namespace = change.name[0]
        else:
            return
        for name, _ in self._registry.store.all(QUOTAS, namespace):
            self._ask(QUOTAS, name)

    def _ask_selecting(self, namespace: str, pod: Manifest) -> None:
        labels = (pod["metadata"].get("labels") or {}).items()
        for key, selector in self._selectors[namespace].items():
            if selector.items() <= labels:
                self._ask(*key)

    def _note_selector(self, collection: Collection, name: Name, stored: Stored) -> None:
        if collection in _SELECTING:
            selector = (stored.manifest.get("spec") or {}).get("selector") or {}
            labels = selector if collection == services.SERVICES else selector.get("matchLabels")
            self._selectors[name[0]][(collection, name)] = labels or {}

    def _ask(self, collection: Collection, name: Name) -> None:
        if not self._is_simulated(collection) or (collection, name) in self._queued:
            return
        self._queued.add((collection, name))
        self._waiting.put_nowait((collection, name))

    def _ask_later(self, collection: Collection, name: Name, wait_s: float) -> None:
        known = self._timers.pop((collection, name), None)
        if known is not None:
            known.cancel()
        loop = asyncio.get_running_loop()
        self._timers[(collection, name)] = loop.call_later(
            max(wait_s, 0.02), self._time_is_up, collection, name
        )

    def _time_is_up(self, collection: Collection, name: Name) -> None:
        self._timers.pop((collection, name), None)
        self._ask(collection, name)

    def _is_simulated(self, collection: Collection) -> bool:
        kind = self._cluster.kinds.get(collection)
        return kind is not None and (collection in _STEPS or self._stages.has(kind))
