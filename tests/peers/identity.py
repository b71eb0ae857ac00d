"""An OpenID Connect provider on loopback, from the package `oidc-provider-mock`.

The package does not look at PKCE, so that is added here: a code is exchanged only for the verifier
whose challenge it was asked with. The provider is a process of its own; it leaves its port and its
key in a file, so that tests can sign tokens which it never would.

Usage: python -m tests.peers.identity USERS.json READY.json
"""

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from tests.e2e.api import eventually


class IdentityProvider:
    """The provider while it runs."""

    def __init__(self, port: int, key: RSAKey) -> None:
        self.issuer, self.key = f"http://localhost:{port}", key

    def sign(self, **claims: Any) -> str:
        """Return an ID token of this provider that says what a test wants; None drops a claim."""
        now = int(time.time())
        known = {"iss": self.issuer, "sub": "alice", "aud": "tiphys", "iat": now, "exp": now + 300}
        content = {name: value for name, value in {**known, **claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, content, self.key)


@contextmanager
def identity_provider(folder: Path, **users: dict[str, Any]) -> Iterator[IdentityProvider]:
    """Run a provider that knows some users by their claims."""
    ready = folder / "ready.json"
    (folder / "users.json").write_text(json.dumps(users))
    arguments = [sys.executable, "-m", "tests.peers.identity", str(folder / "users.json")]
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen([*arguments, str(ready)], stdout=log, stderr=log)
    try:
        eventually("the provider is ready", ready.exists)
        told = json.loads(ready.read_text())
        yield IdentityProvider(told["port"], RSAKey.import_key(told["key"]))
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Serve until killed."""
    import oidc_provider_mock  # noqa: PLC0415 -- it warns when it is imported

    users = json.loads(Path(sys.argv[1]).read_text())
    app = oidc_provider_mock.app(
        require_nonce=True,
        user_claims=[oidc_provider_mock.User(sub=n, claims=c) for n, c in users.items()],
    )
    _require_pkce(app)
    with app.test_request_context("/"):
        app.preprocess_request()
        key = flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
    server = make_server("localhost", 0, app, threaded=True)
    part = Path(sys.argv[2] + ".part")
    part.write_text(json.dumps({"port": server.server_port, "key": key}))
    part.rename(sys.argv[2])
    server.serve_forever()


def _require_pkce(app: flask.Flask) -> None:
    challenges: dict[str, str] = {}

    def remember(response: flask.Response) -> flask.Response:
        if flask.request.path == "/oauth2/authorize" and "Location" in response.headers:
            query = parse_qs(urlsplit(response.headers["Location"]).query)
            for code in query.get("code", []):
                challenges[code] = flask.request.args.get("code_challenge", "")
        return response

    def check() -> Any:
        if flask.request.path != "/oauth2/token":
            return None
        form = flask.request.form
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenges.pop(form.get("code", ""), "") != challenge:
            return flask.jsonify({"error": "invalid_grant"}), 400
        return None

    app.after_request(remember)
    app.before_request(check)


if __name__ == "__main__":
    main()
