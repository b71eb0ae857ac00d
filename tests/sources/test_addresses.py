"""Addresses: when two are the same, what a template covers, and what may be shown."""

import pytest

from tiphys.sources.addresses import (
    host_of,
    is_prefix,
    normalise_url,
    redacted,
    scheme_of,
    without_credentials,
)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://github.com/org/repo", "https://github.com/org/repo.git", True),
        ("https://github.com/org/repo/", "https://GitHub.com/Org/Repo", True),
        ("git@github.com:org/repo.git", "ssh://git@github.com/org/repo", True),
        ("https://ann:pw@github.com/org/repo", "https://github.com/org/repo", True),
        ("oci://ghcr.io/org/charts", "ghcr.io/org/charts", True),
        ("oci://localhost:5000/charts", "localhost:5000/charts", True),
        ("https://github.com/org/repo", "http://github.com/org/repo", False),
        ("https://github.com/org/repo", "git@github.com:org/repo", False),
        ("https://github.com/org/repo", "https://github.com/org/repo2", False),
        ("file:///srv/git/x", "/srv/git/y", False),
    ],
)
def test_two_addresses_are_of_one_repository_or_not(one: str, other: str, is_same: bool) -> None:
    assert (normalise_url(one) == normalise_url(other)) is is_same
    assert normalise_url(normalise_url(one)) == normalise_url(one)


@pytest.mark.parametrize(
    ("template", "url", "covers"),
    [
        ("https://github.com/org", "https://github.com/org/repo", True),
        ("https://github.com/team-", "https://github.com/team-a/repo", True),
        ("https://github.com", "https://github.com/org/repo", True),
        ("https://git.example.com", "https://git.example.com:8443/repo", True),
        ("git@github.com:org", "ssh://git@github.com/org/repo", True),
        ("ghcr.io/org", "oci://ghcr.io/org/charts/web", True),
        ("https://github.com", "https://github.com.evil.example/org", False),
        ("https://github.com", "https://github.com:x@evil.example/org", False),
        ("https://github.com/org", "http://github.com/org/repo", False),
        ("ghcr.io", "ghcr.io.evil.example/x", False),
        ("", "https://github.com/org/repo", False),
    ],
)
def test_a_template_covers_what_begins_so_but_no_other_host(
    template: str, url: str, covers: bool
) -> None:
    assert is_prefix(normalise_url(template), normalise_url(url)) is covers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pw@host/x", "https://host/x"),
        ("fatal: unable to access 'https://ann:p%40w@host/x/'", "fatal: unable to access 'https://host/x/'"),
        ("http://t0ken@host/x and http://a:b@c/", "http://host/x and http://c/"),
        ("https://ann:p@w@host/x", "https://host/x"),
        ("git@github.com:org/repo", "git@github.com:org/repo"),
        ("mail ann@example.com", "mail ann@example.com"),
    ],
)  # fmt: skip
def test_no_address_shows_its_credentials(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.timeout(5)
def test_an_address_without_end_is_read_at_once() -> None:
    text = f"https://{'x' * 1_000_000}"

    assert redacted(text) == text
    assert normalise_url(text) == text


def test_credentials_are_taken_out_of_an_address() -> None:
    plain = without_credentials("https://ann:p%40w@host:8443/x?y=1")

    assert plain == ("https://host:8443/x?y=1", "ann", "p@w")
    assert without_credentials("git@host:x").url == "git@host:x"


@pytest.mark.parametrize(
    ("url", "scheme", "host"),
    [
        ("https://ann@Host:8443/x", "https", "host"),
        ("git@github.com:org/repo", "ssh", "github.com"),
        ("ssh://git@host:22/x", "ssh", "host"),
        ("localhost:5000/charts", "", "localhost"),
        ("ghcr.io/org/charts", "", "ghcr.io"),
        ("oci://ghcr.io/org", "oci", "ghcr.io"),
        ("/srv/git/x", "file", ""),
        ("https://[::1", "https", ""),
    ],
)
def test_scheme_and_host_are_told(url: str, scheme: str, host: str) -> None:
    assert (scheme_of(url), host_of(url)) == (scheme, host)
