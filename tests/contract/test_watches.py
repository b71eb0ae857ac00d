"""Watches: where they begin, what they tell, and when they end.

Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks",
"Streaming lists".
"""

import json
import time
from typing import Any

import pytest

from tests.contract.cluster import TABLE, Cluster, Watch, at
from tests.contract.custom import defined

METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MINE = "metadata.name!=kube-root-ca.crt"
STREAMED = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
END = "k8s.io/initial-events-end"


@pytest.fixture
def path(cluster: Cluster, namespace: str) -> str:
    """The path of a collection with an object `one`, labelled a=1."""
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one", "labels": {"a": "1"}}}).ok()
    return path


def version(cluster: Cluster, path: str) -> str:
    return str(cluster.get(path).ok()["metadata"]["resourceVersion"])


def told(watch: Watch, count: int) -> list[tuple[str, str]]:
    events = [watch.next() for _ in range(count)]
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events if event]


def events_of(cluster: Cluster, path: str, **query: Any) -> list[dict[str, Any]]:
    asked = {"fieldSelector": MINE, "timeout_s": 1, **query}
    with cluster.watch(path, **asked) as watch:
        return watch.rest()


def test_a_watch_from_a_version_tells_what_came_after(cluster: Cluster, path: str) -> None:
    begin = version(cluster, path)
    cluster.post(path, {"metadata": {"name": "two"}}).ok()
    cluster.patch(f"{path}/two", {"data": {"a": "1"}}).ok()
    cluster.delete(f"{path}/two").ok()
    with cluster.watch(path, resourceVersion=begin, fieldSelector=MINE) as watch:
        assert told(watch, 3) == [("ADDED", "two"), ("MODIFIED", "two"), ("DELETED", "two")]


def test_a_watch_goes_on_with_what_happens(cluster: Cluster, path: str) -> None:
    with cluster.watch(path, resourceVersion=version(cluster, path), fieldSelector=MINE) as watch:
        cluster.post(path, {"metadata": {"name": "two"}}).ok()
        assert told(watch, 1) == [("ADDED", "two")]


@pytest.mark.parametrize("begin", [None, "0"])
def test_a_watch_from_anywhere_begins_with_what_is_there(
    cluster: Cluster, path: str, begin: str | None
) -> None:
    query = {} if begin is None else {"resourceVersion": begin}
    events = events_of(cluster, path, **query)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [("ADDED", "one")]


def test_a_deleted_object_is_told_at_the_version_of_its_deletion(
    cluster: Cluster, path: str
) -> None:
    begin = version(cluster, path)
    cluster.delete(f"{path}/one").ok()
    with cluster.watch(path, resourceVersion=begin, fieldSelector=MINE) as watch:
        event = watch.next()
    assert event is not None
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(begin)
    assert event["object"]["kind"] == "ConfigMap"


def test_an_object_that_comes_and_goes_through_a_selector(cluster: Cluster, path: str) -> None:
    query: dict[str, Any] = {"labelSelector": "a=2", "resourceVersion": version(cluster, path)}
    with cluster.watch(path, **query) as watch:
        for value in ("2", "3"):
            cluster.patch(f"{path}/one", {"metadata": {"labels": {"a": value}}}).ok()
        assert told(watch, 2) == [("ADDED", "one"), ("DELETED", "one")]


def test_a_single_object_is_watched_by_its_name(cluster: Cluster, path: str) -> None:
    begin = version(cluster, path)
    cluster.post(path, {"metadata": {"name": "two"}}).ok()
    cluster.patch(f"{path}/one", {"data": {"a": "1"}}).ok()
    query: dict[str, Any] = {"fieldSelector": "metadata.name=one", "resourceVersion": begin}
    with cluster.watch(path, **query) as watch:
        assert told(watch, 1) == [("MODIFIED", "one")]


def test_other_namespaces_are_not_told(cluster: Cluster, path: str) -> None:
    begin = version(cluster, path)
    other = at("v1", "configmaps", "default", path.split("/")[4])
    cluster.post(at("v1", "configmaps", "default"), {"metadata": {"name": path.split("/")[4]}})
    cluster.delete(other)
    cluster.post(path, {"metadata": {"name": "two"}}).ok()
    with cluster.watch(path, resourceVersion=begin, fieldSelector=MINE) as watch:
        assert told(watch, 1) == [("ADDED", "two")]


def test_a_watch_ends_when_its_time_is_over(cluster: Cluster, path: str) -> None:
    began = time.monotonic()
    begin = version(cluster, path)
    query: dict[str, Any] = {"resourceVersion": begin, "fieldSelector": "metadata.name=one"}
    with cluster.watch(path, timeout_s=1, **query) as watch:
        assert watch.rest() == []
    assert 0.5 < time.monotonic() - began < 15


def test_a_watch_takes_up_where_another_ended(cluster: Cluster, path: str) -> None:
    begin = version(cluster, path)
    names = [f"n{number}" for number in range(4)]
    for name in names:
        cluster.post(path, {"metadata": {"name": name}}).ok()
    with cluster.watch(path, resourceVersion=begin, fieldSelector=MINE) as watch:
        events = [watch.next(), watch.next()]
    assert events[1] is not None
    last = events[1]["object"]["metadata"]["resourceVersion"]
    with cluster.watch(path, resourceVersion=last, fieldSelector=MINE) as watch:
        assert told(watch, 2) == [("ADDED", "n2"), ("ADDED", "n3")]


