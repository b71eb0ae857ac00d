"""One look at one Application, from its key to what is written of it."""

import asyncio
import logging
from typing import Protocol

from tiphys.controller.application.autosync import AutoSync
from tiphys.controller.application.delete import Deleter
from tiphys.controller.application.draft import Draft, News
from tiphys.controller.application.operate import Operator
from tiphys.controller.application.pacing import Trickle
from tiphys.controller.application.preparation import Preparation
from tiphys.controller.application.refresh import COMPARISON, Refresher
from tiphys.controller.application.refresh_level import (
    RefreshLevel,
    needed_level,
    next_look_s,
)
from tiphys.controller.application.services import Memory, Services
from tiphys.controller.application.steps import BATCH
from tiphys.controller.application.underway import PATIENCE_S, NotYetError, Underway
from tiphys.delivery.applications import decode_application
from tiphys.delivery.compare import Compared
from tiphys.engine.autosync import newer_revisions
from tiphys.kube.client import JSON_PATCH, MERGE_PATCH
from tiphys.model.application import Application, ApplicationHealth
from tiphys.model.errors import ApiError, InvalidInputError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import API_GROUP, SKIP_RECONCILE

log = logging.getLogger(__name__)

_SOURCE_AGAIN_S = 10.0
_CLUSTER_AGAIN_S = 5.0
_QUIET_PATIENCE_S = 2.0
_MANY = 100
_GATHERED_S = 20e-6
_GATHERED_CAP_S = 0.5
APPLICATION = GroupVersionKind(API_GROUP, "v1alpha1", "Application")


class Wakes(Protocol):
    """What has Applications looked at again, by key."""

    def add(self, key: str) -> None:
        """Ask for a look as soon as a worker is free."""

    def add_quiet(self, key: str) -> None:
        """Ask for a look that can wait for more urgent ones."""

    def is_urgent(self, key: str) -> bool:
        """Return whether the look under way at an Application cannot wait."""


