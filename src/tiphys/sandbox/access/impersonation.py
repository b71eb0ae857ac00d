"""Asking in somebody else's name.

Permission is looked for in two ways, as the API server does since 1.36: first the constrained one
(`impersonate:user-info` and `impersonate-on:user-info:VERB`), then the plain verb `impersonate`.
When neither is given, the first refusal is the answer.

Source: Kubernetes documentation, "User Impersonation"; KEP-5284 "Constrained Impersonation".
"""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from tiphys.sandbox.access.asked import Asked, forbidden
from tiphys.sandbox.access.rbac import Rbac
from tiphys.sandbox.access.users import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    User,
    account_groups,
    account_of,
)
from tiphys.sandbox.statuses import StatusError, bad_request

_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"
_NODE = "system:node:"
Headers = Sequence[tuple[str, str]]
"""Names in lower case; a name may come several times."""


def impersonated(rbac: Rbac, asked: Asked, headers: Headers) -> User:
    """Return in whose name a request is made.

    Raises:
        StatusError: the headers are incomplete, or the user may not do this.
    """
    wanted = _wanted(headers)
    if wanted is None:
        return asked.user
    refusals: list[StatusError] = []
    for needed, user in _ways(asked, wanted):
        refused = next((n for n in needed if not rbac.decide(n).allowed), None)
        if refused is None:
            return _completed(user)
        refusals.append(forbidden(refused, rbac.decide(refused).reason))
    raise refusals[0]


def _wanted(headers: Headers) -> User | None:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        if name.startswith("impersonate-"):
            found.setdefault(name, []).append(value)
    if not found:
        return None
    user = found.get("impersonate-user", [""])[0]
    uid = found.get("impersonate-uid", [""])[0]
    groups = tuple(found.get("impersonate-group", []))
    extra = {
        unquote(name.removeprefix(_EXTRA)): values
        for name, values in found.items()
        if name.startswith(_EXTRA)
    }
    if not user:
        raise bad_request("a group, uid or extra is impersonated without impersonating a user name")
    return User(user, uid, groups, extra)


def _ways(asked: Asked, wanted: User) -> Iterator[tuple[list[Asked], User]]:
    """Yield each way to be allowed: what has to be allowed, and who one is then."""
    account = account_of(wanted.name)
    is_name_only = wanted == User(wanted.name)
    node = wanted.name.removeprefix(_NODE) if wanted.name.startswith(_NODE) else ""
    mode = "serviceaccount" if account else "arbitrary-node" if node else "user-info"
    of_account = wanted
    if account is not None and not wanted.groups:
        of_account = wanted._replace(groups=account_groups(account[0]))
    if is_name_only or (mode == "user-info" and MASTERS not in wanted.groups):
        on = asked._replace(verb=f"impersonate-on:{mode}:{asked.verb}")
        user = wanted._replace(groups=("system:nodes",)) if node else of_account
        verb = f"impersonate:{mode}"
        yield [on, *_needed(asked.user, verb, wanted, _AUTHENTICATION, node)], user
    yield list(_needed(asked.user, "impersonate", wanted, "", "")), of_account


def _needed(user: User, verb: str, wanted: User, group: str, node: str) -> Iterator[Asked]:
    account = account_of(wanted.name)
    if account is not None:
        namespace, name = account
        yield Asked(user, verb, group, "serviceaccounts", namespace=namespace, name=name)
    elif node:
        yield Asked(user, verb, group, "nodes", name=node)
    else:
        yield Asked(user, verb, group, "users", name=wanted.name)
    if wanted.uid:
        yield Asked(user, verb, _AUTHENTICATION, "uids", name=wanted.uid)
    for name in wanted.groups:
        yield Asked(user, verb, group, "groups", name=name)
    for key, values in wanted.extra.items():
        for value in values:
            yield Asked(user, verb, _AUTHENTICATION, "userextras", key, name=value)


def _completed(user: User) -> User:
    if user.name == ANONYMOUS.name:
        needed = UNAUTHENTICATED
    elif UNAUTHENTICATED in user.groups:
        return user
    else:
        needed = AUTHENTICATED
    return user if needed in user.groups else user._replace(groups=(*user.groups, needed))
