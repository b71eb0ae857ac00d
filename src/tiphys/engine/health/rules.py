"""The words in which health checks are written, so that a check reads as a table.

A check is a list of parts, asked in order; the first that answers gives the health. A `Row` answers
when its claim holds. `in_order` answers for the first condition, in the object's own order, that it
has a word about. Claims (`field`, `less`, `condition`, ...) speak of paths like
`status.readyReplicas`, and say in words what they claim, for the reference page.

Texts quote values in braces: `{status.phase}`, a count `{#status.readyReplicas}` (0 when absent), a
difference of counts `{spec.replicas - status.readyReplicas}`, the message of a condition as
`{condition:Ready}` and its reason as `{reason:Ready}`. `{a|b}` is the first that is not empty.

Source: Kubernetes API conventions, "Typical status properties".
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

Check: TypeAlias = Callable[[Manifest], HealthStatus | None]

HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN = HealthStatusCode

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_CONDITIONS: Final = "status.conditions"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that holds of an object or does not, and how it reads in the reference."""

    holds: Callable[[Manifest], bool]
    text: str

    def __call__(self, live: Manifest) -> bool:
        """Return whether it holds of an object."""
        return self.holds(live)


class Line(NamedTuple):
    """One line of a check in the reference: what must hold for which health."""

    when: str
    status: HealthStatusCode


class Part(Protocol):
    """A piece of a check: what it answers of an object, and how it reads."""

    def __call__(self, live: Manifest) -> HealthStatus | None:
        """Return the health, None when this part says nothing of the object."""
        ...

    def lines(self) -> Iterable[Line]:
        """Return how this part reads in the reference."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """When `when` holds, the resource is `status`."""

    when: Claim
    status: HealthStatusCode
    message: str = ""

    def __call__(self, live: Manifest) -> HealthStatus | None:
        """Return the health that the row stands for when its claim holds."""
        if not self.when(live):
            return None
        return HealthStatus(status=self.status, message=fill_in(self.message, live))

    def lines(self) -> Iterable[Line]:
        """Return the row's line."""
        return (Line(self.when.text, self.status),)


@dataclass(frozen=True, slots=True)
class Table:
    """A check made of parts; None where no part answers."""

    parts: tuple[Part, ...]

    def __call__(self, live: Manifest) -> HealthStatus | None:
        """Return the first answer of the parts."""
        for part in self.parts:
            health = part(live)
            if health is not None:
                return health
        return None

    def lines(self) -> Iterable[Line]:
        """Return the lines of all parts."""
        return tuple(line for part in self.parts for line in part.lines())


def check(*parts: Part) -> Table:
    """Return the check that a list of parts stands for."""
    return Table(parts)


class Said(NamedTuple):
    """What one condition means.

    Attributes:
        type: "" for any.
        status: "" for any.
        reasons: reasons that it is said for; none named means all but those in `but`.
        message: of the condition itself: `{message}`, `{reason}`.
    """

    type: str
    status: str
    health: HealthStatusCode
    reasons: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    message: str = "{message|reason}"

    def is_about(self, entry: Manifest) -> bool:
        """Return whether a condition says this."""
        named = self.type in {"", entry.get("type")}
        if not named or self.status not in {"", entry.get("status")}:
            return False
        reason = entry.get("reason")
        return reason not in self.but and (not self.reasons or reason in self.reasons)

    def text(self) -> str:
        """Return how it reads in the reference."""
        return _condition_text(self.type, (self.status,) if self.status else (), self.reasons)


@dataclass(frozen=True, slots=True)
class _InOrder:
    said: tuple[Said, ...]

    def __call__(self, live: Manifest) -> HealthStatus | None:
        for entry in conditions_of(live):
            for said in self.said:
                if said.is_about(entry):
                    message = fill_in(said.message, entry)
                    return HealthStatus(status=said.health, message=message)
        return None

    def lines(self) -> Iterable[Line]:
        return tuple(Line(said.text(), said.health) for said in self.said)


def in_order(*said: Said) -> Part:
    """Return the part that takes the first condition, in the object's order, which says something.

    For kinds whose conditions can contradict each other; a list of Rows is clearer for all others.
    """
    return _InOrder(said)


def fill_in(text: str, live: Manifest) -> str:
    """Return a text with its placeholders replaced; what is absent is empty."""
    if "{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda match: _first_value(match[1], live), text).strip()


def _first_value(names: str, live: Manifest) -> str:
    return next(filter(None, (_value_of(name, live) for name in names.split("|"))), "")


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


