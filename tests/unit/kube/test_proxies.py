"""Which proxy a request takes, by the rules of Go programs, and that it does take it."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.kube.api_server import api_server
from tests.unit.kube.certificates import Authority
from tiphys.kube.config import ClusterConfig
from tiphys.kube.proxies import environment_proxy
from tiphys.kube.transport import Transport

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "excepted", "is_proxied"),
    [
        ("https://api.example", "", True),
        ("http://api.example", "", False),  # only HTTPS_PROXY is set
        ("https://localhost:6443", "", False),
        ("https://127.0.0.9:6443", "", False),
        ("https://[::1]:6443", "", False),
        ("https://api.example", "*", False),
        ("https://api.example", "api.example", False),
        ("https://api.example", " other, API.example ", False),
        ("https://api.example", "example", False),
        ("https://api.example", ".example", False),
        ("https://api.example", "*.example", False),
        ("https://example", ".example", True),
        ("https://notexample", "example", True),
        ("https://api.example:6443", "api.example:6443", False),
        ("https://api.example:6443", "api.example:443", True),
        ("https://10.96.0.1", "10.96.0.0/12", False),
        ("https://10.112.0.1", "10.96.0.0/12", True),
        ("https://10.96.0.1", "10.96.0.1", False),
        ("https://[fd00::1]", "fd00::/8", False),
        ("https://10.96.0.1", "not/a/network", True),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(url: str, excepted: str, is_proxied: bool) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": excepted}

    assert environment_proxy(url, environ) == (PROXY if is_proxied else "")


def test_a_proxy_without_a_scheme_speaks_http() -> None:
    environ = {"https_proxy": "proxy.example:3128"}

    assert environment_proxy("https://api.example", environ) == PROXY


async def test_requests_take_the_proxy_that_the_cluster_names(tmp_path: Path) -> None:
    authority = Authority("cluster authority")
    asked: list[bytes] = []

    async with api_server(authority, authority.issue("api", "api.example")) as server:
        port = int(server.address.rpartition(":")[2])

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.split(b"\r\n")[0])
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pipe(reader, to_writer), _pipe(to_reader, writer))

        proxy = await asyncio.start_server(relay, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        # No such host can be resolved here: only the proxy knows where it is.
        transport = Transport(
            ClusterConfig(
                server="https://api.example:6443", proxy_url=address, ca=authority.pem, token="t1"
            )
        )
        answer = await transport.request("GET", "/version")
        await transport.close()
        proxy.close()
        await proxy.wait_closed()

    assert answer.json() == {"path": "/version"}
    assert asked == [b"CONNECT api.example:6443 HTTP/1.1"]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()
