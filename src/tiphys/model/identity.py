"""Who makes a request."""

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A caller, as the permission check and the logs see it; times in Unix seconds.

    Attributes:
        subject: the user identifier that policies name; "" is an anonymous caller, and
            "proj:PROJECT:ROLE" a token of a project's role.
        username: what people see; for SSO the email address where there is one.
        issuer: of the token: "argocd" for our own, else the identity provider's address.
        groups: values of the claims that `scopes` of `argocd-rbac-cm` names.
        issued_at: 0 for an anonymous caller.
        token_id: `jti` of the token.
        expires_at: 0 when the token does not expire.
    """

    subject: str = ""
    username: str = ""
    issuer: str = ""
    groups: tuple[str, ...] = ()
    issued_at: int = 0
    token_id: str = ""
    expires_at: int = 0


ANONYMOUS = Identity()
