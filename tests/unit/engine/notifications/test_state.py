import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.notifications.configuration import Condition, Destination
from tiphys.engine.notifications.state import (
    FAILED,
    MAX_ENTRIES,
    NOTIFIED,
    DeliveryState,
    Failure,
    annotations_of,
    changed,
    read_state,
    state_key,
)

KEYS = st.text(min_size=1, max_size=20)
STATES = st.builds(
    DeliveryState,
    sent=st.dictionaries(KEYS, st.integers(0, 2**31), max_size=20),
    failed=st.dictionaries(
        KEYS, st.builds(Failure, at=st.integers(0, 2**31), attempts=st.integers(1, 10)), max_size=20
    ),
)


def test_a_key_has_the_form_of_argo_cd() -> None:
    condition = Condition(when="app.status.operationState.phase in ['Succeeded']")
    key = state_key("on-deployed", condition.key(0), "abc", Destination("slack", "test"))

    assert key == "abc:on-deployed:[0].zxM90Et6k4Elb1-fHdjtDJq0xR0:slack:test"


@given(STATES)
def test_annotations_say_the_whole_state(state: DeliveryState) -> None:
    written = {key: value for key, value in annotations_of(state).items() if value is not None}

    assert read_state(written) == state


def test_the_oldest_entries_are_dropped() -> None:
    state = DeliveryState(sent={f"k{at}": at for at in range(150)})
    kept = msgspec.json.decode(annotations_of(state)[NOTIFIED] or "")

    assert sorted(kept.values()) == list(range(50, 150))
    assert len(kept) == MAX_ENTRIES


def test_an_empty_state_removes_its_annotations() -> None:
    assert annotations_of(DeliveryState()) == {NOTIFIED: None, FAILED: None}


def test_annotations_that_are_not_understood_tell_nothing() -> None:
    assert read_state({NOTIFIED: "[1]", FAILED: '{"k": 5}'}) == DeliveryState()
    assert read_state({NOTIFIED: "{", FAILED: "x"}) == DeliveryState()


def test_what_is_delivered_has_not_failed() -> None:
    state = DeliveryState(failed={"k": Failure(at=1, attempts=2)})

    assert changed(state, sent={"k": 3}) == DeliveryState(sent={"k": 3})
    assert changed(state, forgotten=["k"]) == DeliveryState()
