"""Shapes of checks that many kinds share: one condition, one word, Flux's pair of conditions.

Source: Kubernetes API conventions, "Typical status properties"; Flux, "Kstatus compatibility".
Where we differ from Argo CD on purpose: Ready of an older spec is not taken for Healthy.
"""

from collections.abc import Mapping
from typing import Any, Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Claim,
    Row,
    Table,
    absent,
    always,
    both,
    check,
    claim,
    condition,
    conditions_of,
    field,
    get,
    missing,
    other_generation,
    present,
)
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

_STALE: Final = "Waiting for the latest change to be observed"
STALE: Final = Row(other_generation, PROGRESSING, _STALE)


def is_stale(entry: Manifest, generation: object) -> bool:
    """Return whether a condition says to be about another generation of the spec."""
    observed = entry.get("observedGeneration")
    return bool(generation) and observed is not None and observed != generation


@claim("a condition has the `observedGeneration` of another spec")
def has_stale_condition(live: Manifest) -> bool:
    """Claim that a condition is about another generation of the spec."""
    generation = get(live, "metadata.generation")
    return any(is_stale(entry, generation) for entry in conditions_of(live))


def ready(
    type_: str = "Ready",
    *,
    busy: tuple[str, ...] = (),
    is_observed: bool = False,
    unknown: HealthStatusCode = PROGRESSING,
) -> Table:
    """Return the check of a kind that says how it is in one condition.

    Args:
        type_: the condition; True is Healthy, False is Degraded, absent is Progressing.
        busy: reasons of a False that only mean "not yet".
        is_observed: whether a status of another generation is Progressing.
        unknown: what an Unknown means.
    """
    message = f"{{condition:{type_}|reason:{type_}}}"
    not_yet = [Row(condition(type_, "False", reasons=busy), PROGRESSING, message)] if busy else []
    return check(
        *([STALE] if is_observed else []),
        Row(both(condition(type_, "True"), other_generation), PROGRESSING, _STALE),
        Row(condition(type_, "True"), HEALTHY, f"{{condition:{type_}}}"),
        *not_yet,
        Row(condition(type_, "False"), DEGRADED, message),
        Row(condition(type_, "Unknown"), unknown, message),
        Row(always, PROGRESSING, f"Waiting for condition {type_}"),
    )


def words(
    path: str,
    meanings: Mapping[HealthStatusCode, tuple[Any, ...]],
    *,
    other: HealthStatusCode = PROGRESSING,
    unset: HealthStatusCode = PROGRESSING,
    message: str = "",
) -> Table:
    """Return the check of a kind that says how it is in one word.

    Args:
        path: the field.
        meanings: the words for each health.
        other: the health for any other word.
        unset: the health before there is a word.
        message: instead of the word itself.
    """
    quoted = message or f"{{{path}}}"
    return check(
        *(Row(field(path, *said), health, quoted) for health, said in meanings.items()),
        Row(absent(path), unset, "Waiting for status"),
        Row(always, other, quoted),
    )


def flux(
    *, busy: Claim, also: Claim | None = None, healthy_without_status: Claim | None = None
) -> Table:
    """Return the check of a Flux kind: suspended, reconciling, ready, or else failed.

    Args:
        busy: says that a change is being worked on.
        also: what must hold beside Ready.
        healthy_without_status: objects whose status is never filled in.
    """
    is_ready = condition("Ready", "True")
    static = [Row(healthy_without_status, HEALTHY)] if healthy_without_status else []
    return check(
        Row(present("spec.suspend"), SUSPENDED, "reconciliation is suspended"),
        *static,
        Row(missing("status.conditions"), PROGRESSING, "Waiting for status"),
        Row(busy, PROGRESSING, "{condition:Reconciling|condition:Ready|reason:Ready}"),
        Row(both(is_ready, other_generation), PROGRESSING, _STALE),
        Row(both(is_ready, also) if also else is_ready, HEALTHY, "{condition:Ready}"),
        Row(always, DEGRADED, "{condition:Ready|reason:Ready}"),
    )


def paused(path: str = "spec.paused") -> Row:
    """Return the row for kinds that a person can stop with a field."""
    return Row(present(path), SUSPENDED, "paused")
