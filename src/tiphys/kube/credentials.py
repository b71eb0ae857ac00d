"""Who we are at a cluster right now: a token and certificates, renewed where they were found.

Files are read again once a minute, and at once when the server refuses us: Kubernetes replaces a
service account's token before its hour is over, and administrators replace certificates in place.
A command that prints credentials runs when they expire, or are refused.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec
from multidict import CIMultiDict

from tiphys.kube.aws_token import aws_token
from tiphys.kube.config import ClusterConfig, ExecProvider, Impersonation
from tiphys.kube.exec_credentials import ExecCredential, run_exec
from tiphys.kube.tls import TlsMaterial
from tiphys.model.errors import CredentialsError

_READ_AGAIN = timedelta(seconds=60)
_RENEW_BEFORE = timedelta(seconds=60)
_PAUSE_AFTER_FAILURE = timedelta(seconds=5)

Obtain = Callable[[], Awaitable[ExecCredential]]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What proves to a cluster who we are, and what proves to us that it is the cluster."""

    token: str = ""
    username: str = ""
    password: str = ""
    impersonation: Impersonation = Impersonation()
    tls: TlsMaterial = TlsMaterial()

    def headers(self, acts_as: str = "") -> CIMultiDict[str]:
        """Return the headers of a request; `acts_as` is impersonated instead of who we are told.

        Source: Kubernetes documentation, "User impersonation".
        """
        headers: CIMultiDict[str] = CIMultiDict()
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        elif self.username:
            pair = f"{self.username}:{self.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        # Somebody else's groups must not stay with the account that is acted as.
        acting = Impersonation(user=acts_as) if acts_as else self.impersonation
        if acting.user:
            headers["Impersonate-User"] = acting.user
            if acting.uid:
                headers["Impersonate-Uid"] = acting.uid
            for group in acting.groups:
                headers.add("Impersonate-Group", group)
            for name, values in acting.extra.items():
                for value in values:
                    headers.add(f"Impersonate-Extra-{quote(name.lower(), safe='')}", value)
        return headers


class Credentials:
    """One cluster's credentials, kept fresh."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config
        self._files = Identity(
            token=config.token,
            username=config.username,
            password=config.password,
            impersonation=config.impersonation,
            tls=TlsMaterial(
                ca=config.ca,
                certificate=config.certificate,
                key=config.key,
                insecure=config.insecure,
            ),
        )
        self._read_at: datetime | None = None
        obtain = _obtainer(config)
        self._issued = None if obtain is None else _Issued(obtain)

    async def current(self, now: datetime) -> Identity:
        """Return who we are at this moment.

        Raises:
            CredentialsError: the command or service that issues credentials failed.
        """
        if self._read_at is None or now - self._read_at >= _READ_AGAIN:
            self._files, self._read_at = self._read_again(), now
        if self._issued is None:
            return self._files
        issued = await self._issued.current(now)
        tls = self._files.tls
        if issued.certificate:
            tls = msgspec.structs.replace(tls, certificate=issued.certificate, key=issued.key)
        token = issued.token or self._files.token
        return msgspec.structs.replace(self._files, token=token, tls=tls)

    def refused(self, identity: Identity) -> bool:
        """Take note that the server did not know us; return whether we may have become another.

        Another request may have renewed the credentials since; then there is nothing to forget.
        """
        self._read_at = None
        if self._issued is not None:
            self._issued.refused(identity.token, identity.tls.certificate)
            return True
        return self._read_again() != identity

    def _read_again(self) -> Identity:
        config, before = self._config, self._files
        tls = msgspec.structs.replace(
            before.tls,
            ca=_content(config.ca_file, before.tls.ca),
            certificate=_content(config.certificate_file, before.tls.certificate),
            key=_content(config.key_file, before.tls.key),
        )
        token = _content(config.token_file, before.token).strip()
        if tls == before.tls and token == before.token:
            return before
        return msgspec.structs.replace(before, token=token, tls=tls)


class _Issued:
    """Credentials that are issued to us for a while."""

    def __init__(self, obtain: Obtain) -> None:
        self._obtain = obtain
        self._credential: ExecCredential | None = None
        self._failure: CredentialsError | None = None
        self._failed_at = datetime.min.replace(tzinfo=UTC)
        self._lock = asyncio.Lock()

    async def current(self, now: datetime) -> ExecCredential:
        async with self._lock:
            if self._credential is not None and not _expires(self._credential, now):
                return self._credential
            if self._failure is not None and now - self._failed_at < _PAUSE_AFTER_FAILURE:
                known = self._failure
                raise CredentialsError(known.what, where=known.where, hint=known.hint)
            try:
                self._credential = await self._obtain()
            except CredentialsError as err:
                self._failure, self._failed_at = err, now
                raise
            self._failure = None
            return self._credential

    def refused(self, token: str, certificate: str) -> None:
        kept = self._credential
        if kept is not None and kept.token in {"", token} and kept.certificate in {"", certificate}:
            self._credential = None


def _obtainer(config: ClusterConfig) -> Obtain | None:
    provider: ExecProvider | None = config.exec_provider
    aws = config.aws
    if provider is not None:
        return lambda: run_exec(provider, config)
    if aws is not None:
        return lambda: aws_token(aws, config.server)
    return None


def _expires(credential: ExecCredential, now: datetime) -> bool:
    return credential.expires_at is not None and now >= credential.expires_at - _RENEW_BEFORE


def _content(path: Path | None, before: str) -> str:
    """Return what a file holds; what it held before while it is being replaced."""
    if path is None:
        return before
    try:
        return path.read_text() or before
    except (OSError, ValueError):
        return before
