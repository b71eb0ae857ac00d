"""Signs and reads JSON web tokens with the cluster's own key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

_ALGORITHM = "ES256"


class Signer:
    """The key of a cluster; it stays the same over restarts."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        self._key = ECKey.import_key(path.read_bytes())
        self._header = {"alg": _ALGORITHM, "kid": self._key.thumbprint()}

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Return a token that says so."""
        return jwt.encode(self._header, dict(claims), self._key)

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """Return what a token says; None when we did not sign it."""
        try:
            return jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
