"""Comparing an Application again: what stands is taken over, and tells what a fresh look tells."""

import asyncio
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tiphys.delivery.applications import decode_application, decode_project
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.compare import Compared, Comparer
from tiphys.delivery.installation import Collections, Installation
from tiphys.delivery.targets import Target, TargetSet
from tiphys.engine.diff.digest import target_digest
from tiphys.engine.tracking import owner_instance
from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.kube.discovery import Discovery
from tiphys.kube.informer import Informer
from tiphys.kube.live_cache import LiveCache
from tiphys.kube.live_store import Reading
from tiphys.kube.transport import Transport
from tiphys.languages.interpreters import Interpreters
from tiphys.model.cluster import IN_CLUSTER
from tiphys.model.encoding import kept_json
from tiphys.model.keys import GroupVersionKind, Manifest, gvk_of, key_of

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
APP = decode_application(
    {
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"destination": {"server": IN_CLUSTER.server, "namespace": "shop"}},
    }
)
EVERYTHING = [{"group": "*", "kind": "*"}]
PROJECT = decode_project(
    {
        "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": EVERYTHING,
            "orphanedResources": {"warn": True, "ignore": [{"name": "e"}]},
        },
    }
)


class Street:
    """An Application, its targets, and a live cache that nobody feeds but the test."""

    def __init__(self) -> None:
        transport = Transport(ClusterConfig(server="https://nowhere.example"))
        client = KubeClient(transport, Discovery(transport))
        nothing = Informer(client, CONFIG_MAP)
        collections = Collections(
            applications=nothing, projects=nothing, secrets=nothing, config_maps=nothing
        )
        installation = Installation("argocd", collections, {}, Interpreters())
        self.installation = installation
        self.comparer = Comparer(installation)
        self.cache = LiveCache(
            client,
            is_excluded=lambda _: False,
            reading=Reading(tracking=lambda live: owner_instance(live, installation.tracking)),
        )

        async def close() -> None: ...

        self.cluster = OpenCluster(record=IN_CLUSTER, client=client, cache=self.cache, close=close)
        self.version = 0

    def compare(self, targets: TargetSet, previous: Compared | None = None) -> Compared:
        return asyncio.run(self.comparer.compare(APP, PROJECT, self.cluster, targets, previous))

    def compare_afresh(self, targets: TargetSet) -> Compared:
        """Compare as a process does that has just started."""
        comparer = Comparer(self.installation)
        return asyncio.run(comparer.compare(APP, PROJECT, self.cluster, targets))

    def write(self, name: str, value: str, **metadata: Any) -> None:
        """Let a watch report that an object is there."""
        self.version += 1
        # Nobody can be asked for what is known by name only.
        self.cache._store.pin(key_of(manifest(name, value)))
        live = manifest(name, value, uid=f"u-{name}", **metadata)
        live["metadata"]["resourceVersion"] = str(self.version)
        self.cache.take(CONFIG_MAP.group_kind, "MODIFIED", live)

    def delete(self, name: str) -> None:
        self.cache.forget(key_of(manifest(name, "")), f"u-{name}")


def manifest(name: str, value: str, *, marked: bool = True, **metadata: Any) -> Manifest:
    mark = {"argocd.argoproj.io/tracking-id": f"shop:/ConfigMap:shop/{name}"} if marked else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop", "annotations": mark, **metadata},
        "data": {"key": value},
    }


def targets_of(values: dict[str, str]) -> TargetSet:
    made = [manifest(name, value) for name, value in values.items()]
    targets = tuple(
        Target(
            key=key_of(one),
            gvk=gvk_of(one),
            body=kept_json(one),
            digest=target_digest(one),
            wave=0,
            is_hook=False,
            is_skipped=False,
            images=(),
        )
        for one in made
    )
    digests = tuple(target.digest for target in targets)
    return TargetSet(
        revisions=("a" * 40,),
        source_types=(),
        targets=targets,
        conditions=(),
        digests=digests,
        identity=digests,
    )


def told(compared: Compared) -> tuple[object, ...]:
    return (
        compared.sync,
        compared.health,
        compared.resources,
        compared.conditions,
        compared.comparisons,
        compared.images,
        list(compared.judged),
    )


names = st.sampled_from("abcde")
values = st.sampled_from(["one", "two"])
changes = st.one_of(
    st.tuples(st.just("write"), names, values, st.booleans()),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("commit"), st.dictionaries(names, values, max_size=4)),
    st.tuples(st.just("look")),
)


@given(st.lists(changes, max_size=25))
def test_a_look_that_takes_over_what_stands_tells_what_a_fresh_look_tells(
    happening: list[tuple[Any, ...]],
) -> None:
    street = Street()
    targets = targets_of({"a": "one", "b": "two"})
    last = street.compare(targets)
    for what, *given_ in [*happening, ("look",)]:
        if what == "write":
            name, value, marked = given_
            street.write(name, value, marked=marked)
        elif what == "delete":
            street.delete(given_[0])
        elif what == "commit":
            targets = targets_of(given_[0])
        else:
            last = street.compare(targets, last)
            assert told(last) == told(street.compare_afresh(targets))


def test_what_changed_is_judged_and_nothing_else() -> None:
    street = Street()
    wanted = {f"object-{n}": "one" for n in range(50)}
    for name in wanted:
        street.write(name, "one")
    targets = targets_of(wanted)
    first = street.compare(targets)
    street.write("object-7", "edited")

    second = street.compare(targets, first)

    judged_anew = [key.name for key in second.judged if second.judged[key] is not first.judged[key]]
    assert judged_anew == ["object-7"]
    assert [row.name for row in second.resources if row.status != "Synced"] == ["object-7"]


def test_an_edit_that_changes_nothing_we_look_at_keeps_every_row() -> None:
    street = Street()
    street.write("a", "one")
    targets = targets_of({"a": "one"})
    first = street.compare(targets)
    street.write("a", "one", labels={"someone": "else"})

    second = street.compare(targets, first)

    assert second.resources is first.resources
    assert second.seen.revision > first.seen.revision


def test_another_application_that_claims_an_object_is_seen_at_once() -> None:
    street = Street()
    street.write("a", "one")
    targets = targets_of({"a": "one"})
    first = street.compare(targets)
    mark = {"argocd.argoproj.io/tracking-id": "other:/ConfigMap:shop/a"}
    street.write("a", "one", annotations=mark, marked=False)

    second = street.compare(targets, first)

    assert [condition.type for condition in second.conditions] == ["SharedResourceWarning"]
    assert msgspec.structs.asdict(second)["sync"] == "OutOfSync"
