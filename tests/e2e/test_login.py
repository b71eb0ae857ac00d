"""From the generated password to a session, and what ends sessions; each test in its own world."""

import base64
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.e2e.api import eventually
from tests.e2e.http import HttpClient
from tests.e2e.world import Process, World, free_port, new_world

WRONG = "Invalid username or password"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a world whose passwords nobody else changes."""
    with new_world(tmp_path_factory.mktemp("login")) as running:
        yield running


def initial_password(world: World) -> str:
    secret = world.api.get("Secret", "argocd", "argocd-initial-admin-secret")
    return base64.b64decode(secret["data"]["password"]).decode()


def admin(world: World) -> HttpClient:
    answer = HttpClient(world.port).log_in("admin", initial_password(world))
    assert answer.status == 200, answer.body
    return HttpClient(world.port, answer.json()["token"])


def add_account(world: World, name: str, capabilities: str = "login, apiKey") -> str:
    """Add a local account with a password, and return the password."""
    world.api.merge(
        "ConfigMap", "argocd", "argocd-cm", {"data": {f"accounts.{name}": capabilities}}
    )
    eventually(
        f"{name} is there",
        lambda: admin_of(world).get(f"/api/v1/account/{name}").status == 200,
    )
    wanted = {
        "name": name,
        "currentPassword": initial_password(world),
        "newPassword": f"pw-of-{name}",
    }
    changed = admin_of(world).call("PUT", "/api/v1/account/password", wanted)
    assert changed.status == 200, changed.body
    return f"pw-of-{name}"


_ADMINS: dict[int, HttpClient] = {}


def admin_of(world: World) -> HttpClient:
    if world.port not in _ADMINS:
        _ADMINS[world.port] = admin(world)
    return _ADMINS[world.port]


def test_the_generated_password_logs_in(own: World) -> None:
    """CVE-2020-8828. Fails when the password is anything but 16 random characters."""
    password = initial_password(own)
    assert len(password) == 16

    answer = HttpClient(own.port).log_in("admin", password)

    assert answer.status == 200
    token = answer.json()["token"]
    assert answer.cookies()["argocd.token"] == token
    assert "SameSite=lax" in answer.header("set-cookie")
    assert "httpOnly" in answer.header("set-cookie")
    who = HttpClient(own.port, token).get("/api/v1/session/userinfo").json()
    assert who == {"loggedIn": True, "username": "admin", "iss": "argocd"}
    assert HttpClient(own.port).get("/api/v1/applications").status == 401
    assert HttpClient(own.port, token).get("/api/v1/applications").status == 200


def test_a_cookie_is_as_good_as_a_bearer_and_a_foreign_bearer_does_not_hide_it(own: World) -> None:
    token = admin_of(own).token
    cookie = {"Cookie": f"argocd.token={token}"}

    assert HttpClient(own.port).get("/api/v1/account", **cookie).status == 200
    basic = {**cookie, "Authorization": "Bearer opaque-token-of-a-proxy"}
    assert HttpClient(own.port).get("/api/v1/account", **basic).status == 200


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"username": "admin", "password": "wrong"}, 401, WRONG),
        ({"username": "nobody", "password": "wrong"}, 401, WRONG),
        ({"username": "admin"}, 401, "no credentials supplied"),
        ({}, 401, "no credentials supplied"),
        ({"username": "x" * 33, "password": "y"}, 400, "Username is too long"),
        ({"token": "x"}, 401, "token-based session creation no longer supported"),
    ],
)
def test_a_login_that_fails_says_what_argo_cd_says(
    own: World, body: dict[str, str], status: int, message: str
) -> None:
    answer = HttpClient(own.port).post("/api/v1/session", body)

    assert answer.status == status
    assert answer.json()["message"].startswith(message)


def test_a_known_and_an_unknown_user_take_the_same_time(own: World) -> None:
    """CVE-2020-11576. Fails when the wait in `PasswordLogin.check` is taken out."""
    for username in ("admin", "nobody-at-all"):
        began = time.monotonic()
        answer = HttpClient(own.port).log_in(username, "wrong password")
        assert time.monotonic() - began >= 0.5
        assert answer.json()["message"] == WRONG


def test_a_new_password_ends_the_sessions_and_tokens_of_the_account(own: World) -> None:
    """CVE-2021-26921. Fails when `_check_account` does not compare `iat` with the change."""
    password = add_account(own, "alice")
    session = HttpClient(own.port).log_in("alice", password).json()["token"]
    alice = HttpClient(own.port, session)
    key = alice.post("/api/v1/account/alice/token", {"expiresIn": 0}).json()["token"]
    assert HttpClient(own.port, key).get("/api/v1/account").status == 200
    time.sleep(1.1)  # sessions are told apart from changes by whole seconds

    wanted = {"currentPassword": password, "newPassword": "another password"}
    assert alice.call("PUT", "/api/v1/account/password", wanted).status == 200

    refused = alice.get("/api/v1/account")
    assert refused.status == 401
    assert "password has changed" in refused.json()["message"]
    assert HttpClient(own.port, key).get("/api/v1/account").status == 401
    assert HttpClient(own.port).log_in("alice", "another password").status == 200
    assert HttpClient(own.port).log_in("alice", password).status == 401


def test_an_api_token_works_until_it_is_deleted(own: World) -> None:
    """Fails when `_check_account` does not look for the id among the account's tokens."""
    add_account(own, "robot", "apiKey")
    root = admin_of(own)
    made = root.post("/api/v1/account/robot/token", {"id": "ci", "expiresIn": 3600})
    robot = HttpClient(own.port, made.json()["token"])
    assert robot.get("/api/v1/session/userinfo").json()["username"] == "robot"
    twice = root.post("/api/v1/account/robot/token", {"id": "ci"})
    assert twice.status == 409
    (listed,) = root.get("/api/v1/account/robot").json()["tokens"]
    assert listed["id"] == "ci"
    assert listed["expiresAt"] - listed["issuedAt"] == 3600

    assert root.call("DELETE", "/api/v1/account/robot/token/ci").status == 200

    assert robot.get("/api/v1/account").status == 401


