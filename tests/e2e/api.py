"""A plain synchronous client for tests: what an outsider with a kubeconfig would do."""

import base64
import contextlib
import http.client
import json
import os
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

# For who knows that something never comes: no more seconds than these.
_PATIENCE_S = float(os.environ.get("TIPHYS_TEST_PATIENCE_S", "inf"))
PLURALS = {
    "Application": "/apis/argoproj.io/v1alpha1/namespaces/{ns}/applications",
    "AppProject": "/apis/argoproj.io/v1alpha1/namespaces/{ns}/appprojects",
    "ConfigMap": "/api/v1/namespaces/{ns}/configmaps",
    "Secret": "/api/v1/namespaces/{ns}/secrets",
    "Service": "/api/v1/namespaces/{ns}/services",
    "Pod": "/api/v1/namespaces/{ns}/pods",
    "Event": "/api/v1/namespaces/{ns}/events",
    "Deployment": "/apis/apps/v1/namespaces/{ns}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{ns}/replicasets",
    "StatefulSet": "/apis/apps/v1/namespaces/{ns}/statefulsets",
    "Job": "/apis/batch/v1/namespaces/{ns}/jobs",
    "Namespace": "/api/v1/namespaces",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ValidatingWebhookConfiguration": (
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    ),
    "Widget": "/apis/example.com/v1/namespaces/{ns}/widgets",
}


class RefusedError(Exception):
    """The API server answered with a failure."""

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        super().__init__(f"{code}: {status.get('message', '')}")
        self.code, self.status = code, status


class Api:
    """Requests to the API server that a kubeconfig names."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        self._headers = {"Content-Type": "application/json"}
        if "token" in user:
            self._headers["Authorization"] = f"Bearer {user['token']}"
        self.tls = tls_context(cluster, user) if self.server.startswith("https") else None
        self._local = threading.local()
        self._opened: list[http.client.HTTPConnection] = []
        weakref.finalize(self, _close_all, self._opened)

    @property
    def authorization(self) -> dict[str, str]:
        """The header that says who we are, when a token does."""
        return {k: v for k, v in self._headers.items() if k == "Authorization"}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        **params: str,
    ) -> Any:
        url = f"{path}?{urllib.parse.urlencode(params)}" if params else path
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": content_type}
        try:
            answer = self._send(method, url, data, headers)
            text = answer.read()
        except (http.client.HTTPException, OSError) as err:
            self._local.connection = None
            raise urllib.error.URLError(err) from err
        if answer.status >= 300:
            raise RefusedError(answer.status, _status(text))
        return json.loads(text)

    def _send(
        self, method: str, url: str, data: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            # A server that went away, or that closes what is idle, leaves a dead connection.
            with contextlib.suppress(http.client.HTTPException, OSError):
                kept.request(method, url, data, headers)
                return kept.getresponse()
        connection = self._local.connection = self._connect()
        connection.request(method, url, data, headers)
        return connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        where = urllib.parse.urlsplit(self.server)
        assert where.hostname is not None
        connection = (
            http.client.HTTPConnection(where.hostname, where.port, timeout=30)
            if self.tls is None
            else http.client.HTTPSConnection(
                where.hostname, where.port, timeout=30, context=self.tls
            )
        )
        self._opened.append(connection)
        return connection

    def watch(self, path: str, version: str, *, timeout_s: int) -> Iterator[dict[str, Any]]:
        """Yield a collection's events from a version on, for some time."""
        query = urllib.parse.urlencode(
            {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(timeout_s)}
        )
        request = urllib.request.Request(f"{self.server}{path}?{query}", headers=self._headers)
        with urllib.request.urlopen(request, context=self.tls, timeout=timeout_s + 5) as answer:
            for line in answer:
                yield json.loads(line)

    def create(self, manifest: dict[str, Any]) -> Any:
        return self.request("POST", _collection(manifest), manifest)

    def find(self, kind: str, namespace: str, name: str) -> Any:
        """Return an object, None when there is no such one."""
        try:
            return self.get(kind, namespace, name)
        except RefusedError as err:
            if err.code == 404:
                return None
            raise

    def get(self, kind: str, namespace: str, name: str) -> Any:
        return self.request("GET", f"{PLURALS[kind].format(ns=namespace)}/{name}")

    def list(self, kind: str, namespace: str) -> list[Any]:
        items: list[Any] = self.request("GET", PLURALS[kind].format(ns=namespace))["items"]
        return items

    def merge(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Any,
        suffix: str = "",
        *,
        manager: str = "tests",
    ) -> Any:
        path = f"{PLURALS[kind].format(ns=namespace)}/{name}{suffix}"
        media = "application/merge-patch+json"
        return self.request("PATCH", path, patch, media, fieldManager=manager)

    def delete(self, kind: str, namespace: str, name: str) -> Any:
        return self.request("DELETE", f"{PLURALS[kind].format(ns=namespace)}/{name}")


def _status(text: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:  # the server's "404 page not found" is no Status
        return {"message": text.decode()}


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def eventually(what: str, look: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Return the first truthy answer of `look`; fail with what was seen last when time is up."""
    timeout_s = min(timeout_s, _PATIENCE_S)
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.03)


def _collection(manifest: dict[str, Any]) -> str:
    return PLURALS[manifest["kind"]].format(ns=manifest["metadata"].get("namespace", ""))


def tls_context(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    """What a kubeconfig says of trust and identity."""
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(
        cadata=base64.b64decode(authority).decode() if authority else None,
        cafile=cluster.get("certificate-authority"),
    )
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("certificate", "key"):
                data = base64.b64decode(user[f"client-{name}-data"])
                (Path(folder) / name).write_bytes(data)
            context.load_cert_chain(f"{folder}/certificate", f"{folder}/key")
    elif "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context
