"""Lists: selectors, pages, versions.

Source: Kubernetes documentation, "Labels and Selectors", "Field Selectors"; API concepts,
"Retrieving large results sets in chunks", "Resource versions".
"""

import base64
import json
from typing import Any

import pytest

from tests.contract.cluster import Answer, Cluster, at
from tests.e2e.api import eventually

MINE = "metadata.name!=kube-root-ca.crt"
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def names(answer: Answer) -> list[str]:
    return [item["metadata"]["name"] for item in answer.ok()["items"]]


@pytest.fixture
def numbered(cluster: Cluster, namespace: str) -> str:
    """The path of a collection with c0 to c3, labelled n=0 to n=3, the even ones even too."""
    path = at("v1", "configmaps", namespace)
    for number in range(4):
        labels = {"n": str(number), **({"even": ""} if number % 2 == 0 else {})}
        cluster.post(path, {"metadata": {"name": f"c{number}", "labels": labels}}).ok()
    return path


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("n=1", "1"),
        ("n==1", "1"),
        ("n!=1", "023"),
        ("n in (1,2)", "12"),
        ("n in ( 1 , 2 )", "12"),
        ("n notin (1,2)", "03"),
        ("even", "02"),
        ("!even", "13"),
        ("even=", "02"),
        ("even in ()", "02"),
        ("absent!=1", "0123"),
        ("absent notin (1)", "0123"),
        ("n>1", "23"),
        ("n<2", "01"),
        ("n in (1,2),even", "2"),
        (" n = 1 ", "1"),
        ("in=1", ""),
    ],
)
def test_a_label_selector_chooses(
    cluster: Cluster, numbered: str, selector: str, numbers: str
) -> None:
    found = names(cluster.get(numbered, labelSelector=selector, fieldSelector=MINE))
    assert found == [f"c{number}" for number in numbers]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a=1,", "found '', expected: identifier after ','"),
        (",a=1", "found ',', expected: !, identifier, or 'end of string'"),
        ("a=1,,b=2", "found ',', expected: identifier after ','"),
        ("(a=1)", "found '(', expected: !, identifier, or 'end of string'"),
        ("!a=1", "found '=', expected: ',' or 'end of string'"),
        ("a in 1", "unable to parse requirement: found '1' expected: '('"),
        ("a in (1", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a>=1", "unable to parse requirement: found '=', expected: identifier"),
        ("a=-", f'unable to parse requirement: values[0][a]: Invalid value: "-": {VALUE}'),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
            "operators, the value must be an integer",
        ),
    ],
)
@pytest.mark.parametrize("way", ["list", "watch", "deletecollection"])
def test_a_malformed_label_selector_is_refused(
    cluster: Cluster, namespace: str, way: str, selector: str, message: str
) -> None:
    path = at("v1", "configmaps", namespace)
    method = "DELETE" if way == "deletecollection" else "GET"
    query: dict[str, Any] = {"watch": "true", "timeoutSeconds": 1} if way == "watch" else {}
    answer = cluster.call(method, path, labelSelector=selector, **query)
    assert answer.failure(400, "BadRequest")["message"] == message


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("metadata.name=c1", "1"),
        ("metadata.name==c1", "1"),
        (f"metadata.name!=c1,{MINE}", "023"),
        ("metadata.name=c1,metadata.name=c2", ""),
        ("metadata.name=a\\,b", ""),
        ("metadata.namespace=elsewhere", ""),
    ],
)
def test_a_field_selector_chooses(
    cluster: Cluster, numbered: str, selector: str, numbers: str
) -> None:
    found = names(cluster.get(numbered, fieldSelector=selector))
    assert found == [f"c{number}" for number in numbers]


