"""What must survive between leaving for the provider and coming back, in a cookie of five minutes.

It is encrypted and authenticated with a key of our own, so any replica can take the browser back,
and nobody else can read or make one.
"""

import base64
import hashlib
import os
import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tiphys.model.errors import InvalidInputError

STATE_COOKIE: Final = "argocd.oauthstate"
LASTS_S: Final = 300
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"tiphys: state of a login"


class LoginState(msgspec.Struct, frozen=True, kw_only=True):
    """One login that is under way.

    Attributes:
        state: comes back from the provider, and proves that it answers to this browser.
        nonce: comes back in the ID token, and proves that it was made for this login.
        verifier: of PKCE; proves to the provider that the code is used by who asked for it.
        redirect_uri: that the code was asked for.
        return_url: where the browser goes in the end.
        begun_at: Unix seconds.
    """

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    return_url: str
    begun_at: int

    @property
    def challenge(self) -> str:
        """The verifier's digest, which the provider is told in advance."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def new_state(*, redirect_uri: str, return_url: str, now: int) -> LoginState:
    """Return the state of a login that begins; each secret in it has 256 bits."""
    return LoginState(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(32),
        redirect_uri=redirect_uri,
        return_url=return_url,
        begun_at=now,
    )


def sealed(state: LoginState, key: bytes) -> str:
    """Return the value of the cookie."""
    nonce = os.urandom(_NONCE_BYTES)
    content = AESGCM(_derived(key)).encrypt(nonce, msgspec.json.encode(state), _PURPOSE)
    return base64.urlsafe_b64encode(nonce + content).decode().rstrip("=")


def unsealed(cookie: str, key: bytes, now: int) -> LoginState:
    """Return the state that a cookie holds.

    Raises:
        InvalidInputError: it is not ours, or too old.
    """
    try:
        content = base64.b64decode(cookie + "=" * (-len(cookie) % 4), altchars="-_", validate=True)
        nonce, encrypted = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        opened = AESGCM(_derived(key)).decrypt(nonce, encrypted, _PURPOSE)
        state = msgspec.json.decode(opened, type=LoginState)
    except (ValueError, InvalidTag, msgspec.DecodeError) as err:
        raise InvalidInputError("this login was not begun here, or has been used") from err
    if now - state.begun_at >= LASTS_S:
        raise InvalidInputError("this login took too long", hint="Begin again.")
    return state


def _derived(key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)
