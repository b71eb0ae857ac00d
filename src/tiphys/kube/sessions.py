"""Connections to one API server, made anew when the certificates change.

Requests that are under way keep the connections that they began on; those are closed when the last
of them ends.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson

from tiphys.kube.config import ClusterConfig
from tiphys.kube.proxies import environment_proxy
from tiphys.kube.tls import TlsMaterial
from tiphys.model.errors import InvalidInputError

log = logging.getLogger(__name__)

_READ_BUFFER = 256 * 1024


class _Held:
    """A session, and how many requests are using it."""

    def __init__(self, session: aiohttp.ClientSession, tls: TlsMaterial) -> None:
        self.session, self.tls, self.users = session, tls, 0


class Sessions:
    """The HTTP sessions of one cluster; all but the newest are on their way out."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config
        self._newest: _Held | None = None
        self._outgoing: set[_Held] = set()
        self._proxy = config.proxy_url or environment_proxy(config.server, os.environ) or None

    @asynccontextmanager
    async def using(self, tls: TlsMaterial) -> AsyncIterator[aiohttp.ClientSession]:
        """Give a session whose connections were opened with these certificates.

        Raises:
            InvalidInputError: the certificates do not parse, and there were none before.
        """
        held = self._for(tls)
        held.users += 1
        try:
            yield held.session
        finally:
            held.users -= 1
            if held in self._outgoing and not held.users:
                self._outgoing.discard(held)
                await held.session.close()

    async def close(self) -> None:
        """Close all connections."""
        for held in [*self._outgoing, *([self._newest] if self._newest else [])]:
            await held.session.close()
        self._outgoing.clear()

    def _for(self, tls: TlsMaterial) -> _Held:
        newest = self._newest
        if newest is not None and newest.tls == tls:
            return newest
        try:
            opened = _Held(self._open(tls), tls)
        except InvalidInputError as err:
            if newest is None:
                raise
            # A certificate and its key are two files, replaced one after the other.
            log.warning("certificates not understood, the old ones are kept", extra=_about(err))
            return newest
        if newest is not None:
            self._outgoing.add(newest)
        self._newest = opened
        return opened

    def _open(self, tls: TlsMaterial) -> aiohttp.ClientSession:
        server = self._config.server
        context = tls.context(server) if server.startswith("https") else True
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, ssl=context),
            proxy=self._proxy,
            read_bufsize=_READ_BUFFER,
            json_serialize=lambda value: orjson.dumps(value).decode(),
        )


def _about(err: InvalidInputError) -> dict[str, str]:
    return {"cluster": err.where, "problem": err.what}
