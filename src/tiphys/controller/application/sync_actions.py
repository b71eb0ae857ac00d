"""Carries out what a step of a sync asks for, and answers with a result for each task.

Every action may be repeated: a process that is killed in the middle does it again after restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import TypeVar

from tiphys.delivery.clusters import OpenCluster
from tiphys.engine.sync.options import PrunePolicy
from tiphys.engine.sync.records import applied, prune_skipped, pruned, refused
from tiphys.engine.sync.tasks import SyncTask
from tiphys.kube.apply import ApplyOptions, apply_resource, wait_established
from tiphys.kube.client import JSON_PATCH
from tiphys.model.errors import ApiError, TiphysError
from tiphys.model.keys import GroupKind, Manifest, gvk_of
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.operation import ResourceResult

_CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_PARALLEL = 16
_T = TypeVar("_T")


class SyncActions:
    """The actions of one sync on one cluster."""

    def __init__(
        self, cluster: OpenCluster, *, dry_run: bool, prune: bool, migration_manager: str
    ) -> None:
        self._cluster = cluster
        self._dry_run, self._prune = dry_run, prune
        self._migration_manager = migration_manager
        self._slots = asyncio.Semaphore(_PARALLEL)

    def live(self, task: SyncTask) -> Manifest | None:
        """Return a task's object as it is now."""
        record = self._cluster.cache.record(task.key)
        if record is None or record.body is None:
            return None
        return record.manifest()

    async def check(self, tasks: Sequence[SyncTask]) -> list[ResourceResult]:
        """Try tasks as a dry run; return the results of those that are refused."""

        async def attempt(task: SyncTask) -> ResourceResult | None:
            try:
                await self._apply(task, dry_run=True)
            except ApiError as err:
                # A webhook that cannot be asked says nothing about the object.
                return None if err.code >= 500 else refused(task, err.line)
            except TiphysError as err:
                return refused(task, err.line)
            return None

        answers = await self._all(attempt, tasks)
        return [answer for answer in answers if answer is not None]

    async def apply(self, tasks: Sequence[SyncTask]) -> list[ResourceResult]:
        """Write objects, those of one kind at a time; a refusal does not stop the others."""
        results: list[ResourceResult] = []
        for kind, group in groupby(tasks, key=lambda task: task.key.group_kind):
            batch = list(group)
            results += await self._all(self._write, batch)
            if kind == _CRD and not self._dry_run:
                await self._await_definitions(batch)
        return results

    async def prune(self, tasks: Sequence[SyncTask]) -> list[ResourceResult]:
        """Delete what left Git, where that is allowed."""
        return await self._all(self._delete_pruned, tasks)

    async def delete_hooks(self, tasks: Sequence[SyncTask]) -> None:
        """Delete hooks' objects, also those that our own finalizer holds."""

        async def delete(task: SyncTask) -> None:
            await self._release(task)
            live = self.live(task)
            if live is not None:
                await self._delete(task, live, "Background")

        await self._all(delete, tasks)

    async def release(self, tasks: Sequence[SyncTask]) -> None:
        """Take our finalizer off hooks that have ended."""
        await self._all(self._release, tasks)

    async def _write(self, task: SyncTask) -> ResourceResult:
        try:
            message = await self._apply(task, dry_run=self._dry_run)
        except TiphysError as err:
            return refused(task, err.line)
        return applied(task, message, dry_run=self._dry_run)

    async def _apply(self, task: SyncTask, *, dry_run: bool) -> str:
        assert task.target is not None
        options = task.options
        result = await apply_resource(
            self._cluster.client,
            task.target,
            self.live(task),
            ApplyOptions(
                says_server_side=options.server_side is True,
                client_side=options.server_side is False or not options.validate,
                replace=options.replace,
                force=options.force,
                validate=options.validate,
                migrates=options.migrates,
                migration_manager=self._migration_manager,
                dry_run=dry_run,
            ),
        )
        if not dry_run:
            self._cluster.cache.observe(result.manifest)
        warnings = "".join(f"\nWarning: {text}" for text in result.warnings)
        return result.message + warnings

    async def _delete_pruned(self, task: SyncTask) -> ResourceResult:
        if not self._prune:
            return prune_skipped(task, "ignored (requires pruning)")
        if task.options.prune is PrunePolicy.KEPT:
            return prune_skipped(task, "ignored (no prune)")
        live = self.live(task)
        if self._dry_run:
            return pruned(task, "pruned (dry run)")
        try:
            if live is not None and not live["metadata"].get("deletionTimestamp"):
                await self._delete(task, live, task.options.propagation)
        except TiphysError as err:
            return refused(task, err.line)
        return pruned(task)

    async def _delete(self, task: SyncTask, live: Manifest, propagation: str) -> None:
        metadata = live["metadata"]
        gvk = gvk_of(live)
        await self._cluster.client.delete(
            gvk, task.key, preconditions={"uid": metadata["uid"]}, propagation=propagation
        )
        found = await self._cluster.client.get(gvk, task.key.namespace, task.key.name)
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            self._cluster.cache.forget(task.key, metadata["uid"])
        else:
            self._cluster.cache.observe(found)

    async def _release(self, task: SyncTask) -> None:
        client = self._cluster.client
        live = await client.get(task.gvk, task.key.namespace, task.key.name)
        finalizers = (live or {}).get("metadata", {}).get("finalizers") or []
        if live is None or HOOK_FINALIZER not in finalizers:
            return
        place = finalizers.index(HOOK_FINALIZER)
        path = f"/metadata/finalizers/{place}"
        patch = [
            {"op": "test", "path": path, "value": HOOK_FINALIZER},
            {"op": "remove", "path": path},
        ]
        try:
            released = await client.patch(task.gvk, task.key, patch, JSON_PATCH)
        except ApiError as err:
            if err.code != 404:
                raise
            self._cluster.cache.forget(task.key, live["metadata"]["uid"])
            return
        metadata = released["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self._cluster.cache.forget(task.key, live["metadata"]["uid"])
        else:
            self._cluster.cache.observe(released)

    async def _await_definitions(self, tasks: Sequence[SyncTask]) -> None:
        for task in tasks:
            if task.target is not None:
                await wait_established(self._cluster.client, task.target)
        await self._cluster.cache.refresh_kinds()

    async def _all(
        self, act: Callable[[SyncTask], Awaitable[_T]], tasks: Sequence[SyncTask]
    ) -> list[_T]:
        async def one(task: SyncTask) -> _T:
            async with self._slots:
                return await act(task)

        return list(await asyncio.gather(*(one(task) for task in tasks)))