def test_an_account_without_the_capability_gets_no_token(own: World) -> None:
    refused = admin_of(own).post("/api/v1/account/admin/token", {})

    assert refused.status == 400
    assert "does not have apiKey capability" in refused.json()["message"]


def test_what_is_turned_off_or_removed_is_out_at_once(own: World) -> None:
    """CVE-2020-8826. Fails when `_check_account` does not look at `enabled`, or at existence."""
    password = add_account(own, "leaver")
    leaver = HttpClient(own.port, HttpClient(own.port).log_in("leaver", password).json()["token"])
    assert leaver.get("/api/v1/account").status == 200

    with own.settings("argocd-cm", {"accounts.leaver.enabled": "false"}):
        eventually("is refused", lambda: leaver.get("/api/v1/account").status == 401)
        answer = HttpClient(own.port).log_in("leaver", password)
        assert (answer.status, answer.json()["message"]) == (401, "Account leaver is disabled")
    eventually("is let in again", lambda: leaver.get("/api/v1/account").status == 200)
    own.api.merge("ConfigMap", "argocd", "argocd-cm", {"data": {"accounts.leaver": None}})
    eventually("is gone", lambda: leaver.get("/api/v1/account").status == 401)


def test_logging_out_revokes_the_session_for_good(own: World) -> None:
    """Fails when `is_revoked` is not asked, or when revocations are kept in memory only."""
    password = add_account(own, "guest")
    token = HttpClient(own.port).log_in("guest", password).json()["token"]
    cookie = {"Cookie": f"argocd.token={token}"}

    answer = HttpClient(own.port).get("/auth/logout", **cookie)

    assert answer.status == 303
    assert "argocd.token=; " in answer.header("set-cookie")
    assert HttpClient(own.port, token).get("/api/v1/account").status == 401
    own.stop_tiphys()
    own.start_tiphys()
    refused = HttpClient(own.port, token).get("/api/v1/account")
    assert refused.json()["message"] == "invalid session: token is revoked, please re-login"
    assert HttpClient(own.port).get("/auth/logout").status == 400


