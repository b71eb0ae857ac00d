"""What a team configures for itself cannot reach what only this process can reach (SSRF)."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.peers.certificates import Authority
from tests.peers.receiver import receiving
from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request, is_forbidden
from tiphys.notifications.message import Message
from tiphys.notifications.services.catalogue import make_service


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("127.0.0.1", True, id="loopback"),
        pytest.param("127.9.9.9", True, id="all of loopback"),
        pytest.param("::1", True, id="loopback, IPv6"),
        pytest.param("::ffff:127.0.0.1", True, id="loopback, mapped into IPv6"),
        pytest.param("2002:7f00:0001::", True, id="loopback, in 6to4"),
        pytest.param("169.254.169.254", True, id="the metadata service"),
        pytest.param("fe80::1%eth0", True, id="link-local, IPv6"),
        pytest.param("0.0.0.0", True, id="this host"),
        pytest.param("::", True, id="this host, IPv6"),
        pytest.param("224.0.0.1", True, id="multicast"),
        pytest.param("10.1.2.3", False, id="a private network"),
        pytest.param("203.0.113.7", False, id="a public address"),
    ],
)
def test_addresses_of_this_machine_and_its_link_are_forbidden(address: str, expected: bool) -> None:
    assert is_forbidden(address) is expected


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "0"]
)
async def test_a_team_reaches_nothing_on_this_machine(host: str) -> None:
    http = Http(is_guarded=True)
    with receiving() as receiver:
        with pytest.raises(DeliveryError):
            await http.send(Request(url=f"http://{host}:{receiver.port}/"))
        assert receiver.received == []
    await http.close()


async def test_a_name_that_changes_its_address_is_checked_where_it_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["203.0.113.7", "127.0.0.1"])
    real = socket.getaddrinfo

    def rebinding(host: Any, *arguments: Any, **named: Any) -> Any:
        if host == "rebind.example":
            return real(next(answers), *arguments, **named)
        return real(host, *arguments, **named)

    http = Http(is_guarded=True)
    with receiving() as receiver:
        next(answers)  # the first answer is what somebody would check beforehand
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        with pytest.raises(DeliveryError, match="not allowed in a self-service"):
            await http.send(Request(url=f"http://rebind.example:{receiver.port}/"))
        assert receiver.received == []
    await http.close()


async def test_an_administrator_may_configure_services_on_this_machine() -> None:
    http = Http()
    with receiving() as receiver:
        await http.post(Request(url=receiver.url))
        assert len(receiver.received) == 1
    await http.close()


async def test_a_certificate_of_nobody_is_taken_only_where_that_is_configured(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("hook")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    with receiving(tls=tls) as receiver:
        http = Http()
        careful = {"url": receiver.url, "retryMax": 0}
        hook = ServiceConfig(name="h", type="webhook", options=careful)
        with pytest.raises(DeliveryError, match="certificate is not trusted"):
            await make_service(hook, http).send(Message(text="x"), "")
        careless = ServiceConfig(
            name="h", type="webhook", options={**careful, "insecureSkipVerify": True}
        )
        await make_service(careless, http).send(Message(text="x"), "")
        vouched = Http(authority=lambda host: authority.pem)
        await make_service(hook, vouched).send(Message(text="x"), "")
        assert len(receiver.received) == 2
        await http.close()
        await vouched.close()


async def test_an_error_names_the_host_and_nothing_else_of_the_address() -> None:
    http = Http()
    with pytest.raises(DeliveryError) as caught:
        await http.send(Request(url="http://127.0.0.1:1/services/T0/B0/hush?key=hush"))
    await http.close()

    assert str(caught.value).startswith("127.0.0.1: cannot be reached")
    assert "hush" not in str(caught.value)
