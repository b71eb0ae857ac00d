"""Indexes of live objects: by Application and by owner."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tiphys.kube.live_store import LiveStore, Reading
from tiphys.model.keys import GroupKind, Manifest, ResourceKey, key_of


def store() -> LiveStore:
    def instance(live: Manifest) -> str | None:
        label: str | None = (live["metadata"].get("labels") or {}).get("app")
        return label

    return LiveStore(Reading(tracking=instance, describe=lambda live: b'{"seen":true}'))


def manifest(kind: str, name: str, version: int = 1, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1" if kind in {"Deployment", "ReplicaSet"} else "v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{kind}-{name}",
            "resourceVersion": str(version),
            **metadata,
        },
    }


def owned_by(kind: str, name: str) -> dict[str, Any]:
    uid = f"uid-{kind}-{name}"
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid}
    return {"ownerReferences": [owner]}


def test_children_are_found_by_their_owners_uid() -> None:
    live = store()
    pods = [manifest("Pod", name, **owned_by("ReplicaSet", "web")) for name in ("a", "b")]
    for pod in [*pods, manifest("Pod", "c", **owned_by("ReplicaSet", "other"))]:
        live.put(key_of(pod), pod)

    assert sorted(live.children(["uid-ReplicaSet-web"])) == sorted(map(key_of, pods))


def test_a_child_that_changes_hands_is_found_at_its_new_owner_only() -> None:
    live = store()
    key = ResourceKey("", "Pod", "shop", "a")
    live.put(key, manifest("Pod", "a", **owned_by("ReplicaSet", "old")))
    live.put(key, manifest("Pod", "a", 2, **owned_by("ReplicaSet", "new")))

    assert live.children(["uid-ReplicaSet-old"]) == []
    assert live.children(["uid-ReplicaSet-new"]) == [key]


def test_endpoints_belong_to_the_service_of_their_name() -> None:
    live = store()
    endpoints = manifest("Endpoints", "web")
    live.put(key_of(endpoints), endpoints)

    assert live.children([str(ResourceKey("", "Service", "shop", "web"))]) == [key_of(endpoints)]


def test_what_is_gone_is_in_no_index() -> None:
    live = store()
    pod = manifest("Pod", "a", labels={"app": "shop"}, **owned_by("ReplicaSet", "web"))
    live.put(key_of(pod), pod)
    live.remove(key_of(pod))

    assert live.children(["uid-ReplicaSet-web"]) == []
    assert live.owned_by("shop") == frozenset()


def test_only_what_belongs_to_something_is_described() -> None:
    live = store()
    for found in (manifest("Node", "n"), manifest("Pod", "a", **owned_by("ReplicaSet", "web"))):
        live.put(key_of(found), found)
    nodes = {
        kind: live.get(ResourceKey("", kind, "shop", name))
        for kind, name in (("Node", "n"), ("Pod", "a"))
    }

    assert nodes["Node"] is not None
    assert nodes["Node"].node is None
    assert nodes["Pod"] is not None
    assert nodes["Pod"].node == b'{"seen":true}'


names = st.sampled_from("abcd")
happenings = st.lists(
    st.tuples(names, st.sampled_from(["plain", "ours", "owned", "gone"])), max_size=30
)


@given(happenings, st.integers(0, 30))
def test_indexes_and_the_journal_tell_what_a_scan_tells(
    happening: list[tuple[str, str]], after: int
) -> None:
    live, revision = store(), 0
    before: dict[ResourceKey, str] = {}
    states: dict[ResourceKey, str] = {}
    for version, (name, what) in enumerate(happening):
        if version == after:
            revision, before = live.revision, dict(states)
        metadata = {
            "ours": {"labels": {"app": "shop"}},
            "owned": owned_by("ReplicaSet", "web"),
        }.get(what, {})
        found = manifest("ConfigMap", name, version + 1, **metadata)
        key = key_of(found)
        if what == "gone":
            live.remove(key)
            states.pop(key, None)
        else:
            live.put(key, found)
            states[key] = what

    unclaimed = {key for key, what in states.items() if what == "plain"}
    assert live.unclaimed("shop") == unclaimed
    assert {key for key in states if live.is_unclaimed(key)} == unclaimed
    assert set(live.keys_of(GroupKind("", "ConfigMap"))) == states.keys()
    changed = live.changed_since(revision)
    assert changed is not None
    if after < len(happening):
        everything = states.keys() | before.keys()
        moved = {key for key in everything if states.get(key) != before.get(key)}
        assert moved <= set(changed)
