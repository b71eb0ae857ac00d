"""Who asks.

Source: Kubernetes documentation, "Authenticating", "User impersonation".
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
MASTERS = "system:masters"
_ACCOUNT = "system:serviceaccount:"


class User(NamedTuple):
    """A user as authenticators describe it."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, list[str]] = {}

    @property
    def is_master(self) -> bool:
        """True when no rule is asked."""
        return MASTERS in self.groups

    def shown(self) -> dict[str, Any]:
        """Return the user as reviews show it."""
        found: dict[str, Any] = {"username": self.name}
        if self.uid:
            found["uid"] = self.uid
        if self.groups:
            found["groups"] = list(self.groups)
        if self.extra:
            found["extra"] = dict(self.extra)
        return found


ANONYMOUS = User("system:anonymous", groups=(UNAUTHENTICATED,))
ADMIN = User("admin", "admin", (MASTERS, AUTHENTICATED))


def account_name(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"{_ACCOUNT}{namespace}:{name}"


def account_of(user_name: str) -> tuple[str, str] | None:
    """Return (namespace, name) of the service account that a user name means, if it means one."""
    parts = user_name.removeprefix(_ACCOUNT).split(":")
    if not user_name.startswith(_ACCOUNT) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]


def account_groups(namespace: str) -> tuple[str, ...]:
    """Return the groups of the service accounts of a namespace, without that of all users."""
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"
