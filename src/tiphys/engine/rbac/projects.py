"""The permissions that a project's roles give, on objects of that project only.

Source: Argo CD user guide, "Projects", "Project Roles".
"""

import re
from collections.abc import Iterator
from typing import Final

from tiphys.engine.rbac.parsing import Lines, PolicyLine, RoleLine, parse_policy_line
from tiphys.engine.rbac.vocabulary import OF_PROJECTS
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProject, ProjectRole

_ROLE_NAME: Final = re.compile(r"[a-zA-Z0-9](?:[-_a-zA-Z0-9]*[a-zA-Z0-9])?")
_ACTIONS: Final = frozenset(
    {"get", "create", "update", "delete", "sync", "override", "rollback", "*"}
)
_FINE_GRAINED: Final = ("action/", "update/", "delete/")


def role_subject(project: str, role: str) -> str:
    """Return the subject of a project's role, in policies and in tokens."""
    return f"proj:{project}:{role}"


def split_role_subject(subject: str) -> tuple[str, str] | None:
    """Return project and role of such a subject, None for any other."""
    parts = subject.split(":")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "proj" else None


def is_role_subject(subject: str) -> bool:
    """Return whether a subject claims to be a project's role, well-formed or not."""
    return subject.startswith("proj:")


def project_lines(project: AppProject) -> Lines:
    """Return what the roles of a project allow and deny, for requests on that project.

    Raises:
        InvalidInputError: a policy is malformed, or speaks of a subject other than its role. The
            project then gives nobody anything: the bad line may be the one that denies.
    """
    policies: list[PolicyLine] = []
    roles: list[RoleLine] = []
    name = project.metadata.name
    for role in project.spec.roles:
        subject = role_subject(name, role.name)
        policies.append(PolicyLine(subject, "projects", "get", name, "allow"))
        for text in role.policies:
            line = parse_policy_line(text, where=_where(name, role))
            _check_subject(line, subject, _where(name, role))
            policies.append(line)
        roles += [RoleLine(group, subject) for group in role.groups]
    return Lines(tuple(policies), tuple(roles))


def role_problems(project: AppProject) -> Iterator[InvalidInputError]:
    """Yield what is wrong with a project's roles, before it is saved."""
    seen: set[str] = set()
    for role in project.spec.roles:
        where = _where(project.metadata.name, role)
        if role.name in seen:
            yield InvalidInputError(f"role `{role.name}` already exists", where=where)
        seen.add(role.name)
        if not _ROLE_NAME.fullmatch(role.name):
            yield InvalidInputError(
                f"invalid role name `{role.name}`",
                where=where,
                hint="Use letters, digits, `-` and `_`, with a letter or digit at both ends.",
            )
        yield from _policy_problems(project.metadata.name, role)
        yield from _group_problems(role, where)


def _policy_problems(project: str, role: ProjectRole) -> Iterator[InvalidInputError]:
    where, seen = _where(project, role), set[str]()
    for text in role.policies:
        if text in seen:
            yield InvalidInputError(f"policy `{text}` already exists", where=where)
        seen.add(text)
        try:
            line = parse_policy_line(text, where=where)
            _check_subject(line, role_subject(project, role.name), where)
            _check_reach(line, project, where)
        except InvalidInputError as err:
            yield err


def _check_subject(line: PolicyLine, subject: str, where: str) -> None:
    if line.subject != subject:
        raise InvalidInputError(
            f"invalid policy rule `{line}`: the subject must be `{subject}`", where=where
        )


def _check_reach(line: PolicyLine, project: str, where: str) -> None:
    rule = f"invalid policy rule `{line}`:"
    if line.resource not in OF_PROJECTS:
        known = ", ".join(sorted(OF_PROJECTS))
        raise InvalidInputError(f"{rule} the resource must be one of {known}", where=where)
    if line.action not in _ACTIONS and not line.action.startswith(_FINE_GRAINED):
        raise InvalidInputError(f"{rule} unknown action `{line.action}`", where=where)
    if not line.object.startswith(f"{project}/"):
        raise InvalidInputError(f"{rule} the object must begin with `{project}/`", where=where)
    if line.effect not in {"allow", "deny"}:
        raise InvalidInputError(f"{rule} the effect must be `allow` or `deny`", where=where)


def _group_problems(role: ProjectRole, where: str) -> Iterator[InvalidInputError]:
    seen: set[str] = set()
    for group in role.groups:
        if group in seen:
            yield InvalidInputError(f"group `{group}` already exists", where=where)
        seen.add(group)
        if not group.strip() or set(",\n\r\t") & set(group):
            yield InvalidInputError(
                f"invalid group `{group}`", where=where, hint="Leave out commas and line breaks."
            )


def _where(project: str, role: ProjectRole) -> str:
    return f"AppProject/{project}: spec.roles `{role.name}`"
