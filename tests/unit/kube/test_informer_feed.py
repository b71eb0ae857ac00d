import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from tests.unit.kube.collection_server import CollectionServer, collection_server, status
from tiphys.kube import informer, watching
from tiphys.kube.client import KubeClient
from tiphys.kube.informer import Informer
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import GroupVersionKind, Manifest

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


class Told:
    """What a listener was told: key, value before, value after."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, Any, Any]] = []

    def __call__(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        self.changes.append((key, value_of(before), value_of(after)))


def value_of(found: Manifest | None) -> Any:
    return None if found is None else found["data"]["value"]


async def until(what: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.005)


@pytest.fixture
async def api(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[CollectionServer, KubeClient]]:
    monkeypatch.setattr(watching, "_FIRST_PAUSE_S", 0.01)
    async with collection_server() as made:
        yield made


@pytest.fixture
async def followed(
    api: tuple[CollectionServer, KubeClient],
) -> AsyncIterator[tuple[CollectionServer, Informer, Told]]:
    """A collection of three, listed and watched, and a listener."""
    server, client = api
    for name in ("one", "two", "three"):
        server.write(name, "0")
    made, told = Informer(client, CONFIG_MAP, namespace="argocd"), Told()
    await made.start()
    made.subscribe(told)
    await until(lambda: server.watches)
    yield server, made, told
    await made.close()


Followed = tuple[CollectionServer, Informer, Told]


async def test_a_collection_of_several_pages_is_there_when_it_has_started(
    followed: Followed,
) -> None:
    _, made, told = followed

    assert sorted(made.names()) == ["argocd/one", "argocd/three", "argocd/two"]
    assert told.changes == []


async def test_listeners_are_told_of_each_change_with_what_was_before(followed: Followed) -> None:
    server, made, told = followed

    server.write("one", "1")
    server.write("four", "1")
    server.delete("two")

    await until(lambda: len(told.changes) == 3)
    assert told.changes == [
        ("argocd/one", "0", "1"),
        ("argocd/four", None, "1"),
        ("argocd/two", "0", None),
    ]
    assert value_of(made.get("argocd/one")) == "1"


async def test_a_listener_that_raises_ends_neither_the_feed_nor_the_others(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    server, made, _ = followed

    def fails(key: str, before: Manifest | None, after: Manifest | None) -> None:
        raise KeyError("a bug")

    made.subscribe(fails)
    last = Told()
    made.subscribe(last)
    lists = len(server.asked_to("list"))

    server.write("one", "1")
    server.write("one", "2")

    await until(lambda: len(last.changes) == 2)
    assert len(server.asked_to("list")) == lists
    assert caplog.text.count("a listener failed") == 2


async def test_who_is_no_longer_subscribed_is_told_nothing(
    api: tuple[CollectionServer, KubeClient],
) -> None:
    server, client = api
    made, first, second = Informer(client, CONFIG_MAP, namespace="argocd"), Told(), Told()
    await made.start()
    end = made.subscribe(first)
    made.subscribe(second)
    end()
    await until(lambda: server.watches)

    server.write("one", "1")

    await until(lambda: second.changes)
    assert first.changes == []
    await made.close()


async def test_our_own_write_is_told_once_and_its_echo_not(followed: Followed) -> None:
    server, made, told = followed
    server.write("one", "ours", is_told=False)

    made.observe({"apiVersion": "v1", "kind": "ConfigMap", **server.objects["one"]})
    server.tell("MODIFIED", server.objects["one"])
    server.write("two", "1")

    await until(lambda: len(told.changes) == 2)
    assert told.changes == [("argocd/one", "0", "ours"), ("argocd/two", "0", "1")]


async def test_an_event_that_is_older_than_what_is_held_changes_nothing(
    followed: Followed,
) -> None:
    server, made, told = followed
    old = dict(server.objects["one"])
    server.write("one", "1")

    server.tell("MODIFIED", old)
    server.write("two", "1")

    await until(lambda: len(told.changes) == 2)
    assert value_of(made.get("argocd/one")) == "1"


async def test_a_watch_that_ends_goes_on_from_where_it_was(followed: Followed) -> None:
    server, _, told = followed
    server.write("one", "1")
    await until(lambda: told.changes)
    lists = len(server.asked_to("list"))

    server.end_watches()
    await until(lambda: len(server.asked_to("watch")) == 2 and server.watches)
    server.write("one", "2")

    await until(lambda: len(told.changes) == 2)
    assert server.asked_to("watch")[1]["resourceVersion"] == str(server.version - 1)
    assert len(server.asked_to("list")) == lists


@pytest.mark.parametrize("is_event", [True, False], ids=["as an event", "as an answer"])
async def test_a_version_that_is_gone_makes_a_new_list_that_tells_what_was_missed(
    followed: Followed, *, is_event: bool
) -> None:
    server, _, told = followed
    lists = len(server.asked_to("list"))
    if is_event:
        server.faults["watch"] += [web.json_response({"type": "ERROR", "object": status(410)})]
        server.faults["watch"][0].text = f"{server.faults['watch'][0].text}\n"
    else:
        server.faults["watch"] += [web.json_response(status(410), status=410)]

    server.write("one", "missed", is_told=False)
    server.delete("two", is_told=False)
    server.end_watches()

    await until(lambda: len(told.changes) == 2)
    assert sorted(told.changes) == [("argocd/one", "0", "missed"), ("argocd/two", "0", None)]
    assert len(server.asked_to("list")) > lists


async def test_a_list_that_fails_in_the_middle_deletes_nothing(followed: Followed) -> None:
    server, made, told = followed
    gone = web.json_response(status(410), status=410)
    cut = web.Response(body=b'{"metadata": {}, "items": [', content_type="application/json")
    server.faults["watch"] += [gone]
    server.faults["list"] += [cut]

    server.end_watches()

    await until(lambda: len(server.asked_to("watch")) == 3 and server.watches)
    assert told.changes == []
    assert len(made.names()) == 3


async def test_a_refused_list_ends_in_a_sentence(
    api: tuple[CollectionServer, KubeClient],
) -> None:
    server, client = api
    server.refuses.add("list")
    made = Informer(client, CONFIG_MAP, namespace="argocd")

    with pytest.raises(ApiError) as caught:
        await made.start()

    assert caught.value.code == 403
    assert caught.value.line == (
        "account system:serviceaccount:argocd:viewer may not list configmaps in namespace argocd"
    )
    assert caught.value.hint == ("Grant it `list` and `watch` on `configmaps` in namespace argocd.")
    await made.close()


async def test_a_server_that_keeps_failing_is_waited_for_some_seconds_only(
    api: tuple[CollectionServer, KubeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = api
    monkeypatch.setattr(informer, "_PATIENCE_S", 0.0)
    server.faults["list"] += [web.Response(body=b"<html>", content_type="text/html")] * 9
    made = Informer(client, CONFIG_MAP, namespace="argocd")

    with pytest.raises(ClusterError, match="no JSON"):
        await made.start()

    await made.close()


async def test_a_failure_that_passes_is_waited_out(
    api: tuple[CollectionServer, KubeClient],
) -> None:
    server, client = api
    server.write("one", "0")
    server.faults["list"] += [web.Response(body=b"<html>", content_type="text/html")]
    made = Informer(client, CONFIG_MAP, namespace="argocd")

    await made.start()

    assert made.names() == ["argocd/one"]
    await made.close()


async def test_a_right_that_is_taken_away_later_leaves_what_is_held(followed: Followed) -> None:
    server, made, told = followed

    server.refuses |= {"list", "watch"}
    server.end_watches()
    await until(lambda: len(server.asked_to("watch")) > 2)

    assert len(made.names()) == 3
    assert told.changes == []


async def test_a_kind_is_listed_in_one_namespace_or_in_all(
    api: tuple[CollectionServer, KubeClient],
) -> None:
    server, client = api
    server.refuses.add("list")

    with pytest.raises(ApiError, match="may not list configmaps in the whole cluster"):
        await Informer(client, CONFIG_MAP).start()
