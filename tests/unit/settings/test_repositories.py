"""Which Secret speaks for a repository."""

import base64

import pytest

from tiphys.model.keys import Manifest
from tiphys.settings.secrets import find_named_repository, find_repository
from tiphys.sources.access import access_from_secret
from tiphys.sources.addresses import is_prefix, normalise_url

URL = "https://git.example.com/team/repo"


def _secret(kind: str = "repository", **fields: str) -> Manifest:
    return {
        "metadata": {"labels": {"argocd.argoproj.io/secret-type": kind}},
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in fields.items()},
    }


def _found(*secrets: Manifest, url: str = URL, project: str = "shop") -> dict[str, str]:
    return find_repository(secrets, normalise_url(url), project, normalise_url, is_prefix)


@pytest.mark.parametrize(
    ("secrets", "username"),
    [
        pytest.param([_secret(url=f"{URL}.git", username="ann")], "ann", id="its own"),
        pytest.param(
            [_secret(url=URL, username="all"), _secret(url=URL, username="own", project="shop")],
            "own",
            id="the project's before a global one",
        ),
        pytest.param(
            [_secret(url=URL, username="own", project="other")], None, id="not another project's"
        ),
        pytest.param(
            [
                _secret("repo-creds", url="https://git.example.com", username="host"),
                _secret("repo-creds", url="https://git.example.com/team", username="team"),
            ],
            "team",
            id="the longest template",
        ),
        pytest.param(
            [
                _secret(url=URL, insecure="true"),
                _secret("repo-creds", url="https://git.example.com/", username="host"),
            ],
            "host",
            id="a template where its own has no credentials",
        ),
        pytest.param(
            [
                _secret(url=URL, username="ann"),
                _secret("repo-creds", url="https://git.example.com/team", username="team"),
            ],
            "ann",
            id="its own before a template",
        ),
        pytest.param(
            [_secret("repo-creds", url="https://git.example.co", username="x")],
            None,
            id="no template of another host",
        ),
        pytest.param(
            [_secret("repo-creds", url="http://git.example.com", username="x")],
            None,
            id="no template of another scheme",
        ),
    ],
)
def test_a_repository_is_spoken_for(secrets: list[Manifest], username: str | None) -> None:
    assert _found(*secrets).get("username") == username


def test_a_template_lends_credentials_and_the_repository_keeps_its_own_settings() -> None:
    template = _secret("repo-creds", url="https://git.example.com", password="p", proxy="a")
    found = _found(_secret(url=URL, proxy="b", project="shop"), template)

    assert (found["password"], found["proxy"], found["project"]) == ("p", "b", "shop")


def test_a_helm_repository_is_found_by_its_name() -> None:
    secrets = [
        _secret(type="helm", name="stable", url="https://all.example.com"),
        _secret(type="helm", name="stable", url="https://own.example.com", project="shop"),
        _secret(type="git", name="code", url=URL),
    ]

    assert find_named_repository(secrets, "stable", "shop") == "https://own.example.com"
    assert find_named_repository(secrets, "stable", "other") == "https://all.example.com"
    assert find_named_repository(secrets, "code", "shop") == ""


def test_what_a_secret_says_becomes_an_identity() -> None:
    fields = {
        "type": "helm", "username": "ann", "password": "p", "enableOCI": "true", "depth": "3",
        "insecureOCIForceHttp": "true", "insecureIgnoreHostKey": "true", "noProxy": "a,b",
    }  # fmt: skip
    access = access_from_secret("oci://host/x", fields, authority="CA", known_hosts="K")

    assert (access.kind, access.username, access.password) == ("helm", "ann", "p")
    assert (access.enable_oci, access.plain_http, access.insecure) == (True, True, True)
    assert (access.depth, access.no_proxy) == (3, "a,b")
    assert (access.ca_data, access.known_hosts) == ("CA", "K")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"githubAppPrivateKey": "k"}, "GitHub App credentials are not supported yet"),
        ({"useAzureWorkloadIdentity": "true"}, "Azure workload identity credentials"),
        ({"useAzureWorkloadIdentity": "false"}, ""),
        ({"gcpServiceAccountKey": "{}"}, "Google service account credentials"),
    ],
)
def test_credentials_of_a_kind_that_we_cannot_use_are_named(
    fields: dict[str, str], problem: str
) -> None:
    assert access_from_secret(URL, fields).problem.startswith(problem)
    assert bool(access_from_secret(URL, fields).problem) is bool(problem)


def test_credentials_in_an_address_count_where_the_secret_has_none() -> None:
    url = "https://ann:p@git.example.com/x"

    assert access_from_secret(url, {}).password == "p"
    assert access_from_secret(url, {"username": "bob", "password": "q"}).username == "bob"
    assert "p@" not in access_from_secret(url, {}).url
