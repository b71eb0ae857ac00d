"""Which messages about an Application are due.

Source: Argo CD operator manual, "Notifications, Triggers"; when a condition stops to hold, its
entry leaves the delivery state, unless `oncePer` says how long it counts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tiphys.engine.notifications.configuration import (
    Condition,
    Configuration,
    Destination,
    Trigger,
)
from tiphys.engine.notifications.state import DeliveryState, state_key
from tiphys.engine.notifications.subscriptions import Subscribed
from tiphys.model.errors import TiphysError

Evaluate = Callable[[str], Any]
"""Gives the value of an expression for the Application; raises TiphysError."""

_ENDED: Final = frozenset({"Failed", "Error", "Succeeded"})


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one condition of a trigger says.

    Attributes:
        key: of the condition, for the delivery state.
        once_per: the value of its `oncePer`; "" when there is none.
        problem: why an expression failed; `when` then counts as false, `oncePer` as not there.
    """

    trigger: str
    condition: Condition
    key: str
    holds: bool
    once_per: str = ""
    problem: str = ""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is to be sent.

    Attributes:
        key: in the delivery state.
        attempts: that have failed before.
        not_before: seconds since 1970.
    """

    key: str
    trigger: str
    templates: tuple[str, ...]
    destination: Destination
    attempts: int = 0
    not_before: int = 0


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What is due about one Application, and what its delivery state need not remember."""

    verdicts: tuple[Verdict, ...] = ()
    due: tuple[Due, ...] = ()
    forgotten: tuple[str, ...] = ()


RETRY_AFTER_S: Final = (2, 10, 30, 60, 120, 300, 600, 1800, 3600)
MAX_ATTEMPTS: Final = len(RETRY_AFTER_S) + 1
"""After so many a message is given up, until its condition holds anew."""


def retry_after_s(attempts: int) -> int | None:
    """Return how long to wait after a number of failed attempts; None to give up."""
    return RETRY_AFTER_S[attempts - 1] if 0 < attempts < MAX_ATTEMPTS else None


def verdicts_of(trigger: Trigger, evaluate: Evaluate) -> list[Verdict]:
    """Return what each condition of a trigger says."""
    return [
        _verdict(trigger.name, index, condition, evaluate)
        for index, condition in enumerate(trigger.conditions)
    ]


def _verdict(name: str, index: int, condition: Condition, evaluate: Evaluate) -> Verdict:
    once_per, problem = "", ""
    try:
        holds = evaluate(condition.when or "false") is True
    except TiphysError as err:
        holds, problem = False, err.line
    if holds and condition.once_per:
        try:
            value = evaluate(condition.once_per)
            once_per = "<nil>" if value is None else str(value)
        except TiphysError as err:
            problem = f"oncePer: {err.line}"
    return Verdict(
        trigger=name,
        condition=condition,
        key=condition.key(index),
        holds=holds,
        once_per=once_per,
        problem=problem,
    )


def assess(
    configuration: Configuration,
    subscribed: Subscribed,
    state: DeliveryState,
    evaluate: Evaluate,
) -> Assessment:
    """Return what is due.

    Args:
        configuration: the triggers.
        subscribed: who wants to be told; a trigger that is not configured tells nothing.
        state: what has been told.
        evaluate: gives the value of an expression.
    """
    namespace = "" if configuration.is_central else configuration.namespace
    verdicts: list[Verdict] = []
    due: list[Due] = []
    forgotten: list[str] = []
    for name, destinations in subscribed.items():
        trigger = configuration.triggers.get(name)
        for verdict in verdicts_of(trigger, evaluate) if trigger else ():
            verdicts.append(verdict)
            for destination in destinations:
                key = state_key(name, verdict.key, verdict.once_per, destination, namespace)
                if not verdict.holds:
                    # Without the value of `oncePer`: a key that has one stays as it is.
                    known = key in state.sent or key in state.failed
                    forgotten += [key] if known else []
                elif key not in state.sent:
                    due += _due(key, verdict, destination, state)
    return Assessment(verdicts=tuple(verdicts), due=tuple(due), forgotten=tuple(forgotten))


def _due(key: str, verdict: Verdict, destination: Destination, state: DeliveryState) -> list[Due]:
    failure = state.failed.get(key)
    wait_s = retry_after_s(failure.attempts) if failure else 0
    if wait_s is None or not verdict.condition.send:
        return []
    return [
        Due(
            key=key,
            trigger=verdict.trigger,
            templates=verdict.condition.send,
            destination=destination,
            attempts=failure.attempts if failure else 0,
            not_before=max(failure.at + wait_s, failure.not_before) if failure else 0,
        )
    ]


def is_settled(app: Mapping[str, Any]) -> bool:
    """Return whether the status was computed after the last operation ended.

    Until then it tells of the time before: a message would say "Succeeded and OutOfSync".
    """
    status = app.get("status") or {}
    operation = status.get("operationState") or {}
    if operation.get("phase") not in _ENDED or not operation.get("finishedAt"):
        return True
    # Moments of RFC 3339 in UTC, as Kubernetes writes them, sort as texts.
    return str(status.get("reconciledAt") or "") >= str(operation["finishedAt"])
