"""Secrets of clusters that cannot be used: one sentence, and nothing of what they hold."""

import pytest

from tiphys.kube.cluster_secret import config_from_secret
from tiphys.kube.config import AwsAuth, ClusterConfig, ExecProvider
from tiphys.model.errors import InvalidInputError

SERVER = "https://one.example:6443"


@pytest.mark.parametrize("server", [SERVER, f"{SERVER}/", "http://127.0.0.1:8080/k8s/c-1"])
def test_an_address_of_an_api_server_is_taken(server: str) -> None:
    assert config_from_secret({"server": server}, "cluster one").server == server.rstrip("/")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "`server` is not the address"),
        ({"server": "garbage://["}, "`server` is not the address"),
        ({"server": "https://"}, "`server` is not the address"),
        ({"server": "https://one.example:port"}, "`server` is not the address"),
        ({"server": "https://ann:swordfish@one.example"}, "`server` is not the address"),
        ({"server": SERVER, "config": "swordfish"}, "`config` is not of the documented shape"),
        ({"server": SERVER, "config": '["swordfish"]'}, "`config` is not of the documented shape"),
        ({"server": SERVER, "config": '{"bearerToken": "swordfish\\n"}'}, "a control character"),
        ({"server": SERVER, "config": '{"bearerToken": 5}'}, "`config` is not"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_being_repeated(
    data: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message) as refused:
        config_from_secret(data, "cluster one")

    assert "swordfish" not in str(refused.value)


def test_every_field_of_the_config_is_understood() -> None:
    config = config_from_secret(
        {
            "server": f"{SERVER}/",
            "config": """{
              "username": "ann", "password": "pw", "bearerToken": "t1",
              "tlsClientConfig": {"insecure": false, "serverName": "api", "caData": "Q0E=",
                                  "certData": "Q0VSVA==", "keyData": "S0VZ"},
              "awsAuthConfig": {"clusterName": "shop", "roleARN": "arn:1", "profile": "work"},
              "execProviderConfig": {"command": "login", "args": ["-q"], "env": {"A": "1"},
                "apiVersion": "client.authentication.k8s.io/v1beta1", "installHint": "Get it.",
                "provideClusterInfo": true, "config": {"audience": "x"}},
              "proxyUrl": "http://proxy:3128", "disableCompression": true
            }""",
        },
        "cluster one",
    )

    assert config == ClusterConfig(
        server=SERVER,
        username="ann",
        password="pw",
        token="t1",
        tls_server_name="api",
        ca="CA",
        certificate="CERT",
        key="KEY",
        aws=AwsAuth(cluster_name="shop", role_arn="arn:1", profile="work"),
        exec_provider=ExecProvider(
            command="login",
            args=("-q",),
            env={"A": "1"},
            api_version="client.authentication.k8s.io/v1beta1",
            install_hint="Get it.",
            provides_cluster_info=True,
            cluster_config={"audience": "x"},
        ),
        proxy_url="http://proxy:3128",
        compresses=False,
    )
