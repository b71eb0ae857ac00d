"""Checks ID tokens: whose they are, for whom, and whether they are still good.

Only asymmetric algorithms count, so that nobody signs with a public key, or not at all.

Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725, "JSON Web Token Best Current Practices".
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from tiphys.delivery.tokens import check_times
from tiphys.engine.rbac.decision import scope_values
from tiphys.engine.rbac.projects import is_role_subject
from tiphys.model.errors import UnauthenticatedError
from tiphys.model.identity import Identity
from tiphys.server.sso.provider import Provider
from tiphys.settings.sso import OidcConfig

ALGORITHMS: Final = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
FAILED: Final = "failed to verify the token"
_OURS: Final = frozenset({"role:admin", "role:readonly"})


async def verified_claims(token: str, provider: Provider, now: int) -> Mapping[str, Any]:
    """Return what a token of the provider says.

    Raises:
        UnauthenticatedError: it is not the provider's, not for us, or has expired.
    """
    keys = await provider.keys(_key_id(token))
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError) as err:
        raise UnauthenticatedError(FAILED) from err
    if str(claims.get("iss", "")).rstrip("/") != provider.oidc.issuer.rstrip("/"):
        raise UnauthenticatedError(FAILED)
    _check_audience(claims.get("aud"), provider.oidc)
    exp, nbf = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(exp, int | float) or not isinstance(nbf, int | float):
        raise UnauthenticatedError(FAILED)
    try:
        check_times(int(exp), int(nbf), now)
    except (UnauthenticatedError, OverflowError, ValueError) as err:
        raise UnauthenticatedError(FAILED, hint="Log in again.") from err
    return claims


def identity_of(
    claims: Mapping[str, Any], token: str, scopes: tuple[str, ...], groups: tuple[str, ...] = ()
) -> Identity:
    """Return who a provider's token speaks of.

    What the provider calls people and groups must not make them a role of ours, or of a project.

    Args:
        claims: of the token, verified.
        token: the token, for a name of its own where it has none.
        scopes: claims whose values are groups.
        groups: more of them, from elsewhere.

    Raises:
        UnauthenticatedError: it speaks of nobody.
    """
    federated = claims.get("federated_claims")
    user_id = federated.get("user_id") if isinstance(federated, dict) else None
    subject = str(user_id or claims.get("sub") or "")
    if not subject or is_role_subject(subject) or subject in _OURS:
        raise UnauthenticatedError(FAILED)
    email, issued_at = claims.get("email"), claims.get("iat", 0)
    expires_at = claims.get("exp", 0)
    all_groups = dict.fromkeys((*scope_values(claims, scopes), *groups))
    return Identity(
        subject=subject,
        username=email if isinstance(email, str) and email else subject,
        issuer=str(claims.get("iss", "")),
        groups=tuple(g for g in all_groups if g not in _OURS and not is_role_subject(g)),
        issued_at=int(issued_at) if isinstance(issued_at, int | float) else 0,
        token_id=token_id_of(claims, token),
        expires_at=int(expires_at),
    )


def token_id_of(claims: Mapping[str, Any], token: str) -> str:
    """Return the name that a token is revoked by."""
    named = claims.get("jti") or claims.get("at_hash")
    return str(named) if named else hashlib.sha256(token.encode()).hexdigest()


def _check_audience(audience: Any, oidc: OidcConfig) -> None:
    audiences = [audience] if isinstance(audience, str) else audience
    named = (
        {each for each in audiences or () if isinstance(each, str) and each}
        if (isinstance(audiences, list))
        else set()
    )
    if not named and oidc.skip_audience_check_when_token_has_no_audience:
        return
    if not named & oidc.audiences:
        raise UnauthenticatedError(FAILED)


def _key_id(token: str) -> str:
    try:
        encoded = token.partition(".")[0]
        header = msgspec.json.decode(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, msgspec.DecodeError):
        return ""
    return str(header.get("kid", "")) if isinstance(header, dict) else ""