@pytest.mark.parametrize(
    ("api_version", "plural", "field"),
    [
        ("v1", "pods", "spec.nodeName"),
        ("v1", "pods", "status.phase"),
        ("v1", "pods", "spec.serviceAccountName"),
        ("v1", "secrets", "type"),
        ("v1", "services", "spec.clusterIP"),
        ("v1", "events", "involvedObject.kind"),
        ("v1", "events", "reason"),
        ("v1", "replicationcontrollers", "status.replicas"),
        ("batch/v1", "jobs", "status.successful"),
    ],
)
def test_a_field_that_is_indexed_can_be_selected_by(
    cluster: Cluster, namespace: str, api_version: str, plural: str, field: str
) -> None:
    path = at(api_version, plural, namespace)
    assert cluster.get(path, fieldSelector=f"{field}=nonsense").ok()["items"] == []


@pytest.mark.parametrize(
    ("api_version", "plural", "message"),
    [
        ("v1", "pods", "field label not supported: x.y"),
        ("v1", "secrets", "field label not supported: x.y"),
        ("batch/v1", "jobs", 'field label "x.y" not supported for Job'),
        (
            "apps/v1",
            "deployments",
            '"x.y" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_a_field_that_is_not_indexed_is_refused(
    cluster: Cluster, namespace: str, api_version: str, plural: str, message: str
) -> None:
    answer = cluster.get(at(api_version, plural, namespace), fieldSelector="x.y=1")
    assert answer.failure(400, "BadRequest")["message"] == message


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b"),
    ],
)
def test_a_malformed_field_selector_is_refused(
    cluster: Cluster, namespace: str, selector: str, message: str
) -> None:
    answer = cluster.get(at("v1", "configmaps", namespace), fieldSelector=selector)
    assert answer.failure(400, "BadRequest")["message"] == message


def test_pods_are_selected_by_their_node(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "pods", namespace)
    spec = {"containers": [{"name": "c", "image": "example/none:1"}], "nodeName": "far-away"}
    pod = {"metadata": {"name": "p"}, "spec": spec}
    cluster.post(at("v1", "serviceaccounts", namespace), {"metadata": {"name": "default"}})
    cluster.post(path, pod).ok()
    assert names(cluster.get(path, fieldSelector="spec.nodeName=far-away")) == ["p"]
    assert names(cluster.get(path, fieldSelector="spec.nodeName!=far-away")) == []


def test_an_empty_list_has_items(cluster: Cluster, namespace: str) -> None:
    listed = cluster.get(at("apps/v1", "deployments", namespace)).ok()
    assert listed["items"] == []
    assert (listed["kind"], listed["apiVersion"]) == ("DeploymentList", "apps/v1")
    assert set(listed["metadata"]) == {"resourceVersion"}


def test_items_of_a_built_in_kind_do_not_say_their_kind(cluster: Cluster, numbered: str) -> None:
    for item in cluster.get(numbered, labelSelector="n").ok()["items"]:
        assert not {"kind", "apiVersion"} & set(item)


def test_a_namespace_comes_after_those_that_go_on_with_a_dash(
    cluster: Cluster, namespace: str
) -> None:
    other, labels = f"{namespace}-b", {"of": namespace}
    cluster.post("/api/v1/namespaces", {"metadata": {"name": other}}).ok()
    for where, name in ((namespace, "a"), (other, "a"), (namespace, "a.b"), (namespace, "a-b")):
        manifest = {"metadata": {"name": name, "labels": labels}}
        cluster.post(f"/api/v1/namespaces/{where}/configmaps", manifest).ok()

    items = cluster.get("/api/v1/configmaps", labelSelector=f"of={namespace}").ok()["items"]
    pages, _ = page(cluster, "/api/v1/configmaps", labelSelector=f"of={namespace}", limit=2)

    found = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items]
    assert found == [(other, "a"), *((namespace, name) for name in ("a", "a-b", "a.b"))]
    assert pages == ["a", "a"]
    everything = cluster.get("/api/v1/configmaps").ok()["items"]
    keys = [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in everything]
    assert keys == sorted(keys)
    cluster.delete(f"/api/v1/namespaces/{other}").ok()


