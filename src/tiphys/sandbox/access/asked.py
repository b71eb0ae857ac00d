"""What a request asks to do, in the terms that permissions are given in.

Source: Kubernetes documentation, "Authorization", "Determine the request verb".
"""

from collections.abc import Mapping
from typing import NamedTuple

from tiphys.sandbox.access.users import User
from tiphys.sandbox.statuses import StatusError, qualified

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_PARTS = frozenset({"status", "finalize"})
_SAFE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Asked(NamedTuple):
    """One action; `path` is set when it is about no resource."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def whole_resource(self) -> str:
        """The resource with its subresource."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def asked_of(user: User, method: str, path: str, query: Mapping[str, str]) -> Asked:
    """Return what a request asks."""
    parts = [part for part in path.split("/") if part]
    start = {"api": 2, "apis": 3}.get(parts[0], len(parts)) if parts else 0
    if len(parts) <= start:
        return Asked(user, method.lower(), path=path)
    group = parts[1] if parts[0] == "apis" else ""
    rest = parts[start:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
            rest = rest[2:]
    resource, name, subresource = (*rest[:3], "", "")[:3]
    verb = _VERBS.get(method, "")
    if not name and verb in {"get", "delete"}:
        verb = _collection_verb(verb, query)
        name = _selected_name(query) if verb != "deletecollection" else ""
    return Asked(user, verb, group, resource, subresource, namespace, name)


def _collection_verb(verb: str, query: Mapping[str, str]) -> str:
    if verb == "delete":
        return "deletecollection"
    return "list" if query.get("watch", "0").lower() in {"0", "false"} else "watch"


def _selected_name(query: Mapping[str, str]) -> str:
    """Return the one name that a field selector leaves: it counts for permissions too."""
    for term in query.get("fieldSelector", "").split(","):
        field, separator, value = term.partition("=")
        if separator and field.strip() == "metadata.name":
            return value.removeprefix("=").strip()
    return ""


def forbidden(asked: Asked, reason: str = "") -> StatusError:
    """The user may not do this."""
    if asked.path:
        what = f'path "{asked.path}"'
    else:
        where = (
            f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
        )
        what = f'resource "{asked.whole_resource}" in API group "{asked.group}" {where}'
    text = f'User "{asked.user.name}" cannot {asked.verb} {what}'.translate(_SAFE)
    named = qualified(asked.resource, asked.group)
    if named:
        named += f' "{asked.name}" is ' if asked.name else " is "
    details = {
        field: value
        for field, value in (
            ("name", asked.name),
            ("group", asked.group),
            ("kind", asked.resource),
        )
        if value
    }
    message = f"{named}forbidden: {text}" + (f": {reason}" if reason else "")
    return StatusError(403, "Forbidden", message, details)
