"""The table of decisions, and what holds of all of them."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tiphys.engine.rbac.decision import AccessPolicy, RbacConfig, scope_values
from tiphys.engine.rbac.parsing import parse_lines
from tiphys.engine.rbac.patterns import MatchMode
from tiphys.engine.rbac.projects import project_lines
from tiphys.engine.rbac.rules import Rules
from tiphys.model.application import ObjectMeta
from tiphys.model.errors import InvalidInputError
from tiphys.model.identity import Identity
from tiphys.model.project import AppProject, AppProjectSpec, ProjectRole

TABLE = yaml.safe_load((Path(__file__).parent / "decisions.yaml").read_text())


def project(name: str, roles: list[dict[str, Any]]) -> AppProject:
    spec = AppProjectSpec(
        roles=tuple(
            ProjectRole(
                name=role["name"],
                policies=tuple(role.get("policies", ())),
                groups=tuple(role.get("groups", ())),
            )
            for role in roles
        )
    )
    return AppProject(metadata=ObjectMeta(name=name), spec=spec)


def rules_of(named: AppProject, mode: MatchMode) -> Rules:
    try:
        return Rules(project_lines(named), mode)
    except InvalidInputError:
        return Rules(parse_lines("", where=""))


def compiled(group: dict[str, Any]) -> AccessPolicy:
    mode = MatchMode(group.get("mode", "glob"))
    config = RbacConfig(
        lines=parse_lines(group.get("policy", ""), where="policy.csv"),
        default_role=group.get("default", ""),
        mode=mode,
    )
    projects = {
        name: rules_of(project(name, roles), mode)
        for name, roles in (group.get("projects") or {}).items()
    }
    return AccessPolicy(config, projects.get)


def decisions(group: dict[str, Any]) -> Iterator[tuple[str, Identity, str, str, str]]:
    for row in group["decisions"]:
        verdict, _, request = row.partition(": ")
        fields = [field.split("|") for field in request.split(" ")]
        for caller, resource, action, name in product(*fields):
            subject, *groups = caller.split("+")
            identity = Identity(subject=subject.replace("-", "", 1) if caller == "-" else subject)
            if groups:
                identity = Identity(subject=subject, groups=tuple(groups))
            yield verdict, identity, resource, action, "" if name == "''" else name


@pytest.mark.parametrize("group", [pytest.param(g, id=g["name"]) for g in TABLE])
def test_a_decision_is_as_the_table_says(group: dict[str, Any]) -> None:
    policy = compiled(group)

    wrong = [
        f"{identity.subject}+{identity.groups} {resource} {action} {name}: expected {verdict}"
        for verdict, identity, resource, action, name in decisions(group)
        if policy.allows(identity, resource, action, name) != (verdict == "yes")
    ]

    assert wrong == []


def test_the_table_has_more_than_400_decisions_of_either_kind() -> None:
    verdicts = [verdict for group in TABLE for verdict, *_ in decisions(group)]

    assert len(verdicts) >= 500
    assert min(verdicts.count("yes"), verdicts.count("no")) >= 200


@pytest.mark.parametrize(
    ("claims", "scopes", "expected"),
    [
        pytest.param({"groups": ["a", "b"]}, ("groups",), ("a", "b"), id="a list"),
        pytest.param({"email": "a@b.c"}, ("groups", "email"), ("a@b.c",), id="a string"),
        pytest.param({"groups": ["a", 1, None, ["x"]]}, ("groups",), ("a",), id="only strings"),
        pytest.param({"groups": {"a": 1}}, ("groups",), (), id="no object"),
        pytest.param({"groups": ["a"], "roles": ["a"]}, ("groups", "roles"), ("a",), id="once"),
        pytest.param({"groups": ["a"]}, (), (), id="no scopes"),
    ],
)
def test_groups_are_the_values_of_the_scopes(
    claims: dict[str, Any], scopes: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert scope_values(claims, scopes) == expected
