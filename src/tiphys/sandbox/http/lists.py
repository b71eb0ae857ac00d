"""Lists: what is selected, in pages of one state of the collection.

Source: Kubernetes API concepts, "Retrieving large results sets in chunks", "Semantics for get and
list", "Resource versions".
"""

import base64
from bisect import bisect_right
from itertools import islice
from typing import Any, NamedTuple

import orjson

from tiphys.sandbox.http.options import asked_version, too_new
from tiphys.sandbox.http.requests import Request
from tiphys.sandbox.http.selectors import EVERYTHING, parse_selectors
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.storage.stored import Name, Stored, place

_NOT_VALID = "invalid continue token: continue key is not valid"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


class Page(NamedTuple):
    """What a list answers: its objects in order, and the metadata of the list."""

    found: list[tuple[Name, Stored]]
    metadata: dict[str, Any]


def select(store: Store, request: Request) -> Page:
    """Return the page of a collection that a request asks for.

    Raises:
        StatusError: a selector or an option is malformed, or the version is no longer known.
    """
    query = request.query
    selects = parse_selectors(
        request.kind, query.get("labelSelector", ""), query.get("fieldSelector", "")
    )
    version, after = _begin(store, request)
    state = store.at(request.kind.collection, request.namespace, version)
    if state is None:
        raise _expired(after, request)
    names = state.names if after is None else _after(state.names, after)
    limit = _limit(request) or len(names)
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if selects is EVERYTHING:
        found = [(name, state.objects[name]) for name in names[:limit]]
        left = len(names) - len(found)
    else:
        matching = ((name, state.objects[name]) for name in names)
        chosen = (entry for entry in matching if selects(entry[1].manifest))
        found = list(islice(chosen, limit))
        left = 1 if next(chosen, None) else 0
    if left:
        metadata["continue"] = _token(version, found[-1][0], request)
        if selects is EVERYTHING:
            metadata["remainingItemCount"] = left
    return Page(found, metadata)


def _after(names: list[Name], last: Name) -> list[Name]:
    return names[bisect_right(names, place(last), key=place) :]


def _limit(request: Request) -> int:
    # What is asked for at any version comes from a cache, whole.
    if request.query.get("resourceVersion") == "0" and not request.query.get("continue"):
        return 0
    return max(int(request.query.get("limit") or 0), 0)


def _begin(store: Store, request: Request) -> tuple[int, Name | None]:
    """Return the version to list, and after which name to go on."""
    token = request.query.get("continue", "")
    if token:
        if request.query.get("resourceVersion", "0") != "0":
            raise bad_request("specifying resource version is not allowed when using continue")
        version, after = _read_token(token, request)
        return store.version if version < 0 else version, after
    version = asked_version(request)
    if version > store.version:
        raise too_new(version, store.version)
    is_exact = request.query.get("resourceVersionMatch") == "Exact"
    return version if is_exact else store.version, None


def _token(version: int, last: Name, request: Request) -> str:
    """Return where to go on, in the form of a real server."""
    start = last[1] if request.namespace or not last[0] else f"{last[0]}/{last[1]}"
    token = {"v": "meta.k8s.io/v1", "rv": version, "start": f"{start}\0"}
    return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")


def _read_token(token: str, request: Request) -> tuple[int, Name]:
    padded = token + "=" * (-len(token) % 4)
    try:
        content = base64.b64decode(padded, altchars="-_", validate=True)
    except ValueError as err:
        text = f"illegal base64 data at input byte {len(token) // 4 * 4}"
        raise bad_request(f"{_NOT_VALID}: {text}") from err
    try:
        found = orjson.loads(content)
        version, start = int(found["rv"]), str(found["start"]).rstrip("\0")
    except (ValueError, TypeError, KeyError) as err:
        raise bad_request(f"{_NOT_VALID}: it is no token of this server") from err
    if request.kind.namespaced and not request.namespace:
        namespace, _, name = start.partition("/")
        return version, (namespace, name)
    return version, (request.namespace if request.kind.namespaced else "", start)


def _expired(after: Name | None, request: Request) -> StatusError:
    if after is None:
        return StatusError(410, "Expired", "The resourceVersion for the provided list is too old.")
    failure = StatusError(410, "Expired", _TOO_OLD)
    failure.body["metadata"] = {"continue": _token(-1, after, request)}
    return failure
