"""The words in which health checks are written, so that a check reads as a table.

A check is a list of rows; the first row that holds gives the health. Rows are made of claims
(`field`, `less`, `condition`, ...) about paths like `status.readyReplicas`. Texts quote values in
braces: `{status.phase}`, a count `{#status.readyReplicas}` (0 when absent), a difference of counts
`{spec.replicas - status.readyReplicas}`, the message of a condition as `{condition:Ready}` and its
reason as `{reason:Ready}`.

Source: Kubernetes API conventions, "Typical status properties".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

Claim: TypeAlias = Callable[[Manifest], bool]
Check: TypeAlias = Callable[[Manifest], HealthStatus | None]

HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN = HealthStatusCode

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Row(NamedTuple):
    """When `when` holds, the resource is `status`."""

    when: Claim
    status: HealthStatusCode
    message: str = ""


def check(*rows: Row) -> Check:
    """Return the check that a table stands for; None where no row holds."""

    def evaluate(live: Manifest) -> HealthStatus | None:
        for row in rows:
            if row.when(live):
                return HealthStatus(status=row.status, message=fill_in(row.message, live))
        return None

    return evaluate


def fill_in(text: str, live: Manifest) -> str:
    """Return a text with its placeholders replaced; what is absent is empty."""
    if "{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda match: _value_of(match[1], live), text).strip()


def _value_of(name: str, live: Manifest) -> str:
    if name.startswith("condition:"):
        found = find_condition(live, name.removeprefix("condition:"))
        return str(found.get("message") or "") if found else ""
    if name.startswith("reason:"):
        found = find_condition(live, name.removeprefix("reason:"))
        return str(found.get("reason") or "") if found else ""
    if " - " in name:
        whole, _, part = name.partition(" - ")
        return str(number(live, whole) - number(live, part))
    if name.startswith("#"):
        return str(number(live, name[1:]))
    value = get(live, name)
    return "" if value is None else str(value)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def get(live: Any, path: str) -> Any:
    """Return the value at a dotted path, None when any part of it is absent."""
    value = live
    for step in _steps(path):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def number(live: Manifest, path: str) -> int:
    """Return a number, 0 when it is absent or none."""
    value = get(live, path)
    return value if isinstance(value, int) else 0


def find_condition(live: Manifest, type_: str) -> Manifest | None:
    """Return the status condition of a type."""
    for entry in conditions_of(live):
        if entry.get("type") == type_:
            return entry
    return None


def conditions_of(live: Manifest) -> list[Manifest]:
    """Return the status conditions that are well formed."""
    entries = get(live, "status.conditions")
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def always(_live: Manifest) -> bool:
    """Claim nothing: the last row of a table."""
    return True


def field(path: str, *values: Any) -> Claim:
    """Claim that a field has one of some values; None stands for absent."""
    return lambda live: get(live, path) in values


def present(path: str) -> Claim:
    """Claim that a field is there and not empty."""
    return lambda live: bool(get(live, path))


def absent(path: str) -> Claim:
    """Claim that a field is not there, or empty."""
    return lambda live: not get(live, path)


def less(path: str, other: str) -> Claim:
    """Claim that one number is below another; never when the other is absent."""
    return lambda live: get(live, other) is not None and number(live, path) < number(live, other)


def condition(type_: str, *statuses: str, reasons: tuple[str, ...] = ()) -> Claim:
    """Claim that a condition is there, with one of some statuses and reasons if any are named."""

    def holds(live: Manifest) -> bool:
        found = find_condition(live, type_)
        if found is None:
            return False
        return (not statuses or found.get("status") in statuses) and (
            not reasons or found.get("reason") in reasons
        )

    return holds


def both(*claims: Claim) -> Claim:
    """Claim that all hold."""
    return lambda live: all(claim(live) for claim in claims)


def either(*claims: Claim) -> Claim:
    """Claim that at least one holds."""
    return lambda live: any(claim(live) for claim in claims)


def unless(claim: Claim) -> Claim:
    """Claim that something does not hold."""
    return lambda live: not claim(live)


not_observed: Claim = less("status.observedGeneration", "metadata.generation")
"""The controller has not seen the latest spec."""

behind_spec: Claim = both(present("status.observedGeneration"), not_observed)
"""The same for controllers that do not all report what they have seen."""
