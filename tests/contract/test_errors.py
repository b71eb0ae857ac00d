"""Failures: code, reason, message and details of what a client gets wrong.

Source: Kubernetes API conventions, "Response Status Kind"; the words are kube-apiserver's.
"""

from typing import Any

import pytest

from tests.contract.cluster import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Answer, Cluster, at

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NOT_ALLOWED = (
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
)
NOT_FOUND = (404, "NotFound", "the server could not find the requested resource")


def config_map(name: str = "one", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def causes(*listed: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"field": f, "reason": r, "message": m} for f, r, m in listed]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            b'{"a',
            "couldn't get version/kind; json parse error: unexpected end of JSON input ({\"a)",
            id="cut off JSON",
        ),
        pytest.param(
            b"",
            "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
            id="nothing",
        ),
        pytest.param(
            b"metadata: {}",
            "couldn't get version/kind; json parse error: invalid character 'm' looking for "
            "beginning of value (6d657461646174613a207b7d)",
            id="YAML that calls itself JSON",
        ),
        pytest.param(
            b"[]",
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go "
            'value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind '
            'string "json:\\"kind,omitempty\\"" } (5b5d)',
            id="a list",
        ),
    ],
)
def test_a_body_that_is_no_object_is_told_apart(
    cluster: Cluster, namespace: str, body: bytes, message: str
) -> None:
    status = cluster.call("POST", at("v1", "configmaps", namespace), body).failure(
        400, "BadRequest"
    )
    start = "the object provided is unrecognized (must be of type ConfigMap): "
    assert status["message"] == start + message
    assert "details" not in status


def test_a_body_of_an_unknown_media_type_is_refused(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    answer = cluster.call("POST", path, b"{}", media="text/plain")
    status = answer.failure(415, "UnsupportedMediaType")
    assert status["message"].startswith("the body of the request was in an unknown format")
    assert "application/json, application/yaml" in status["message"]


def test_a_patch_of_an_unknown_media_type_is_refused(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace, "one")
    answer = cluster.call("PATCH", path, b"{}", media="application/json")
    status = answer.failure(415, "UnsupportedMediaType")
    assert status["message"] == "415: Unsupported Media Type"
    assert status["details"] == {}


def test_a_body_over_three_mebibytes_is_refused(cluster: Cluster, namespace: str) -> None:
    body = b'{"data":{"a":"%b"}}' % (b"x" * 3 * 1024 * 1024)
    answer = cluster.call("POST", at("v1", "configmaps", namespace), body)
    status = answer.failure(413, "RequestEntityTooLarge")
    assert status["message"] == "Request entity too large: limit is 3145728"


@pytest.mark.parametrize(
    ("plural", "manifest", "message"),
    [
        pytest.param(
            "configmaps",
            {"data": {"a": 1}},
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            id="a number among strings",
        ),
        pytest.param(
            "configmaps",
            {"metadata": "x"},
            "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type "
            "v1.ObjectMeta",
            id="a string for an object",
        ),
        pytest.param(
            "configmaps",
            {"metadata": {"labels": []}},
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type "
            "map[string]string",
            id="a list for a map",
        ),
        pytest.param(
            "pods",
            {"spec": {"containers": [{"env": [{"name": "a", "value": True}]}]}},
            "json: cannot unmarshal bool into Go struct field EnvVar.spec.containers.env.value of "
            "type string",
            id="a boolean deep in lists",
        ),
        pytest.param(
            "pods",
            {"spec": {"containers": [{"ports": [{"containerPort": 80.5}]}]}},
            "json: cannot unmarshal number 80.5 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
            id="a fraction for an integer",
        ),
        pytest.param(
            "pods",
            {"spec": {"containers": [{"resources": {"limits": {"cpu": "x y"}}}]}},
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            id="a quantity that is none",
        ),
    ],
)
def test_a_value_of_a_wrong_type_is_named(
    cluster: Cluster, namespace: str, plural: str, manifest: dict[str, Any], message: str
) -> None:
    kind = {"configmaps": "ConfigMap", "pods": "Pod"}[plural]
    status = cluster.post(at("v1", plural, namespace), manifest).failure(400, "BadRequest")
    assert status["message"] == f'{kind} in version "v1" cannot be handled as a {kind}: {message}'


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        pytest.param(
            {**config_map(), "kind": "Secret"},
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to '
            "(core.ConfigMap): unknown conversion",
            id="of another kind",
        ),
        pytest.param(
            config_map(namespace="elsewhere"),
            "the namespace of the provided object does not match the namespace sent on the request",
            id="of another namespace",
        ),
    ],
)
def test_an_object_that_does_not_belong_there_is_refused(
    cluster: Cluster, namespace: str, manifest: dict[str, Any], message: str
) -> None:
    path = at("v1", "configmaps", namespace)
    assert cluster.post(path, manifest).failure(400, "BadRequest")["message"] == message


