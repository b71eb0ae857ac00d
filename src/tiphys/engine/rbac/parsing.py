"""Reads policies as people write them: `p` and `g` lines in CSV.

Source: Argo CD operator manual, "RBAC Configuration"; quoting as in Go's encoding/csv.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from tiphys.engine.rbac.patterns import MatchMode, UnreadableError, pattern
from tiphys.model.errors import InvalidInputError

_MAX_LINES: Final = 100_000


class PolicyLine(msgspec.Struct, frozen=True):
    """`p, subject, resource, action, object, effect`; the middle three are patterns."""

    subject: str
    resource: str
    action: str
    object: str
    effect: str

    def __str__(self) -> str:
        fields = (self.subject, self.resource, self.action, self.object, self.effect)
        return f"p, {', '.join(fields)}"


class RoleLine(msgspec.Struct, frozen=True):
    """`g, member, role`: a user, group or role has what a role has."""

    member: str
    role: str

    def __str__(self) -> str:
        return f"g, {self.member}, {self.role}"


class Lines(msgspec.Struct, frozen=True):
    """What a policy text says, in its order."""

    policies: tuple[PolicyLine, ...] = ()
    roles: tuple[RoleLine, ...] = ()

    def __add__(self, other: "Lines") -> "Lines":
        return Lines(self.policies + other.policies, self.roles + other.roles)


def parse_lines(text: str, *, where: str) -> Lines:
    """Return the lines of a policy; comments and empty lines say nothing.

    Args:
        text: one line a rule; a `#` at the start of a line makes it a comment.
        where: the object and field that the text stands in, for the error.

    Raises:
        InvalidInputError: a line is neither a policy of six fields nor a role of three. One such
            line makes the whole text useless: it may be the one that was to deny something.
    """
    policies, roles = [], []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        parsed = _line(stripped, f"{where}, line {number}")
        if isinstance(parsed, PolicyLine):
            policies.append(parsed)
        else:
            roles.append(parsed)
        if number > _MAX_LINES:
            raise InvalidInputError(f"more than {_MAX_LINES} lines", where=where)
    return Lines(tuple(policies), tuple(roles))


def parse_policy_line(text: str, *, where: str) -> PolicyLine:
    """Return one policy, as projects list them.

    Raises:
        InvalidInputError: it is something else.
    """
    parsed = _line(text.strip(), where)
    if not isinstance(parsed, PolicyLine):
        raise _refusal(text, where)
    return parsed


def unreadable_patterns(lines: Lines, mode: MatchMode) -> Iterator[str]:
    """Yield a sentence on each line whose pattern cannot be read.

    Such a line is kept, and is read in the safe direction: it allows nothing, or denies all.
    """
    for line in lines.policies:
        for text in (line.resource, line.action, line.object):
            try:
                pattern(text, mode)
            except UnreadableError as err:
                yield f"`{line}`: the {mode} `{text}` cannot be read: {err}"
        if line.effect not in {"allow", "deny"}:
            yield f"`{line}`: the effect `{line.effect}` is neither `allow` nor `deny`"


def _line(text: str, where: str) -> PolicyLine | RoleLine:
    fields = _fields(text, where)
    if fields[0] == "p" and len(fields) == 6:
        return PolicyLine(*fields[1:])
    if fields[0] == "g" and len(fields) == 3:
        return RoleLine(*fields[1:])
    raise _refusal(text, where)


def _refusal(text: str, where: str) -> InvalidInputError:
    return InvalidInputError(
        f"invalid RBAC policy: {text}",
        where=where,
        hint="Write `p, subject, resource, action, object, allow|deny` or `g, member, role`.",
    )


def _fields(text: str, where: str) -> list[str]:
    fields, rest = [], text
    while True:
        rest = rest.lstrip()
        read = _quoted if rest[:1] == '"' else _bare
        field, rest, is_last = read(rest, text, where)
        fields.append(field)
        if is_last:
            return fields


def _bare(rest: str, text: str, where: str) -> tuple[str, str, bool]:
    field, comma, rest = rest.partition(",")
    if '"' in field:
        raise _refusal(text, where)
    return field, rest, not comma


def _quoted(rest: str, text: str, where: str) -> tuple[str, str, bool]:
    parts, at = [], 1
    while True:
        end = rest.find('"', at)
        if end < 0:
            raise _refusal(text, where)
        parts.append(rest[at:end])
        following = rest[end + 1 : end + 2]
        if following != '"':
            break
        parts.append('"')
        at = end + 2
    if following not in {"", ","}:
        raise _refusal(text, where)
    return "".join(parts), rest[end + 2 :], not following
