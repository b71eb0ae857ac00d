"""Single sign-on against an OpenID Connect provider: the way of a browser, and tokens."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.api import eventually
from tests.e2e.http import Answer, HttpClient
from tests.e2e.world import World, new_world
from tests.peers.identity import IdentityProvider, identity_provider

USERS = {
    "alice": {"email": "alice@example.com", "groups": ["org:readers", "org:all"]},
    "mallory": {"email": "mallory@example.com", "groups": ["role:admin", "proj:default:x"]},
    "admin2": {"email": "root@example.com", "groups": ["org:admins"]},
    "crowd": {"email": "crowd@example.com", "groups": [f"group-{n:04}" for n in range(900)]},
}
POLICY = "g, org:readers, role:readonly\ng, org:admins, role:admin"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path_factory.mktemp("provider"), **USERS) as running:
        yield running


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("sso")) as world:
        config = (
            f"name: Company\nissuer: {provider.issuer}\nclientID: tiphys\n"
            "clientSecret: $company-oidc:secret\ncliClientID: tiphys-cli\n"
            "requestedScopes: [openid, profile, email]\n"
            f"logoutURL: {provider.issuer}/logout?to={{{{logoutRedirectURL}}}}\n"
        )
        url = f"http://127.0.0.1:{world.port}"
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "company-oidc",
                "namespace": "argocd",
                "labels": {"app.kubernetes.io/part-of": "argocd"},
            },
            "stringData": {"secret": "the client's secret"},
        }
        world.api.create(secret)
        with (
            world.settings("argocd-cm", {"oidc.config": config, "url": url}),
            world.settings("argocd-rbac-cm", {"policy.csv": POLICY}),
        ):
            eventually(
                "SSO is configured",
                lambda: "oidcConfig" in HttpClient(world.port).get("/api/v1/settings").json(),
            )
            yield world


def at_provider(location: str, user: str) -> str:
    """Choose a user at the provider, as a person would, and return where it sends the browser."""
    parts = urlsplit(location)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(
        "POST", f"{parts.path}?{parts.query}", urlencode({"sub": user}).encode(), headers
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 302, answer.status
    return answer.headers["Location"]


def depart(world: World, return_url: str = "") -> Answer:
    query = f"?return_url={quote(return_url)}" if return_url else ""
    return HttpClient(world.port).get(f"/auth/login{query}")


def arrive(world: World, back: str, state: str) -> Answer:
    parts = urlsplit(back)
    cookie = {"Cookie": f"argocd.oauthstate={state}"}
    return HttpClient(world.port).get(f"{parts.path}?{parts.query}", **cookie)


def log_in(world: World, user: str) -> Answer:
    left = depart(world)
    assert left.status == 303, left.body
    back = at_provider(left.header("location"), user)
    return arrive(world, back, left.cookies()["argocd.oauthstate"])


def test_a_login_goes_to_the_provider_and_ends_in_a_session(
    own: World, provider: IdentityProvider
) -> None:
    """Fails when the verifier of PKCE is not sent: the provider then refuses the code."""
    left = depart(own, f"http://127.0.0.1:{own.port}/applications?view=tiles")
    asked = parse_qs(urlsplit(left.header("location")).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile email"]
    assert asked["redirect_uri"] == [f"http://127.0.0.1:{own.port}/auth/callback"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43
    attributes = left.header("set-cookie")
    assert "HttpOnly" in attributes
    assert "SameSite=lax" in attributes
    assert "Max-Age=300" in attributes

    back = at_provider(left.header("location"), "alice")
    answer = arrive(own, back, left.cookies()["argocd.oauthstate"])

    assert answer.status == 303, answer.body
    assert answer.header("location").endswith("/applications?view=tiles")
    token = answer.cookies()["argocd.token"]
    browser = {"Cookie": f"argocd.token={token}"}
    who = HttpClient(own.port).get("/api/v1/session/userinfo", **browser).json()
    assert who == {
        "loggedIn": True,
        "username": "alice@example.com",
        "iss": provider.issuer,
        "groups": ["org:readers", "org:all"],
    }
    path = "/api/v1/account/can-i/applications/{}/default/web"
    client = HttpClient(own.port, token)
    assert client.get(path.format("get")).json() == {"value": "yes"}
    assert client.get(path.format("sync")).json() == {"value": "no"}


def test_a_session_that_is_too_long_for_one_cookie_is_cut_into_several(own: World) -> None:
    answer = log_in(own, "crowd")

    cookies = {n: v for n, v in answer.cookies().items() if n.startswith("argocd.token")}
    assert len(cookies) >= 3
    assert cookies["argocd.token"].startswith(f"{len(cookies)}:")
    assert all(len(f"{name}={value}") < 4094 for name, value in cookies.items())
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    who = HttpClient(own.port).get("/api/v1/session/userinfo", **sent).json()
    assert len(who["groups"]) == 900


def test_groups_of_the_provider_do_not_become_roles_of_ours(own: World) -> None:
    """Fails when `identity_of` takes over every group: `role:admin` is linked in our own policy."""
    token = log_in(own, "mallory").cookies()["argocd.token"]
    client = HttpClient(own.port, token)

    assert client.get("/api/v1/session/userinfo").json()["username"] == "mallory@example.com"
    assert client.get("/api/v1/account/can-i/applications/get/default/web").json() == {
        "value": "no"
    }


def test_logging_out_ends_the_session_and_goes_on_to_the_provider(
    own: World, provider: IdentityProvider
) -> None:
    """Fails when tokens of the provider are not looked up among the revoked ones."""
    token = log_in(own, "admin2").cookies()["argocd.token"]
    cookie = {"Cookie": f"argocd.token={token}"}
    assert HttpClient(own.port).get("/api/v1/account", **cookie).status == 200

    left = HttpClient(own.port).get("/auth/logout", **cookie)

    assert left.header("location") == f"{provider.issuer}/logout?to=http://127.0.0.1:{own.port}"
    assert HttpClient(own.port).get("/api/v1/account", **cookie).status == 401
    assert HttpClient(own.port, token).get("/api/v1/account").status == 401


@pytest.mark.parametrize(
    "return_url",
    [
        "https://evil.example.com",
        "//evil.example.com",
        "/\\evil.example.com",
        "javascript:alert(1)",
        "http://127.0.0.1:{port}.evil.example.com/",
        "http://127.0.0.1:{port}@evil.example.com/",
        "http://evil@127.0.0.1:{port}/",
        "http://127.0.0.1/",
        "https://127.0.0.1:{port}/",
        "/applications\r\nSet-Cookie: a=b",
        "applications",
    ],
)
def test_a_login_does_not_end_elsewhere(own: World, return_url: str) -> None:
    """Open redirect. Fails when `depart` does not ask `is_own_url`."""
    answer = depart(own, return_url.format(port=own.port))

    assert answer.status == 400
    assert b"evil" not in answer.body
    assert "text/plain" in answer.header("content-type")


@pytest.mark.parametrize("what", ["another browser", "no cookie", "an own cookie", "another state"])
def test_a_login_that_was_begun_elsewhere_is_refused(own: World, what: str) -> None:
    """CVE-2022-31034, CVE-2022-31102. Fails when `arrive` does not compare the state."""
    left, foreign = depart(own), depart(own)
    back = at_provider(left.header("location"), "alice")
    cookies = {
        "another browser": foreign.cookies()["argocd.oauthstate"],
        "no cookie": "",
        "an own cookie": "eyJzdGF0ZSI6IngifQ",
        "another state": left.cookies()["argocd.oauthstate"],
    }
    if what == "another state":
        back = back.replace("state=", "state=x")

    answer = arrive(own, back, cookies[what])

    assert answer.status == 400
    assert "argocd.token" not in answer.cookies()


def test_an_error_of_the_provider_is_not_shown_in_its_words(own: World) -> None:
    """CVE-2021-23135. Fails when `error_description` is put into the answer."""
    left = depart(own)
    state = parse_qs(urlsplit(left.header("location")).query)["state"][0]
    query = urlencode({"state": state, "error": "x", "error_description": "<script>1</script>"})

    answer = arrive(own, f"http://x/auth/callback?{query}", left.cookies()["argocd.oauthstate"])

    assert answer.status == 401
    assert b"script" not in answer.body
    assert "nosniff" in answer.header("x-content-type-options")


def signed_by_hand(header: Mapping[str, object], claims: Mapping[str, object], key: bytes) -> str:
    """Return a token with an HMAC; libraries refuse to misuse a public key like that."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode()]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def forged(provider: IdentityProvider, kind: str) -> str:
    now = int(time.time())
    claims = {"iss": provider.issuer, "sub": "alice", "aud": "tiphys", "iat": now, "exp": now + 300}
    if kind == "signed by somebody else":
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
    if kind == "signed with the public key as a secret":
        header = {"alg": "HS256", "kid": provider.key.kid}
        return signed_by_hand(header, claims, provider.key.as_pem(private=False))
    if kind == "not signed":
        signed = provider.sign()
        return f"eyJhbGciOiJub25lIn0.{signed.split('.')[1]}."
    changed: dict[str, dict[str, object]] = {
        "for somebody else": {"aud": "another-client"},
        "for nobody": {"aud": None},
        "for an empty audience": {"aud": ""},
        "expired": {"exp": now - 1},
        "without an end": {"exp": None},
        "not valid yet": {"nbf": now + 3600},
        "of another issuer": {"iss": "https://accounts.example.com"},
        "of nobody": {"sub": ""},
        "of a project's role": {"sub": "proj:default:admin"},
        "of a role of ours": {"sub": "role:admin"},
        "of a federated role": {"federated_claims": {"user_id": "role:admin"}},
        "claiming to be our own": {"iss": "argocd", "sub": "admin:login", "jti": "x"},
    }
    return provider.sign(**changed[kind])


