"""Service accounts: tokens that are asked for, tokens in Secrets, and reviews of tokens.

Source: Kubernetes documentation, "Managing Service Accounts"; API reference, "TokenRequest".
"""

import base64
import json
from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.e2e.api import eventually

TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ISSUER = "https://kubernetes.default.svc"


@pytest.fixture
def account(cluster: Cluster, namespace: str) -> dict[str, Any]:
    made: dict[str, Any] = cluster.post(
        at("v1", "serviceaccounts", namespace), {"metadata": {"name": "robot"}}
    ).ok()
    return made


def ask(cluster: Cluster, namespace: str, **spec: Any) -> Any:
    path = at("v1", "serviceaccounts", namespace, "robot", "token")
    return cluster.post(path, {"spec": spec})


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def bearer(cluster: Cluster, token: str) -> Cluster:
    return cluster.with_headers({"Authorization": f"Bearer {token}"})


def review(cluster: Cluster, token: str, *audiences: str) -> dict[str, Any]:
    spec = {"token": token, **({"audiences": list(audiences)} if audiences else {})}
    status: dict[str, Any] = cluster.post(TOKEN_REVIEWS, {"spec": spec}).ok()["status"]
    return status


def test_a_token_is_good_for_an_hour_and_for_the_api(
    cluster: Cluster, namespace: str, account: dict[str, Any]
) -> None:
    answer = ask(cluster, namespace)
    assert answer.code == 201
    request = answer.ok()
    assert request["kind"] == "TokenRequest"
    assert request["metadata"]["name"] == "robot"
    assert request["spec"] == {
        "audiences": [ISSUER],
        "expirationSeconds": 3600,
        "boundObjectRef": None,
    }
    found = claims(request["status"]["token"])
    assert found["exp"] - found["iat"] == 3600
    assert found["sub"] == f"system:serviceaccount:{namespace}:robot"
    assert found["kubernetes.io"]["serviceaccount"] == {
        "name": "robot",
        "uid": account["metadata"]["uid"],
    }


@pytest.mark.usefixtures("account")
def test_its_bearer_is_the_account_and_may_nothing(cluster: Cluster, namespace: str) -> None:
    robot = bearer(cluster, ask(cluster, namespace).ok()["status"]["token"])
    me = robot.post(WHO, {}).ok()["status"]["userInfo"]
    assert me["username"] == f"system:serviceaccount:{namespace}:robot"
    assert me["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    ]
    robot.get(at("v1", "pods", namespace)).failure(403, "Forbidden")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(60, "may not specify a duration less than 10 minutes", id="a minute"),
        pytest.param(10**10, "may not specify a duration larger than 2^32 seconds", id="centuries"),
    ],
)
def test_a_duration_has_limits(cluster: Cluster, namespace: str, seconds: int, text: str) -> None:
    status = ask(cluster, namespace, expirationSeconds=seconds).failure(422, "Invalid")
    assert status["message"] == (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: '
        f"{seconds}: {text}"
    )
    assert "name" not in status["details"]


@pytest.mark.usefixtures("account")
def test_a_token_for_others_does_not_open_the_api(cluster: Cluster, namespace: str) -> None:
    token = ask(cluster, namespace, audiences=["vault"]).ok()["status"]["token"]
    bearer(cluster, token).get("/api").failure(401, "Unauthorized")
    assert review(cluster, token, "vault")["audiences"] == ["vault"]
    assert review(cluster, token) == {
        "user": {},
        "error": '[invalid bearer token, token audiences ["vault"] is invalid for the target '
        f'audiences ["{ISSUER}"]]',
    }


@pytest.mark.usefixtures("account")
def test_a_review_tells_whose_a_token_is(cluster: Cluster, namespace: str) -> None:
    token = ask(cluster, namespace).ok()["status"]["token"]
    found = review(cluster, token)
    assert found["authenticated"] is True
    assert found["user"]["username"] == f"system:serviceaccount:{namespace}:robot"
    identifier = claims(token)["jti"]
    extra = {"authentication.kubernetes.io/credential-id": [f"JTI={identifier}"]}
    assert found["user"]["extra"] == extra
    assert review(cluster, "made-up") == {"user": {}, "error": "invalid bearer token"}


