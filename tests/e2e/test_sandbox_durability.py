"""A sandbox that is killed, or whose disk is full, keeps what it acknowledged and nothing else."""

import contextlib
import http.client
import json
import os
import resource
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import Api, RefusedError, eventually
from tests.e2e.world import Process

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        "TIPHYS_TEST_KUBECONFIG" in os.environ, reason="this is about the sandbox alone"
    ),
]
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@contextlib.contextmanager
def running(home: Path) -> Iterator[tuple[Api, Process]]:
    (home / "kubeconfig").unlink(missing_ok=True)
    arguments = [sys.executable, "-m", "tiphys", "sandbox", "--home", str(home)]
    process = Process(arguments, home / "sandbox.log")
    try:
        eventually("the sandbox is ready", (home / "kubeconfig").exists, 60)
        yield Api(home / "kubeconfig"), process
    finally:
        process.kill()


def configmap(name: str, value: str = "") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"v": value}}


class Writer(threading.Thread):
    """Creates, changes and deletes until the server is gone; remembers what was acknowledged."""

    def __init__(self, api: Api, name: str) -> None:
        super().__init__()
        self._api, self._name = api, name
        self.acknowledged: dict[str, int | None] = {}
        self.unanswered = ""

    def run(self) -> None:
        try:
            for n in range(100_000):
                self._write(f"{self._name}-{n}", n)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return

    def _write(self, name: str, n: int) -> None:
        self.unanswered = name
        made = self._api.create(configmap(name))
        self.acknowledged[name] = int(made["metadata"]["resourceVersion"])
        if n % 3:
            patch = {"data": {"v": str(n)}}
            changed = self._api.merge("ConfigMap", "default", name, patch)
            self.acknowledged[name] = int(changed["metadata"]["resourceVersion"])
        if n % 5 == 0:
            self._api.delete("ConfigMap", "default", name)
            self.acknowledged[name] = None


def found(api: Api) -> dict[str, int]:
    listed = api.list("ConfigMap", "default")
    return {item["metadata"]["name"]: int(item["metadata"]["resourceVersion"]) for item in listed}


def first_event(api: Api, version: int) -> dict[str, Any]:
    """Return the first event of a watch from a version, the Status of a refusal as one."""
    query = f"?watch=true&timeoutSeconds=5&resourceVersion={version}"
    request = urllib.request.Request(api.server + CONFIGMAPS + query, headers=api._headers)
    context: ssl.SSLContext | None = api.tls
    try:
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            line = answer.readline()
    except urllib.error.HTTPError as err:
        with err:
            return {"type": "ERROR", "object": json.loads(err.read())}
    return dict(json.loads(line)) if line else {}


def _have_written(writers: list[Writer], count: int) -> bool:
    return sum(len(writer.acknowledged) for writer in writers) >= count


def test_every_acknowledged_write_is_there_after_a_kill(tmp_path: Path) -> None:
    highest = 0
    for wait_for in (40, 90, 150):
        with running(tmp_path) as (api, process):
            writers = [Writer(api, f"w{highest}-{n}") for n in range(4)]
            for writer in writers:
                writer.start()
            eventually("writes are acknowledged", partial(_have_written, writers, wait_for), 60)
            process.kill()
            for writer in writers:
                writer.join()
        with running(tmp_path) as (api, _):
            kept = found(api)
            for writer in writers:
                for name, version in writer.acknowledged.items():
                    if name == writer.unanswered:
                        continue  # whether its last write came to be nobody was told
                    assert kept.get(name) == version, name
            acknowledged = [v for w in writers for v in w.acknowledged.values() if v]
            new = api.create(configmap(f"after-{wait_for}"))
            assert int(new["metadata"]["resourceVersion"]) > max(acknowledged)
            highest = int(new["metadata"]["resourceVersion"])
            assert first_event(api, min(acknowledged))["object"]["code"] == 410


def test_a_watch_goes_on_from_a_version_that_is_known_after_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as (api, process):
        version = int(api.create(configmap("one"))["metadata"]["resourceVersion"])
        process.kill()
    with running(tmp_path) as (api, _):
        version = int(api.request("GET", CONFIGMAPS)["metadata"]["resourceVersion"])
        api.create(configmap("two"))
        event = first_event(api, version)

    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "two")


def test_a_full_disk_refuses_writes_and_takes_nothing_back_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as (api, process):
        api.create(configmap("before"))
        version = found(api)["before"]
        size = (tmp_path / "sandbox.db-wal").stat().st_size
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, -1))
        with pytest.raises(RefusedError) as refused:
            api.create(configmap("meanwhile", "x" * 20_000))
        with pytest.raises(RefusedError):
            api.merge("ConfigMap", "default", "before", {"data": {"v": "x" * 20_000}})
        during = found(api)
        event_of_refused = first_event(api, version)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        api.create(configmap("after"))
        process.kill()
        log = process.log.read_text()
    with running(tmp_path) as (api, _):
        kept = found(api)

    assert (refused.value.code, refused.value.status["reason"]) == (500, "InternalError")
    assert "cannot write its database" in refused.value.status["message"]
    assert during["before"] == version
    assert "meanwhile" not in during
    assert event_of_refused in ({}, None)
    assert kept["before"] == version
    assert "after" in kept
    assert "meanwhile" not in kept
    assert "the database cannot be written" in log
