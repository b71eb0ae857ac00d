from typing import Any

import pytest

from tiphys.engine.notifications.configuration import (
    Condition,
    Configuration,
    Destination,
    Trigger,
)
from tiphys.engine.notifications.evaluation import (
    MAX_ATTEMPTS,
    Assessment,
    assess,
    is_settled,
    retry_after_s,
)
from tiphys.engine.notifications.state import DeliveryState, Failure
from tiphys.languages.expr.evaluator import evaluate
from tiphys.languages.expr.parser import parse

OPS = Destination("slack", "ops")
FAILED = Trigger(
    name="on-sync-failed",
    conditions=(
        Condition(
            when="app.status.operationState.phase in ['Error', 'Failed']", send=("app-sync-failed",)
        ),
    ),
)
DEPLOYED = Trigger(
    name="on-deployed",
    conditions=(
        Condition(
            when="app.status.health.status == 'Healthy'",
            once_per="app.status.sync.revision",
            send=("app-deployed",),
        ),
    ),
)
CONFIGURATION = Configuration(triggers={one.name: one for one in (FAILED, DEPLOYED)})


def application(phase: str, revision: str = "aa", health: str = "Progressing") -> dict[str, Any]:
    return {
        "status": {
            "operationState": {"phase": phase},
            "health": {"status": health},
            "sync": {"revision": revision},
        }
    }


def look(app: dict[str, Any], state: DeliveryState, trigger: str = "on-sync-failed") -> Assessment:
    return assess(
        CONFIGURATION, {trigger: (OPS,)}, state, lambda text: evaluate(parse(text), {"app": app})
    )


def test_a_condition_that_holds_is_due_once() -> None:
    first = look(application("Failed"), DeliveryState())
    [due] = first.due
    again = look(application("Failed"), DeliveryState(sent={due.key: 1}))

    assert (due.trigger, due.templates, due.destination) == (
        "on-sync-failed",
        ("app-sync-failed",),
        OPS,
    )
    assert again.due == ()
    assert again.forgotten == ()


def test_a_condition_that_stops_to_hold_is_forgotten_and_due_again() -> None:
    [due] = look(application("Failed"), DeliveryState()).due
    better = look(application("Succeeded"), DeliveryState(sent={due.key: 1}))

    assert better.forgotten == (due.key,)
    assert look(application("Succeeded"), DeliveryState()).forgotten == ()


def test_once_per_outlives_the_condition() -> None:
    [due] = look(application("", "aa", "Healthy"), DeliveryState(), "on-deployed").due
    state = DeliveryState(sent={due.key: 1})

    assert due.key.startswith("aa:on-deployed:[0].")
    assert look(application("", "aa", "Degraded"), state, "on-deployed").forgotten == ()
    assert look(application("", "aa", "Healthy"), state, "on-deployed").due == ()
    assert len(look(application("", "bb", "Healthy"), state, "on-deployed").due) == 1


def test_an_expression_that_fails_counts_as_false_and_says_why() -> None:
    result = look({"status": {}}, DeliveryState())

    assert result.due == ()
    assert result.verdicts[0].problem.endswith("cannot fetch `phase` from nil")


def test_a_once_per_that_is_nil_or_fails_is_as_in_argo_cd() -> None:
    healthy = {"status": {"health": {"status": "Healthy"}, "sync": {}}}
    [of_nil] = look(healthy, DeliveryState(), "on-deployed").due
    [of_error] = look(
        {"status": {"health": {"status": "Healthy"}}}, DeliveryState(), "on-deployed"
    ).due

    assert of_nil.key.startswith("<nil>:on-deployed:")
    assert of_error.key.startswith("on-deployed:")


def test_an_unknown_trigger_tells_nothing() -> None:
    assert look(application("Failed"), DeliveryState(), "on-the-moon") == Assessment()


def test_a_failed_delivery_waits_longer_each_time_and_is_given_up() -> None:
    [due] = look(application("Failed"), DeliveryState()).due
    waits = []
    for attempts in range(1, MAX_ATTEMPTS + 1):
        state = DeliveryState(failed={due.key: Failure(at=1000, attempts=attempts)})
        later = look(application("Failed"), state).due
        waits += [one.not_before - 1000 for one in later]

    assert waits == sorted(waits)
    assert len(waits) == MAX_ATTEMPTS - 1
    assert retry_after_s(MAX_ATTEMPTS) is None


def test_a_service_that_asks_for_a_pause_gets_it() -> None:
    [due] = look(application("Failed"), DeliveryState()).due
    failure = Failure(at=1000, attempts=1, not_before=1500)
    [later] = look(application("Failed"), DeliveryState(failed={due.key: failure})).due

    assert later.not_before == 1500


def test_a_given_up_delivery_is_forgotten_with_its_condition() -> None:
    [due] = look(application("Failed"), DeliveryState()).due
    state = DeliveryState(failed={due.key: Failure(at=1, attempts=MAX_ATTEMPTS)})

    assert look(application("Running"), state).forgotten == (due.key,)


def test_self_service_has_keys_of_its_own() -> None:
    own = Configuration(triggers=CONFIGURATION.triggers, is_central=False, namespace="team-a")
    app = application("Failed")
    [due] = assess(
        own,
        {"on-sync-failed": (OPS,)},
        DeliveryState(),
        lambda text: evaluate(parse(text), {"app": app}),
    ).due

    assert due.key.startswith("team-a:on-sync-failed:")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, True, id="no operation"),
        pytest.param({"operationState": {"phase": "Running"}}, True, id="a running one"),
        pytest.param(
            {
                "operationState": {"phase": "Succeeded", "finishedAt": "2026-01-01T00:00:05Z"},
                "reconciledAt": "2026-01-01T00:00:04Z",
            },
            False,
            id="ended after the last look",
        ),
        pytest.param(
            {
                "operationState": {"phase": "Succeeded", "finishedAt": "2026-01-01T00:00:05Z"},
                "reconciledAt": "2026-01-01T00:00:05Z",
            },
            True,
            id="looked at since",
        ),
    ],
)
def test_a_status_counts_once_it_was_computed_after_the_operation(
    status: dict[str, Any], expected: bool
) -> None:
    assert is_settled({"status": status}) is expected
