"""Repositories and credentials of an installation: looked at, tried, stored.

Both are Secrets with one field for each piece of information; credentials for many repositories
are looked up by the beginning of an address. What leaves this module holds no secret.

Source: Argo CD operator manual, "Declarative Setup"; its API's `Repository` and `RepoCreds`.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tiphys.delivery.clock import Clock, timestamp
from tiphys.delivery.installation import Installation
from tiphys.delivery.writing import SECRET
from tiphys.kube.client import KubeClient
from tiphys.model.errors import AlreadyExistsError, ApiError, InvalidInputError, TiphysError
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import SERVER_MANAGER
from tiphys.model.source import Record
from tiphys.settings.secret_manifests import credentials_secret, repository_secret
from tiphys.settings.secrets import decode_secret, find_repository, secret_type
from tiphys.sources.access import RepositoryAccess, access_from_secret
from tiphys.sources.addresses import host_of, is_prefix, normalise_url
from tiphys.sources.connection import check_repository

_PATIENCE_S: Final = 20.0
_REMEMBERED: Final = timedelta(minutes=3)

SHOWN: Final = (
    "type", "name", "username", "insecure", "enableLfs", "enableOCI", "proxy", "noProxy", "project",
    "forceHttpBasicAuth", "githubAppID", "githubAppInstallationID", "githubAppEnterpriseBaseUrl",
    "useAzureWorkloadIdentity", "insecureOCIForceHttp", "insecureIgnoreHostKey", "depth",
)  # fmt: skip
"""Fields that are no secret, as both the Secret and the API name them."""
_SECRET_FIELDS: Final = (
    "password", "sshPrivateKey", "bearerToken", "tlsClientCertData", "tlsClientCertKey",
    "githubAppPrivateKey", "gcpServiceAccountKey",
)  # fmt: skip
_SWITCHES: Final = frozenset(
    {
        "insecure", "enableLfs", "enableOCI", "forceHttpBasicAuth", "useAzureWorkloadIdentity",
        "insecureOCIForceHttp", "insecureIgnoreHostKey",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset({"depth", "githubAppID", "githubAppInstallationID"})


class ConnectionState(Record, frozen=True, omit_defaults=False):
    """Whether something answered when it was asked last.

    Attributes:
        status: "Successful", "Failed" or "Unknown".
        attempted_at: RFC 3339, "" when it was never asked.
    """

    status: str = "Unknown"
    message: str = ""
    attempted_at: str = ""


class Repositories:
    """The repositories that an installation may read."""

    def __init__(self, installation: Installation, client: KubeClient, clock: Clock) -> None:
        self._installation, self._client, self._clock = installation, client, clock
        self._states: dict[object, tuple[datetime, ConnectionState]] = {}

    def secrets(self, kind: str = "repository") -> list[tuple[Manifest, dict[str, str]]]:
        """Return the Secrets of a kind with their decoded fields, in the order of addresses."""
        found = [
            (secret, decode_secret(secret))
            for secret in self._installation.collections.secrets.objects()
            if secret_type(secret) == kind
        ]
        return sorted(found, key=lambda pair: pair[1].get("url", ""))

    def find(self, url: str, project: str | None = None) -> tuple[Manifest, dict[str, str]] | None:
        """Return the Secret of a repository, of any project unless one is named."""
        wanted = normalise_url(url)
        for secret, fields in self.secrets():
            is_of_project = project is None or fields.get("project", "") == project
            if normalise_url(fields.get("url", "")) == wanted and is_of_project:
                return secret, fields
        return None

    def shown_of(self, project: str) -> list[dict[str, Any]]:
        """Return what the API shows of the repositories that belong to a project."""
        own = [fields for _, fields in self.secrets() if fields.get("project", "") == project]
        return [shown_fields(fields) for fields in own]

    def access(self, fields: Mapping[str, str]) -> RepositoryAccess:
        """Return who we are at a repository that need not be stored yet.

        Raises:
            InvalidInputError: its address or credentials cannot be used.
        """
        url, project = fields["url"], fields.get("project", "")
        lenders = [secret for secret, _ in self.secrets("repo-creds")]
        own = repository_secret(self._installation.namespace, fields)
        data = find_repository(
            [*lenders, own], normalise_url(url), project, normalise_url, is_prefix
        )
        authorities = self._installation.config_map("argocd-tls-certs-cm")
        hosts = self._installation.config_map("argocd-ssh-known-hosts-cm")
        return access_from_secret(
            url,
            data,
            authority=authorities.get(host_of(url), ""),
            known_hosts=hosts.get("ssh_known_hosts", ""),
        )

    async def require_answer(self, fields: Mapping[str, str]) -> None:
        """See that a repository answers.

        Raises:
            SourceError: it does not, or refuses us.
            InvalidInputError: its address or credentials cannot be used.
        """
        roots = self._installation.settings.file_roots
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await check_repository(self.access(fields), roots)
        except TimeoutError:
            raise InvalidInputError(
                f"the repository does not answer within {_PATIENCE_S:.0f} s"
            ) from None

    async def state(self, fields: Mapping[str, str], *, fresh: bool = False) -> ConnectionState:
        """Return whether a repository answers, as of the last minutes unless asked afresh."""
        now, key = self._clock(), tuple(sorted(fields.items()))
        known = self._states.get(key)
        if known is not None and not fresh and now - known[0] < _REMEMBERED:
            return known[1]
        status, message = "Successful", ""
        try:
            await self.require_answer(fields)
        except TiphysError as err:
            status, message = "Failed", err.what
        state = ConnectionState(status=status, message=message, attempted_at=timestamp(now))
        self._states = {k: v for k, v in self._states.items() if now - v[0] < _REMEMBERED}
        self._states[key] = (now, state)
        return state

    async def create(self, fields: Mapping[str, str], *, upsert: bool) -> dict[str, str]:
        """Store a repository, and return its fields.

        Raises:
            AlreadyExistsError: it is there and says something else, and `upsert` is off.
        """
        secret = repository_secret(self._installation.namespace, fields)
        return await self._store(secret, upsert=upsert, what="repository")

    async def create_credentials(
        self, fields: Mapping[str, str], *, upsert: bool
    ) -> dict[str, str]:
        """Store credentials for all repositories whose address begins alike.

        Raises:
            AlreadyExistsError: they are there and say something else, and `upsert` is off.
        """
        secret = credentials_secret(self._installation.namespace, fields)
        return await self._store(secret, upsert=upsert, what="repository credentials")

    async def _store(self, secret: Manifest, *, upsert: bool, what: str) -> dict[str, str]:
        try:
            stored = await self._client.create(secret, manager=SERVER_MANAGER)
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
            stored = await self._change(secret, upsert=upsert, what=what)
        self._installation.collections.secrets.observe(stored)
        return decode_secret(stored)

    async def _change(self, secret: Manifest, *, upsert: bool, what: str) -> Manifest:
        key = key_of(secret)
        present = await self._client.get(SECRET, key.namespace, key.name)
        if present is not None and decode_secret(present) == decode_secret(secret):
            return present
        if not upsert:
            raise AlreadyExistsError(
                f"existing {what} spec is different; use upsert flag to force update"
            )
        return await self._client.replace(secret, manager=SERVER_MANAGER)

    async def update(self, secret: Manifest, fields: Mapping[str, str]) -> dict[str, str]:
        """Change a stored repository; secrets that are left out stay as they are."""
        before = decode_secret(secret)
        kept = {name: before[name] for name in _SECRET_FIELDS if before.get(name)}
        changed = repository_secret(
            self._installation.namespace, {**kept, **fields, "url": before["url"]}
        )
        written = {**secret, "data": changed["data"], "apiVersion": "v1", "kind": "Secret"}
        stored = await self._client.replace(written, manager=SERVER_MANAGER)
        self._installation.collections.secrets.observe(stored)
        return decode_secret(stored)

    async def delete(self, secret: Manifest) -> None:
        """Forget a repository or credentials; what was deployed from there stays."""
        key = ResourceKey("", "Secret", secret["metadata"]["namespace"], secret["metadata"]["name"])
        await self._client.delete(SECRET, key, preconditions={"uid": secret["metadata"]["uid"]})


def shown_fields(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what the API shows of a repository: no password, key or token."""
    shown: dict[str, Any] = {"repo": fields.get("url", ""), "type": "git"}
    for name in SHOWN:
        value = fields.get(name, "")
        if value:
            shown[name] = _typed(name, value)
    return shown


def _typed(name: str, value: str) -> Any:
    if name in _SWITCHES:
        return value == "true"
    if name in _NUMBERS:
        return int(value) if value.isdigit() else 0
    return value


def stored_fields(body: Mapping[str, Any], address: str) -> dict[str, str]:
    """Return the fields of a Secret that a body of the API describes.

    Args:
        body: the JSON of a Repository or of RepoCreds.
        address: the field that holds the address: "repo" or "url".

    Raises:
        InvalidInputError: it has no address, or a field has the wrong type.
    """
    url = body.get(address)
    if not isinstance(url, str) or not url.strip():
        raise InvalidInputError("the address is missing", where=address)
    fields = {"url": url.strip()}
    for name in (*SHOWN, *_SECRET_FIELDS):
        value = body.get(name)
        if value in (None, "", False, 0):
            continue
        if not isinstance(value, str | int | bool):
            raise InvalidInputError("expected a text, a number or a flag", where=name)
        fields[name] = "true" if value is True else str(value)
    return fields
