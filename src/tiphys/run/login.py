"""Puts together what knows callers: accounts, sessions, permissions, single sign-on."""

import logging
import time
from collections.abc import Callable, Iterable

import msgspec
from starlette.routing import BaseRoute

from tiphys.delivery.accounts import ARGOCD_CM, ARGOCD_SECRET, Accounts
from tiphys.delivery.clock import system_clock
from tiphys.delivery.dex import dex_secret
from tiphys.delivery.first_start import ensure_login
from tiphys.delivery.installation import Installation
from tiphys.delivery.live import Live
from tiphys.delivery.permissions import RBAC_CM, Permissions
from tiphys.delivery.project_tokens import ProjectTokens
from tiphys.delivery.sessions import Sessions
from tiphys.delivery.sign_on_settings import live_sso
from tiphys.delivery.tokens import Signer
from tiphys.delivery.writing import SecretWriter
from tiphys.kube.events import EventRecorder
from tiphys.model.keys import Manifest
from tiphys.run.parts import Parts
from tiphys.server.access import Access, AccessParts
from tiphys.server.routes.session import logout_routes
from tiphys.server.routes.sso import sso_routes
from tiphys.server.sessions.login import PasswordLogin
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.sso.dex import behind_us, dex_routes, dex_server
from tiphys.server.sso.flow import SingleSignOn, SsoParts
from tiphys.server.sso.provider import Provider
from tiphys.settings.accounts import unknown_capabilities
from tiphys.settings.login import LoginSettings, parse_login_settings
from tiphys.settings.sso import SsoSettings

log = logging.getLogger(__name__)

_PARAMS = "argocd-cmd-params-cm"
_INVALID = "InvalidSetting"

Report = Callable[[Iterable[str]], None]
"""Told what is wrong with settings of `argocd-cm`."""


async def prepare_login(parts: Parts) -> None:
    """Create what logging in needs, where it is missing.

    Raises:
        ApiError: we may not create it.
    """
    await ensure_login(parts.home, parts.installation.namespace, _writer(parts), system_clock)


class LoginParts(msgspec.Struct, frozen=True, kw_only=True):
    """What logs people in, and the routes of it that are not of the API."""

    room: LoginRoom
    routes: list[BaseRoute]


def login_parts(parts: Parts, events: EventRecorder) -> LoginParts:
    """Return the parts that know callers; what is wrong with their settings becomes Events."""
    installation = parts.installation
    report = _reporter(installation, events)
    settings = _live_settings(installation, report, disables_auth=parts.options.disables_auth)

    def signing_key() -> bytes:
        return installation.secret_bytes(ARGOCD_SECRET, "server.secretkey")

    signer, writer = Signer(signing_key), _writer(parts)
    sso = live_sso(
        installation, lambda: dex_secret(signing_key()), lambda parsed: report(parsed.problems)
    )

    def record(about: Manifest, problem: str) -> None:
        if about:
            events.record(about, _INVALID, problem, is_warning=True)

    permissions = Permissions(installation, record)
    accounts = Accounts(installation, writer, signer, system_clock)
    sessions = Sessions(installation, writer, system_clock, lambda: settings().limits)
    sign_on = SingleSignOn(
        SsoParts(
            sso=sso,
            settings=settings,
            permissions=permissions,
            key=signing_key,
            clock=system_clock,
            open_provider=lambda found: _provider(installation, found),
        )
    )
    access = Access(
        AccessParts(
            installation=installation,
            accounts=accounts,
            sessions=sessions,
            signer=signer,
            permissions=permissions,
            settings=settings,
            clock=system_clock,
            verify_foreign=sign_on.identify,
        )
    )
    room = LoginRoom(
        installation=installation,
        access=access,
        accounts=accounts,
        project_tokens=ProjectTokens(parts.home, installation, signer, system_clock),
        sessions=sessions,
        signer=signer,
        passwords=PasswordLogin(accounts, sessions, settings, system_clock),
        settings=settings,
        sso=sso,
        clock=system_clock,
    )
    _follow(installation, (settings, sso, permissions.policy))
    dex = dex_routes(
        sso, lambda: dex_server(installation.config_map(_PARAMS), installation.environment)
    )
    return LoginParts(room=room, routes=[*logout_routes(room), *sso_routes(room, sign_on), *dex])


def _follow(installation: Installation, reads: Iterable[Callable[[], object]]) -> None:
    """Read settings when they change, so that what is wrong is told before somebody asks."""
    names = {f"{installation.namespace}/{name}" for name in (ARGOCD_CM, _PARAMS, RBAC_CM)}
    asked = tuple(reads)

    def changed(key: str, before: Manifest | None, after: Manifest | None) -> None:
        del before, after
        if key in names:
            for read in asked:
                read()

    installation.collections.config_maps.subscribe(changed)
    for read in asked:
        read()


def _live_settings(
    installation: Installation, report: Report, *, disables_auth: bool
) -> Live[LoginSettings]:
    def parse() -> LoginSettings:
        config = installation.config_map(ARGOCD_CM)
        parsed = parse_login_settings(
            config, installation.config_map(_PARAMS), installation.environment
        )
        return msgspec.structs.replace(
            parsed,
            is_auth_disabled=parsed.is_auth_disabled or disables_auth,
            problems=(*parsed.problems, *unknown_capabilities(config)),
        )

    sources = [
        (installation.collections.config_maps, f"{installation.namespace}/{name}")
        for name in (ARGOCD_CM, _PARAMS)
    ]
    return Live(lambda: sources, parse, lambda parsed: report(parsed.problems))


def _provider(installation: Installation, sso: SsoSettings) -> Provider:
    server = dex_server(installation.config_map(_PARAMS), installation.environment)
    is_behind_us = sso.oidc is not None and sso.is_dex
    rewrite = behind_us(sso.oidc.issuer, server) if sso.oidc and is_behind_us else str
    return Provider(sso, rewrite, time.monotonic)


def _reporter(installation: Installation, events: EventRecorder) -> Report:
    def report(problems: Iterable[str]) -> None:
        about = installation.collections.config_maps.get(f"{installation.namespace}/{ARGOCD_CM}")
        for problem in problems:
            log.warning("setting not understood", extra={"problem": problem})
            if about is not None:
                events.record(about, _INVALID, problem, is_warning=True)

    return report


def _writer(parts: Parts) -> SecretWriter:
    installation = parts.installation
    return SecretWriter(parts.home, installation.namespace, installation.collections.secrets)
