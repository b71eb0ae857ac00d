"""How a pod finds its own cluster, and stays known there when its token is replaced."""

from pathlib import Path

import pytest

from tests.unit.kube.api_server import api_server
from tests.unit.kube.certificates import Authority
from tiphys.kube.in_cluster import in_cluster_config
from tiphys.kube.transport import Transport
from tiphys.model.errors import InvalidInputError

AUTHORITY = Authority("cluster authority")


def mounted(folder: Path) -> Path:
    (folder / "token").write_text("first")
    (folder / "ca.crt").write_text(AUTHORITY.pem)
    return folder


@pytest.mark.parametrize(
    ("host", "server"),
    [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")],
)
def test_the_address_comes_from_the_environment(tmp_path: Path, host: str, server: str) -> None:
    config = in_cluster_config(mounted(tmp_path), {"KUBERNETES_SERVICE_HOST": host})

    assert (config.server, config.token) == (server, "first")


def test_outside_of_a_pod_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no service account") as refused:
        in_cluster_config(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.96.0.1"})

    assert "--kubeconfig" in refused.value.hint


async def test_a_replaced_token_and_a_replaced_authority_are_noticed(tmp_path: Path) -> None:
    async with api_server(AUTHORITY, AUTHORITY.issue("api", "127.0.0.1")) as server:
        host, _, port = server.address.removeprefix("https://").partition(":")
        environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        transport = Transport(in_cluster_config(mounted(tmp_path), environ))
        await transport.request("GET", "/version")

        rotated = Authority("cluster authority, next")
        server.show(rotated.issue("api", "127.0.0.1"))
        (tmp_path / "ca.crt").write_text(rotated.pem)
        (tmp_path / "token").write_text("second")
        server.lets_in = lambda seen: seen.token == "second"
        await transport.request("GET", "/version")
        await transport.close()

    assert [seen.token for seen in server.seen] == ["first", "first", "second"]
