"""When a sync that is being retried makes way for a newer revision."""

import msgspec
import pytest

from tiphys.engine.autosync import newer_revisions
from tiphys.model.operation import (
    Operation,
    OperationInitiator,
    OperationState,
    SyncOperation,
    SyncOperationResult,
)
from tiphys.model.words import OperationPhase


def _state(
    *,
    automated: bool = True,
    retries: int = 1,
    phase: OperationPhase = OperationPhase.RUNNING,
    result: SyncOperationResult | None = None,
) -> OperationState:
    return OperationState(
        operation=Operation(
            sync=SyncOperation(revision="old"),
            initiated_by=OperationInitiator(automated=automated),
        ),
        phase=phase,
        started_at="2026-01-01T00:00:00Z",
        retry_count=retries,
        sync_result=msgspec.UNSET if result is None else result,
    )


@pytest.mark.parametrize(
    ("state", "revisions", "expected"),
    [
        pytest.param(_state(), ("new",), "[new]", id="one that is retried makes way"),
        pytest.param(_state(), ("old",), "", id="the same revision is nothing newer"),
        pytest.param(_state(retries=0), ("new",), "", id="a first attempt is left alone"),
        pytest.param(_state(automated=False), ("new",), "", id="a person's sync is left alone"),
        pytest.param(
            _state(phase=OperationPhase.TERMINATING), ("new",), "", id="one that ends, ends"
        ),
        pytest.param(_state(), (), "", id="nothing known of the source changes nothing"),
        pytest.param(None, ("new",), "", id="no operation"),
        pytest.param(
            _state(result=SyncOperationResult(revisions=("a", "b"))),
            ("a", "c"),
            "[a c]",
            id="what was begun with counts, for each source",
        ),
        pytest.param(
            _state(result=SyncOperationResult(revision="begun")),
            ("begun",),
            "",
            id="what was begun with counts more than what was asked for",
        ),
    ],
)
def test_newer_revisions(
    state: OperationState | None, revisions: tuple[str, ...], expected: str
) -> None:
    assert newer_revisions(state, revisions) == expected
