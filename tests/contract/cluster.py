"""A client for the contract suite: it sends what it is told to and hides nothing of the answer.

It knows HTTP and the layout of the API's paths, and nothing of which server answers.
"""

import contextlib
import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml

from tests.e2e.api import tls_context

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


class Answer(NamedTuple):
    """What a server answered, whole."""

    code: int
    headers: Mapping[str, str]
    body: bytes
    warnings: tuple[str, ...]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def ok(self) -> Any:
        """The decoded body of a success; the answer's text as the failure otherwise."""
        assert self.code < 300, f"{self.code}: {self.body[:2000].decode(errors='replace')}"
        return self.json

    def failure(self, code: int, reason: str) -> dict[str, Any]:
        """The Status of a failure of this code and reason."""
        text = self.body[:2000].decode(errors="replace")
        assert self.code == code, f"{self.code} instead of {code}: {text}"
        status: dict[str, Any] = self.json
        assert status["kind"] == "Status", text
        assert status["apiVersion"] == "v1", text
        assert status["status"] == "Failure", text
        assert status["code"] == code, text
        assert status.get("reason", "") == reason, text
        return status


class Watch:
    """The events of a watch, one at a time."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def next(self) -> dict[str, Any] | None:
        """Return the next event; None when the server ended the watch."""
        line = self._response.readline()
        return json.loads(line) if line.strip() else None

    def until(self, kind: str) -> dict[str, Any]:
        """Return the next event of a type; fail when the watch ends before."""
        while (event := self.next()) is not None:
            if event["type"] == kind:
                return event
        raise AssertionError(f"the watch ended before an event {kind}")

    def rest(self) -> list[dict[str, Any]]:
        """Return all events until the server ends the watch."""
        return list(iter(self.next, None))


class Cluster:
    """Requests to the API server of a kubeconfig, as its user or in another's name."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.kubeconfig = kubeconfig
        self.address = urllib.parse.urlsplit(cluster["server"])
        self._tls = tls_context(cluster, user)
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self._local = threading.local()
        self._opened: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """Close the connections of this cluster and of those made from it."""
        for connection in self._opened:
            connection.close()

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return the same cluster with headers that replace the user's credentials."""
        other = type(self).__new__(type(self))
        other.__dict__ |= self.__dict__
        other._headers = dict(headers)
        other._local = threading.local()
        return other

    def impersonating(self, user: str, *groups: str) -> Self:
        """Return the same cluster, asked in somebody else's name."""
        headers = {**self._headers, "Impersonate-User": user}
        if groups:
            headers["Impersonate-Group"] = groups[0]
        return self.with_headers(headers)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        media: str = "application/json",
        accept: str = "application/json",
        **query: Any,
    ) -> Answer:
        """Send one request; a body that is no bytes is sent as JSON."""
        headers = {**self._headers, "Accept": accept}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = media
        response = self._send(method, _url(path, query), data, headers)
        content = response.read()
        warnings = tuple(
            value.split(" ", 2)[2][1:-1].replace('\\"', '"')
            for name, value in response.getheaders()
            if name.lower() == "warning"
        )
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, content, warnings)

    def get(self, path: str, *, accept: str = "application/json", **query: Any) -> Answer:
        return self.call("GET", path, accept=accept, **query)

    def post(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PUT", path, body, **query)

    def patch(self, path: str, body: Any, media: str = MERGE_PATCH, **query: Any) -> Answer:
        return self.call("PATCH", path, body, media=media, **query)

    def apply(self, path: str, body: Any, by: str = "tester", **query: Any) -> Answer:
        """Apply server-side; `force="true"` takes what others own."""
        return self.call("PATCH", path, body, media=APPLY_PATCH, fieldManager=by, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.call("DELETE", path, body, **query)

    @contextlib.contextmanager
    def watch(self, path: str, *, timeout_s: int = 20, **query: Any) -> Iterator[Watch]:
        """Watch a collection; the server is asked to end it after `timeout_s`."""
        connection = self._connect(timeout_s + 10)
        asked = {"watch": "true", "timeoutSeconds": timeout_s, **query}
        try:
            connection.request("GET", _url(path, asked), headers=self._headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield Watch(response)
        finally:
            connection.close()

    def _send(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        try:
            connection = self._open_connection()
            connection.request(method, url, data, headers)
            return connection.getresponse()
        except (http.client.HTTPException, OSError):
            # A kept connection that the server closed meanwhile; a new one tells for sure.
            self._local.connection = None
            connection = self._open_connection()
            connection.request(method, url, data, headers)
            return connection.getresponse()

    def _open_connection(self) -> http.client.HTTPSConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect(30)
            self._opened.append(connection)
        return connection

    def _connect(self, timeout_s: float) -> http.client.HTTPSConnection:
        assert self.address.hostname is not None
        return http.client.HTTPSConnection(
            self.address.hostname, self.address.port, timeout=timeout_s, context=self._tls
        )


def at(api_version: str, plural: str, namespace: str = "", name: str = "", sub: str = "") -> str:
    """Return the path of a collection, an object or a subresource."""
    root = "/api" if "/" not in api_version else "/apis"
    parts = [f"{root}/{api_version}"]
    parts += [f"namespaces/{namespace}"] if namespace else []
    return "/".join([*parts, plural, *filter(None, (name, sub))])


def _url(path: str, query: Mapping[str, Any]) -> str:
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path
