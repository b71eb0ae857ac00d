"""The table of routes: what the API offers, and what each part of it demands of a caller.

Routing, the OpenAPI document, metrics per method and the permission tests all come from it. An
`Endpoint` cannot be built without a `Permission`, so nothing is reachable by forgetting.

Source: Argo CD's REST gateway; `service` and `rpc` are the names its gRPC API has for a route.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Literal

import msgspec

from tiphys.server.call import Call

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Call], Awaitable[Any]]


class Scope(StrEnum):
    """What the permission of an endpoint is checked against, and where."""

    PUBLIC = "public"
    """Nobody is asked who they are."""
    LOGIN = "login"
    """Whoever is logged in may call it."""
    APPLICATION = "application"
    """The Application that the path names; it is resolved before the handler runs."""
    OBJECT = "object"
    """The object that `Permission.object_of` reads off the request."""
    ITEMS = "items"
    """Each item of the answer; the handler leaves out what the caller may not see."""
    HANDLER = "handler"
    """What only the handler can tell, from the body or from what is stored."""


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller must be allowed.

    Attributes:
        resource: as in policies: "applications", "projects", ...; empty for PUBLIC and LOGIN.
        action: as in policies: "get", "sync", ...
        also: further pairs of resource and action on the same object, checked after this one.
        object_of: for OBJECT: gives the object's name in policies.
    """

    scope: Scope
    resource: str = ""
    action: str = ""
    also: tuple[tuple[str, str], ...] = ()
    object_of: Callable[[Call], str] | None = None

    def __post_init__(self) -> None:
        """Refuse a permission that checks nothing."""
        is_open = self.scope in {Scope.PUBLIC, Scope.LOGIN}
        if is_open == bool(self.resource and self.action):
            raise ValueError(f"{self.scope} with `{self.resource}`, `{self.action}` checks nothing")
        if (self.scope is Scope.OBJECT) != (self.object_of is not None):
            raise ValueError(f"{self.scope} and `object_of` do not go together")


PUBLIC = Permission(scope=Scope.PUBLIC)
LOGIN = Permission(scope=Scope.LOGIN)


def of_application(action: str, *also: tuple[str, str]) -> Permission:
    """Return the permission to do something to the Application that the path names."""
    return Permission(
        scope=Scope.APPLICATION, resource="applications", action=action, also=tuple(also)
    )


def of_items(resource: str, action: str = "get") -> Permission:
    """Return the permission that each item of an answer needs."""
    return Permission(scope=Scope.ITEMS, resource=resource, action=action)


def of_object(resource: str, action: str, object_of: Callable[[Call], str]) -> Permission:
    """Return the permission on one object whose name the request tells."""
    return Permission(scope=Scope.OBJECT, resource=resource, action=action, object_of=object_of)


def by_handler(resource: str, action: str) -> Permission:
    """Return a permission that the handler checks itself, with `Call.require`."""
    return Permission(scope=Scope.HANDLER, resource=resource, action=action)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One route of the API.

    Attributes:
        path: with parameters in braces; they are unescaped once.
        service: in Argo CD's gRPC API, "application.ApplicationService".
        rpc: the method of the service, "List".
        handler: gets the `Call`; what it returns becomes the answer, see `dispatch`.
        body: the record that the request's JSON is read into; None where there is no body, and
            `dict` for JSON that is passed on as it is.
        answer: what the answer looks like, for the document; None for JSON of any shape.
        query: the names of query parameters, for the document.
        is_stream: it answers with a stream of results.
        is_ours: Argo CD's API has no such route.
    """

    method: Method
    path: str
    service: str
    rpc: str
    permission: Permission
    handler: Handler
    body: Any = None
    answer: Any = None
    query: tuple[str, ...] = ()
    is_stream: bool = False
    is_ours: bool = False

    @property
    def name(self) -> str:
        """The full name of the method, as gRPC has it."""
        return f"{self.service}/{self.rpc}"
