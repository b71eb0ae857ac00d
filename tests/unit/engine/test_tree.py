from typing import Any

import pytest

from tiphys.engine.tree import (
    OwnerReference,
    app_summary,
    children_index,
    claim_owner,
    descendants,
    images_of,
    networking_info,
    owners_of,
)
from tiphys.model.keys import Manifest, ResourceKey, key_of


def manifest(kind: str = "Pod", name: str = "web", api: str = "v1", **more: Any) -> Manifest:
    metadata = {"name": name, "namespace": "shop", **more.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def key(kind: str, name: str, group: str = "") -> ResourceKey:
    return ResourceKey(group, kind, "shop", name)


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(
            manifest(
                metadata={
                    "ownerReferences": [
                        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u"}
                    ]
                }
            ),
            (OwnerReference(key("ReplicaSet", "rs", "apps"), "u"),),
            id="owners are named",
        ),
        pytest.param(
            manifest("Endpoints"),
            (OwnerReference(key("Service", "web")),),
            id="endpoints belong to the service of their name",
        ),
        pytest.param(
            manifest(
                "Secret",
                type="kubernetes.io/service-account-token",
                metadata={
                    "annotations": {
                        "kubernetes.io/service-account.name": "sa",
                        "kubernetes.io/service-account.uid": "u",
                    }
                },
            ),
            (OwnerReference(key("ServiceAccount", "sa"), "u"),),
            id="tokens belong to their service account",
        ),
        pytest.param(manifest("Secret"), (), id="other secrets are roots"),
    ],
)
def test_owners_of(live: Manifest, expected: tuple[OwnerReference, ...]) -> None:
    assert owners_of(live) == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [("data-db-0", "db"), ("data-db-12", "db"), ("data-db", None), ("logs-db-0", None)],
)
def test_claims_belong_to_the_stateful_set_that_named_them(
    claim: str, expected: str | None
) -> None:
    sets = [(key("StatefulSet", "db", "apps"), ["data"])]

    found = claim_owner(key("PersistentVolumeClaim", claim), sets)

    assert (found.key.name if found else None) == expected


def test_children_follow_uids_not_names() -> None:
    pod, stray = key("Pod", "a"), key("Pod", "b")
    replica_set = key("ReplicaSet", "rs", "apps")
    owners = {
        pod: [OwnerReference(replica_set, "new")],
        stray: [OwnerReference(replica_set, "gone")],
    }

    assert children_index(owners, {"new": replica_set}) == {replica_set: [pod]}


def test_descendants_know_their_parents_and_cycles_end() -> None:
    a, b, c = key("A", "a"), key("B", "b"), key("C", "c")
    children = {a: [b], b: [c], c: [b]}

    assert descendants([a], lambda owner: children.get(owner, [])) == {b: (a, c), c: (b,)}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(("spec",), id="a pod"),
        pytest.param(("spec", "template", "spec"), id="a workload"),
        pytest.param(("spec", "jobTemplate", "spec", "template", "spec"), id="a cron job"),
    ],
)
def test_images_of(path: tuple[str, ...]) -> None:
    spec: Any = {
        "containers": [{"image": "b:1"}, {"image": "a:1"}, {"image": "b:1"}],
        "initContainers": [{"image": "c:1"}, {"name": "no image"}],
    }
    for step in reversed(path):
        spec = {step: spec}

    assert images_of(spec) == ("a:1", "b:1", "c:1")


def test_an_ingress_shows_its_urls_and_services() -> None:
    paths = [
        {"path": "/", "backend": {"service": {"name": "web"}}},
        {"path": "/api/*", "backend": {"service": {"name": "api"}}},
    ]
    live = manifest(
        "Ingress",
        api="networking.k8s.io/v1",
        metadata={"annotations": {"link.argocd.argoproj.io/docs": "https://docs"}},
        spec={
            "tls": [{"hosts": ["safe.example.com"]}],
            "rules": [
                {"host": "safe.example.com", "http": {"paths": paths}},
                {"http": {"paths": paths[:1]}},
            ],
        },
        status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    )

    info = networking_info(live)

    assert info.external_urls == (
        "http://192.0.2.1/",
        "https://docs",
        "https://safe.example.com/",
        "https://safe.example.com/api",
    )
    assert info.target_refs == (key("Service", "api"), key("Service", "web"))
    assert info.ingress == ({"ip": "192.0.2.1"},)


def test_a_service_shows_whom_it_selects() -> None:
    live = manifest("Service", spec={"selector": {"app": "web"}})

    assert networking_info(live).target_labels == {"app": "web"}


def test_the_summary_gathers_what_the_tree_has() -> None:
    child = key_of(manifest("Application", "child", "argoproj.io/v1alpha1"))
    annotations = {"link.argocd.argoproj.io/x": "https://b", "other": "https://no"}

    found = app_summary(annotations, ["https://c", "https://a"], ["i:2", "i:1", "i:2"], [child])

    assert found.external_urls == ("https://a", "https://b", "https://c")
    assert found.images == ("i:1", "i:2")
    assert found.is_app_of_apps
    assert not app_summary({}, [], [], [key("Pod", "x")]).is_app_of_apps
