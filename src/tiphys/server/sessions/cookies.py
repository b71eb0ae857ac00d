"""The cookies that hold a session: a token that is too long for one is cut into several.

Source: RFC 6265, section 6.1, for what browsers keep; Argo CD's web UI, for the names.
"""

from collections.abc import Mapping
from typing import Final

from tiphys.model.errors import LimitExceededError

TOKEN_COOKIE: Final = "argocd.token"  # noqa: S105 -- its name
_MAX_COOKIE: Final = 4093
_EXPIRED: Final = "Max-Age=0; expires=Thu, 01 Jan 1970 00:00:00 GMT"


def token_cookies(token: str, *, path: str, is_secure: bool, most: int) -> list[str]:
    """Return the values of `Set-Cookie` that store a token.

    Raises:
        LimitExceededError: it would take more than `most` cookies.
    """
    attributes = _attributes(path, is_secure=is_secure)
    room = _MAX_COOKIE - len(TOKEN_COOKIE) - len(attributes) - 10
    chunks = [token[start : start + room] for start in range(0, len(token), room)] or [""]
    if len(chunks) > most:
        raise LimitExceededError(
            f"the token takes {len(chunks)} cookies, and {most} are allowed",
            hint="Ask the identity provider for fewer groups, or raise ARGOCD_MAX_COOKIE_NUMBER.",
        )
    if len(chunks) > 1:
        chunks[0] = f"{len(chunks)}:{chunks[0]}"
    return [f"{_name(n)}={chunk}; {attributes}" for n, chunk in enumerate(chunks)]


def joined_token(cookies: Mapping[str, str]) -> str:
    """Return the token that a request's cookies hold, "" when they hold none."""
    first = cookies.get(TOKEN_COOKIE, "")
    count, colon, rest = first.partition(":")
    if not colon:
        return first
    if not (count.isascii() and count.isdecimal() and len(count) < 4):
        return ""
    return rest + "".join(cookies.get(_name(n), "") for n in range(1, int(count)))


def expired_cookies(cookies: Mapping[str, str], *, path: str, is_secure: bool) -> list[str]:
    """Return the values of `Set-Cookie` that delete every part of a session a request has."""
    names = {name for name in cookies if name.startswith(TOKEN_COOKIE)} | {TOKEN_COOKIE}
    return [
        f"{name}=; {_attributes(path, is_secure=is_secure)}; {_EXPIRED}" for name in sorted(names)
    ]


def _name(number: int) -> str:
    return f"{TOKEN_COOKIE}-{number}" if number else TOKEN_COOKIE


def _attributes(path: str, *, is_secure: bool) -> str:
    secure = "; Secure" if is_secure else ""
    return f"path=/{path.strip('/')}; SameSite=lax; httpOnly{secure}"