def test_an_object_of_a_version_that_is_none_of_its_kind_is_refused(
    cluster: Cluster, namespace: str
) -> None:
    manifest = {**config_map(), "apiVersion": "apps/v1"}
    status = cluster.post(at("v1", "configmaps", namespace), manifest).failure(400, "BadRequest")
    assert status["message"].startswith(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is '
        'registered for version "apps/v1"'
    )


@pytest.mark.parametrize(
    ("method", "tail", "failure"),
    [
        pytest.param("PUT", "", NOT_ALLOWED, id="PUT of a collection"),
        pytest.param("PATCH", "", NOT_ALLOWED, id="PATCH of a collection"),
        pytest.param("POST", "/one", NOT_ALLOWED, id="POST of a name"),
        pytest.param("GET", "/one/status", NOT_FOUND, id="a subresource that it lacks"),
    ],
)
def test_a_method_that_is_not_served_is_refused(
    cluster: Cluster, namespace: str, method: str, tail: str, failure: tuple[int, str, str]
) -> None:
    path = at("v1", "configmaps", namespace) + tail
    media = MERGE_PATCH if method == "PATCH" else "application/json"
    body = None if method == "GET" else config_map()
    status = cluster.call(method, path, body, media=media).failure(*failure[:2])
    assert status["message"] == failure[2]
    assert status["details"] == {}


@pytest.mark.parametrize(
    ("method", "path", "code", "reason"),
    [
        pytest.param("GET", "/api/v1/nonsense", 404, "NotFound", id="a resource"),
        pytest.param("GET", "/apis/apps/v9/deployments", 404, "NotFound", id="a version"),
        pytest.param(
            "GET", "/api/v1/namespaces/default/nodes", 404, "NotFound",
            id="a cluster-scoped kind in a namespace",
        ),
        pytest.param(
            "GET", "/api/v1/configmaps/one", 404, "NotFound",
            id="a name of a namespaced kind without its namespace",
        ),
        pytest.param(
            "POST", "/api/v1/configmaps", 405, "MethodNotAllowed",
            id="an object to create without its namespace",
        ),
        pytest.param(
            "DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed", id="all namespaces to delete"
        ),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_status_without_details(
    cluster: Cluster, method: str, path: str, code: int, reason: str
) -> None:
    body = config_map() if method == "POST" else None
    assert cluster.call(method, path, body).failure(code, reason)["details"] == {}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/nonsense", id="a path"),
        pytest.param("/apis/nonsense.example.com/v1/things", id="a group"),
        pytest.param("/apis/nonsense.example.com", id="the discovery of a group"),
    ],
)
def test_what_nothing_is_known_of_is_plain_text(cluster: Cluster, path: str) -> None:
    answer = cluster.get(path)
    assert (answer.code, answer.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        pytest.param(
            {"dryRun": "Some"},
            (
                "dryRun",
                "FieldValueNotSupported",
                'Unsupported value: ["Some"]: supported values: "All"',
            ),
            id="a dry run of a part",
        ),
        pytest.param(
            {"fieldValidation": "Loose"},
            (
                "fieldValidation",
                "FieldValueNotSupported",
                'Unsupported value: "Loose": supported values: "", "Ignore", "Strict", "Warn"',
            ),
            id="an unknown validation",
        ),
        pytest.param(
            {"fieldManager": "x" * 129},
            (
                "fieldManager",
                "FieldValueTooLong",
                "Too long: may not be more than 128 bytes",
            ),
            id="a long manager",
        ),
        pytest.param(
            {"fieldManager": "x\ny"},
            (
                "fieldManager",
                "FieldValueInvalid",
                'Invalid value: "x\\ny": invalid character U+000A (at position 1)',
            ),
            id="a manager of two lines",
        ),
    ],
)
def test_options_of_a_creation_are_checked(
    cluster: Cluster, namespace: str, query: dict[str, str], cause: tuple[str, str, str]
) -> None:
    field, _, message = cause
    path = at("v1", "configmaps", namespace)
    status = cluster.post(path, config_map(), **query).failure(422, "Invalid")
    assert status["message"] == f'CreateOptions.meta.k8s.io "" is invalid: {field}: {message}'
    assert status["details"] == {
        "group": "meta.k8s.io",
        "kind": "CreateOptions",
        "causes": causes(cause),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"propagationPolicy": "Sideways"},
            'Unsupported value: "Sideways": supported values: "Foreground", "Background", '
            '"Orphan", "nil"',
            id="an unknown policy",
        ),
        pytest.param(
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
            id="two ways of saying it",
        ),
    ],
)
def test_options_of_a_deletion_are_checked(
    cluster: Cluster, namespace: str, options: dict[str, Any], message: str
) -> None:
    path = at("v1", "configmaps", namespace, "one")
    cluster.post(at("v1", "configmaps", namespace), config_map()).ok()
    status = cluster.delete(path, options).failure(422, "Invalid")
    assert status["details"]["causes"][0]["message"] == message
    assert status["details"]["causes"][0]["field"] == "propagationPolicy"
    cluster.get(path).ok()


