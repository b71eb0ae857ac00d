"""Carries out what a step of a sync asks for, and answers with a result for each task.

Every action may be repeated: a process that is killed in the middle does it again after restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import TypeVar

import msgspec

from tiphys.controller.application.removal import remove
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.trials import Trial, Trials
from tiphys.engine.ignoring import IgnoreRule, select_rules
from tiphys.engine.respecting import ours, respect_ignored
from tiphys.engine.scrubbing import without_secrets
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.records import applied, prune_skipped, pruned, refused
from tiphys.engine.sync.tasks import SyncTask
from tiphys.kube.apply import ApplyOptions, apply_resource, wait_established
from tiphys.kube.client import JSON_PATCH
from tiphys.languages.asking import Look
from tiphys.model.errors import ApiError, NotFoundError, TiphysError
from tiphys.model.keys import GroupKind, Manifest
from tiphys.model.labels import FIELD_MANAGER, HOOK_FINALIZER
from tiphys.model.operation import ResourceResult
from tiphys.structured.schema import load_builtin_schema

_CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_PARALLEL = 16
_T = TypeVar("_T")


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a sync is carried out.

    Attributes:
        options: the Application's.
        rules: ignored differences to respect; empty when they are not respected.
        is_ours: tells from a live object whether its mark is the Application's.
        secret_annotations: keys of annotations whose values are never shown.
        why_kept: tells why an object that left Git stays, "" when it may be pruned.
        trials: what the API server has accepted before.
        look: runs what users wrote.
    """

    dry_run: bool
    prune: bool
    options: SyncOptions
    migration_manager: str
    rules: tuple[IgnoreRule, ...]
    is_ours: Callable[[Manifest], bool]
    why_kept: Callable[[Manifest], str]
    trials: Trials
    look: Look
    secret_annotations: tuple[str, ...] = ()


