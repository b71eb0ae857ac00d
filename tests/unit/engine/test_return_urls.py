"""Where a browser may be sent after a login."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.return_urls import is_own_url

OURS = ["https://cd.example.com", "https://other.example.com:8443/argocd"]


@pytest.mark.parametrize(
    "url",
    [
        "https://cd.example.com",
        "https://cd.example.com/",
        "https://CD.example.com/applications?a=b#c",
        "https://cd.example.com:443/x",
        "/applications",
        "/",
        "https://other.example.com:8443/argocd",
        "https://other.example.com:8443/argocd/applications",
    ],
)
def test_an_address_of_ours_is_taken(url: str) -> None:
    assert is_own_url(url, OURS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://cd.example.com/",
        "https://cd.example.com:8443/",
        "https://cd.example.com.evil.com/",
        "https://evil.com/https://cd.example.com",
        "https://cd.example.com@evil.com/",
        "https://user@cd.example.com/",
        "https:///cd.example.com/",
        "https:cd.example.com",
        "//evil.com",
        "///evil.com",
        "/\\evil.com",
        "\\\\evil.com",
        "applications",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://cd.example.com/\r\nSet-Cookie: a=b",
        "https://cd.example.com/\tx",
        " https://cd.example.com/",
        "https://other.example.com:8443/",
        "https://other.example.com:8443/argocd-evil",
        "https://other.example.com:8443/argocd/../evil",
        "https://other.example.com:8443/argocd/%2e%2e/evil",
        "https://other.example.com:8443/argocd/%2E%2E/evil",
        "https://[::1",
        "https://cd.example.com:port/",
        "https://cd.example.com/%5cevil.com",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    """Open redirect. Each row fails when the check that it is about is taken out."""
    assert not is_own_url(url, OURS)


def test_a_path_must_lie_below_ours() -> None:
    assert is_own_url("/argocd/x", ["https://cd.example.com/argocd"])
    assert not is_own_url("/x", ["https://cd.example.com/argocd"])
    assert not is_own_url("/argocd/../x", ["https://cd.example.com/argocd"])


@given(st.text(max_size=60))
def test_no_host_of_others_is_ever_taken(text: str) -> None:
    assert not is_own_url("https://evil.example/" + text, OURS)
    assert not is_own_url("//" + text, OURS)
