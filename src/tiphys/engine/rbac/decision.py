"""Decides whether a caller may do something.

Subjects are asked one after the other, and the first that is allowed ends it: a line that denies
something to one of a caller's groups does not take it from another. So nothing denies what the
default role allows.

Source: Argo CD operator manual, "RBAC Configuration".
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from tiphys.engine.rbac.builtin import BUILTIN
from tiphys.engine.rbac.parsing import Lines
from tiphys.engine.rbac.patterns import MatchMode, Patterns
from tiphys.engine.rbac.projects import is_role_subject, split_role_subject
from tiphys.engine.rbac.rules import Rules, subjects_of
from tiphys.engine.rbac.vocabulary import OF_PROJECTS
from tiphys.model.identity import Identity

DEFAULT_SCOPES: Final = ("groups",)


class RbacConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What `argocd-rbac-cm` says.

    Attributes:
        lines: `policy.csv` and its overlays.
        default_role: what every caller has, anonymous ones included; "" for nothing.
        scopes: claims of SSO tokens whose values are groups.
        mode: how the lines match; those of the built-in roles are always globs.
    """

    lines: Lines = Lines()
    default_role: str = ""
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    mode: MatchMode = MatchMode.GLOB


class _Asked(msgspec.Struct, frozen=True):
    """A subject's say: one of the first matches, and none of the second."""

    allowed: tuple[Patterns, ...]
    denied: tuple[Patterns, ...]

    def allows(self, object_name: str) -> bool:
        return any(each.match(object_name) for each in self.allowed) and not any(
            each.match(object_name) for each in self.denied
        )


class AccessPolicy:
    """All permissions of an installation at one moment."""

    def __init__(self, config: RbacConfig, project_rules: Callable[[str], Rules | None]) -> None:
        """Compile.

        Args:
            config: the global permissions.
            project_rules: what the roles of the project with a name give, the same object until
                the project changes; None when there is no such project. A project whose roles
                cannot be read gives empty rules.
        """
        self.config = config
        self._builtin = Rules(BUILTIN)
        self._global = Rules(config.lines, config.mode)
        self._project_rules = project_rules
        self._plan = lru_cache(maxsize=4096)(self._planned)

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        """Return whether a caller may do an action on an object of a resource."""
        project = _project_of(resource, object_name)
        rules = self._project_rules(project) if project is not None else None
        is_own = rules is None or _is_of(identity.subject, project)
        subject = identity.subject if is_own else ""
        groups = () if rules is not None and is_role_subject(identity.subject) else identity.groups
        plan = self._plan((subject, *groups), (resource, action), rules)
        return any(asked.allows(object_name) for asked in plan)

    def _planned(
        self, callers: tuple[str, ...], request: tuple[str, str], rules: Rules | None
    ) -> list[_Asked]:
        """Return whom to ask, in order; who has nothing to say is left out."""
        own = [rules] if rules else []
        everywhere = [self._builtin, self._global]
        within = [*everywhere, *own]
        default = self.config.default_role
        subject, *groups = callers
        named = [default] if default else []
        named += [subject] if subject else []
        named += [g for g in groups if g and any(g in each.roles for each in within)]
        plan = [_ask(name, request, within) for name in named]
        plan.append(_ask("", request, everywhere))
        if default and own:
            plan.insert(0, _ask(default, request, everywhere))
        return [asked for asked in plan if asked.allowed]


def _ask(subject: str, request: tuple[str, str], rules: Sequence[Rules]) -> _Asked:
    subjects = subjects_of(subject, *(each.roles for each in rules))
    found = [each.objects(subjects, *request) for each in rules]
    return _Asked(
        tuple(each.allowed for each in found if each.allowed),
        tuple(each.denied for each in found if each.denied),
    )


def scope_values(claims: Mapping[str, Any], scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups that a token's claims hold: strings, and members of lists."""
    values: list[str] = []
    for scope in scopes:
        claim = claims.get(scope)
        members = claim if isinstance(claim, list) else [claim]
        values += [member for member in members if isinstance(member, str)]
    return tuple(dict.fromkeys(values))


def _is_of(subject: str, project: str | None) -> bool:
    """Return whether a subject may act in a project: a role of another project may not."""
    named = split_role_subject(subject)
    return not is_role_subject(subject) or (named is not None and named[0] == project)


def _project_of(resource: str, object_name: str) -> str | None:
    if resource == "projects":
        return object_name
    first, slash, _ = object_name.partition("/")
    return first if slash and resource in OF_PROJECTS else None
