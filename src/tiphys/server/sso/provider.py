"""The identity provider: its description and its keys, asked for when they are needed.

What it said is kept for a while. A provider that does not answer is not asked for each request, and
a token that names an unknown key has the keys fetched again at most twice a minute.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tiphys.model.errors import UnauthenticatedError
from tiphys.settings.sso import OidcConfig, SsoSettings

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_MAX_BYTES: Final = 1024 * 1024
_FRESH_S: Final = 3600.0
_RETRY_S: Final = 30.0

Rewrite = Callable[[str], str]
"""Gives the address that is really asked, for a Dex that browsers reach through us."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] = ()


class Provider:
    """One provider; a change of the settings makes a new one."""

    def __init__(self, sso: SsoSettings, rewrite: Rewrite, now: Callable[[], float]) -> None:
        if sso.oidc is None:
            raise UnauthenticatedError("SSO is not configured")
        self.oidc: OidcConfig = sso.oidc
        self._sso, self._rewrite, self._now = sso, rewrite, now
        self._description: Description | None = None
        self._keys: KeySet | None = None
        self._described_at = self._keys_at = self._failed_at = float("-inf")
        self._asking = asyncio.Lock()

    async def describe(self) -> Description:
        """Return what the provider says of itself.

        Raises:
            UnauthenticatedError: it does not answer, or is somebody else.
        """
        async with self._asking:
            if self._description is None or self._now() - self._described_at > _FRESH_S:
                self._description = await self._discover()
                self._described_at = self._now()
            return self._description

    async def keys(self, key_id: str) -> KeySet:
        """Return the provider's keys; they are fetched again when the one with an id is missing.

        Raises:
            UnauthenticatedError: it does not answer.
        """
        description = await self.describe()
        async with self._asking:
            age = self._now() - self._keys_at
            is_known = self._keys is not None and key_id in {key.kid for key in self._keys.keys}
            if self._keys is None or age > _FRESH_S or (not is_known and age > _RETRY_S):
                self._keys = await self._fetch_keys(description.jwks_uri)
                self._keys_at = self._now()
            return self._keys

    async def post_form(
        self, url: str, form: dict[str, str], auth: aiohttp.BasicAuth | None
    ) -> dict[str, Any]:
        """Return the JSON that answers a form.

        Raises:
            UnauthenticatedError: it does not answer, or refuses.
        """
        return await self._request("POST", url, data=form, auth=auth)

    async def get(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        """Return the JSON at an address.

        Raises:
            UnauthenticatedError: it does not answer, or refuses.
        """
        return await self._request("GET", url, headers=headers)

    async def _discover(self) -> Description:
        if self._now() - self._failed_at < _RETRY_S / 3:
            raise _failure("it did not answer a moment ago")
        url = self.oidc.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            description = msgspec.convert(await self._request("GET", url), Description)
        except (UnauthenticatedError, msgspec.ValidationError) as err:
            self._failed_at = self._now()
            if isinstance(err, UnauthenticatedError):
                raise
            raise _failure(f"its description cannot be read: {err}") from err
        if description.issuer.rstrip("/") != self.oidc.issuer.rstrip("/"):
            raise _failure(f"it says that it is `{description.issuer[:200]}`")
        return description

    async def _fetch_keys(self, url: str) -> KeySet:
        answer = await self._request("GET", url)
        rows = answer.get("keys")
        usable: list[Any] = [row for row in rows if _signs(row)] if isinstance(rows, list) else []
        try:
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, KeyError, TypeError) as err:
            raise _failure("its keys cannot be read") from err

    async def _request(self, method: str, url: str, **given: Any) -> dict[str, Any]:
        connector = aiohttp.TCPConnector(ssl=self._tls())
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
                session.request(
                    method, self._rewrite(url), allow_redirects=False, **given
                ) as answer,
            ):
                body = await answer.content.read(_MAX_BYTES + 1)
                while not answer.content.at_eof() and len(body) <= _MAX_BYTES:
                    body += await answer.content.read(_MAX_BYTES + 1 - len(body))
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, ValueError) as err:
            raise _failure(f"{type(err).__name__} at `{_without_query(url)}`") from err
        if status != 200 or len(body) > _MAX_BYTES:
            raise _failure(f"status {status} at `{_without_query(url)}`")
        try:
            decoded: dict[str, Any] = msgspec.json.decode(body, type=dict)
        except msgspec.DecodeError as err:
            raise _failure(f"`{_without_query(url)}` did not answer with JSON") from err
        return decoded

    def _tls(self) -> ssl.SSLContext | bool:
        if not self._sso.verifies_tls or self._sso.is_dex:
            # Dex in the cluster has a certificate that nobody signed, as in Argo CD.
            return False
        if not self.oidc.root_ca:
            return True
        try:
            return ssl.create_default_context(cadata=self.oidc.root_ca)
        except ssl.SSLError as err:
            raise _failure("`rootCA` is not a certificate in PEM") from err


def _signs(row: Any) -> bool:
    """Return whether a key may sign tokens: one that is shared, or only encrypts, may not."""
    is_public = isinstance(row, dict) and row.get("kty") in {"RSA", "EC", "OKP"}
    return is_public and row.get("use", "sig") == "sig"


def _failure(why: str) -> UnauthenticatedError:
    return UnauthenticatedError(f"failed to query the identity provider: {why}")


def _without_query(url: str) -> str:
    return url.partition("?")[0][:200]
