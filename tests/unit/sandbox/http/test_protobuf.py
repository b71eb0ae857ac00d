"""What kubectl sends as protobuf is read, and nothing that a client sends breaks the reader."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.sandbox.http.protobuf import decode_protobuf
from tiphys.sandbox.statuses import StatusError


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(api_version: str, kind: str, body: bytes) -> bytes:
    meta = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\0" + field(1, meta) + field(2, body)


METADATA = field(1, field(1, b"a"))


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        pytest.param(
            "ConfigMap", METADATA + field(2, field(1, b"k") + field(2, b"v")),
            {"metadata": {"name": "a"}, "data": {"k": "v"}}, id="a map of strings",
        ),
        pytest.param(
            "Secret", METADATA + field(2, field(1, b"k") + field(2, b"v")),
            {"metadata": {"name": "a"}, "data": {"k": "dg=="}}, id="a map of bytes",
        ),
        pytest.param(
            "ResourceQuota",
            METADATA + field(2, field(1, field(1, b"cpu") + field(2, field(1, b"250m")))),
            {"metadata": {"name": "a"}, "spec": {"hard": {"cpu": "250m"}}}, id="a quantity",
        ),
        pytest.param(
            "ConfigMap", METADATA + field(15, b"unknown"), {"metadata": {"name": "a"}},
            id="a field that is not known",
        ),
    ],
)  # fmt: skip
def test_a_message_is_the_object_that_its_json_would_be(
    kind: str, body: bytes, expected: dict[str, object]
) -> None:
    decoded = decode_protobuf(envelope("v1", kind, body))
    assert decoded == {"apiVersion": "v1", "kind": kind, **expected}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"{}", "does not appear to be a protobuf message", id="json"),
        pytest.param(envelope("v1", "Thing", b""), "v1/Thing cannot be read", id="an unknown kind"),
        pytest.param(envelope("v1", "Pod", b"\x0a\x7f"), "ends too early", id="a cut message"),
        pytest.param(envelope("v1", "Pod", field(1, 1)), "a number stands", id="a wrong type"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, text: str) -> None:
    with pytest.raises(StatusError, match=text) as caught:
        decode_protobuf(body)
    assert caught.value.code == 400


@given(st.binary(max_size=200), st.sampled_from(["Pod", "Secret", "ResourceQuota", "Service"]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    with contextlib.suppress(StatusError):
        assert decode_protobuf(envelope("v1", kind, body))["kind"] == kind
