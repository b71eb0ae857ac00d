"""The words of policies: resources, and what can be done with each.

Source: Argo CD operator manual, "RBAC Configuration", "RBAC Resources and Actions".
"""

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "applications": (
        "get",
        "create",
        "update",
        "delete",
        "sync",
        "rollback",
        "override",
        "action",
    ),
    "applicationsets": ("get", "create", "update", "delete"),
    "logs": ("get",),
    "exec": ("create",),
    "clusters": ("get", "create", "update", "delete"),
    "repositories": ("get", "create", "update", "delete"),
    "write-repositories": ("get", "create", "update", "delete"),
    "projects": ("get", "create", "update", "delete"),
    "certificates": ("get", "create", "update", "delete"),
    "gpgkeys": ("get", "create", "delete"),
    "accounts": ("get", "update"),
    "extensions": ("invoke",),
}

OF_PROJECTS: Final = frozenset(
    {"applications", "applicationsets", "logs", "exec", "clusters", "repositories"}
)
"""Resources whose objects may begin with a project, and that a project's roles may name."""

ALL_ACTIONS: Final = frozenset(action for actions in ACTIONS.values() for action in actions)

FINE_GRAINED: Final = ("action", "update", "delete")
"""Actions on Applications that take a resource: `update/apps/Deployment/shop/web`."""


def is_action(action: str) -> bool:
    """Return whether an action is one that some resource knows, fine-grained ones included."""
    verb, slash, _ = action.partition("/")
    return verb in FINE_GRAINED if slash else action in ALL_ACTIONS