def own_token(world: World, **claims: object) -> str:
    """Return a token that is signed with the installation's key and says what a test wants."""
    secret = world.api.get("Secret", "argocd", "argocd-secret")
    key = base64.b64decode(secret["data"]["server.secretkey"])
    now = int(time.time())
    known = {"iss": "argocd", "sub": "admin:login", "iat": now, "exp": now + 60, "jti": "x"}
    content = {name: value for name, value in {**known, **claims}.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, content, OctKey.import_key(key))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"jti": None}, id="without an id"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"nbf": 2**40}, id="not valid yet"),
        pytest.param({"sub": "nobody:login"}, id="of an account that is not there"),
        pytest.param({"sub": "admin:apiKey"}, id="with a capability that the account lacks"),
        pytest.param({"sub": "admin"}, id="without a capability"),
        pytest.param({"sub": "admin:device"}, id="of a device"),
        pytest.param({"sub": "admin:root"}, id="with a capability that there is not"),
        pytest.param({"sub": "proj:default:admin"}, id="of a role that is not there"),
        pytest.param({"sub": "proj:gone:admin"}, id="of a project that is not there"),
        pytest.param({"sub": "proj:default"}, id="of half a role"),
        pytest.param({"sub": ""}, id="of nobody"),
        pytest.param({"sub": 7}, id="with a number for a name"),
        pytest.param({"exp": "soon"}, id="with a word for a time"),
        pytest.param({"iat": 1}, id="older than the password"),
        pytest.param({"iss": "https://accounts.example.com"}, id="of another issuer"),
    ],
)
def test_a_token_with_our_signature_still_has_to_hold(
    own: World, claims: dict[str, object]
) -> None:
    """CVE-2020-8826 and its like. Each case fails without its own check in `server.access`."""
    assert HttpClient(own.port, own_token(own)).get("/api/v1/account").status == 200

    assert HttpClient(own.port, own_token(own, **claims)).get("/api/v1/account").status == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256"])
def test_a_token_that_is_not_signed_by_us_lets_nobody_in(own: World, algorithm: str) -> None:
    """Algorithm confusion. Fails when `Signer.verify` takes what the header names."""
    header, payload, signature = own_token(own).split(".")
    forged = base64.urlsafe_b64encode(f'{{"alg":"{algorithm}"}}'.encode()).decode().rstrip("=")

    for third in ("", "AAAA", signature):
        client = HttpClient(own.port, f"{forged}.{payload}.{third}")
        assert client.get("/api/v1/account").status == 401
    del header


def test_what_one_replica_revokes_every_replica_refuses(own: World) -> None:
    """Fails when revocations and failures stay in the memory of the replica that saw them."""
    port = free_port()
    arguments = ["-m", "tiphys", "run", "--kubeconfig", str(own.tiphys_kubeconfig)]
    arguments += ["--home", str(own.home / "cache-2"), "--port", str(port)]
    second = Process([sys.executable, *arguments], own.home / "second.log")
    try:
        eventually("the second serves", lambda: _serves(port), 60)
        password = add_account(own, "twice")
        token = HttpClient(own.port).log_in("twice", password).json()["token"]
        assert HttpClient(port, token).get("/api/v1/account").status == 200

        HttpClient(own.port).get("/auth/logout", Cookie=f"argocd.token={token}")

        eventually(
            "the other refuses it",
            lambda: HttpClient(port, token).get("/api/v1/account").status == 401,
        )
        for _ in range(5):
            assert HttpClient(own.port).log_in("twice", "wrong").status == 401
        assert HttpClient(port).log_in("twice", password).status == 401
    finally:
        second.kill()


def _serves(port: int) -> bool:
    try:
        return HttpClient(port).get("/healthz").status == 200
    except OSError:
        return False


def test_failed_logins_lock_the_place_they_come_from_across_a_restart(own: World) -> None:
    """CVE-2020-8827, CVE-2024-21652. Fails when failures are kept in memory only."""
    password = add_account(own, "target")
    client = HttpClient(own.port)
    for _ in range(5):
        assert client.log_in("target", "wrong").status == 401
    assert client.log_in("target", password).json()["message"] == WRONG

    own.stop_tiphys()
    own.start_tiphys()

    assert client.log_in("target", password).json()["message"] == WRONG
    spoofed = {"X_Forwarded_For": "10.1.2.3", "Forwarded": "for=10.1.2.3"}
    assert client.log_in("target", password, **spoofed).json()["message"] == WRONG


