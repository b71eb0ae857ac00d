"""What the CGI program is told, and how its answer is read."""

import pytest

from tiphys.sandbox.git.backend import cgi_variables, parse_head


@pytest.mark.parametrize(
    ("head", "status", "headers"),
    [
        pytest.param(b"Content-Type: a/b", 200, [(b"content-type", b"a/b")], id="200 is implied"),
        pytest.param(b"Status: 403 Forbidden", 403, [], id="a status is taken over"),
        pytest.param(
            b"Status: 404 Not Found\r\nExpires: never",
            404,
            [(b"expires", b"never")],
            id="the status is no header",
        ),
        pytest.param(b"", 502, [], id="a program that says nothing is a bad gateway"),
    ],
)
def test_parse_head(head: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    assert parse_head(head) == (status, headers)


def test_a_chunked_body_has_no_length() -> None:
    variables = cgi_variables("POST", "", {"content-encoding": "gzip", "git-protocol": "version=2"})
    assert "CONTENT_LENGTH" not in variables
    assert variables["HTTP_CONTENT_ENCODING"] == "gzip"
    assert variables["GIT_PROTOCOL"] == "version=2"