def page(cluster: Cluster, path: str, **query: Any) -> tuple[list[str], dict[str, Any]]:
    answer = cluster.get(path, **query)
    return names(answer), answer.json["metadata"]


def test_pages_are_of_one_state_of_the_collection(cluster: Cluster, numbered: str) -> None:
    query: dict[str, Any] = {"limit": 2, "labelSelector": "n"}
    first, metadata = page(cluster, numbered, **query)
    labels = {"n": "9"}
    cluster.post(numbered, {"metadata": {"name": "c2a", "labels": labels}}).ok()
    cluster.patch(f"{numbered}/c2", {"data": {"changed": "yes"}}).ok()
    cluster.delete(f"{numbered}/c3").ok()

    answer = cluster.get(numbered, **query, **{"continue": metadata["continue"]})

    assert (first, names(answer)) == (["c0", "c1"], ["c2", "c3"])
    assert answer.json["metadata"]["resourceVersion"] == metadata["resourceVersion"]
    assert "data" not in answer.json["items"][0]


def test_what_remains_is_counted_only_without_a_selector(cluster: Cluster, numbered: str) -> None:
    total = len(names(cluster.get(numbered)))
    found, metadata = page(cluster, numbered, limit=1)
    assert metadata["remainingItemCount"] == total - 1
    assert found == ["c0"]
    _, metadata = page(cluster, numbered, limit=1, labelSelector="n")
    assert "remainingItemCount" not in metadata
    assert metadata["continue"]


def test_a_continue_token_may_ask_for_all_that_is_left(cluster: Cluster, numbered: str) -> None:
    query = {"labelSelector": "n"}
    _, metadata = page(cluster, numbered, limit=1, **query)
    found, _ = page(cluster, numbered, **query, **{"continue": metadata["continue"]})
    assert found == ["c1", "c2", "c3"]


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_that_is_none_gives_everything(cluster: Cluster, numbered: str, limit: str) -> None:
    assert len(page(cluster, numbered, limit=limit, labelSelector="n")[0]) == 4


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param("Exact", ["c0", "c1", "c2", "c3"], id="exactly then"),
        pytest.param("NotOlderThan", ["c0", "c1", "c2", "c3", "c4"], id="at least then"),
        pytest.param("", ["c0", "c1", "c2", "c3", "c4"], id="no match named"),
    ],
)
def test_a_list_of_a_version(
    cluster: Cluster, numbered: str, match: str, expected: list[str]
) -> None:
    then = page(cluster, numbered)[1]["resourceVersion"]
    cluster.post(numbered, {"metadata": {"name": "c4", "labels": {"n": "4"}}}).ok()
    query = {"resourceVersionMatch": match} if match else {}

    def listed() -> tuple[list[str], bool]:
        found, metadata = page(cluster, numbered, labelSelector="n", resourceVersion=then, **query)
        return found, metadata["resourceVersion"] == then

    # What is not older than a version may be that version still, for a moment.
    wanted = (expected, match == "Exact")
    eventually("the list is as it is to be", lambda: listed() == wanted)


@pytest.mark.parametrize(
    ("query", "failure", "message"),
    [
        pytest.param(
            {"limit": "x"}, (400, "BadRequest"),
            'strconv.ParseInt: parsing "x": invalid syntax', id="a limit that is no number",
        ),
        pytest.param(
            {"resourceVersion": "x"}, (400, "BadRequest"),
            'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: '
            'parsing "x": invalid syntax', id="a version that is no number",
        ),
        pytest.param(
            {"resourceVersionMatch": "Exact"}, (422, "Invalid"),
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
            id="a match without a version",
        ),
        pytest.param(
            {"resourceVersionMatch": "Exact", "resourceVersion": "0"}, (422, "Invalid"),
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
            id="exactly any version",
        ),
        pytest.param(
            {"resourceVersionMatch": "Near", "resourceVersion": "1"}, (422, "Invalid"),
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: '
            '"Near": supported values: "Exact", "NotOlderThan", ""', id="an unknown match",
        ),
        pytest.param(
            {"sendInitialEvents": "true"}, (422, "Invalid"),
            'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: '
            "sendInitialEvents is forbidden for list", id="initial events of a list",
        ),
    ],
)  # fmt: skip
def test_options_of_a_list_are_checked(
    cluster: Cluster,
    namespace: str,
    query: dict[str, str],
    failure: tuple[int, str],
    message: str,
) -> None:
    answer = cluster.get(at("v1", "configmaps", namespace), **query)
    assert answer.failure(*failure)["message"] == message


