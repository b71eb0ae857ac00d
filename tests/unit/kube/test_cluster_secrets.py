"""Secrets of clusters that cannot be used: one sentence, and nothing of what they hold."""

import pytest

from tiphys.kube.config import config_from_secret
from tiphys.model.errors import InvalidInputError

SERVER = "https://one.example:6443"


@pytest.mark.parametrize("server", [SERVER, f"{SERVER}/", "http://127.0.0.1:8080/k8s/c-1"])
def test_an_address_of_an_api_server_is_taken(server: str) -> None:
    assert config_from_secret({"server": server}, "cluster one").server == server.rstrip("/")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "`server` is no address"),
        ({"server": "garbage://["}, "`server` is no address"),
        ({"server": "https://"}, "`server` is no address"),
        ({"server": "https://one.example:port"}, "`server` is no address"),
        ({"server": "https://ann:swordfish@one.example"}, "`server` is no address"),
        ({"server": SERVER, "config": "swordfish"}, "`config` is not of the documented shape"),
        ({"server": SERVER, "config": '["swordfish"]'}, "`config` is not of the documented shape"),
        ({"server": SERVER, "config": '{"bearerToken": "swordfish\\n"}'}, "`config` is not"),
        ({"server": SERVER, "config": '{"bearerToken": 5}'}, "`config` is not"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_being_repeated(
    data: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message) as refused:
        config_from_secret(data, "cluster one")

    assert "swordfish" not in str(refused.value)