def test_failed_logins_from_elsewhere_do_not_lock_out_a_device_that_logged_in(own: World) -> None:
    """Fails when failures are counted for the account alone."""
    password = add_account(own, "owner")
    device = HttpClient(own.port).log_in("owner", password).cookies()["argocd.device"]
    for _ in range(6):
        assert HttpClient(own.port).log_in("owner", "wrong").status == 401
    assert HttpClient(own.port).log_in("owner", password).status == 401

    known = {"Cookie": f"argocd.device={device}"}
    assert HttpClient(own.port).log_in("owner", password, **known).status == 200
    assert HttpClient(own.port, device).get("/api/v1/account").status == 401


def test_settings_tell_strangers_little(own: World) -> None:
    """CVE-2024-37152. Fails when `SettingsRoutes.get` does not ask who calls."""
    hidden = {"passwordPattern", "controllerNamespace", "resourceOverrides", "uiBannerContent"}
    with own.settings("argocd-cm", {"ui.bannercontent": "hello", "url": "https://cd.example.com"}):
        eventually(
            "the setting is in force",
            lambda: HttpClient(own.port).get("/api/v1/settings").json().get("url"),
        )
        stranger = HttpClient(own.port).get("/api/v1/settings").json()
        caller = admin_of(own).get("/api/v1/settings").json()

    assert not hidden & set(stranger)
    assert hidden <= set(caller)
    assert set(HttpClient(own.port).get("/api/version").json()) == {"Version"}


def test_permissions_follow_the_config_map_and_a_bad_one_changes_nothing(own: World) -> None:
    password = add_account(own, "reader")
    reader = HttpClient(own.port, HttpClient(own.port).log_in("reader", password).json()["token"])
    path = "/api/v1/account/can-i/applications/get/default/web"
    assert reader.get(path).json() == {"value": "no"}

    with own.settings("argocd-rbac-cm", {"policy.csv": "g, reader, role:readonly"}):
        eventually("may read", lambda: reader.get(path).json() == {"value": "yes"})
        refused = reader.get("/api/v1/account/admin")
        assert refused.status == 200
        data = {"data": {"policy.csv": "g, reader"}}
        own.api.merge("ConfigMap", "argocd", "argocd-rbac-cm", data)

        def told() -> bool:
            events = own.api.list("Event", "argocd")
            return any(
                event["involvedObject"]["name"] == "argocd-rbac-cm"
                and "invalid RBAC policy: g, reader" in event["message"]
                for event in events
            )

        eventually("an Event says so", told)
        assert reader.get(path).json() == {"value": "yes"}
    eventually("may not any more", lambda: reader.get(path).json() == {"value": "no"})
    denied = reader.get("/api/v1/account/admin").json()["message"]
    assert denied.startswith("permission denied: accounts, get, admin, sub: reader, iat: 20")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_of_another_site_logs_nobody_in(own: World, content_type: str) -> None:
    """CVE-2024-22424. Fails when the dispatcher does not look at the content type."""
    answer = HttpClient(own.port).post("/api/v1/session", {}, Content_Type=content_type)

    assert (answer.status, answer.body) == (415, b"Invalid content type")


def test_the_password_is_new_after_the_old_one_was_deleted(own: World) -> None:
    before = initial_password(own)
    gone = {"data": {"admin.password": None, "admin.passwordMtime": None}}
    own.api.merge("Secret", "argocd", "argocd-secret", gone)
    own.api.delete("Secret", "argocd", "argocd-initial-admin-secret")
    own.stop_tiphys()
    own.start_tiphys()

    after = initial_password(own)

    assert after != before
    assert HttpClient(own.port).log_in("admin", after).status == 200
    assert HttpClient(own.port).log_in("admin", before).status == 401
    _ADMINS.clear()


def test_no_password_is_in_the_log(own: World) -> None:
    log = Path(own.home / "tiphys.log").read_text()

    assert initial_password(own) not in log
    assert "pw-of-" not in log
    assert "eyJ" not in log
