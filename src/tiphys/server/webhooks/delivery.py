"""One delivery of a webhook: its headers, its body, and how it proves where it comes from."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from tiphys.model.errors import InvalidInputError

WHERE = "POST /api/webhook"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a host sent.

    Attributes:
        headers: names in lower case.
        body: as it came, for its signature.
        secrets: `webhook.*` of `argocd-secret`; one that is empty or missing is not checked.
    """

    headers: Mapping[str, str]
    body: bytes
    secrets: Mapping[str, str]

    def header(self, name: str) -> str:
        """Return a header, "" when it was not sent."""
        return self.headers.get(name, "")

    def secret(self, name: str) -> str:
        """Return `webhook.NAME`, "" when there is none."""
        return self.secrets.get(f"webhook.{name}", "")

    def json(self) -> dict[str, Any]:
        """Return the payload.

        Raises:
            InvalidInputError: it is not a JSON object.
        """
        try:
            payload = orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            raise InvalidInputError("payload must be valid JSON", where=WHERE) from err
        if not isinstance(payload, dict):
            raise InvalidInputError("the push names no repository or ref", where=WHERE)
        return payload

    def require_signature(self, header: str, secret: str, *, prefix: str = "sha256=") -> None:
        """Check the HMAC-SHA256 of the body, where there is a secret.

        Raises:
            InvalidInputError: it does not match.
        """
        key = self.secret(secret)
        if key:
            wanted = prefix + hmac.new(key.encode(), self.body, hashlib.sha256).hexdigest()
            _require_equal(self.header(header), wanted, secret)

    def require_token(self, header: str, secret: str) -> None:
        """Check a header that repeats the secret, where there is one.

        Raises:
            InvalidInputError: it does not match.
        """
        key = self.secret(secret)
        if key:
            _require_equal(self.header(header), key, secret)

    def require_basic(self, user: str, password: str) -> None:
        """Check HTTP Basic credentials against two secrets, where there are any.

        Raises:
            InvalidInputError: they do not match.
        """
        wanted = f"{self.secret(user)}:{self.secret(password)}"
        if wanted == ":":
            return
        scheme, _, encoded = self.header("authorization").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            given = ""
        _require_equal(given if scheme.lower() == "basic" else "", wanted, password)


def _require_equal(given: str, wanted: str, secret: str) -> None:
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise InvalidInputError(
            "Webhook processing failed: the signature does not match",
            where=WHERE,
            hint=f"Set the same secret at the Git host and in `webhook.{secret}`.",
        )
