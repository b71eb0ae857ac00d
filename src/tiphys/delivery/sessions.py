"""What all replicas know of sessions: which tokens are revoked, and where logins failed.

One small Secret holds it, which every replica watches, so a restart forgets nothing. What no longer
matters leaves it with the next write. It names neither tokens nor people nor addresses: there are
only digests in it that nobody can compute without the signing key.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from tiphys.delivery.clock import Clock
from tiphys.delivery.installation import Installation
from tiphys.delivery.writing import SecretWriter
from tiphys.engine.logins import Limits, Place, Places, merged, pruned
from tiphys.model.keys import Manifest

log = logging.getLogger(__name__)

SESSIONS_SECRET: Final = "argocd-server-sessions"  # noqa: S105 -- its name
_REVOKED, _PLACES = "revoked", "places"
_MOST_REVOKED: Final = 10_000
_FOR_EVER_S: Final = 10 * 365 * 24 * 3600
_MOST_ACCOUNTS: Final = 500


class Sessions:
    """What replicas share of sessions."""

    def __init__(
        self,
        installation: Installation,
        writer: SecretWriter,
        clock: Clock,
        limits: Callable[[], Limits],
    ) -> None:
        self._installation, self._writer = installation, writer
        self._clock, self._limits = clock, limits
        self._revoked: dict[str, int] = {}
        self._places: dict[str, dict[str, Place]] = {}
        self._read_from: Manifest | None = None
        self._writing = asyncio.Lock()
        self._is_saved = True

    def is_revoked(self, token_id: str) -> bool:
        """Return whether the token with an id was revoked, here or by another replica."""
        self._read()
        return self._digest(token_id) in self._revoked

    async def revoke(self, token_id: str, expires_at: int) -> None:
        """Make a token useless until it expires by itself.

        Raises:
            ApiError: it cannot be saved; this replica refuses the token all the same.
        """
        now = int(self._clock().timestamp())
        self._revoked[self._digest(token_id)] = expires_at or now + _FOR_EVER_S
        self._is_saved = False
        await self._save()

    def places(self, account: str) -> Places:
        """Return where an account was tried from."""
        self._read()
        return self._places.get(self._digest(account), {})

    async def record(self, account: str, places: dict[str, Place]) -> None:
        """Keep where an account was tried from; in force at once, and returns when it is saved.

        Raises:
            ApiError: it cannot be saved; it is saved with what comes next.
        """
        self._places[self._digest(account)] = places
        self._is_saved = False
        await self._save()

    def place_of(self, kind: str, name: str) -> str:
        """Return the name that a device or address is kept under."""
        return self._digest(f"{kind}\0{name}")

    async def _save(self) -> None:
        """Write what is not written yet; what came together is written together."""
        async with self._writing:
            if not self._is_saved:
                await self._writer.update(SESSIONS_SECRET, self._merge_into)
                self._is_saved = True

    def _merge_into(self, data: dict[str, str]) -> None:
        self._take_over(data)
        now, limits = int(self._clock().timestamp()), self._limits()
        alive = {digest: expiry for digest, expiry in self._revoked.items() if expiry > now}
        if len(alive) > _MOST_REVOKED:
            log.warning("more tokens are revoked than can be kept", extra={"count": len(alive)})
            alive = dict(sorted(alive.items(), key=lambda entry: entry[1])[-_MOST_REVOKED:])
        self._revoked = alive
        remaining = {a: pruned(places, limits, now) for a, places in self._places.items()}
        newest = sorted(remaining, key=lambda account: _last(remaining[account]))
        self._places = {a: remaining[a] for a in newest[-_MOST_ACCOUNTS:] if remaining[a]}
        data[_REVOKED] = msgspec.json.encode(self._revoked).decode()
        data[_PLACES] = msgspec.json.encode(self._places).decode()

    def _read(self) -> None:
        key = f"{self._installation.namespace}/{SESSIONS_SECRET}"
        secret = self._installation.collections.secrets.get(key)
        if secret is not None and secret is not self._read_from:
            self._read_from = secret
            self._take_over(dict(self._installation.secret(SESSIONS_SECRET)))

    def _take_over(self, data: dict[str, str]) -> None:
        try:
            revoked = msgspec.json.decode(data.get(_REVOKED) or "{}", type=dict[str, int])
            tried = msgspec.json.decode(data.get(_PLACES) or "{}", type=dict[str, dict[str, Place]])
        except msgspec.DecodeError as err:
            log.warning("what is kept of sessions cannot be read", extra={"problem": str(err)})
            return
        self._revoked = revoked | self._revoked
        for account, places in tried.items():
            self._places[account] = merged(self._places.get(account, {}), places)

    def _digest(self, text: str) -> str:
        key = self._installation.secret_bytes("argocd-secret", "server.secretkey")
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _last(places: Places) -> int:
    return max((max(p.failed_at, p.logged_in_at) for p in places.values()), default=0)
