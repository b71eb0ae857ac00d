"""Taking the port that the server answers on."""

import socket

import pytest

from tiphys.model.errors import InvalidInputError
from tiphys.server.app import listen


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InvalidInputError) as refused:
            listen("127.0.0.1", port)
    assert refused.value.where == f"127.0.0.1:{port}"
    assert "--port" in refused.value.hint


def test_a_free_port_is_listened_on_at_once() -> None:
    with listen("127.0.0.1", 0) as listening, socket.socket() as client:
        client.connect(listening.getsockname())
