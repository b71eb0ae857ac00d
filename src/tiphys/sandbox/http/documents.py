"""What is answered from what the cluster serves, not from its objects: health, discovery, OpenAPI.

Clients keep these documents: each has an ETag that changes with its content, and one that a client
still has is not sent again.

Source: apiserver, pkg/endpoints/discovery/aggregated/etag.go; kube-openapi, pkg/handler and
pkg/handler3.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from tiphys.sandbox.http.requests import NoSuchPathError
from tiphys.sandbox.serving import discovery, openapi2
from tiphys.sandbox.serving.openapi import openapi_document, openapi_index
from tiphys.sandbox.statuses import no_such_resource
from tiphys.sandbox.typed.kinds import Kinds

OPEN_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version"})
_JSON = "application/json"
_AGGREGATED = f"{_JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_MOST_PARTS = 6  # openapi/v3/apis/GROUP/VERSION


class Document(NamedTuple):
    """An answer, whole."""

    content: bytes
    media: str = _JSON
    code: int = 200
    headers: Mapping[str, str] = {}


class Documents:
    """Answers for paths that hold no objects."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._kept: dict[str, bytes] = {}
        self._kept_of = -1

    def find(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Document | None:
        """Return what a path answers, None when it is about objects.

        Raises:
            StatusError: no such version is served.
            NoSuchPathError: no such group or document is.
        """
        if path in OPEN_PATHS:
            if path == "/version":
                return Document(orjson.dumps(discovery.VERSION))
            return Document(b"ok", "text/plain")
        parts = path.strip("/").split("/", _MOST_PARTS)
        if parts[0] == "openapi":
            return self._openapi(parts[1:], query, headers)
        accept = headers.get("accept", "")
        if path in {"/api", "/apis"} and "APIGroupDiscoveryList" in accept:
            content = self._once(
                path, lambda: discovery.aggregated(self._kinds, is_core=path == "/api")
            )
            document = Document(content, _AGGREGATED, headers={"cache-control": "public"})
            return _tagged(document, _digest(content), headers)
        found = self._plain(parts)
        return None if found is None else Document(orjson.dumps(found))

    def _plain(self, parts: list[str]) -> dict[str, Any] | None:
        match parts:
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return discovery.group_list(self._kinds)
            case ["api", version]:
                return discovery.resource_list(self._kinds, "", version) or _missing()
            case ["apis", group]:
                return discovery.one_group(self._kinds, group) or _unknown()
            case ["apis", group, version]:
                return discovery.resource_list(self._kinds, group, version) or _missing()
        return None

    def _openapi(
        self, parts: list[str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Document:
        if parts == ["v2"]:
            return self._openapi_2(headers)
        if parts[:1] != ["v3"]:
            raise NoSuchPathError
        if parts == ["v3"]:
            return Document(self._once("v3", lambda: openapi_index(self._kinds)))
        if not _accepts_json(headers):
            return Document(b"", code=406)
        path = "/".join(parts[1:])
        content = self._once(f"v3/{path}", lambda: openapi_document(self._kinds, path))
        if content == b"null":
            return Document(b"", code=404)
        digest = discovery.digest(self._kinds, path)
        given = query.get("hash", "")
        if given and given != digest:
            place = f"/openapi/v3/{path}?hash={digest}"
            return Document(b"", code=301, headers={"location": place, "etag": f'"{digest}"'})
        kept = "public, immutable" if given else "no-cache, private"
        document = Document(content, headers={"cache-control": kept})
        return _tagged(document, digest, headers)

    def _openapi_2(self, headers: Mapping[str, str]) -> Document:
        accept = headers.get("accept", "")
        if openapi2.PROTOBUF in accept:
            content = self._once("v2.pb", lambda: openapi2.as_protobuf(self._document_2()))
            document = Document(content, openapi2.PROTOBUF_ANSWER)
        elif _accepts_json(headers):
            document = Document(self._once("v2", self._document_2))
        else:
            return Document(b"", code=406)
        return _tagged(document, _digest(document.content), headers)

    def _document_2(self) -> dict[str, Any]:
        return openapi2.openapi_2(self._kinds)

    def _once(self, name: str, make: Callable[[], Any]) -> bytes:
        """Return a document, made once for as long as the same kinds are served."""
        if self._kept_of != self._kinds.generation:
            self._kept, self._kept_of = {}, self._kinds.generation
        if name not in self._kept:
            made = make()
            self._kept[name] = made if isinstance(made, bytes) else orjson.dumps(made)
        return self._kept[name]


def _tagged(document: Document, digest: str, headers: Mapping[str, str]) -> Document:
    """Return a document with its ETag; nothing but that when the client has it."""
    tag = f'"{digest}"'
    more = {**document.headers, "etag": tag, "vary": "Accept"}
    if tag in headers.get("if-none-match", ""):
        return Document(b"", "", 304, more)
    return document._replace(headers=more)


def _digest(content: bytes) -> str:
    return hashlib.sha512(content).hexdigest().upper()


def _accepts_json(headers: Mapping[str, str]) -> bool:
    accept = headers.get("accept", "") or "*/*"
    return any(word in accept for word in (_JSON, "*/*", "application/*"))


def _unknown() -> dict[str, Any]:
    raise NoSuchPathError


def _missing() -> dict[str, Any]:
    raise no_such_resource()
