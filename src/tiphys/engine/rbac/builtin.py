"""The roles that are always there.

Source: Argo CD operator manual, "RBAC Configuration", "Basic Built-in Roles".
"""

from collections.abc import Iterator
from typing import Final

from tiphys.engine.rbac.parsing import Lines, PolicyLine, RoleLine

_IN_PROJECTS: Final = "*/*"
_ANY: Final = "*"

_READ: Final = {
    "applications": _IN_PROJECTS,
    "applicationsets": _IN_PROJECTS,
    "certificates": _ANY,
    "clusters": _ANY,
    "repositories": _ANY,
    "write-repositories": _ANY,
    "projects": _ANY,
    "accounts": _ANY,
    "gpgkeys": _ANY,
    "logs": _IN_PROJECTS,
}
_WRITE: Final = {
    "applications": (
        "create",
        "update",
        "update/*",
        "delete",
        "delete/*",
        "sync",
        "rollback",
        "override",
        "action/*",
    ),
    "applicationsets": ("create", "update", "delete"),
    "certificates": ("create", "update", "delete"),
    "clusters": ("create", "update", "delete"),
    "repositories": ("create", "update", "delete"),
    "write-repositories": ("create", "update", "delete"),
    "projects": ("create", "update", "delete"),
    "accounts": ("update",),
    "gpgkeys": ("create", "delete"),
}


def _policies() -> Iterator[PolicyLine]:
    for resource, name in _READ.items():
        yield PolicyLine("role:readonly", resource, "get", name, "allow")
    for resource, actions in _WRITE.items():
        for action in actions:
            yield PolicyLine("role:admin", resource, action, _READ[resource], "allow")
    yield PolicyLine("role:admin", "exec", "create", _IN_PROJECTS, "allow")


BUILTIN: Final = Lines(
    tuple(_policies()),
    (RoleLine("role:admin", "role:readonly"), RoleLine("admin", "role:admin")),
)