@pytest.mark.parametrize(
    "kind",
    [
        "signed by somebody else",
        "signed with the public key as a secret",
        "not signed",
        "for somebody else",
        "for nobody",
        "for an empty audience",
        "expired",
        "without an end",
        "not valid yet",
        "of another issuer",
        "of nobody",
        "of a project's role",
        "of a role of ours",
        "of a federated role",
        "claiming to be our own",
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    own: World, provider: IdentityProvider, kind: str
) -> None:
    """CVE-2023-22482, CVE-2022-29165. Each case fails without its own check in `id_tokens`."""
    answer = HttpClient(own.port, forged(provider, kind)).get("/api/v1/account")

    assert answer.status == 401, kind


@pytest.mark.parametrize("audience", ["tiphys", "tiphys-cli", ["other", "tiphys-cli"]])
def test_a_token_of_the_issuer_for_us_is_a_bearer(
    own: World, provider: IdentityProvider, audience: object
) -> None:
    token = provider.sign(aud=audience, sub="x", groups=["org:admins"], email="x@example.com")
    client = HttpClient(own.port, token)

    assert client.get("/api/v1/session/userinfo").json()["username"] == "x@example.com"
    assert client.get("/api/v1/account/can-i/accounts/update/y").json() == {"value": "yes"}


def test_an_expired_session_of_sso_says_that_it_was_one(
    own: World, provider: IdentityProvider
) -> None:
    token = provider.sign(exp=int(time.time()) - 10)

    answer = HttpClient(own.port, token).get("/api/v1/session/userinfo")

    assert answer.json() == {"iss": "sso"}


def test_anonymous_callers_get_no_more_by_a_bad_token(
    own: World, provider: IdentityProvider
) -> None:
    """CVE-2022-29165. Fails when a token that does not verify gives its claims to the caller."""
    with own.settings("argocd-cm", {"users.anonymous.enabled": "true"}):
        eventually("anonymous", lambda: HttpClient(own.port).get("/api/v1/account").status == 200)
        for kind in ("not signed", "claiming to be our own", "signed by somebody else"):
            client = HttpClient(own.port, forged(provider, kind))
            assert client.get("/api/v1/account").json() == {"items": []}
            path = "/api/v1/account/can-i/applications/get/default/web"
            assert client.get(path).json() == {"value": "no"}


def test_the_secret_of_the_client_is_nowhere_to_be_seen(own: World) -> None:
    settings = HttpClient(own.port).get("/api/v1/settings")

    assert settings.json()["oidcConfig"]["clientID"] == "tiphys"
    assert b"the client's secret" not in settings.body
    assert "the client's secret" not in (own.home / "tiphys.log").read_text()
