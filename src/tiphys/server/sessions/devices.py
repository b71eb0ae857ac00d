"""The cookie by which we know a browser that somebody logged in from before.

Failed logins from elsewhere do not keep its owner out; see `engine.logins`.
"""

import ipaddress
import uuid
from typing import Final

from starlette.requests import Request

from tiphys.delivery.tokens import Claims, Signer
from tiphys.model.errors import UnauthenticatedError
from tiphys.server.access import is_secure

DEVICE_COOKIE: Final = "argocd.device"
_LASTS_S: Final = 180 * 24 * 3600
_SUFFIX: Final = ":device"


def device_of(request: Request, signer: Signer, account: str, now: int) -> str:
    """Return the id of the device that a request comes from, "" when we do not know it."""
    cookie = request.cookies.get(DEVICE_COOKIE, "")
    if not cookie:
        return ""
    try:
        claims = signer.verify(cookie, now)
    except UnauthenticatedError:
        return ""
    return claims.jti if claims.sub == account + _SUFFIX else ""


def device_cookie(request: Request, signer: Signer, account: str, now: int, known: str = "") -> str:
    """Return the `Set-Cookie` by which we shall know the device again."""
    claims = Claims(
        sub=account + _SUFFIX, iat=now, nbf=now, exp=now + _LASTS_S, jti=known or str(uuid.uuid4())
    )
    secure = "; Secure" if is_secure(request) else ""
    return (
        f"{DEVICE_COOKIE}={signer.issue(claims)}; path=/; SameSite=strict; httpOnly; "
        f"Max-Age={_LASTS_S}{secure}"
    )


def address_of(request: Request) -> str:
    """Return the network address of a caller; of IPv6 the part that one site shares."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
