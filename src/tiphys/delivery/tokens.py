"""Tokens of our own: JSON Web Tokens signed with `server.secretkey` of `argocd-secret`.

Source: RFC 7519; Argo CD operator manual, "User Management".
"""

import base64
import secrets
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from tiphys.model.errors import PreconditionError, UnauthenticatedError

ISSUER: Final = "argocd"
_ALGORITHMS: Final = ["HS256", "HS384", "HS512"]
_MAX_LENGTH: Final = 256 * 1024
_CLOCK_SKEW_S: Final = 30


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token of ours says; times in Unix seconds, `exp` is 0 when it does not expire."""

    sub: str
    iss: str = ISSUER
    iat: int = 0
    nbf: int = 0
    exp: int = 0
    jti: str = ""


def generate_key() -> str:
    """Return a new key as `argocd-secret` keeps it: base64, whose text is the key."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Signer:
    """Signs and checks tokens with the key that is in force."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def issue(self, claims: Claims) -> str:
        """Return a token.

        Raises:
            PreconditionError: there is no key yet.
        """
        if not self._key():
            raise PreconditionError(
                "there is no key to sign tokens with",
                where="argocd-secret: server.secretkey",
                hint="Restart the server: it makes one when it starts.",
            )
        content = {
            name: value
            for name, value in msgspec.to_builtins(claims).items()
            if name != "exp" or value
        }
        return jwt.encode({"alg": "HS256"}, content, _imported(self._key()))

    def verify(self, token: str, now: int) -> Claims:
        """Return what a token says.

        Args:
            token: as it was sent.
            now: Unix seconds.

        Raises:
            UnauthenticatedError: it is not signed by us, has expired, or says nothing.
        """
        if not self._key():
            raise UnauthenticatedError("invalid session: the server has no signing key")
        try:
            decoded = jwt.decode(token, _imported(self._key()), algorithms=_ALGORITHMS)
            claims = msgspec.convert(decoded.claims, Claims, strict=False)
        except (JoseError, ValueError, msgspec.ValidationError) as err:
            raise UnauthenticatedError("invalid session: the signature is invalid") from err
        check_times(claims.exp, claims.nbf, now)
        return claims


def check_times(exp: int, nbf: int, now: int) -> None:
    """Check that a token is valid now.

    Raises:
        UnauthenticatedError: it is not yet, or no longer.
    """
    if exp and now >= exp:
        raise UnauthenticatedError("invalid session: token is expired")
    if nbf > now + _CLOCK_SKEW_S:
        raise UnauthenticatedError("invalid session: token is not valid yet")


def unverified_claims(token: str) -> Mapping[str, Any] | None:
    """Return what a token claims, None when it is not a well-formed JSON Web Token.

    Nothing of it may be believed before the signature is checked.
    """
    parts = token.split(".") if len(token) <= _MAX_LENGTH else []
    if len(parts) != 3:
        return None
    try:
        header, payload = (msgspec.json.decode(_unpadded(part)) for part in parts[:2])
        _unpadded(parts[2])
    except (ValueError, msgspec.DecodeError):
        return None
    is_token = isinstance(header, dict) and "alg" in header and isinstance(payload, dict)
    return payload if is_token else None


def _unpadded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True)


@lru_cache(maxsize=4)
def _imported(key: bytes) -> OctKey:
    with warnings.catch_warnings():
        # An operator's short key is theirs to choose; refusing it would lock everybody out.
        warnings.simplefilter("ignore", SecurityWarning)
        return OctKey.import_key(key)