@lru_cache(maxsize=2048)
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


def entries(live: Any, path: str) -> list[Manifest]:
    """Return the objects of a list, empty when it is absent or none."""
    value = get(live, path)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def find_condition(live: Manifest, type_: str) -> Manifest | None:
    """Return the status condition of a type."""
    for entry in conditions_of(live):
        if entry.get("type") == type_:
            return entry
    return None


def conditions_of(live: Manifest) -> list[Manifest]:
    """Return the status conditions that are well formed."""
    return entries(live, _CONDITIONS)


def claim(text: str) -> Callable[[Callable[[Manifest], bool]], Claim]:
    """Decorate a function as a claim that reads as `text`."""
    return lambda function: Claim(function, text)


@claim("otherwise")
def always(_live: Manifest) -> bool:
    """Claim nothing: the last row of a table."""
    return True


def field(path: str, *values: Any) -> Claim:
    """Claim that a field has one of some values; None stands for absent."""
    words = " or ".join("absent" if value is None else f"`{value}`" for value in values)
    return Claim(lambda live: get(live, path) in values, f"`{path}` is {words}")


def present(path: str) -> Claim:
    """Claim that a field is there and not empty."""
    return Claim(lambda live: bool(get(live, path)), f"`{path}` is set")


def absent(path: str) -> Claim:
    """Claim that a field is not there, or empty."""
    return Claim(lambda live: not get(live, path), f"`{path}` is not set")


def missing(path: str) -> Claim:
    """Claim that a field is not there at all; an empty one is there."""
    return Claim(lambda live: get(live, path) is None, f"`{path}` is absent")


def less(path: str, other: str) -> Claim:
    """Claim that one number is below another; never when the other is absent."""
    return Claim(
        lambda live: get(live, other) is not None and number(live, path) < number(live, other),
        f"`{path}` < `{other}`",
    )


def same(*paths: str) -> Claim:
    """Claim that fields have one value; two that are absent are the same."""
    return Claim(
        lambda live: all(get(live, path) == get(live, paths[0]) for path in paths[1:]),
        " = ".join(f"`{path}`" for path in paths),
    )


def condition(type_: str, *statuses: str, reasons: tuple[str, ...] = ()) -> Claim:
    """Claim that a condition is there, with one of some statuses and reasons if any are named."""

    def holds(live: Manifest) -> bool:
        found = find_condition(live, type_)
        if found is None:
            return False
        return (not statuses or found.get("status") in statuses) and (
            not reasons or found.get("reason") in reasons
        )

    return Claim(holds, _condition_text(type_, statuses, reasons))


def _condition_text(type_: str, statuses: tuple[str, ...], reasons: tuple[str, ...]) -> str:
    name = f"condition `{type_}`" if type_ else "a condition"
    text = name + (f" is {' or '.join(statuses)}" if statuses else " is present")
    return text + (f" with reason {' or '.join(f'`{r}`' for r in reasons)}" if reasons else "")


def any_condition(status: str, *, but: tuple[str, ...] = ()) -> Claim:
    """Claim that a condition of any type, but for some, has a status."""
    return Claim(
        lambda live: any(
            entry.get("status") == status and entry.get("type") not in but
            for entry in conditions_of(live)
        ),
        f"any condition is {status}" + (f" (not counting `{'`, `'.join(but)}`)" if but else ""),
    )


def both(*claims: Claim) -> Claim:
    """Claim that all hold."""
    text = " and ".join(part.text for part in claims)
    return Claim(lambda live: all(part(live) for part in claims), text)


def either(*claims: Claim) -> Claim:
    """Claim that at least one holds."""
    text = " or ".join(part.text for part in claims)
    return Claim(lambda live: any(part(live) for part in claims), text)


def unless(part: Claim) -> Claim:
    """Claim that something does not hold."""
    return Claim(lambda live: not part(live), f"not ({part.text})")


not_observed: Claim = less("status.observedGeneration", "metadata.generation")
"""The controller has not seen the latest spec."""

behind_spec: Claim = both(present("status.observedGeneration"), not_observed)
"""The same for controllers that do not all report what they have seen."""


@claim("`status.observedGeneration` is another generation")
def other_generation(live: Manifest) -> bool:
    """Claim that the status says to be of another generation of the spec."""
    observed = get(live, "status.observedGeneration")
    return bool(observed) and observed != (get(live, "metadata.generation") or observed)
