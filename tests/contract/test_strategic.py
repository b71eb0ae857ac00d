"""Strategic merge patch: lists merged by their keys, and its directives.

Source: Kubernetes documentation, "Update API Objects in Place Using kubectl patch"; the design
document "Strategic Merge Patch".
"""

import json
from typing import Any

import pytest

from tests.contract.cluster import STRATEGIC_PATCH, Cluster, at

Json = dict[str, Any]
GENERIC = "the server rejected our request due to an error in our request"


def container(name: str, **more: Any) -> Json:
    return {"name": name, "image": "nginx:1", **more}


@pytest.fixture
def deployment(cluster: Cluster, namespace: str) -> str:
    """The path of a Deployment that is paused, with something of every kind."""
    pod = {
        "containers": [
            container("a", args=["x", "y"], ports=[{"containerPort": 80}, {"containerPort": 443}]),
            container("b", env=[{"name": "ONE", "value": "1"}, {"name": "TWO", "value": "2"}]),
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "nodeSelector": {"disk": "ssd", "zone": "a"},
    }
    manifest = {
        "metadata": {"name": "web", "finalizers": ["example.com/a", "example.com/b"]},
        "spec": {
            "paused": True,
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
        },
    }
    path = at("apps/v1", "deployments", namespace)
    cluster.post(path, manifest).ok()
    return f"{path}/web"


def patched(cluster: Cluster, path: str, pod: Json) -> Json:
    patch = {"spec": {"template": {"spec": pod}}}
    found: Json = cluster.patch(path, patch, STRATEGIC_PATCH).ok()["spec"]["template"]["spec"]
    return found


def names(items: list[Json]) -> list[str]:
    return [item["name"] for item in items]


LISTS: list[tuple[str, list[Json], list[str]]] = [
    ("an item is changed in its place", [container("a", image="nginx:2")], ["a", "b"]),
    ("an item is added in front", [container("c")], ["c", "a", "b"]),
    ("an item is deleted", [{"name": "a", "$patch": "delete"}], ["b"]),
    ("an item that is not there is deleted", [{"name": "z", "$patch": "delete"}], ["a", "b"]),
    ("the list is replaced", [{"$patch": "replace"}, container("c")], ["c"]),
    (
        "some go, some come",
        [{"name": "b", "$patch": "delete"}, container("c"), container("d")],
        ["c", "d", "a"],
    ),
]


@pytest.mark.parametrize(
    ("containers", "expected"), [pytest.param(*row[1:], id=row[0]) for row in LISTS]
)
def test_containers_are_merged_by_name(
    cluster: Cluster, deployment: str, containers: list[Json], expected: list[str]
) -> None:
    assert names(patched(cluster, deployment, {"containers": containers})["containers"]) == expected


def test_what_a_patch_does_not_name_of_an_item_stays(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"containers": [{"name": "a", "image": "nginx:2"}]})
    assert pod["containers"][0]["image"] == "nginx:2"
    assert pod["containers"][0]["args"] == ["x", "y"]


def test_a_list_of_scalars_without_a_strategy_is_replaced(
    cluster: Cluster, deployment: str
) -> None:
    pod = patched(cluster, deployment, {"containers": [{"name": "a", "args": ["z"]}]})
    assert pod["containers"][0]["args"] == ["z"]


def test_nested_lists_are_merged_by_their_own_keys(cluster: Cluster, deployment: str) -> None:
    ports = [{"containerPort": 443, "name": "tls"}, {"containerPort": 8080}]
    env = [{"name": "TWO", "$patch": "delete"}, {"name": "ONE", "value": "one"}]
    pod = patched(
        cluster,
        deployment,
        {"containers": [{"name": "a", "ports": ports}, {"name": "b", "env": env}]},
    )
    first, second = pod["containers"]
    assert [port["containerPort"] for port in first["ports"]] == [80, 443, 8080]
    assert first["ports"][1]["name"] == "tls"
    assert second["env"] == [{"name": "ONE", "value": "one"}]


def test_a_list_without_a_merge_key_is_replaced(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"tolerations": [{"key": "l", "operator": "Exists"}]})
    assert pod["tolerations"] == [{"key": "l", "operator": "Exists"}]


def test_an_order_is_followed(cluster: Cluster, deployment: str) -> None:
    pod = patched(
        cluster,
        deployment,
        {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
            "containers": [container("c")],
        },
    )
    assert names(pod["containers"]) == ["b", "c", "a"]


def test_an_order_alone_sorts(cluster: Cluster, deployment: str) -> None:
    pod = patched(
        cluster, deployment, {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    )
    assert names(pod["containers"]) == ["b", "a"]


def test_what_an_order_does_not_name_keeps_its_place(cluster: Cluster, deployment: str) -> None:
    patched(cluster, deployment, {"containers": [container("c")]})
    pod = patched(
        cluster,
        deployment,
        {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "b", "image": "nginx:2"}],
        },
    )
    assert names(pod["containers"]) == ["c", "b", "a"]


def test_an_order_that_contradicts_its_list_is_refused(cluster: Cluster, deployment: str) -> None:
    pod = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
        "containers": [container("a"), container("b")],
    }
    patch = {"spec": {"template": {"spec": pod}}}
    cluster.patch(deployment, patch, STRATEGIC_PATCH).failure(500, "")


def test_keys_that_are_not_retained_go(cluster: Cluster, deployment: str) -> None:
    cluster.patch(
        deployment,
        {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}},
        STRATEGIC_PATCH,
    ).ok()
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    strategy = cluster.patch(deployment, patch, STRATEGIC_PATCH).ok()["spec"]["strategy"]
    assert strategy == {"type": "Recreate"}


