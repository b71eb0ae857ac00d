"""Who we are at a cluster: the Authorization header, renewed where a command prints it."""

import asyncio
import base64
import os
from datetime import datetime, timedelta

import orjson

from tiphys.kube.config import ClusterConfig, ExecProvider
from tiphys.model.errors import ClusterError

_EXEC_TIMEOUT_S = 30.0
_RENEW_BEFORE = timedelta(seconds=60)


class Credentials:
    """Gives the headers that authenticate a request."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config
        self._token = config.token
        self._expires_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def headers(self, now: datetime) -> dict[str, str]:
        """Return the headers for a request that is sent now.

        Raises:
            ClusterError: the command that prints credentials failed.
        """
        if self._config.exec_provider is not None:
            await self._renew(self._config.exec_provider, now)
        headers = {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        elif self._config.username:
            pair = f"{self._config.username}:{self._config.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if self._config.impersonate_user:
            headers["Impersonate-User"] = self._config.impersonate_user
        return headers

    async def _renew(self, provider: ExecProvider, now: datetime) -> None:
        async with self._lock:
            if self._token and (self._expires_at is None or now < self._expires_at - _RENEW_BEFORE):
                return
            status = await self._run(provider)
            self._token = str(status.get("token", ""))
            expires = status.get("expirationTimestamp")
            self._expires_at = datetime.fromisoformat(str(expires)) if expires else None

    async def _run(self, provider: ExecProvider) -> dict[str, object]:
        info = {"apiVersion": provider.api_version, "kind": "ExecCredential", "spec": {}}
        try:
            process = await asyncio.create_subprocess_exec(
                provider.command,
                *provider.args,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={
                    **os.environ,
                    **provider.env,
                    "KUBERNETES_EXEC_INFO": orjson.dumps(info).decode(),
                },
            )
            async with asyncio.timeout(_EXEC_TIMEOUT_S):
                output, _ = await process.communicate()
            answer = orjson.loads(output)
        except (OSError, TimeoutError, orjson.JSONDecodeError) as err:
            raise ClusterError(
                f"the credential command `{provider.command}` gave no credentials",
                where=self._config.server,
                hint="Run the command by hand.",
            ) from err
        status: dict[str, object] = answer.get("status") or {}
        return status
