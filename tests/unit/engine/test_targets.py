from typing import Any

import pytest

from tiphys.engine.targets import Targets, normalise_targets
from tiphys.model.keys import GroupKind, Manifest, key_of

SCOPES = {
    GroupKind("", "ConfigMap"): True,
    GroupKind("", "Namespace"): False,
    GroupKind("apps", "Deployment"): True,
}


def manifest(name: str = "cm", kind: str = "ConfigMap", **more: Any) -> Manifest:
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def normalised(*manifests: Manifest, namespace: str = "dest") -> Targets:
    return normalise_targets(manifests, namespace, SCOPES.get, lambda kind: kind.kind == "Event")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(manifest(), "dest", id="a namespaced kind gets the destination"),
        pytest.param(manifest(metadata={"namespace": "own"}), "own", id="its own is kept"),
        pytest.param(
            manifest(kind="Namespace", metadata={"namespace": "own"}),
            "",
            id="a cluster-scoped kind loses it",
        ),
        pytest.param(manifest(kind="Boat"), "dest", id="a kind nobody knows is namespaced"),
    ],
)
def test_namespaces_are_settled(given: Manifest, expected: str) -> None:
    assert key_of(normalised(given).manifests[0]).namespace == expected


def test_a_definition_among_the_targets_tells_the_scope_of_its_kind() -> None:
    definition = manifest(
        "boats.example.com",
        "CustomResourceDefinition",
        spec={"group": "example.com", "scope": "Cluster", "names": {"kind": "Boat"}},
    )
    boat = {**manifest("argo", "Boat"), "apiVersion": "example.com/v1"}

    assert key_of(normalised(boat, definition).manifests[0]).namespace == ""


def test_the_last_of_several_with_one_key_is_kept() -> None:
    first, other, last = manifest(data={"n": "1"}), manifest("x"), manifest(data={"n": "2"})

    found = normalised(first, other, last, manifest(metadata={"namespace": "dest"}))

    assert [key_of(target).name for target in found.manifests] == ["x", "cm"]
    assert "data" not in found.manifests[1]
    assert [condition.message for condition in found.conditions] == [
        "Resource /ConfigMap/dest/cm appeared 3 times among application resources."
    ]


def test_objects_without_a_name_are_never_the_same() -> None:
    hook = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "h-"}}

    found = normalised(hook, dict(hook))

    assert len(found.manifests) == 2
    assert found.conditions == ()


def test_excluded_kinds_are_left_out_with_a_warning() -> None:
    found = normalised(manifest("e", "Event"), manifest())

    assert [key_of(target).kind for target in found.manifests] == ["ConfigMap"]
    assert found.conditions[0].type == "ExcludedResourceWarning"
    assert found.conditions[0].message == "Resource /Event e is excluded in the settings"


def test_a_namespaced_object_without_any_namespace_is_an_invalid_spec() -> None:
    found = normalised(manifest(), namespace="")

    assert found.conditions[0].type == "InvalidSpecError"
    assert found.conditions[0].message == "Namespace for cm /v1, Kind=ConfigMap is missing."


def test_empty_documents_are_dropped_and_inputs_left_alone() -> None:
    given = manifest()

    assert len(normalised({}, given).manifests) == 1
    assert "namespace" not in given["metadata"]
