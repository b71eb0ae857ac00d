"""The whole table of routes."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from tiphys.server.api import endpoints_of
from tiphys.server.application_finder import ApplicationFinder
from tiphys.server.context import ApiContext
from tiphys.server.openapi import openapi_document, swagger_document
from tiphys.server.table import Endpoint, Scope


def _table() -> list[Endpoint]:
    # Handlers are not called here, so that parts need not be there.
    parts: dict[str, Any] = dict.fromkeys(ApiContext.__struct_fields__, SimpleNamespace())
    return endpoints_of(ApiContext(**parts), cast("ApplicationFinder", SimpleNamespace()))


TABLE = _table()
_OPEN = {
    "version.VersionService/Version",
    "session.SessionService/Create",
    "session.SessionService/Delete",
    "session.SessionService/GetUserInfo",
    "cluster.SettingsService/Get",
}


@pytest.mark.parametrize(
    "endpoint", TABLE, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}"
)
def test_every_endpoint_says_what_it_does(endpoint: Endpoint) -> None:
    assert endpoint.handler.__doc__


def test_only_what_has_to_be_open_asks_nobody() -> None:
    public = {found.name for found in TABLE if found.permission.scope is Scope.PUBLIC}

    assert public <= _OPEN


def test_no_two_endpoints_have_one_route_or_one_name() -> None:
    routes = [(endpoint.method, endpoint.path) for endpoint in TABLE]
    names = [endpoint.name for endpoint in TABLE]

    assert len(set(routes)) == len(routes)
    assert len(set(names)) == len(names)


def test_the_documents_of_the_whole_table_can_be_written() -> None:
    document = openapi_document(TABLE)

    assert len(msgspec.json.encode(document)) > 10_000
    assert msgspec.json.encode(swagger_document(document))
