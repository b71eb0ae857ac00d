"""Output: tables, metadata alone, and what a client accepts.

Source: Kubernetes API concepts, "Receiving resources as Tables", "Metadata-only fetches".
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster, at

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
COLUMNS = {
    "v1/configmaps": "Name Data Age",
    "v1/secrets": "Name Type Data Age",
    "v1/pods": "Name Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*",
    "v1/services": "Name Type Cluster-IP External-IP Port(s) Age Selector*",
    "apps/v1/deployments": "Name Ready Up-to-date Available Age Containers* Images* Selector*",
    "apps/v1/statefulsets": "Name Ready Age Containers* Images*",
    "apps/v1/replicasets": "Name Desired Current Ready Age Containers* Images* Selector*",
    "apps/v1/daemonsets": (
        "Name Desired Current Ready Up-to-date Available Node_Selector Age Containers* Images* "
        "Selector*"
    ),
    "batch/v1/jobs": "Name Status Completions Duration Age Containers* Images* Selector*",
    "batch/v1/cronjobs": (
        "Name Schedule Timezone Suspend Active Last_Schedule Age Containers* Images* Selector*"
    ),
    "networking.k8s.io/v1/ingresses": "Name Class Hosts Address Ports Age",
    "v1/persistentvolumeclaims": (
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age "
        "VolumeMode*"
    ),
}


@pytest.fixture
def path(cluster: Cluster, namespace: str) -> str:
    """The path of an object with one entry of data."""
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one"}, "data": {"a": "1"}}).ok()
    return f"{path}/one"


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_columns_of_a_kind(cluster: Cluster, namespace: str, kind: str) -> None:
    api_version, _, plural = kind.rpartition("/")
    table = cluster.get(at(api_version, plural, namespace), accept=TABLE).ok()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    titles = [
        column["name"].replace(" ", "_") + ("*" if column["priority"] else "")
        for column in table["columnDefinitions"]
    ]
    assert " ".join(titles) == COLUMNS[kind]
    assert table["columnDefinitions"][0]["format"] == "name"


def test_a_row_has_a_cell_for_each_column(cluster: Cluster, path: str) -> None:
    table = cluster.get(path, accept=TABLE).ok()
    [row] = table["rows"]
    assert row["cells"][:2] == ["one", 1]
    assert len(row["cells"]) == len(table["columnDefinitions"])


@pytest.mark.parametrize(
    ("include", "kind"),
    [
        ("None", None),
        ("Metadata", "PartialObjectMetadata"),
        ("", "PartialObjectMetadata"),
        ("Object", "ConfigMap"),
    ],
)
def test_a_row_carries_its_object(
    cluster: Cluster, path: str, include: str, kind: str | None
) -> None:
    query = {"includeObject": include} if include else {}
    [row] = cluster.get(path, accept=TABLE, **query).ok()["rows"]
    assert (row.get("object") or {}).get("kind") == kind


def test_an_unknown_choice_of_the_object_is_refused(cluster: Cluster, path: str) -> None:
    answer = cluster.get(path, accept=TABLE, includeObject="Odd")
    assert answer.failure(400, "BadRequest")["message"] == (
        "Unable to convert to Table as requested: includeObject: Invalid value: "
        "\"Odd\": must be 'Metadata', 'Object', 'None', or empty"
    )


def test_metadata_alone(cluster: Cluster, path: str) -> None:
    shown = cluster.get(path, accept=METADATA).ok()
    assert (shown["kind"], shown["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert shown["metadata"]["name"] == "one"
    assert set(shown) == {"kind", "apiVersion", "metadata"}


def test_a_list_of_metadata_alone(cluster: Cluster, path: str) -> None:
    listed = cluster.get(path.removesuffix("/one"), accept=METADATA_LIST).ok()
    assert listed["kind"] == "PartialObjectMetadataList"
    assert listed["apiVersion"] == "meta.k8s.io/v1"
    assert listed["metadata"]["resourceVersion"]
    for item in listed["items"]:
        assert (item["kind"], item["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")


@pytest.mark.parametrize(
    ("tail", "accept", "message"),
    [
        pytest.param(
            "",
            METADATA_LIST,
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            "(*core.ConfigMap)",
            id="a list of one object",
        ),
        pytest.param(
            "list",
            METADATA,
            "you requested PartialObjectMetadata, but the requested object is a list "
            "(*core.ConfigMapList)",
            id="one object of a list",
        ),
    ],
)
def test_metadata_of_something_else(
    cluster: Cluster, path: str, tail: str, accept: str, message: str
) -> None:
    answer = cluster.get(path.removesuffix("/one") if tail else path, accept=accept)
    assert answer.failure(406, "NotAcceptable")["message"] == message


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/*"])
def test_what_cannot_be_answered_is_not_acceptable(
    cluster: Cluster, path: str, accept: str
) -> None:
    status = cluster.get(path, accept=accept).failure(406, "NotAcceptable")
    start = "406: Not Acceptable\n\nAvailable representations: application/json"
    assert status["message"].startswith(start)
    assert status["details"] == {}


def test_a_form_that_nobody_knows_is_not_acceptable(cluster: Cluster, path: str) -> None:
    accept = "application/json;as=Nonsense;v=v1;g=meta.k8s.io"
    status = cluster.get(path, accept=accept).failure(406, "NotAcceptable")
    assert status["message"].startswith("only the following media types are accepted: ")


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "text/html,*/*",
        "application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json",
        "application/json;pretty=1",
    ],
)
def test_the_first_form_that_there_is_is_taken(cluster: Cluster, path: str, accept: str) -> None:
    assert cluster.get(path, accept=accept).ok()["kind"] == "ConfigMap"


def test_what_is_not_acceptable_is_not_made(cluster: Cluster, path: str) -> None:
    collection = path.removesuffix("/one")
    body: dict[str, Any] = {"metadata": {"name": "two"}}
    cluster.call("POST", collection, body, accept="text/html").failure(406, "NotAcceptable")
    assert cluster.get(f"{collection}/two").code == 404


def test_a_failure_is_a_status_though_a_table_is_asked_for(cluster: Cluster, path: str) -> None:
    cluster.get(path + "-not", accept=TABLE).failure(404, "NotFound")
