"""Puts together what knows callers: accounts, sessions, permissions."""

import logging
from collections.abc import Iterable

import msgspec

from tiphys.delivery.accounts import ARGOCD_CM, Accounts
from tiphys.delivery.clock import system_clock
from tiphys.delivery.first_start import ensure_login
from tiphys.delivery.live import Live
from tiphys.delivery.permissions import Permissions
from tiphys.delivery.sessions import Sessions
from tiphys.delivery.tokens import Signer
from tiphys.delivery.writing import SecretWriter
from tiphys.model.errors import UnauthenticatedError
from tiphys.model.identity import Identity
from tiphys.run.parts import Parts
from tiphys.server.access import Access, AccessParts
from tiphys.server.sessions.login import PasswordLogin
from tiphys.server.sessions.room import LoginRoom
from tiphys.settings.login import LoginSettings, parse_login_settings
from tiphys.settings.sso import SsoSettings

log = logging.getLogger(__name__)


async def prepare_login(parts: Parts) -> None:
    """Create what logging in needs, where it is missing.

    Raises:
        ApiError: we may not create it.
    """
    await ensure_login(parts.home, parts.installation.namespace, _writer(parts), system_clock)


def login_room(parts: Parts) -> LoginRoom:
    """Return the parts that know callers."""
    installation = parts.installation

    def parsed_settings() -> LoginSettings:
        parsed = parse_login_settings(
            installation.config_map(ARGOCD_CM),
            installation.config_map("argocd-cmd-params-cm"),
            installation.environment,
        )
        if parts.options.disables_auth:
            return msgspec.structs.replace(parsed, is_auth_disabled=True)
        return parsed

    settings = Live(
        [
            (installation.collections.config_maps, f"{installation.namespace}/{name}")
            for name in (ARGOCD_CM, "argocd-cmd-params-cm")
        ],
        parsed_settings,
        lambda parsed: _warn(parsed.problems),
    )

    async def no_foreign_tokens(token: str) -> Identity:
        del token
        raise UnauthenticatedError("invalid session: the issuer is not known")

    signer = Signer(lambda: installation.secret_bytes("argocd-secret", "server.secretkey"))
    writer = _writer(parts)
    accounts = Accounts(installation, writer, signer, system_clock)
    sessions = Sessions(installation, writer, system_clock, lambda: settings().limits)
    access = Access(
        AccessParts(
            installation=installation,
            accounts=accounts,
            sessions=sessions,
            signer=signer,
            permissions=Permissions(installation, lambda name, problem: None),
            settings=settings,
            clock=system_clock,
            verify_foreign=no_foreign_tokens,
        )
    )
    return LoginRoom(
        installation=installation,
        access=access,
        accounts=accounts,
        sessions=sessions,
        signer=signer,
        passwords=PasswordLogin(accounts, sessions, settings, system_clock),
        settings=settings,
        sso=SsoSettings,
        clock=system_clock,
    )


def _warn(problems: Iterable[str]) -> None:
    for problem in problems:
        log.warning("setting not understood", extra={"problem": problem})


def _writer(parts: Parts) -> SecretWriter:
    installation = parts.installation
    return SecretWriter(parts.home, installation.namespace, installation.collections.secrets)
