"""Decisions are those of casbin, the library that Argo CD decides with, on random policies.

What casbin is asked with is independent of ours: its own parser of roles and effects, a glob
matcher that tries every way, and Python's regular expressions.
"""

import random
import re
from collections.abc import Callable
from functools import cache

import casbin
import pytest

from tiphys.engine.rbac.builtin import BUILTIN
from tiphys.engine.rbac.decision import AccessPolicy, RbacConfig
from tiphys.engine.rbac.parsing import Lines, PolicyLine, RoleLine
from tiphys.engine.rbac.patterns import MatchMode
from tiphys.engine.rbac.rules import Rules
from tiphys.model.identity import Identity

MODEL = """
[request_definition]
r = sub, res, act, obj
[policy_definition]
p = sub, res, act, obj, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && matches(r.res, p.res) && matches(r.act, p.act) && matches(r.obj, p.obj)
"""
SUBJECTS = ["alice", "bob", "team", "org:x", "role:a", "role:b", "role:admin", "admin", ""]
RESOURCES = ["applications", "logs", "clusters", "projects", "accounts"]
ACTIONS = ["get", "sync", "update", "update/apps/Deployment/n/web", "action//Pod/restart"]
OBJECTS = ["shop/web", "shop/ns/web", "bank/web", "shop", "bank", "a", "", "shop/[x]"]
GLOBS = {
    "resource": ["*", "applications", "app*", "{logs,clusters}", "?ccounts", "[a-l]*"],
    "action": ["*", "get", "{get,sync}", "update", "update/*", "action/*/restart", "*e*"],
    "object": [
        "*",
        "*/*",
        "shop/*",
        "shop*",
        "*/web",
        "{shop,bank}/w?b",
        "[!s]*",
        "",
        "shop/\\[x]",
    ],
}
EXPRESSIONS = {
    "resource": [".*", "^applications$", "app", "^(logs|clusters)$", "s$"],
    "action": [".", "^get$", "^(get|sync)$", "^update(/.*)?$", "^action/.*/restart$"],
    "object": [".*", "^shop/", "^(shop|bank)/web$", "web", "^[^/]+$", "^$"],
}


@cache
def glob(pattern: str, text: str) -> bool:
    """Match by trying everything; no separators."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(glob(rest, text[skip:]) for skip in range(len(text) + 1))
    if head == "?":
        return bool(text) and glob(rest, text[1:])
    if head == "\\":
        return text[:1] == rest[0] and glob(rest[1:], text[1:])
    if head == "{":
        inside, _, rest = rest.partition("}")
        return any(glob(choice + rest, text) for choice in inside.split(","))
    if head == "[":
        inside, _, rest = rest.partition("]")
        wanted = set(inside.removeprefix("!"))
        if len(inside.removeprefix("!")) == 3 and "-" in inside:
            low, high = inside.removeprefix("!").split("-")
            wanted = {chr(code) for code in range(ord(low), ord(high) + 1)}
        return bool(text) and (text[0] in wanted) != inside.startswith("!") and glob(rest, text[1:])
    return text[:1] == head and glob(rest, text[1:])


def expression(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def oracle(lines: Lines, matches: Callable[[str, str], bool]) -> casbin.Enforcer:
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL))
    enforcer.add_function("matches", lambda text, pattern: matches(pattern, text))
    for line in lines.policies:
        enforcer.add_policy(line.subject, line.resource, line.action, line.object, line.effect)
    for link in lines.roles:
        enforcer.add_grouping_policy(link.member, link.role)
    return enforcer


def expected(
    enforcer: casbin.Enforcer, lines: Lines, default: str, caller: Identity, request: list[str]
) -> bool:
    """Ask for the default role, the caller and those of the groups that have a role."""
    members = {link.member for link in lines.roles}
    asked = [default, caller.subject, *(g for g in caller.groups if g in members)]
    return any(enforcer.enforce(subject, *request) for subject in asked if subject)


def random_lines(rng: random.Random, patterns: dict[str, list[str]]) -> Lines:
    policies = {
        PolicyLine(
            rng.choice(SUBJECTS),
            rng.choice(patterns["resource"]),
            rng.choice(patterns["action"]),
            rng.choice(patterns["object"]),
            rng.choices(["allow", "deny"], [4, 1])[0],
        )
        for _ in range(rng.randint(1, 12))
    }
    roles = {
        RoleLine(rng.choice(SUBJECTS), rng.choice(["role:a", "role:b", "role:admin", "team"]))
        for _ in range(rng.randint(0, 6))
    }
    return Lines(tuple(policies), tuple(roles))


def random_requests(rng: random.Random) -> list[tuple[Identity, list[str]]]:
    return [
        (
            Identity(
                subject=rng.choice(SUBJECTS),
                groups=tuple(rng.sample(SUBJECTS[2:], rng.randint(0, 2))),
            ),
            [rng.choice(RESOURCES), rng.choice(ACTIONS), rng.choice(OBJECTS)],
        )
        for _ in range(25)
    ]


@pytest.mark.parametrize("seed", range(200))
def test_random_policies_decide_as_casbin_does(seed: int) -> None:
    rng = random.Random(seed)
    lines, default = random_lines(rng, GLOBS), rng.choice(["", "", "role:a", "role:readonly"])
    policy = AccessPolicy(RbacConfig(lines=lines, default_role=default), lambda _: None)
    everything = BUILTIN + lines
    enforcer = oracle(everything, glob)

    for caller, request in random_requests(rng):
        expectation = expected(enforcer, everything, default, caller, request)
        expectation = expectation or enforcer.enforce("", *request)
        assert policy.allows(caller, *request) == expectation, (caller, request)


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions_decide_as_casbin_does(seed: int) -> None:
    rng = random.Random(seed)
    lines = random_lines(rng, EXPRESSIONS)
    policy = AccessPolicy(RbacConfig(lines=lines, mode=MatchMode.REGEX), lambda _: None)
    enforcer = oracle(lines, expression)

    for caller, request in random_requests(rng):
        if has_builtin_role(lines, caller):
            continue  # casbin has one way to match, and the built-in lines are globs
        expectation = expected(enforcer, lines, "", caller, request)
        expectation = expectation or enforcer.enforce("", *request)
        assert policy.allows(caller, *request) == expectation, (caller, request)


@pytest.mark.parametrize("seed", range(60))
def test_the_lines_of_a_project_count_on_its_objects_only(seed: int) -> None:
    rng = random.Random(seed)
    lines, own = random_lines(rng, GLOBS), random_lines(rng, GLOBS)
    policy = AccessPolicy(RbacConfig(lines=lines), {"shop": Rules(own)}.get)
    everywhere, inside = BUILTIN + lines, BUILTIN + lines + own
    enforcers = {False: oracle(everywhere, glob), True: oracle(inside, glob)}

    for caller, request in random_requests(rng):
        is_inside = request[2].startswith("shop/") and request[0] in {
            "applications",
            "logs",
            "clusters",
        }
        is_inside = is_inside or (request[0] == "projects" and request[2] == "shop")
        known = inside if is_inside else everywhere
        expectation = expected(enforcers[is_inside], known, "", caller, request)
        expectation = expectation or enforcers[False].enforce("", *request)
        assert policy.allows(caller, *request) == expectation, (caller, request)


def has_builtin_role(lines: Lines, caller: Identity) -> bool:
    reached = {caller.subject, *caller.groups, ""}
    for _ in range(6):
        links = [*lines.roles, *BUILTIN.roles]
        reached |= {link.role for link in links if link.member in reached}
    return bool(reached & {"role:admin", "role:readonly"})
