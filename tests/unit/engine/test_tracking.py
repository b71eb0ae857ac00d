from typing import Any

import pytest

from tiphys.engine.tracking import (
    Tracking,
    TrackingMethod,
    TrackingPolicy,
    app_instance_name,
    app_qualified_name,
    is_self_reference,
    owner_instance,
    parse_tracking_id,
    parse_tracking_method,
    tracking_of,
    with_backfilled_tracking,
    with_tracking,
)
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import INSTALLATION_ID, INSTANCE_LABEL, TRACKING_ID

ANNOTATION = TrackingPolicy()
LABEL = TrackingPolicy(method=TrackingMethod.LABEL)
BOTH = TrackingPolicy(method=TrackingMethod.ANNOTATION_AND_LABEL)
INSTALLED = TrackingPolicy(installation_id="east")


def config_map(name: str = "cm", **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop", **metadata},
    }


def cluster_role(**metadata: Any) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reader", **metadata},
    }


def deployment() -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}}},
    }


def definition() -> Manifest:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.example.com"},
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(config_map(), "app:/ConfigMap:shop/cm", id="core kinds have no group"),
        pytest.param(
            cluster_role(),
            "app:rbac.authorization.k8s.io/ClusterRole:dest/reader",
            id="cluster-scoped objects carry the destination namespace",
        ),
        pytest.param(definition(), None, id="definitions are never marked"),
    ],
)
def test_the_annotation_names_the_application_and_the_resource(
    target: Manifest, expected: str | None
) -> None:
    marked = with_tracking(target, "app", "dest", ANNOTATION)

    assert (marked["metadata"].get("annotations") or {}).get(TRACKING_ID) == expected
    assert "annotations" not in target["metadata"]


def test_a_definition_with_a_namespace_by_mistake_is_marked() -> None:
    target = definition()
    target["metadata"]["namespace"] = "shop"

    assert TRACKING_ID in with_tracking(target, "app", "d", ANNOTATION)["metadata"]["annotations"]


def test_the_label_method_writes_the_whole_name_and_no_annotation() -> None:
    marked = with_tracking(config_map(), "x" * 70, "dest", LABEL)

    assert marked["metadata"]["labels"] == {INSTANCE_LABEL: "x" * 70}
    assert "annotations" not in marked["metadata"]


def test_beside_the_annotation_the_label_is_cut_to_what_labels_may_be() -> None:
    marked = with_tracking(config_map(), "x" * 60 + "---yyy", "dest", BOTH)

    assert marked["metadata"]["labels"] == {INSTANCE_LABEL: "x" * 60}
    assert marked["metadata"]["annotations"][TRACKING_ID].startswith("x" * 60 + "---yyy:")


def test_only_the_historic_label_key_reaches_pods() -> None:
    historic = TrackingPolicy(
        method=TrackingMethod.LABEL, label_key="applications.argoproj.io/app-name"
    )

    old = with_tracking(deployment(), "app", "dest", historic)["spec"]["template"]["metadata"]
    new = with_tracking(deployment(), "app", "dest", LABEL)["spec"]["template"]["metadata"]

    assert old["labels"] == {"app": "web", "applications.argoproj.io/app-name": "app"}
    assert new["labels"] == {"app": "web"}


def test_the_installation_id_is_written_or_taken_out() -> None:
    marked = with_tracking(config_map(), "app", "dest", INSTALLED)

    assert marked["metadata"]["annotations"][INSTALLATION_ID] == "east"
    cleared = with_tracking(marked, "app", "dest", ANNOTATION)
    assert INSTALLATION_ID not in cleared["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "ns_app:apps/Deployment:shop/web",
            Tracking("ns_app", ResourceKey("apps", "Deployment", "shop", "web")),
            id="all parts",
        ),
        pytest.param(
            "app:rbac.authorization.k8s.io/ClusterRole:/system:node",
            Tracking(
                "app", ResourceKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:node")
            ),
            id="names may hold colons",
        ),
        pytest.param("app", None, id="one part is nothing"),
        pytest.param("app:Deployment:shop/web", None, id="the kind needs a group"),
        pytest.param("app:apps/v1/Deployment:shop/web", None, id="a version does not belong there"),
        pytest.param("app:apps/Deployment:web", None, id="the name needs a namespace"),
        pytest.param("", None, id="empty"),
    ],
)
def test_parse_tracking_id(text: str, expected: Tracking | None) -> None:
    assert parse_tracking_id(text) == expected


