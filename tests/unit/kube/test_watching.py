import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.unit.kube.collection_server import CollectionServer, collection_server, status
from tests.unit.kube.test_informer_feed import until
from tiphys.kube import watching
from tiphys.kube.client import KubeClient
from tiphys.kube.watching import Collection, Head, list_and_watch, supervise
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import GroupVersionKind, Manifest

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


class Sink:
    """Takes everything in, in the order in which it came."""

    def __init__(self) -> None:
        self.lists: list[tuple[list[str], str]] = []
        self.events: list[tuple[str, str]] = []
        self.failures: list[str] = []
        self.followed_count = 0
        self.known: set[str] = set()

    def knows(self, head: Head) -> bool:
        return head.version in self.known

    def replace_all(self, objects: list[Manifest], version: str) -> None:
        self.lists.append(([found["metadata"]["name"] for found in objects], version))

    def followed(self) -> None:
        self.followed_count += 1

    def changed(self, event: str, manifest: Manifest) -> None:
        self.events.append((event, manifest["metadata"]["name"]))

    def failed(self, error: ApiError | ClusterError) -> None:
        self.failures.append(error.line)


Fed = tuple[CollectionServer, Sink]


@pytest.fixture
async def fed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fed]:
    monkeypatch.setattr(watching, "_FIRST_PAUSE_S", 0.01)
    async with collection_server() as (server, client):
        sink = Sink()
        feeding = asyncio.create_task(list_and_watch(_collection(client), sink))
        await until(lambda: server.watches)
        yield server, sink
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


def _collection(client: KubeClient, **more: Any) -> Collection:
    return Collection(
        client=client, resource=client.resource(CONFIG_MAP), namespace="argocd", **more
    )


async def test_the_watch_begins_where_the_list_ended(fed: Fed) -> None:
    server, sink = fed

    assert sink.lists == [([], "10")]
    assert server.asked_to("watch")[0]["resourceVersion"] == "10"
    assert sink.followed_count == 1


async def test_events_come_through_in_their_order(fed: Fed) -> None:
    server, sink = fed

    server.write("one", "1")
    server.write("one", "2")
    server.delete("one")

    await until(lambda: len(sink.events) == 3)
    assert sink.events == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]


async def test_what_is_known_already_is_not_told_but_counts_as_seen(fed: Fed) -> None:
    server, sink = fed
    sink.known.add("11")
    server.write("ours", "1")
    server.write("theirs", "1")
    await until(lambda: sink.events)

    server.end_watches()
    await until(lambda: len(server.asked_to("watch")) == 2)

    assert sink.events == [("ADDED", "theirs")]
    assert server.asked_to("watch")[1]["resourceVersion"] == "12"


async def test_a_bookmark_moves_the_place_and_tells_nothing(fed: Fed) -> None:
    server, sink = fed

    server.tell("BOOKMARK", {"metadata": {"resourceVersion": "99"}})
    server.end_watches()

    await until(lambda: len(server.asked_to("watch")) == 2)
    assert server.asked_to("watch")[1]["resourceVersion"] == "99"
    assert sink.events == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(status(500, "etcd is away"), "etcd is away", id="a failure"),
        pytest.param(
            status(403, 'User "jane" cannot watch resource "configmaps"'),
            "account jane may not watch configmaps in namespace argocd",
            id="a refusal",
        ),
        pytest.param(
            status(403, "denied by a gateway"),
            "this account may not watch configmaps in namespace argocd",
            id="a refusal that names nobody",
        ),
    ],
)
async def test_a_watch_that_fails_is_told_and_tried_again(
    fed: Fed, answer: dict[str, Any], said: str
) -> None:
    server, sink = fed
    server.faults["watch"] += [web.json_response(answer, status=answer["code"])]

    server.end_watches()

    await until(lambda: len(server.asked_to("watch")) == 3 and server.watches)
    assert sink.failures == [said]
    assert sink.followed_count == 2
    assert len(sink.lists) == 1


async def test_an_error_event_ends_the_watch_and_is_told(fed: Fed) -> None:
    server, sink = fed

    server.tell("ERROR", status(500, "too much"))

    await until(lambda: len(server.asked_to("watch")) == 2)
    assert sink.failures == ["too much"]


async def test_a_kind_that_is_no_longer_served_ends_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "_FIRST_PAUSE_S", 0.01)
    async with collection_server() as (server, client):
        served = iter([True, False])
        server.faults["list"] += [web.json_response(status(404), status=404)]

        async with asyncio.timeout(5):
            await list_and_watch(_collection(client), Sink(), lambda: next(served))


async def test_labels_narrow_list_and_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with collection_server() as (server, client):
        collection = _collection(client, label_selector="a=b")
        feeding = asyncio.create_task(list_and_watch(collection, Sink()))
        await until(lambda: server.watches)

        assert {query["labelSelector"] for query in server.asked} == {"a=b"}
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def test_a_loop_that_crashes_is_logged_and_begun_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_FIRST_PAUSE_S", 0.01)
    runs: list[int] = []

    async def crashes_twice() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise KeyError("a bug")

    await supervise("things", crashes_twice)

    assert len(runs) == 3
    assert caplog.text.count("feeding a cache crashed") == 2