def test_a_continue_token_of_nobody_is_refused(cluster: Cluster, namespace: str) -> None:
    answer = cluster.get(at("v1", "configmaps", namespace), limit=1, **{"continue": "nonsense"})
    message = answer.failure(400, "BadRequest")["message"]
    assert message.startswith("invalid continue token: continue key is not valid: ")


def test_a_version_beside_a_continue_token_is_refused(cluster: Cluster, numbered: str) -> None:
    token = page(cluster, numbered, limit=1)[1]["continue"]
    answer = cluster.get(numbered, limit=1, resourceVersion="5", **{"continue": token})
    assert answer.failure(400, "BadRequest")["message"] == (
        "specifying resource version is not allowed when using continue"
    )


def test_a_version_of_the_future_times_out(cluster: Cluster, numbered: str) -> None:
    for path in (numbered, f"{numbered}/c1"):
        status = cluster.get(path, resourceVersion="999999999999").failure(504, "Timeout")
        assert status["message"].startswith(
            "Timeout: Too large resource version: 999999999999, current: "
        )
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        assert status["details"] == {"causes": [cause], "retryAfterSeconds": 1}


def test_a_collection_is_deleted_by_selector(cluster: Cluster, numbered: str) -> None:
    answer = cluster.delete(numbered, labelSelector="even")
    assert names(answer) == ["c0", "c2"]
    assert answer.json["kind"] == "ConfigMapList"
    assert names(cluster.get(numbered, labelSelector="n")) == ["c1", "c3"]


def test_a_dry_run_deletes_nothing_of_a_collection(cluster: Cluster, numbered: str) -> None:
    cluster.delete(numbered, labelSelector="n", dryRun="All").ok()
    assert len(names(cluster.get(numbered, labelSelector="n"))) == 4


TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def of_version(token: str, version: int) -> str:
    """A token of another version; its form is no secret, though nobody promises it."""
    content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    changed = json.dumps({**content, "rv": version}).encode()
    return base64.urlsafe_b64encode(changed).decode().rstrip("=")


def forgotten(cluster: Cluster, path: str) -> Answer:
    """The answer to a list of the first version, once the server has forgotten it."""

    def asked() -> Any:
        answer = cluster.get(path, resourceVersion="1", resourceVersionMatch="Exact")
        return answer if answer.code == 410 else None

    answer: Answer = eventually("the first version is forgotten", asked, 90)
    return answer


def test_a_list_of_a_version_that_is_too_old_is_gone(cluster: Cluster, numbered: str) -> None:
    status = forgotten(cluster, numbered).failure(410, "Expired")
    assert status["message"] == "The resourceVersion for the provided list is too old."
    assert "details" not in status


def test_a_continue_token_that_is_too_old_leads_to_an_inconsistent_rest(
    cluster: Cluster, numbered: str
) -> None:
    forgotten(cluster, numbered)
    token = page(cluster, numbered, limit=2)[1]["continue"]
    answer = cluster.get(numbered, limit=2, **{"continue": of_version(token, 1)})
    status = answer.failure(410, "Expired")
    assert status["message"] == TOO_OLD

    other = status["metadata"]["continue"]
    cluster.post(numbered, {"metadata": {"name": "c9"}}).ok()
    rest = cluster.get(numbered, **{"continue": other}, fieldSelector=MINE)
    assert names(rest) == ["c2", "c3", "c9"]
