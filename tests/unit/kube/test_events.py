"""Which Events are written when there are more than can be written."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tiphys.kube.events import EventRecorder
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import Manifest

APP: Manifest = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd", "uid": "u"},
}


class Server:
    """Takes Events as an API server does, once it answers; a real one is in the e2e tests."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.created: list[Manifest] = []
        self.at_once = self.most_at_once = 0

    async def create(self, manifest: Manifest) -> Manifest:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.failures:
            raise self.failures.pop(0)
        self.created.append(manifest)
        return manifest

    @property
    def told(self) -> list[str]:
        return [event["message"] for event in self.created]


def _recorder(server: Any) -> EventRecorder:
    return EventRecorder(server, "tests", lambda: datetime(2026, 1, 1, tzinfo=UTC))


async def _written(recorder: EventRecorder, server: Server, count: int) -> None:
    running = asyncio.create_task(recorder.run())
    for _ in range(20_000):
        if len(server.created) >= count:
            break
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_ends_of_operations_go_first_and_none_is_dropped() -> None:
    server = Server()
    recorder = _recorder(server)
    for n in range(2000):
        recorder.record(APP, "ResourceUpdated", f"health {n}", is_warning=False)
        recorder.record(APP, "OperationCompleted", f"sync {n}", is_warning=False)
        recorder.record(APP, "Anything", f"warning {n}", is_warning=True)

    await _written(recorder, server, 5000)

    assert len(server.created) == 5000
    assert not any(told.startswith("health") for told in server.told[:4000])
    assert server.told[4000:] == [f"health {n}" for n in range(1000, 2000)]


async def test_several_are_written_at_once() -> None:
    server = Server()
    recorder = _recorder(server)
    for n in range(20):
        recorder.record(APP, "OperationStarted", f"sync {n}", is_warning=False)

    await _written(recorder, server, 20)

    assert server.most_at_once == 4


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        pytest.param(ClusterError("away"), ["sync"], id="a server that is away is asked again"),
        pytest.param(
            ApiError("there", code=409, status_reason="AlreadyExists"), [], id="it is there already"
        ),
        pytest.param(ApiError("no", code=403), [], id="a refusal is final"),
    ],
)
async def test_an_important_event_outlives_a_failure(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, expected: list[str]
) -> None:
    monkeypatch.setattr("tiphys.kube.events._PAUSES_S", (0.0, 0.0))
    server = Server(failure)
    recorder = _recorder(server)
    recorder.record(APP, "OperationCompleted", "sync", is_warning=False)

    await _written(recorder, server, 1)

    assert server.told == expected