def test_initial_events_end_with_a_bookmark(cluster: Cluster, path: str) -> None:
    query = {**STREAMED, "allowWatchBookmarks": "true"}
    events = events_of(cluster, path, **query)
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    bookmark = events[1]["object"]
    assert bookmark["kind"] == "ConfigMap"
    assert bookmark["metadata"]["annotations"] == {END: "true"}
    assert set(bookmark) == {"kind", "apiVersion", "metadata"}
    assert int(bookmark["metadata"]["resourceVersion"]) > 0


def test_no_bookmark_comes_unasked(cluster: Cluster, path: str) -> None:
    assert [event["type"] for event in events_of(cluster, path, **STREAMED)] == ["ADDED"]


def test_initial_events_can_be_left_out(cluster: Cluster, path: str) -> None:
    query = {"sendInitialEvents": "false", "resourceVersionMatch": "NotOlderThan"}
    assert events_of(cluster, path, **query) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            {"sendInitialEvents": "true"},
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
            "resourceVersionMatch to NotOlderThan",
            id="initial events of no version",
        ),
        pytest.param(
            {"resourceVersionMatch": "NotOlderThan"},
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless "
            "sendInitialEvents is provided",
            id="a match without initial events",
        ),
    ],
)
def test_options_of_a_watch_are_checked(
    cluster: Cluster, path: str, query: dict[str, str], message: str
) -> None:
    status = cluster.get(path, watch="true", **query).failure(422, "Invalid")
    assert status["message"] == f'ListOptions.meta.k8s.io "" is invalid: {message}'


def test_a_version_that_is_no_number_is_refused(cluster: Cluster, path: str) -> None:
    answer = cluster.get(path, watch="true", resourceVersion="x")
    assert answer.failure(500, "")["message"].startswith('resourceVersion: Invalid value: "x"')


def test_a_watch_as_table_tells_the_columns_once(cluster: Cluster, path: str) -> None:
    cluster.post(path, {"metadata": {"name": "two"}}).ok()
    answer = cluster.get(path, accept=TABLE, watch="true", timeoutSeconds=1, fieldSelector=MINE)
    tables = [line["object"] for line in map(_decoded, answer.body.splitlines())]
    assert [bool(table.get("columnDefinitions")) for table in tables] == [True, False]
    assert [table["rows"][0]["cells"][0] for table in tables] == ["one", "two"]


def test_a_watch_of_metadata_alone(cluster: Cluster, path: str) -> None:
    query = {**STREAMED, "allowWatchBookmarks": "true", "timeoutSeconds": 1, "fieldSelector": MINE}
    answer = cluster.get(path, accept=METADATA, watch="true", **query)
    shown = [_decoded(line)["object"] for line in answer.body.splitlines()[:2]]
    assert {entry["kind"] for entry in shown} == {"PartialObjectMetadata"}
    assert {entry["apiVersion"] for entry in shown} == {"meta.k8s.io/v1"}


def _decoded(line: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(line)
    return decoded


@pytest.mark.parametrize("name", ["", "/one"])
def test_the_older_paths_of_watches_work(cluster: Cluster, path: str, name: str) -> None:
    cluster.post(path, {"metadata": {"name": "other", "labels": {"a": "1"}}}).ok()
    older = path.replace("/api/v1/", "/api/v1/watch/") + name
    count = 1 if name else 2
    with cluster.watch(older, labelSelector="a=1", timeout_s=1) as watch:
        assert told(watch, count) == [("ADDED", "one"), ("ADDED", "other")][:count]
        assert watch.next() is None


def test_an_older_path_needs_no_parameter(cluster: Cluster, path: str) -> None:
    older = path.replace("/api/v1/", "/api/v1/watch/")
    answer = cluster.get(older, fieldSelector=MINE, timeoutSeconds=1)
    assert [json.loads(line)["type"] for line in answer.body.splitlines()] == ["ADDED"]


def test_older_paths_are_for_reading(cluster: Cluster, path: str) -> None:
    older = path.replace("/api/v1/", "/api/v1/watch/")
    cluster.post(older, {"metadata": {"name": "two"}}).failure(405, "MethodNotAllowed")


def test_an_older_path_of_no_kind(cluster: Cluster, namespace: str) -> None:
    cluster.get(f"/api/v1/watch/namespaces/{namespace}/nothings").failure(404, "NotFound")


def test_a_watch_from_a_version_that_is_too_old_says_so_and_ends(
    cluster: Cluster, namespace: str
) -> None:
    # Of a kind that is new the server has no changes from before; of others it may still have.
    with defined(cluster) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={})).ok()
        with cluster.watch(custom.at(namespace), resourceVersion="1") as watch:
            event, end = watch.next(), watch.next()
    assert event is not None
    assert end is None
    message = event["object"].pop("message")
    assert message.startswith("too old resource version: 1 (")
    assert event == {
        "type": "ERROR",
        "object": {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": "Expired", "code": 410,
        },
    }  # fmt: skip