class SyncActions:
    """The actions of one sync on one cluster."""

    def __init__(self, cluster: OpenCluster, manner: Manner, untried: dict[object, str]) -> None:
        """Prepare.

        Args:
            cluster: with a client that acts as who may change things there.
            manner: of the sync.
            untried: by task, why it could not be tried before; kept for the whole attempt.
        """
        self._cluster, self._manner, self._untried = cluster, manner, untried
        self._slots = asyncio.Semaphore(_PARALLEL)

    def live(self, task: SyncTask) -> Manifest | None:
        """Return a task's object as it is now."""
        record = self._cluster.cache.record(task.key)
        if record is None or record.body is None:
            return None
        return record.manifest()

    async def check(self, tasks: Sequence[SyncTask]) -> list[ResourceResult]:
        """Try tasks as a dry run; return the results of those that are refused.

        What cannot be tried, because a webhook does not answer or knows no dry runs, is not
        refused: its result will warn.
        """
        answers = await self._all(self._try, tasks)
        return [answer for answer in answers if answer is not None]

    async def apply(self, tasks: Sequence[SyncTask]) -> list[ResourceResult]:
        """Write objects, those of one kind at a time; a refusal does not stop the others."""
        results: list[ResourceResult] = []
        for kind, group in groupby(tasks, key=lambda task: task.key.group_kind):
            batch = list(group)
            results += await self._all(self._write, batch)
            if kind == _CRD and not self._manner.dry_run:
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
                uid = live["metadata"]["uid"]
                await remove(
                    self._cluster,
                    live,
                    propagation="Background",
                    may_go=lambda found: found["metadata"]["uid"] == uid,
                )

        await self._all(delete, tasks)

    async def release(self, tasks: Sequence[SyncTask]) -> None:
        """Take our finalizer off hooks that have ended."""
        await self._all(self._release, tasks)

    async def _try(self, task: SyncTask) -> ResourceResult | None:
        if self._is_settled(task):
            return None
        live = self.live(task)
        trial = Trial.of(self._cluster.client.transport.identity, task, live)
        if self._manner.trials.was_accepted(trial):
            return None
        try:
            await self._apply(task, dry_run=True)
        except ApiError as err:
            if err.code < 500 and "does not support dry run" not in err.what:
                return self._refused(task, err.line)
            self._untried[task.identity] = self._shown(task, err.line)
        except TiphysError as err:
            return self._refused(task, err.line)
        else:
            self._manner.trials.accept(trial)
        return None

    def _refused(self, task: SyncTask, message: str) -> ResourceResult:
        return refused(task, self._shown(task, message))

    def _shown(self, task: SyncTask, message: str) -> str:
        """Return a message as everybody may read it who may read the Application."""
        faces = (task.target, self.live(task))
        return without_secrets(message, faces, self._manner.secret_annotations)

    async def _write(self, task: SyncTask) -> ResourceResult:
        dry_run = self._manner.dry_run
        if self._is_settled(task):
            says = "serverside-applied" if task.options.server_side is True else "unchanged"
            return applied(task, f"{self._name(task)} {says}", dry_run=dry_run)
        try:
            message = self._shown(task, await self._apply(task, dry_run=dry_run))
        except TiphysError as err:
            return self._refused(task, err.line)
        if task.identity in self._untried:
            message += f"\nWarning: it could not be tried first: {self._untried[task.identity]}"
        if not dry_run:
            # What was accepted for this very object is accepted again while it stays as it is.
            trial = Trial.of(self._cluster.client.transport.identity, task, self.live(task))
            self._manner.trials.accept(trial)
        return applied(task, message, dry_run=dry_run)

    def _is_settled(self, task: SyncTask) -> bool:
        """Return whether a write would change nothing: the object is still as it was judged."""
        if not task.is_settled or task.live is None:
            return False
        record = self._cluster.cache.record(task.key)
        metadata = task.live["metadata"]
        return (
            record is not None
            and record.uid == metadata["uid"]
            and record.resource_version == int(metadata["resourceVersion"])
        )

    def _name(self, task: SyncTask) -> str:
        return f"{self._cluster.client.resource(task.gvk).display}/{task.key.name}"

    async def _apply(self, task: SyncTask, *, dry_run: bool) -> str:
        options = task.options
        client_side = options.server_side is False or not options.validate
        wanted = ApplyOptions(
            says_server_side=options.server_side is True,
            client_side=client_side,
            replace=options.replace,
            force=options.force,
            validate=options.validate,
            migrates=options.migrates,
            migration_manager=self._manner.migration_manager,
            dry_run=dry_run,
        )
        live = self.live(task)
        is_whole = client_side or options.replace
        target = await self._manner.look.settle(lambda: self._target(task, live, is_whole=is_whole))
        client = self._cluster.client
        try:
            result = await apply_resource(client, target, live, wanted)
        except NotFoundError:
            # Its definition may have come a moment ago, from a hook or an operator.
            await self._cluster.cache.refresh_kinds()
            result = await apply_resource(client, target, live, wanted)
        if not dry_run:
            self._cluster.cache.observe(result.manifest)
        warnings = "".join(f"\nWarning: {text}" for text in result.warnings)
        return result.message + warnings

    def _target(self, task: SyncTask, live: Manifest | None, *, is_whole: bool) -> Manifest:
        """Return what to write; with live's values where ignored differences are respected."""
        target = task.target
        assert target is not None
        rules = select_rules(self._manner.rules, task.key)
        if live is None or not rules or task.is_hook:
            return target
        schema = load_builtin_schema().schema_for(task.gvk)
        owned = ours(live, FIELD_MANAGER, self._manner.migration_manager)
        is_sent = (lambda _: True) if is_whole else owned
        return respect_ignored(target, live, rules, schema, is_sent)

    async def _delete_pruned(self, task: SyncTask) -> ResourceResult:
        if task.live is not None and (why := self._manner.why_kept(task.live)):
            return prune_skipped(task, f"ignored ({why})")
        if not self._manner.prune:
            return prune_skipped(task, "ignored (requires pruning)")
        if self._manner.dry_run:
            return pruned(task, "pruned (dry run)")
        live = self.live(task)
        try:
            if live is None or await remove(
                self._cluster, live, propagation=task.options.propagation, may_go=self._may_go
            ):
                return pruned(task)
        except TiphysError as err:
            return self._refused(task, err.line)
        return prune_skipped(task, "ignored (no longer ours to prune)")

    def _may_go(self, live: Manifest) -> bool:
        """Return whether an object may still be pruned: it may be another one by now."""
        return self._manner.is_ours(live) and not self._manner.why_kept(live)

    async def _release(self, task: SyncTask) -> None:
        client = self._cluster.client
        live = await client.get(task.gvk, task.key.namespace, task.key.name)
        if live is None:
            known = self._cluster.cache.record(task.key)
            if known is not None:
                self._cluster.cache.forget(task.key, known.uid)
            return
        finalizers = live["metadata"].get("finalizers") or []
        if HOOK_FINALIZER not in finalizers:
            self._cluster.cache.observe(live)
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