def test_a_name_that_breaks_the_rules_has_a_cause(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    status = cluster.post(path, config_map("Bad_Name")).failure(422, "Invalid")
    text = f'Invalid value: "Bad_Name": {SUBDOMAIN}'
    assert status["message"] == f'ConfigMap "Bad_Name" is invalid: metadata.name: {text}'
    assert status["details"] == {
        "name": "Bad_Name",
        "kind": "ConfigMap",
        "causes": causes(("metadata.name", "FieldValueInvalid", text)),
    }


def test_several_problems_are_listed_in_brackets(cluster: Cluster, namespace: str) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "", "uid": ""}
    manifest = config_map(ownerReferences=[owner])
    path = at("v1", "configmaps", namespace)
    status = cluster.post(path, manifest).failure(422, "Invalid")
    assert status["message"] == (
        'ConfigMap "one" is invalid: [metadata.ownerReferences[0].name: Required value: must not '
        "be empty, metadata.ownerReferences[0].uid: Required value: must not be empty]"
    )


def test_a_missing_object_is_named_with_its_group(cluster: Cluster, namespace: str) -> None:
    path = at("apps/v1", "deployments", namespace, "nope")
    status = cluster.get(path).failure(404, "NotFound")
    assert status["message"] == 'deployments.apps "nope" not found'
    assert status["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_a_missing_namespace_is_named(cluster: Cluster) -> None:
    status = cluster.post(at("v1", "configmaps", "nowhere-at-all"), config_map()).failure(
        404, "NotFound"
    )
    assert status["message"] == 'namespaces "nowhere-at-all" not found'


@pytest.mark.parametrize(
    ("body", "media"),
    [
        pytest.param(b'{"a', MERGE_PATCH, id="a cut off merge patch"),
        pytest.param(b"nonsense", JSON_PATCH, id="a JSON patch of words"),
    ],
)
def test_a_patch_that_is_no_json_is_refused(
    cluster: Cluster, namespace: str, body: bytes, media: str
) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, config_map()).ok()
    answer: Answer = cluster.call("PATCH", f"{path}/one", body, media=media)
    assert answer.failure(400, "BadRequest")["message"] == "invalid JSON patch"


@pytest.mark.parametrize("media", [MERGE_PATCH, STRATEGIC_PATCH])
@pytest.mark.parametrize(
    ("body", "kind"),
    [(b'"words"', "string"), (b"[1]", "array"), (b"1", "number"), (b"true", "bool")],
)
def test_a_patch_that_is_no_object_is_refused(
    cluster: Cluster, namespace: str, media: str, body: bytes, kind: str
) -> None:
    before = "error decoding patch: " if media == MERGE_PATCH else ""
    path = at("v1", "configmaps", namespace)
    cluster.post(path, config_map()).ok()
    answer = cluster.call("PATCH", f"{path}/one", body, media=media)
    text = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    assert answer.failure(400, "BadRequest")["message"] == before + text


def test_nothing_as_a_strategic_patch_changes_nothing(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    made = cluster.post(path, config_map()).ok()
    assert cluster.call("PATCH", f"{path}/one", b"null", media=STRATEGIC_PATCH).ok() == made
    merged = cluster.call("PATCH", f"{path}/one", b"null", media=MERGE_PATCH)
    assert merged.failure(400, "BadRequest")["message"] == "Invalid JSON Patch"


BIG = 1024 * 1024


@pytest.mark.parametrize(
    ("plural", "body", "field"),
    [
        pytest.param("configmaps", {"data": {"a": "x" * (BIG + 1)}}, "[]", id="of a ConfigMap"),
        pytest.param("secrets", {"stringData": {"a": "x" * (BIG + 1)}}, "data", id="of a Secret"),
    ],
)
def test_more_than_a_mebibyte_of_data_is_refused(
    cluster: Cluster, namespace: str, plural: str, body: Any, field: str
) -> None:
    answer = cluster.post(at("v1", plural, namespace), {"metadata": {"name": "big"}, **body})
    assert answer.failure(422, "Invalid")["details"]["causes"] == [
        {
            "reason": "FieldValueTooLong",
            "message": "Too long: may not be more than 1048576 bytes",
            "field": field,
        }
    ]


def test_a_mebibyte_of_data_is_taken(cluster: Cluster, namespace: str) -> None:
    body = {"metadata": {"name": "big"}, "data": {"a": "x" * BIG}}
    cluster.post(at("v1", "configmaps", namespace), body).ok()
