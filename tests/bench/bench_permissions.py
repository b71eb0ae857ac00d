"""Times permission decisions with a thousand policy lines.

Usage: python -m tests.bench.bench_permissions
Prints microseconds a decision. The budget of the project is 20 microseconds.
"""

import time
from collections.abc import Callable, Iterator

from tiphys.engine.rbac.decision import AccessPolicy, RbacConfig
from tiphys.engine.rbac.parsing import parse_lines
from tiphys.model.identity import Identity

TEAMS, PROJECTS, APPS = 50, 250, 20
ACTIONS = ("get", "sync", "update/*", "action/*")


def policy(lines_of: Callable[[], Iterator[str]]) -> AccessPolicy:
    text = "\n".join(lines_of())
    return AccessPolicy(RbacConfig(lines=parse_lines(text, where="policy.csv")), lambda _: None)


def spread() -> Iterator[str]:
    """Yield a thousand lines on fifty roles."""
    for number in range(PROJECTS):
        for action in ACTIONS:
            yield f"p, role:{number % TEAMS}, applications, {action}, project-{number}/*, allow"
    for number in range(TEAMS):
        yield f"g, user-{number}, role:{number}"


def on_one() -> Iterator[str]:
    """Yield a thousand lines on one role, each with a glob of its own."""
    for number in range(1000):
        effect = "deny" if number % 10 == 9 else "allow"
        yield f"p, role:all, applications, get, project-{number}/*-{number % 7}, {effect}"
    for number in range(TEAMS):
        yield f"g, user-{number}, role:all"


def measure(name: str, asked: AccessPolicy) -> None:
    users = [Identity(subject=f"user-{n}", groups=("a", "b", "c")) for n in range(TEAMS)]
    first = time.perf_counter()
    asked.allows(users[0], "applications", "get", "project-0/app-0")
    cold = (time.perf_counter() - first) * 1e6
    count, began = 0, time.perf_counter()
    for user in users:
        for project in range(0, PROJECTS, 5):
            for app in range(APPS):
                asked.allows(user, "applications", "get", f"project-{project}/app-{app}")
                count += 1
    taken = (time.perf_counter() - began) / count * 1e6
    print(f"{name}: {taken:.1f} us a decision over {count}; the first after a change {cold:.0f} us")


def main() -> None:
    measure("1,000 lines on 50 roles", policy(spread))
    measure("1,000 lines on one role", policy(on_one))


if __name__ == "__main__":
    main()
