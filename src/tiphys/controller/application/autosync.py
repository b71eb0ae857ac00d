"""Starts automated syncs, and says why one is not started."""

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.preparation import Preparation
from tiphys.controller.application.services import Services
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.delivery.compare import Compared
from tiphys.engine.autosync import HealBackoff, Observation, Refuse, Skip, decide_autosync
from tiphys.engine.conditions import merge_conditions, self_heal_warning
from tiphys.engine.keeping import is_destination
from tiphys.engine.windows import Assessment, describe_window
from tiphys.model.application import Condition
from tiphys.model.keys import ResourceKey
from tiphys.model.operation import Operation, OperationInitiator, OperationState
from tiphys.model.words import ConditionType, OperationPhase, SyncStatusCode


class AutoSync:
    """Decides after each look."""

    def __init__(self, services: Services, preparation: Preparation) -> None:
        self._services, self._preparation = services, preparation

    def decide(self, draft: Draft, compared: Compared) -> float | None:
        """Start an operation in the draft when one is due; return seconds until the next look."""
        app, now = draft.app, self._services.clock()
        state = draft.status.operation_state
        heal = self._services.installation.settings.self_heal
        finished = str(state.finished_at or "") if state is not None else ""
        windows = self._windows(draft)
        seen = Observation(
            status=compared.sync,
            revisions=compared.targets.revisions,
            resources=compared.resources,
            kept=_kept(draft, compared),
            is_permitted=windows.may_sync,
            finished_at=parse_timestamp(finished),
            now=now,
            is_doubtful=any(c.type == ConditionType.COMPARISON_ERROR for c in compared.conditions),
        )
        backoff = HealBackoff(
            initial_s=heal.initial_s, factor=heal.factor, cap_s=heal.cap_s, fixed_s=heal.fixed_s
        )
        decision = decide_autosync(app, state, seen, backoff)
        found = [
            Condition(
                type=ConditionType.SYNC_WINDOW_ERROR,
                message=f"{describe_window(window)} of project {app.project} blocks all syncs, "
                f"because it cannot be read: {problem}",
            )
            for window, problem in windows.unreadable
        ]
        if isinstance(decision, Refuse):
            found.append(Condition(type=ConditionType.SYNC_ERROR, message=decision.message))
        if isinstance(decision, Skip) and decision.undone:
            found += _fight(decision.undone, state, compared)
        evaluated = (
            ConditionType.SYNC_ERROR,
            ConditionType.SYNC_WINDOW_ERROR,
            ConditionType.SELF_HEAL_WARNING,
        )
        merged = merge_conditions(draft.status.conditions, found, evaluated, timestamp(now))
        draft.set(conditions=merged)
        if isinstance(decision, Skip):
            return decision.look_again_s
        if not isinstance(decision, Refuse):
            self._start(draft, decision.operation, timestamp(now))
        return None

    def _windows(self, draft: Draft) -> Assessment:
        automated = Operation(initiated_by=OperationInitiator(automated=True))
        state = OperationState(operation=automated, phase=OperationPhase.RUNNING, started_at="")
        return self._preparation.windows(draft.app, state)

    def _start(self, draft: Draft, operation: Operation, now: str) -> None:
        # Request and state go into one write: nobody but us asked, so nobody waits for the request.
        state = OperationState(operation=operation, phase=OperationPhase.RUNNING, started_at=now)
        draft.set_operation(operation, state)
        sync = operation.sync
        revision = (sync.revision or " ".join(sync.revisions)) if sync is not None else ""
        draft.tell("OperationStarted", f"Initiated automated sync to '{revision}'")


def _fight(undone: int, state: OperationState | None, compared: Compared) -> list[Condition]:
    """Say what self heal fights for, where it does."""
    result = state.result if state is not None else None
    unchanged = {
        row.key
        for row in (result.resources if result is not None else ())
        if row.message.partition("\n")[0].endswith(" unchanged")
    }
    warning = self_heal_warning(undone, compared.comparisons, unchanged)
    return [] if warning is None else [warning]


def _kept(draft: Draft, compared: Compared) -> frozenset[ResourceKey]:
    """Return what left Git and stays; a sync takes our mark off the destination namespace."""
    if compared.sync is not SyncStatusCode.OUT_OF_SYNC:
        return frozenset()  # nobody asks
    wanted = {target.key for target in compared.targets.targets}
    return frozenset(
        row.key
        for row in compared.resources
        if row.key not in wanted
        and not row.requires_pruning
        and not is_destination(row.key, draft.app)
    )