def test_a_volume_changes_its_source_by_retained_keys(cluster: Cluster, deployment: str) -> None:
    volume = {"name": "data", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}
    pod = patched(cluster, deployment, {"volumes": [volume]})
    assert pod["volumes"] == [{"name": "data", "configMap": {"name": "c", "defaultMode": 420}}]


def test_retained_keys_must_name_what_is_set(cluster: Cluster, deployment: str) -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "Recreate"}}}
    status = cluster.patch(deployment, patch, STRATEGIC_PATCH).failure(400, "BadRequest")
    assert status["message"] == "invalid patch format of retainKeys"


def test_a_map_is_replaced(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"nodeSelector": {"$patch": "replace", "a": "b"}})
    assert pod["nodeSelector"] == {"a": "b"}


def test_a_null_removes_a_field(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"nodeSelector": {"disk": None}, "tolerations": None})
    assert pod["nodeSelector"] == {"zone": "a"}
    assert "tolerations" not in pod


def test_scalars_are_merged_into_a_list_of_scalars(cluster: Cluster, deployment: str) -> None:
    patch = {"metadata": {"finalizers": ["example.com/c"]}}
    found = cluster.patch(deployment, patch, STRATEGIC_PATCH).ok()["metadata"]["finalizers"]
    assert sorted(found) == ["example.com/a", "example.com/b", "example.com/c"]


def test_scalars_are_deleted_from_a_list(cluster: Cluster, deployment: str) -> None:
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    found = cluster.patch(deployment, patch, STRATEGIC_PATCH).ok()["metadata"]["finalizers"]
    assert found == ["example.com/b"]


def test_a_list_cannot_be_replaced_by_nothing(cluster: Cluster, deployment: str) -> None:
    # An item with the directive stands for it alone, whatever else it says.
    pod = {"containers": [{"$patch": "replace", **container("a")}]}
    patch = {"spec": {"template": {"spec": pod}}}
    cluster.patch(deployment, patch, STRATEGIC_PATCH).failure(422, "Invalid")


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param({"containers": [{"image": "x"}]}, id="an item has no key"),
        pytest.param({"nodeSelector": {"$patch": "destroy"}}, id="the directive is unknown"),
        pytest.param({"containers": [{"name": "a", "$patch": "merge"}]}, id="a list says merge"),
    ],
)
def test_a_malformed_patch_is_refused(cluster: Cluster, deployment: str, pod: Json) -> None:
    before = cluster.get(deployment).ok()["spec"]
    patch = {"spec": {"template": {"spec": pod}}}
    cluster.patch(deployment, patch, STRATEGIC_PATCH).failure(500, "")
    assert cluster.get(deployment).ok()["spec"] == before


def test_a_patch_that_changes_nothing_keeps_the_version(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "services", namespace)
    port = {"port": 80, "name": "web"}
    made = cluster.post(path, {"metadata": {"name": "one"}, "spec": {"ports": [port]}}).ok()
    patch = {"spec": {"ports": [{"port": 80, "name": "web"}]}}
    assert cluster.patch(f"{path}/one", patch, STRATEGIC_PATCH).ok() == made


def test_a_map_is_deleted_by_a_directive(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"nodeSelector": {"$patch": "delete"}})
    assert "nodeSelector" not in pod


def test_a_map_is_replaced_by_a_directive(cluster: Cluster, deployment: str) -> None:
    pod = patched(cluster, deployment, {"nodeSelector": {"$patch": "replace", "a": "b"}})
    assert pod["nodeSelector"] == {"a": "b"}


LEFT: list[tuple[str, Json, list[str]]] = [
    (
        "below a new item",
        {"containers": [container("c", env=[{"name": "X", "$patch": "delete"}])]},
        ["containers[0].env[0].$patch"],
    ),
    (
        "of an order below a new item",
        {"containers": [container("c", **{"$setElementOrder/env": [{"name": "X"}]})]},
        ["containers[0].$setElementOrder/env"],
    ),
    (
        "below a list that is replaced",
        {
            "containers": [
                {"$patch": "replace"},
                container("c", securityContext={"$patch": "delete"}),
            ]
        },
        ["containers[0].securityContext.$patch"],
    ),
    (
        "of retained keys of a new item",
        {"volumes": [{"name": "new", "$retainKeys": ["name"], "emptyDir": {}}]},
        ["volumes[0].$retainKeys"],
    ),
]


@pytest.mark.parametrize(("pod", "fields"), [pytest.param(*row[1:], id=row[0]) for row in LEFT])
def test_a_directive_that_is_not_carried_out_is_an_unknown_field(
    cluster: Cluster, deployment: str, pod: Json, fields: list[str]
) -> None:
    patch = {"spec": {"template": {"spec": pod}}}
    told = [f'unknown field "spec.template.spec.{field}"' for field in fields]
    strict = cluster.patch(deployment, patch, STRATEGIC_PATCH, fieldValidation="Strict")
    warned = cluster.patch(deployment, patch, STRATEGIC_PATCH)

    assert strict.failure(422, "Invalid")["message"].endswith(
        f"strict decoding error: {', '.join(told)}"
    )
    assert list(warned.warnings) == told
    assert "$" not in json.dumps(warned.ok()["spec"])


def test_a_refused_patch_is_shown_without_what_was_carried_out(
    cluster: Cluster, deployment: str
) -> None:
    pod = {"$patch": "replace", "containers": [container("c", **{"$patch": "replace"})]}
    patch = {"spec": {"template": {"spec": pod}}}
    answer = cluster.patch(deployment, patch, STRATEGIC_PATCH, fieldValidation="Strict")
    container_shown = "map[$patch:replace image:nginx:1 name:c]"
    shown = f"map[spec:map[template:map[spec:map[containers:[{container_shown}]]]]]"
    assert f'Invalid value: "{shown}": ' in answer.failure(422, "Invalid")["message"]
