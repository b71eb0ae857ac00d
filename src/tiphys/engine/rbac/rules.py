"""A set of policy lines, ready to be asked.

Asked about one object after the other, as lists do, the lines of a subject on a resource and an
action are looked for once; what remains is whether an object is in one of two sets of patterns.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from tiphys.engine.rbac.parsing import Lines, PolicyLine
from tiphys.engine.rbac.patterns import MatchMode, Patterns, UnreadableError, pattern

_VIEWS: Final = 2048
_NONE: Final = Patterns([], MatchMode.GLOB)
_EMPTY: Final = {MatchMode.GLOB: "{}", MatchMode.REGEX: "(?:)"}
"""What matches as an empty pattern does: a glob nothing but "", an expression everything."""


class Objects(msgspec.Struct, frozen=True):
    """The objects that some subjects may, and may not, do an action on."""

    allowed: Patterns = _NONE
    denied: Patterns = _NONE


class Rules:
    """Policies by subject, and who has which role."""

    def __init__(self, lines: Lines, mode: MatchMode = MatchMode.GLOB) -> None:
        self._mode = mode
        self._policies: dict[str, list[PolicyLine]] = {}
        for line in lines.policies:
            self._policies.setdefault(line.subject, []).append(line)
        self._roles: dict[str, list[str]] = {}
        for link in lines.roles:
            self._roles.setdefault(link.member, []).append(link.role)
        self._view = lru_cache(maxsize=_VIEWS)(self._looked_up)

    @property
    def roles(self) -> Mapping[str, list[str]]:
        """The roles that each member has directly."""
        return self._roles

    def objects(self, subjects: Iterable[str], resource: str, action: str) -> Objects:
        """Return what the lines on any of the subjects say; their roles are among them already."""
        known = tuple(sorted(subject for subject in subjects if subject in self._policies))
        return self._view(known, resource, action)

    def _looked_up(self, subjects: tuple[str, ...], resource: str, action: str) -> Objects:
        lines = [
            line
            for subject in subjects
            for line in self._policies[subject]
            if self._matches(line, line.resource, resource)
            and self._matches(line, line.action, action)
        ]
        return Objects(
            self._objects([line for line in lines if line.effect == "allow"]),
            self._objects([line for line in lines if line.effect == "deny"]),
        )

    def _matches(self, line: PolicyLine, text: str, value: str) -> bool:
        try:
            return pattern(text, self._mode).match(value)
        except UnreadableError:
            return line.effect == "deny"

    def _objects(self, lines: list[PolicyLine]) -> Patterns:
        return Patterns([text for line in lines if (text := self._object(line))], self._mode)

    def _object(self, line: PolicyLine) -> str:
        """Return what a line matches objects with; see `unreadable_patterns` for the unreadable."""
        try:
            pattern(line.object, self._mode)
        except UnreadableError:
            return "*" if line.effect == "deny" else ""
        return line.object or _EMPTY[self._mode]


def subjects_of(subject: str, *roles: Mapping[str, list[str]]) -> frozenset[str]:
    """Return a subject and every role that it has, directly or through others."""
    reached, waiting = {subject}, [subject]
    while waiting:
        member = waiting.pop()
        for links in roles:
            for role in links.get(member, ()):
                if role not in reached:
                    reached.add(role)
                    waiting.append(role)
    return frozenset(reached)
