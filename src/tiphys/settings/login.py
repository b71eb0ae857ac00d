"""How people log in: the settings of sessions, passwords and limits.

Source: Argo CD operator manual, "User Management" and `argocd-cm.yaml`.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tiphys.engine.logins import Limits
from tiphys.settings.durations import parse_duration
from tiphys.settings.reader import Reader

DEFAULT_PASSWORD_PATTERN: Final = "^.{8,32}$"  # noqa: S105 -- says what a password looks like
_DAYS: Final = re.compile(r"(\d+)d")


class LoginSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How people log in.

    Attributes:
        url: where people reach us, without a trailing slash; "" when nobody said.
        additional_urls: other addresses of ours.
        session_s: how long a login lasts.
        most_logins_at_once: logins that are looked at side by side.
        most_cookies: parts that a long token may have.
        is_anonymous_enabled: who is not logged in has the default role.
        is_auth_disabled: everybody may do everything.
        problems: one line for each setting that could not be read.
    """

    url: str = ""
    additional_urls: tuple[str, ...] = ()
    session_s: int = 24 * 3600
    is_anonymous_enabled: bool = False
    is_auth_disabled: bool = False
    password_pattern: str = DEFAULT_PASSWORD_PATTERN
    limits: Limits = Limits()
    most_logins_at_once: int = 50
    most_cookies: int = 20
    is_insecure: bool = False
    base_href: str = "/"
    problems: tuple[str, ...] = ()


def parse_login_settings(
    config: Mapping[str, str], params: Mapping[str, str], environment: Mapping[str, str]
) -> LoginSettings:
    """Return the settings.

    Args:
        config: data of `argocd-cm`.
        params: data of `argocd-cmd-params-cm`.
        environment: variables of the process.
    """
    cm, cmd = Reader("argocd-cm", config), Reader("argocd-cmd-params-cm", params)
    env = Reader("environment", environment)
    session_s = cm.read("users.session.duration", 24 * 3600.0, _parse_days)
    root = cmd.text("server.rootpath").strip("/")
    base = f"/{root}" if root else cmd.text("server.basehref", "/")
    return LoginSettings(
        url=cm.text("url").rstrip("/"),
        additional_urls=_additional_urls(cm),
        session_s=max(int(session_s), 1),
        is_anonymous_enabled=cm.flag("users.anonymous.enabled", default=False),
        is_auth_disabled=_server_flag(cmd, env, "disable.auth"),
        password_pattern=cm.text("passwordPattern", DEFAULT_PASSWORD_PATTERN),
        limits=_limits(env),
        most_logins_at_once=_most_at_once(env),
        most_cookies=int(env.at_least("ARGOCD_MAX_COOKIE_NUMBER", 20, 1)),
        is_insecure=_server_flag(cmd, env, "insecure"),
        base_href=base,
        problems=(*cm.problems, *cmd.problems, *env.problems),
    )


def _limits(env: Reader) -> Limits:
    most = int(env.at_least("ARGOCD_SESSION_FAILURE_MAX_FAIL_COUNT", 5, 1))
    return Limits(
        most_failures=most,
        most_failures_from_new_places=most * 10,
        window_s=int(env.at_least("ARGOCD_SESSION_FAILURE_WINDOW_SECONDS", 300, 0)),
    )


def _most_at_once(env: Reader) -> int:
    replicas = env.at_least("ARGOCD_API_SERVER_REPLICAS", 1, 1)
    total = env.at_least("ARGOCD_MAX_CONCURRENT_LOGIN_REQUESTS_COUNT", 50, 1)
    return max(int(total / replicas), 1)


def _server_flag(cmd: Reader, env: Reader, name: str) -> bool:
    variable = "ARGOCD_SERVER_" + name.upper().replace(".", "_")
    return cmd.flag(f"server.{name}", default=env.flag(variable, default=False))


def _additional_urls(cm: Reader) -> tuple[str, ...]:
    return tuple(url.rstrip("/") for url in cm.string_list("additionalUrls"))


def _parse_days(text: str) -> float:
    in_hours = _DAYS.sub(lambda found: f"{int(found[1]) * 24}h", text[:64])
    return parse_duration(in_hours, where="users.session.duration")
