"""The token of an EKS cluster, from each place where the AWS tools look for an identity."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tiphys.kube.aws_signing import AwsKeys, Question, Scope, presigned_url
from tiphys.kube.aws_token import aws_token
from tiphys.kube.config import AwsAuth
from tiphys.model.errors import CredentialsError

SERVER = "https://0123.gr7.eu-west-1.eks.amazonaws.com"
AUTH = AwsAuth(cluster_name="shop")
OWN = {"AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": "swordfish"}
ISSUED = (
    "<AccessKeyId>{}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>session</SessionToken>"
)


def test_a_signature_is_that_of_the_documentation() -> None:
    # AWS documentation, "Authenticating Requests: Using Query Parameters", example.
    question = Question(
        url="https://examplebucket.s3.amazonaws.com/test.txt", payload_hash="UNSIGNED-PAYLOAD"
    )
    keys = AwsKeys(
        access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    scope = Scope("us-east-1", "s3", datetime(2013, 5, 24, tzinfo=UTC), 86400)

    assert presigned_url(question, keys, scope).endswith(
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def asked(token: str) -> dict[str, str]:
    """Return the question that a token carries."""
    text = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return {**query, "host": urlsplit(url).netloc}


async def test_a_token_is_a_signed_question_who_we_are() -> None:
    credential = await aws_token(AUTH, SERVER, OWN)

    question = asked(credential.token)
    assert question["host"] == "sts.eu-west-1.amazonaws.com"
    assert question["Action"] == "GetCallerIdentity"
    assert question["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert question["X-Amz-Credential"].startswith("OWN/")
    assert credential.expires_at is not None
    assert 0 < (credential.expires_at - datetime.now(UTC)).total_seconds() <= 15 * 60


@pytest.fixture
async def aws() -> AsyncIterator[dict[str, str]]:
    """Serve STS, Pod Identity and the metadata of a machine; give the environment for them."""

    async def sts(request: web.Request) -> web.Response:
        query = request.query
        if query["Action"] == "AssumeRole":
            signer = query["X-Amz-Credential"].split("/")[0]
            return web.Response(text=ISSUED.format(f"{query['RoleArn']}-by-{signer}"))
        if query["WebIdentityToken"] != "good":
            return web.Response(status=403)
        return web.Response(text=ISSUED.format(query["RoleArn"]))

    async def pod(request: web.Request) -> web.Response:
        name = f"POD-{request.headers['Authorization']}"
        return web.json_response({"AccessKeyId": name, "SecretAccessKey": "s", "Token": "t"})

    async def machine(request: web.Request) -> web.Response:
        if request.path == "/latest/api/token":
            return web.Response(text="metadata")
        assert request.headers["X-aws-ec2-metadata-token"] == "metadata"
        if request.path.endswith("/"):
            return web.Response(text="node-role")
        return web.json_response(
            {"AccessKeyId": request.path[-9:], "SecretAccessKey": "s", "Token": "t"}
        )

    app = web.Application()
    app.router.add_get("/", sts)
    app.router.add_get("/pod", pod)
    app.router.add_route("*", "/latest/{path:.*}", machine)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield {"AWS_ENDPOINT_URL_STS": address, "AWS_EC2_METADATA_SERVICE_ENDPOINT": address}
    await runner.cleanup()


async def test_a_role_is_assumed_first(aws: dict[str, str]) -> None:
    auth = AwsAuth(cluster_name="shop", role_arn="ROLE")

    credential = await aws_token(auth, SERVER, {**aws, **OWN})

    question = asked(credential.token)
    assert question["X-Amz-Credential"].startswith("ROLE-by-OWN/")
    assert question["X-Amz-Security-Token"] == "session"


async def test_identities_are_found_where_the_aws_tools_look(
    aws: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "jwt").write_text("good\n")
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n"
    )
    web_identity = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "jwt"), "AWS_ROLE_ARN": "IRSA"}
    pod = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws["AWS_ENDPOINT_URL_STS"] + "/pod",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "jwt"),
    }
    shared = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": "work"}

    who = {}
    for place, environ in {"web": web_identity, "pod": pod, "shared": shared, "ec2": {}}.items():
        credential = await aws_token(AUTH, SERVER, {**aws, **environ})
        who[place] = asked(credential.token)["X-Amz-Credential"].split("/")[0]

    assert who == {"web": "IRSA", "pod": "POD-good", "shared": "PROFILE", "ec2": "node-role"}


async def test_a_refusal_of_aws_says_so_and_repeats_nothing(
    aws: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "jwt").write_text("swordfish")
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "jwt"), "AWS_ROLE_ARN": "IRSA"}

    with pytest.raises(CredentialsError, match="answered 403") as refused:
        await aws_token(AUTH, SERVER, {**aws, **environ})

    assert "swordfish" not in str(refused.value)


async def test_a_profile_that_holds_nothing_is_named(aws: dict[str, str]) -> None:
    auth = AwsAuth(cluster_name="shop", profile="missing")

    with pytest.raises(CredentialsError, match="`missing` holds no access key"):
        await aws_token(auth, SERVER, {**aws, **OWN})
