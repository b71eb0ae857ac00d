from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.windows import Attempt, assess, is_active, may_sync
from tiphys.model.application import (
    Application,
    ApplicationDestination,
    ApplicationSpec,
    ObjectMeta,
)
from tiphys.model.project import SyncWindow
from tiphys.settings.durations import parse_duration

NOON = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)  # a Monday
APP = Application(
    metadata=ObjectMeta(name="shop-web", namespace="argocd"),
    spec=ApplicationSpec(
        destination=ApplicationDestination(server="https://one", namespace="shop")
    ),
)


def parse(text: str) -> float:
    return parse_duration(text, where="syncWindows")


def _may(windows: list[SyncWindow], *, is_manual: bool = False, **attempt: Any) -> bool:
    wanted = Attempt(now=NOON, is_manual=is_manual, **attempt)
    return may_sync(APP, windows, wanted, parse)


def window(kind: str, schedule: str = "* * * * *", **fields: Any) -> SyncWindow:
    is_given = fields.keys() & {"applications", "namespaces", "clusters"}
    matching = {} if is_given else {"applications": ("*",)}
    return SyncWindow(kind=kind, schedule=schedule, **{"duration": "1h", **matching, **fields})


NEVER = "0 0 30 2 *"
OPEN, SHUT = window("allow"), window("allow", "0 3 * * *")
DENY, IDLE_DENY = window("deny"), window("deny", "0 3 * * *")


@pytest.mark.parametrize(
    ("schedule", "duration", "zone", "at", "expected"),
    [
        pytest.param("0 12 * * *", "1h", "", NOON, True, id="in the middle"),
        pytest.param("0 12 * * *", "30m", "", NOON, False, id="just over"),
        pytest.param("30 12 * * *", "1h", "", NOON, True, id="it opens now"),
        pytest.param("31 12 * * *", "1h", "", NOON, False, id="not yet"),
        pytest.param("0 23 * * 0", "14h", "", NOON, True, id="over midnight"),
        pytest.param("0 12 * * 1-5", "1h", "", NOON, True, id="on weekdays"),
        pytest.param("0 12 * * 6,0", "1h", "", NOON, False, id="on weekends"),
        pytest.param("0 13 * * *", "1h", "Europe/Berlin", NOON, True, id="in another zone"),
        pytest.param(
            "0 1 * * *",
            "2h",
            "Europe/Berlin",
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            True,
            id="an hour and a half after it opened, over the start of summer time",
        ),
        pytest.param(
            "0 1 * * *",
            "2h",
            "Europe/Berlin",
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            False,
            id="two hours and a half after it opened, over the end of summer time",
        ),
    ],
)
def test_a_window_is_open_for_its_duration(
    schedule: str, duration: str, zone: str, at: datetime, expected: bool
) -> None:
    found = window("allow", schedule, duration=duration, time_zone=zone)

    assert is_active(found, at, parse) is expected


@pytest.mark.parametrize(
    ("windows", "automated", "manual"),
    [
        pytest.param([], True, True, id="no windows"),
        pytest.param([OPEN], True, True, id="open"),
        pytest.param([SHUT], False, False, id="shut"),
        pytest.param([OPEN, SHUT], True, True, id="one of two open"),
        pytest.param([window("allow", "0 3 * * *", manual_sync=True)], False, True, id="by hand"),
        pytest.param([DENY], False, False, id="denied"),
        pytest.param([IDLE_DENY], True, True, id="not denied now"),
        pytest.param([OPEN, DENY], False, False, id="a denial wins"),
        pytest.param([window("deny", manual_sync=True)], False, True, id="denied, but by hand"),
        pytest.param(
            [window("deny", manual_sync=True), DENY], False, False, id="unless any says no"
        ),
        pytest.param([SHUT, IDLE_DENY], False, False, id="shut, and not denied"),
        pytest.param([window("allow", "garbage")], False, False, id="a schedule nobody can read"),
        pytest.param(
            [window("allow", duration="soon")], False, False, id="a duration nobody can read"
        ),
        pytest.param([window("allow", time_zone="Mars")], False, False, id="an unknown zone"),
        pytest.param([window("allow", NEVER)], False, False, id="a day that never comes"),
    ],
)
def test_who_may_sync(windows: list[SyncWindow], automated: bool, manual: bool) -> None:
    assert _may(windows) is automated
    assert _may(windows, is_manual=True) is manual


