"""Sessions in cookies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.model.errors import LimitExceededError
from tiphys.server.sessions.cookies import expired_cookies, joined_token, token_cookies


def stored(cookies: list[str]) -> dict[str, str]:
    pairs = [cookie.partition(";")[0].partition("=") for cookie in cookies]
    return {name: value for name, _, value in pairs}


@given(st.text("abcXYZ019-_.", max_size=30_000))
def test_a_token_comes_back_as_it_was(token: str) -> None:
    cookies = token_cookies(token, path="/", is_secure=True, most=20)

    assert joined_token(stored(cookies)) == token
    assert all(len(cookie) <= 4096 for cookie in cookies)


def test_a_token_that_is_far_too_long_is_refused() -> None:
    with pytest.raises(LimitExceededError, match="cookies"):
        token_cookies("x" * 100_000, path="/", is_secure=False, most=20)


@pytest.mark.parametrize("first", ["9999:x", "-1:x", ":x", "x:y", "1e3:x", "٣:x"])
def test_a_count_that_makes_no_sense_gives_no_token(first: str) -> None:
    assert len(joined_token({"argocd.token": first, "argocd.token-1": "y"})) <= 1


def test_parts_of_an_older_session_are_left_alone() -> None:
    cookies = {"argocd.token": "short", "argocd.token-1": "old"}

    assert joined_token(cookies) == "short"
    assert len(expired_cookies(cookies, path="/", is_secure=False)) == 2


@pytest.mark.parametrize(("path", "expected"), [("/", "path=/;"), ("/argocd/", "path=/argocd;")])
def test_a_cookie_belongs_to_the_path_that_we_are_at(path: str, expected: str) -> None:
    """CVE-2024-22424. Fails when an attribute is left out."""
    (cookie,) = token_cookies("t", path=path, is_secure=True, most=20)

    assert expected in cookie + ";"
    assert {"SameSite=lax", "httpOnly", "Secure"} <= {p.strip() for p in cookie.split(";")}