def test_objects_of_another_installation_are_not_ours() -> None:
    ours = with_tracking(config_map(), "app", "dest", INSTALLED)
    theirs = with_tracking(config_map(), "app", "dest", ANNOTATION)

    assert tracking_of(ours, INSTALLED) is not None
    assert tracking_of(theirs, INSTALLED) is None


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(config_map(), "app", id="a marked object is owned"),
        pytest.param(
            config_map(ownerReferences=[{"uid": "u"}]), None, id="a child belongs to its owner"
        ),
        pytest.param(
            {**config_map(), "kind": "Endpoints"}, None, id="endpoints belong to their service"
        ),
        pytest.param(
            {
                **config_map(
                    annotations={
                        "kubernetes.io/service-account.name": "sa",
                        "kubernetes.io/service-account.uid": "u",
                    }
                ),
                "kind": "Secret",
                "type": "kubernetes.io/service-account-token",
            },
            None,
            id="a token belongs to its service account",
        ),
    ],
)
def test_owner_instance(live: Manifest, expected: str | None) -> None:
    assert owner_instance(with_tracking(live, "app", "dest", ANNOTATION), ANNOTATION) == expected


def test_a_mark_copied_to_another_object_is_recognised() -> None:
    marked = with_tracking(config_map(), "app", "dest", ANNOTATION)
    copy = {**marked, "metadata": {**marked["metadata"], "name": "copy"}}

    assert is_self_reference(marked, None, ANNOTATION, "app")
    assert not is_self_reference(copy, None, ANNOTATION, "app")
    assert is_self_reference(copy, config_map("copy"), ANNOTATION, "app")
    assert is_self_reference(copy, None, LABEL, "app")


def test_a_cluster_scoped_object_refers_to_itself_whatever_namespace_its_mark_has() -> None:
    marked = with_tracking(cluster_role(), "app", "dest", ANNOTATION)

    assert is_self_reference(marked, None, ANNOTATION, "app")


@pytest.mark.parametrize(
    ("labels", "annotations", "is_filled"),
    [
        pytest.param({INSTANCE_LABEL: "app"}, {}, True, id="labelled by us before the switch"),
        pytest.param({INSTANCE_LABEL: "other"}, {}, False, id="labelled by another application"),
        pytest.param({}, {}, False, id="never marked"),
        pytest.param(
            {INSTANCE_LABEL: "app"}, {TRACKING_ID: "x:/A:b/c"}, False, id="marked otherwise"
        ),
    ],
)
def test_backfilled_tracking(
    labels: dict[str, str], annotations: dict[str, str], is_filled: bool
) -> None:
    target = with_tracking(config_map(), "app", "dest", ANNOTATION)
    live = config_map(labels=labels, annotations=annotations)

    filled = with_backfilled_tracking(live, target, ANNOTATION)

    if is_filled:
        assert filled["metadata"]["annotations"] == target["metadata"]["annotations"]
        assert filled["metadata"]["labels"] == {}
    else:
        assert filled is live


def test_instance_names_tell_application_namespaces_apart() -> None:
    assert app_instance_name("web", "argocd", "argocd") == "web"
    assert app_instance_name("web", "team", "argocd") == "team_web"
    assert app_qualified_name("team_web", "argocd") == "team/web"
    assert app_qualified_name("web", "argocd") == "argocd/web"


def test_an_unknown_method_means_annotation() -> None:
    assert parse_tracking_method("label") is TrackingMethod.LABEL
    assert parse_tracking_method("labels") is TrackingMethod.ANNOTATION
