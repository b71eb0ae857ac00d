"""Logging in with a password.

Whatever is wrong, the answer is the same and takes the same time, so that nobody learns which
accounts exist.

Source: Argo CD operator manual, "User Management"; OWASP, "Authentication Cheat Sheet".
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tiphys.delivery.accounts import Accounts
from tiphys.delivery.clock import Clock
from tiphys.delivery.passwords import is_password
from tiphys.delivery.sessions import Sessions
from tiphys.engine.logins import Place, after_failure, after_success, is_blocked
from tiphys.model.errors import ApiError, ClusterError, InvalidInputError, UnauthenticatedError
from tiphys.settings.accounts import LOGIN, Account
from tiphys.settings.login import LoginSettings

log = logging.getLogger(__name__)

WRONG: Final = "Invalid username or password"
_MAX_USERNAME: Final = 32
_LEAST_MS, _SPREAD_MS = 500, 500
_MOST_FROM_ONE_ADDRESS: Final = 20

Sleep = Callable[[float], Awaitable[None]]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to log in.

    Attributes:
        device: what our cookie says the device is, "" when it has none for this account.
        address: the network address that the request comes from.
    """

    username: str
    password: str
    device: str = ""
    address: str = ""


class PasswordLogin:
    """Checks passwords."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        settings: Callable[[], LoginSettings],
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._accounts, self._sessions = accounts, sessions
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._running: Counter[str] = Counter()
        self._verifying = 0
        self._locks: dict[str, asyncio.Lock] = {}

    async def check(self, attempt: Attempt) -> Account:
        """Return the account that may log in.

        Raises:
            UnauthenticatedError: it may not.
            InvalidInputError: the user name is too long to be one.
        """
        if self._running[attempt.address] >= _MOST_FROM_ONE_ADDRESS:
            raise UnauthenticatedError(WRONG)
        self._running[attempt.address] += 1
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + (_LEAST_MS + secrets.randbelow(_SPREAD_MS)) / 1000
        try:
            return await self._checked(attempt)
        finally:
            await self._sleep(max(ends_at - loop.time(), 0))
            self._running[attempt.address] -= 1
            if not self._running[attempt.address]:
                del self._running[attempt.address]

    async def _checked(self, attempt: Attempt) -> Account:
        if not attempt.password:
            raise UnauthenticatedError("Blank passwords are not allowed")
        if len(attempt.username.encode()) > _MAX_USERNAME:
            raise InvalidInputError(f"Username is too long. Max length is {_MAX_USERNAME} bytes")
        if self._verifying >= self._settings().most_logins_at_once:
            log.warning("too many logins at once")
            raise UnauthenticatedError(WRONG)
        self._verifying += 1
        try:
            account = await self._right_account(attempt)
        finally:
            self._verifying -= 1
        if not account.enabled:
            raise UnauthenticatedError(f"Account {account.name} is disabled")
        if not account.has(LOGIN):
            raise UnauthenticatedError(f"Account {account.name} does not have login capability")
        return account

    async def _right_account(self, attempt: Attempt) -> Account:
        account = self._accounts.all().get(attempt.username)
        if account is None:
            await is_password(attempt.password, "")
            raise UnauthenticatedError(WRONG)
        # One at a time for each account, so that parallel guesses are counted like others.
        async with self._locks.setdefault(account.name, asyncio.Lock()):
            await self._verify(account, attempt)
        return account

    async def _verify(self, account: Account, attempt: Attempt) -> None:
        limits, now = self._settings().limits, int(self._clock().timestamp())
        place = self._place(attempt)
        places = self._sessions.places(account.name)
        if is_blocked(places, place, limits, now):
            log.warning("account is blocked for a while", extra={"account": account.name})
            raise UnauthenticatedError(WRONG)
        is_right = await is_password(attempt.password, account.password_hash)
        after = after_success if is_right else after_failure
        await self._keep(account.name, after(places, place, limits, now))
        if not is_right:
            log.warning("wrong password", extra={"account": account.name, "security": 3})
            raise UnauthenticatedError(WRONG)

    async def _keep(self, account: str, places: dict[str, Place]) -> None:
        try:
            await self._sessions.record(account, places)
        except (ApiError, ClusterError) as err:
            # This replica counts on, and a cluster without writes must not keep people out.
            log.warning("a login cannot be recorded", extra={"problem": err.line})

    def _place(self, attempt: Attempt) -> str:
        if attempt.device:
            return self._sessions.place_of("device", attempt.device)
        return self._sessions.place_of("address", attempt.address)