def test_a_review_of_no_token_is_malformed(cluster: Cluster) -> None:
    status = cluster.post(TOKEN_REVIEWS, {"spec": {}}).failure(400, "BadRequest")
    assert status["message"] == "token is required for TokenReview in authentication"


def test_an_account_that_is_missing_has_no_token(cluster: Cluster, namespace: str) -> None:
    status = ask(cluster, namespace).failure(404, "NotFound")
    assert status["message"] == 'serviceaccounts "robot" not found'


@pytest.mark.usefixtures("account")
def test_a_token_ends_with_its_account(cluster: Cluster, namespace: str) -> None:
    robot = bearer(cluster, ask(cluster, namespace).ok()["status"]["token"])
    robot.post(WHO, {}).ok()
    cluster.delete(at("v1", "serviceaccounts", namespace, "robot")).ok()
    eventually("the token is worth nothing", lambda: robot.post(WHO, {}).code == 401)


@pytest.mark.usefixtures("account")
def test_a_token_that_is_bound_to_a_secret_ends_with_it(cluster: Cluster, namespace: str) -> None:
    cluster.post(at("v1", "secrets", namespace), {"metadata": {"name": "holder"}}).ok()
    reference = {"kind": "Secret", "apiVersion": "v1", "name": "holder"}
    token = ask(cluster, namespace, boundObjectRef=reference).ok()["status"]["token"]
    robot = bearer(cluster, token)
    robot.post(WHO, {}).ok()
    cluster.delete(at("v1", "secrets", namespace, "holder")).ok()
    eventually("the token is worth nothing", lambda: robot.post(WHO, {}).code == 401)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        pytest.param("Secret", 404, 'secrets "nope" not found', id="a secret that is missing"),
        pytest.param(
            "Thing", 400, "cannot bind token to object of type /v1, Kind=Thing", id="some thing"
        ),
    ],
)
def test_a_token_is_bound_to_what_there_is(
    cluster: Cluster, namespace: str, kind: str, code: int, message: str
) -> None:
    reference = {"kind": kind, "apiVersion": "v1", "name": "nope"}
    answer = ask(cluster, namespace, boundObjectRef=reference)
    assert answer.code == code
    assert answer.json["message"] == message


def account_secret(name: str) -> dict[str, Any]:
    annotations = {"kubernetes.io/service-account.name": "robot"}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }


def test_a_secret_of_an_account_is_filled_in(
    cluster: Cluster, namespace: str, account: dict[str, Any]
) -> None:
    cluster.post(at("v1", "secrets", namespace), account_secret("kept")).ok()
    path = at("v1", "secrets", namespace, "kept")
    eventually("the token is there", lambda: cluster.get(path).ok().get("data", {}).get("token"))
    secret = cluster.get(path).ok()
    data = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    assert set(data) == {"ca.crt", "namespace", "token"}
    assert data["namespace"] == namespace
    assert data["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    annotations = secret["metadata"]["annotations"]
    assert annotations["kubernetes.io/service-account.uid"] == account["metadata"]["uid"]
    me = bearer(cluster, data["token"]).post(WHO, {}).ok()["status"]["userInfo"]
    assert me["username"] == f"system:serviceaccount:{namespace}:robot"
    cluster.delete(path).ok()
    robot = bearer(cluster, data["token"])
    eventually("the token is worth nothing", lambda: robot.post(WHO, {}).code == 401)


def test_a_secret_of_an_account_that_is_missing_goes(cluster: Cluster, namespace: str) -> None:
    cluster.post(at("v1", "secrets", namespace), account_secret("lost")).ok()
    path = at("v1", "secrets", namespace, "lost")
    eventually("the secret is gone", lambda: cluster.get(path).code == 404)


def test_every_namespace_has_an_account_and_the_authority(cluster: Cluster, namespace: str) -> None:
    account = at("v1", "serviceaccounts", namespace, "default")
    eventually("the account is there", lambda: cluster.get(account).code == 200)
    authority = at("v1", "configmaps", namespace, "kube-root-ca.crt")
    eventually("the authority is there", lambda: cluster.get(authority).code == 200)
    assert "BEGIN CERTIFICATE" in cluster.get(authority).ok()["data"]["ca.crt"]