class Reconciler:
    """Looks at Applications and writes what it finds."""

    def __init__(self, services: Services, wakes: Wakes) -> None:
        self._services, self._wakes, self._trickle = services, wakes, Trickle()
        self._memories: dict[str, Memory] = {}
        self._refresher = Refresher(services)
        preparation = Preparation(services, self._refresher)
        self._operator = Operator(services, preparation, self.save)
        self._autosync = AutoSync(services, preparation)
        self._deleter = Deleter(services, self._refresher)

    def is_comparing(self, key: str) -> bool:
        """Return whether a look at an Application goes on that takes its time."""
        memory = self._memories.get(key)
        return memory is not None and memory.comparing is not RefreshLevel.NONE

    def pause_s(self, key: str) -> float:
        """Return how long changes of an Application's objects are gathered before a look.

        While a sync writes thousands of objects, each of them comes back as a change.
        """
        memory = self._memories.get(key)
        if memory is None or memory.compared is None:
            return 0.0
        count = len(memory.compared.judged)
        if count <= _MANY:
            return 0.0
        if BATCH in memory.underway:
            return min(count * _GATHERED_S * 10, _GATHERED_CAP_S * 4)
        return min(count * _GATHERED_S, _GATHERED_CAP_S)

    def ask(self, key: str, level: RefreshLevel) -> None:
        """Ask that the next look at an Application be at least so thorough."""
        memory = self._memory(key)
        memory.asked = max(memory.asked, level)

    async def close(self) -> None:
        """Give up all work that is under way."""
        await asyncio.gather(*(memory.underway.close() for memory in self._memories.values()))

    def _memory(self, key: str) -> Memory:
        memory = self._memories.get(key)
        if memory is None:
            memory = Memory(underway=Underway(lambda: self._wakes.add(key)))
            self._memories[key] = memory
        return memory

    async def reconcile(self, key: str) -> float | None:
        """Look at an Application; return the seconds until the next look, None for no date.

        Raises:
            TiphysError: what was found could not be written; the look is repeated.
        """
        manifest = self._services.installation.collections.applications.get(key)
        if manifest is None:
            memory = self._memories.pop(key, None)
            if memory is not None:
                await memory.underway.close()
            self._services.findings.put(key, None)
            return None
        memory = self._memory(key)
        app = self._read(key, manifest, memory)
        if app is None or _is_left_alone(app):
            return None
        # Looks that can wait keep their worker for longer, so that few of them are under way at a
        # time, and what is urgent does not queue behind all of them for a renderer.
        memory.underway.patience_s = PATIENCE_S if self._wakes.is_urgent(key) else _QUIET_PATIENCE_S
        draft = Draft(manifest, app, memory.room)
        if memory.unwritten is not None:
            draft.take_up(memory.unwritten)
        memory.unwritten = None
        try:
            return await self._look(draft, memory)
        except Exception as err:
            code = err.code if isinstance(err, ApiError) else 0
            if code == 404:
                return None
            _remember_failure(draft, memory, err)
            if code == 409:
                await self._read_again(key, app)
            raise
        finally:
            is_large = len(draft.app.status.resources) > _MANY
            memory.read = (draft.manifest, draft.app) if is_large else None

    def _read(self, key: str, manifest: Manifest, memory: Memory) -> Application | None:
        """Return the record of an Application; None for one that is not understood."""
        if memory.read is not None and memory.read[0] is manifest:
            return memory.read[1]
        try:
            return decode_application(manifest)
        except InvalidInputError as err:
            log.warning("application not understood", extra={"key": key, "error": err.line})
            return None

    async def _look(self, draft: Draft, memory: Memory) -> float | None:
        waits: list[float | None] = []
        if draft.app.metadata.deletion_timestamp and draft.operation is None:
            return await self._delete(draft, memory)
        again = True
        while again:
            waits = [await self._operator.advance(draft, memory)]
            has_ended = draft.app.operation is not None and draft.operation is None
            compared = await self._conclude(draft, memory) if has_ended else None
            if compared is None:
                compared = await self._refresh(draft, memory)
            again, wait = self._decide(draft, memory, compared)
            waits.append(wait)
            put_off_s = 0.0 if again else self._put_off_s(draft, memory)
            if put_off_s:
                waits.append(put_off_s)
            else:
                await self.save(draft)
        settings, now = self._services.installation.settings, self._services.clock()
        if memory.looked is not None:
            waits.append(next_look_s(memory.looked, settings, now))
        if memory.failing_since is not None and draft.status.sync.status.is_known:
            # The repository does not answer and nobody was told yet, so look again soon.
            memory.asked = max(memory.asked, RefreshLevel.LATEST)
            waits.append(_SOURCE_AGAIN_S)
        if memory.is_cut_off:
            memory.asked = max(memory.asked, RefreshLevel.RECENT)
            waits.append(_CLUSTER_AGAIN_S)
        dated = [wait for wait in waits if wait is not None]
        return min(dated) if dated else None

    async def _delete(self, draft: Draft, memory: Memory) -> float | None:
        await memory.underway.drop(COMPARISON)
        memory.comparing = RefreshLevel.NONE
        try:
            wait = await self._deleter.advance(draft, memory.underway)
        except NotYetError:
            wait = None
        await self.save(draft)
        return wait

    def _decide(
        self, draft: Draft, memory: Memory, compared: Compared | None
    ) -> tuple[bool, float | None]:
        """Return whether to look again once this is written, and the seconds until a later look."""
        if compared is None:
            return False, None
        if draft.operation is not None:
            revisions = compared.targets.revisions
            memory.makes_way_for = newer_revisions(draft.status.operation_state, revisions)
            return bool(memory.makes_way_for), None
        memory.makes_way_for = ""
        wait = self._autosync.decide(draft, compared)
        if wait is not None:
            # Only a comparison leads to a decision, so the next look must compare.
            memory.asked = max(memory.asked, RefreshLevel.RECENT)
        return draft.operation is not None, wait

    async def _conclude(self, draft: Draft, memory: Memory) -> Compared | None:
        """Write the end of an operation together with what it led to.

        A repository may take its time when it has to be asked, or does not answer: then what was
        compared already tells, and another look is due.

        Returns:
            What it led to; None when another look is due.
        """
        due = RefreshLevel.NONE
        if memory.asked > RefreshLevel.LATEST or memory.failing_since is not None:
            due, memory.asked = memory.asked, RefreshLevel.RECENT
        try:
            compared = await self._refresh(draft, memory)
        finally:
            memory.asked = max(memory.asked, due)
            await self.save(draft)
        return compared if due is RefreshLevel.NONE else None

    async def _refresh(self, draft: Draft, memory: Memory) -> Compared | None:
        settings, now = self._services.installation.settings, self._services.clock()
        asked, memory.asked = memory.asked, RefreshLevel.NONE
        level = needed_level(draft.app, asked, memory.looked, settings, now)
        if memory.compared is None:
            level = max(level, RefreshLevel.LATEST) if memory.looked is None else max(level, asked)
        is_resumed = level <= memory.comparing
        if is_resumed:
            # What is under way will do, but what changed meanwhile it may have missed.
            level, memory.asked = memory.comparing, asked
        if level is RefreshLevel.NONE:
            return None
        before = draft.status
        try:
            compared = await self._refresher.refresh(draft, memory, level)
        except NotYetError:
            memory.comparing = level
            return None
        except BaseException:
            memory.comparing = RefreshLevel.NONE
            raise
        memory.comparing = RefreshLevel.NONE
        metadata = draft.app.metadata
        if is_resumed and asked:
            self._wakes.add(f"{metadata.namespace}/{metadata.name}")
        self._services.findings.put(f"{metadata.namespace}/{metadata.name}", memory.compared)
        self._tell_changes(draft, before.sync.status.value, before.health)
        return compared

    def _tell_changes(
        self, draft: Draft, sync_before: str, health_before: ApplicationHealth
    ) -> None:
        status = draft.status
        if not draft.app.status.reconciled_at:
            return
        told = []
        if status.sync.status.value != sync_before:
            told.append(f"Updated sync status: {sync_before} -> {status.sync.status}")
        if status.health.status is not health_before.status:
            causes = f" ({status.health.message})" if status.health.message else ""
            before = health_before.status
            told.append(f"Updated health status: {before} -> {status.health.status}{causes}")
        if told:
            draft.tell("ResourceUpdated", "; ".join(told))

    def _put_off_s(self, draft: Draft, memory: Memory) -> float:
        """Return for how long what there is to write can wait; 0 to write it now.

        A look is due then, which finds and writes what holds by that time.
        """
        news = draft.news
        if news in {News.NOTHING, News.URGENT}:
            memory.pace.due_at = None
            return 0.0
        now = asyncio.get_running_loop().time()
        rows, is_health = len(draft.status.resources), news is News.HEALTH
        wait_s = memory.pace.wait_s(now, self._trickle, is_health=is_health, rows=rows)
        if wait_s:
            memory.asked = max(memory.asked, RefreshLevel.RECENT)
        return wait_s

    async def save(self, draft: Draft) -> None:
        """Write a draft, if there is anything to write, and go on from the answer.

        A server that refuses its size gets less of it, at once.
        """
        while (patch := draft.patch()) is not None:
            metadata = draft.app.metadata
            key = ResourceKey(API_GROUP, "Application", metadata.namespace, metadata.name)
            exact = draft.exact_patch(patch)
            sent = (patch, MERGE_PATCH) if exact is None else (exact, JSON_PATCH)
            try:
                written = await self._services.home.patch(APPLICATION, key, *sent)
            except ApiError as err:
                if not (err.is_too_large and draft.shrink()):
                    raise
                continue
            self._services.installation.collections.applications.observe(written)
            draft.rebase(written, decode_application(written))
            break
        for told in draft.take_told():
            self._services.events.record(
                draft.manifest, told.reason, told.message, is_warning=told.is_warning
            )

    async def _read_again(self, key: str, app: Application) -> None:
        namespace, name = app.metadata.namespace, app.metadata.name
        found = await self._services.home.get(APPLICATION, namespace, name)
        if found is not None:
            self._services.installation.collections.applications.observe(found)
        self.ask(key, RefreshLevel.RECENT)


def _remember_failure(draft: Draft, memory: Memory, err: Exception) -> None:
    """What was found did not get written, so it has to be found again; nothing is done again."""
    memory.asked = max(memory.asked, RefreshLevel.LATEST)
    if isinstance(err, TiphysError):
        memory.unwritten = draft.unwritten()
    else:
        memory.sync = None  # a bug: whatever led to it, begin anew


def _is_left_alone(app: Application) -> bool:
    return app.metadata.annotations.get(SKIP_RECONCILE, "").lower() in {"true", "1", "t"}
