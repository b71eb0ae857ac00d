"""What one Application's notifications look like: who is told what, what was sent, what failed.

Source: ours; Argo CD shows nothing of it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tiphys.engine.notifications.configuration import Configuration
from tiphys.engine.notifications.evaluation import Evaluate, retry_after_s, verdicts_of
from tiphys.engine.notifications.state import DeliveryState, read_state, state_key
from tiphys.engine.notifications.subscriptions import subscriptions_of
from tiphys.model.source import Record


class SubscriptionSummary(Record, frozen=True, omit_defaults=False):
    """One trigger for one destination.

    Attributes:
        problem: why nothing can come of it; "" when all is well.
        holds: whether a condition of the trigger holds now.
        sent_at: when the last message was sent; RFC 3339, "" for never.
        failed_at: of the last attempt, where it failed.
        attempts: how often it was tried in vain.
        error: why the last attempt failed.
        next_try_at: "" when there is none.
    """

    trigger: str
    service: str
    recipient: str
    problem: str = ""
    holds: bool = False
    sent_at: str = ""
    failed_at: str = ""
    attempts: int = 0
    error: str = ""
    next_try_at: str = ""


def summarise(
    app: Mapping[str, Any],
    project: Mapping[str, Any] | None,
    configuration: Configuration,
    evaluate: Evaluate,
) -> tuple[SubscriptionSummary, ...]:
    """Return one row for each trigger and destination that an Application is subscribed to."""
    state = read_state((app.get("metadata") or {}).get("annotations") or {})
    rows: list[SubscriptionSummary] = []
    for name, destinations in subscriptions_of(app, project, configuration).items():
        trigger = configuration.triggers.get(name)
        verdicts = verdicts_of(trigger, evaluate) if trigger else []
        for destination in destinations:
            problem = "" if trigger else f"trigger `{name}` is not configured"
            if destination.service not in configuration.services:
                problem = problem or f"service `{destination.service}` is not configured"
            problem = problem or next((one.problem for one in verdicts if one.problem), "")
            suffixes = tuple(state_key(name, one.key, "", destination) for one in verdicts)
            rows.append(
                SubscriptionSummary(
                    trigger=name,
                    service=destination.service,
                    recipient=destination.recipient,
                    problem=problem,
                    holds=any(one.holds for one in verdicts),
                    **_history(state, suffixes),
                )
            )
    return tuple(rows)


def _history(state: DeliveryState, suffixes: tuple[str, ...]) -> dict[str, Any]:
    """Return when keys that end in one of some suffixes were sent, and how they failed.

    Before the suffix a key may have the namespace and the value of `oncePer`.
    """

    def is_ours(key: str) -> bool:
        return any(key == one or key.endswith(f":{one}") for one in suffixes)

    sent = [at for key, at in state.sent.items() if is_ours(key)]
    failed = [failure for key, failure in state.failed.items() if is_ours(key)]
    history: dict[str, Any] = {"sent_at": _moment(max(sent))} if sent else {}
    if failed:
        last = max(failed, key=lambda failure: failure.at)
        wait_s = retry_after_s(last.attempts)
        history |= {
            "failed_at": _moment(last.at),
            "attempts": last.attempts,
            "error": last.error,
            "next_try_at": (
                "" if wait_s is None else _moment(max(last.at + wait_s, last.not_before))
            ),
        }
    return history


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