@pytest.mark.parametrize(
    ("windows", "reasons"),
    [
        pytest.param([OPEN], "", id="nothing"),
        pytest.param([DENY, OPEN], 'deny window "* * * * *" for 1h', id="a denial"),
        pytest.param([SHUT], 'allow window "0 3 * * *" for 1h', id="a window that is shut"),
        pytest.param(
            [OPEN, window("allow", "0 0 L * *")],
            'allow window "0 0 L * *" for 1h, which cannot be read: '
            "day of the month: `L` is no value of 1 to 31",
            id="a schedule nobody can read",
        ),
        pytest.param(
            [window("deny", time_zone="Mars/Base")],
            'deny window "* * * * *" for 1h, which cannot be read: `Mars/Base` is no time zone',
            id="an unknown zone",
        ),
        pytest.param(
            [window("deny", time_zone="../../etc/passwd")],
            'deny window "* * * * *" for 1h, which cannot be read: '
            "`../../etc/passwd` is no time zone",
            id="a zone that leads elsewhere",
        ),
    ],
)
def test_what_stands_in_the_way_is_named(windows: list[SyncWindow], reasons: str) -> None:
    assert assess(APP, windows, Attempt(now=NOON, is_manual=False), parse).reasons == reasons


@pytest.mark.parametrize(
    ("claims", "matches"),
    [
        pytest.param({"applications": ("shop-*",)}, True, id="the application"),
        pytest.param({"applications": ("other",)}, False, id="another application"),
        pytest.param({"namespaces": ("sh?p",)}, True, id="the namespace"),
        pytest.param({"clusters": ("https://one",)}, True, id="the cluster"),
        pytest.param({"applications": ("x",), "clusters": ("*",)}, True, id="any claim"),
        pytest.param(
            {"applications": ("x",), "clusters": ("*",), "and_operator": True},
            False,
            id="all claims",
        ),
        pytest.param(
            {"applications": ("shop-*",), "clusters": ("*",), "and_operator": True},
            True,
            id="all claims hold",
        ),
        pytest.param({"applications": ()}, False, id="no claims"),
    ],
)
def test_a_window_is_for_those_it_names(claims: dict[str, Any], matches: bool) -> None:
    assert _may([window("deny", **claims)]) is not matches


MORNING = NOON - timedelta(hours=3)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        pytest.param([window("allow", "0 9 * * *")], False, id="it shut meanwhile"),
        pytest.param(
            [window("allow", "0 9 * * *", sync_overrun=True)], True, id="and may be overrun"
        ),
        pytest.param([window("deny", "0 12 * * *")], False, id="a denial began meanwhile"),
        pytest.param([window("deny", "0 12 * * *", sync_overrun=True)], True, id="and spares it"),
        pytest.param(
            [window("deny", "0 12 * * *", sync_overrun=True), window("deny", "15 12 * * *")],
            False,
            id="unless another one does not",
        ),
        pytest.param(
            [window("allow", "0 3 * * *", sync_overrun=True)], False, id="never permitted"
        ),
    ],
)
def test_a_sync_that_began_while_it_was_permitted(
    windows: list[SyncWindow], expected: bool
) -> None:
    found = _may(windows, began_at=MORNING)

    assert found is expected


@given(
    st.integers(0, 3 * 365 * 86400),
    st.integers(0, 23),
    st.integers(1, 72),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_daily_window_of_a_day_and_an_hour_is_always_open(
    second: int, hour: int, more_h: int, zone: str
) -> None:
    found = window("allow", f"0 {hour} * * *", duration=f"{25 + more_h}h", time_zone=zone)

    assert is_active(found, NOON + timedelta(seconds=second), parse)
