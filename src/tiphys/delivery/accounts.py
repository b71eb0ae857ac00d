"""Local accounts: who there is, and what is done to them.

Source: Argo CD operator manual, "User Management", "Local users/accounts".
"""

import uuid
from datetime import datetime
from typing import Final

import msgspec

from tiphys.delivery.clock import Clock, timestamp
from tiphys.delivery.installation import Installation
from tiphys.delivery.live import Live
from tiphys.delivery.passwords import check_password_rule, hash_password
from tiphys.delivery.tokens import Claims, Signer
from tiphys.delivery.writing import SecretWriter
from tiphys.model.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from tiphys.settings.accounts import (
    API_KEY,
    Account,
    AccountToken,
    parse_accounts,
    parse_tokens,
    render_tokens,
    secret_keys,
)

ARGOCD_SECRET: Final = "argocd-secret"  # noqa: S105 -- its name
ARGOCD_CM: Final = "argocd-cm"
_MAX_TOKEN_ID: Final = 128


class Accounts:
    """The accounts of one installation, as its ConfigMap and Secret have them now."""

    def __init__(
        self, installation: Installation, writer: SecretWriter, signer: Signer, clock: Clock
    ) -> None:
        self._writer, self._signer, self._clock = writer, signer, clock
        held, namespace = installation.collections, installation.namespace
        sources = (
            (held.config_maps, f"{namespace}/{ARGOCD_CM}"),
            (held.secrets, f"{namespace}/{ARGOCD_SECRET}"),
        )
        self.all = Live(
            lambda: sources,
            lambda: parse_accounts(
                installation.config_map(ARGOCD_CM), installation.secret(ARGOCD_SECRET)
            ),
        )
        """Returns the accounts by name."""

    def get(self, name: str) -> Account:
        """Return an account.

        Raises:
            NotFoundError: there is no such one.
        """
        account = self.all().get(name)
        if account is None:
            raise NotFoundError(f"account '{name}' does not exist")
        return account

    async def set_password(self, name: str, password: str, rule: str) -> None:
        """Give an account a new password, which ends its sessions.

        Raises:
            NotFoundError: there is no such account.
            InvalidInputError: the password is not as `rule` wants it.
            ApiError: it cannot be saved.
        """
        self.get(name)
        check_password_rule(password, rule)
        hashed, keys = await hash_password(password), secret_keys(name)

        def change(data: dict[str, str]) -> None:
            data[keys.password] = hashed
            data[keys.changed_at] = timestamp(self._clock())

        await self._writer.update(ARGOCD_SECRET, change)

    async def create_token(self, name: str, token_id: str, expires_in_s: int) -> str:
        """Return a new API token of an account.

        Args:
            name: of the account.
            token_id: names the token in lists; "" for a random one.
            expires_in_s: 0 for a token that does not expire.

        Raises:
            NotFoundError: there is no such account.
            InvalidInputError: the account cannot have tokens, or the request makes no sense.
            AlreadyExistsError: the account has a token of that name.
            ApiError: it cannot be saved.
        """
        if not self.get(name).has(API_KEY):
            raise InvalidInputError(
                f"account '{name}' does not have {API_KEY} capability",
                hint=f"Add `apiKey` to `accounts.{name}` in the ConfigMap `argocd-cm`.",
            )
        check_token_request(token_id, expires_in_s)
        issued, chosen = new_token(self._clock(), token_id, expires_in_s), secret_keys(name).tokens

        def change(data: dict[str, str]) -> None:
            tokens = parse_tokens(data.get(chosen, ""), where=f"{ARGOCD_SECRET}: {chosen}")
            if any(token.id == issued.id for token in tokens):
                raise AlreadyExistsError(f"account already has token with id '{issued.id}'")
            data[chosen] = render_tokens((*tokens, issued))

        claims = Claims(
            sub=f"{name}:{API_KEY}",
            iat=issued.issued_at,
            nbf=issued.issued_at,
            exp=issued.exp,
            jti=issued.id,
        )
        token = self._signer.issue(claims)
        await self._writer.update(ARGOCD_SECRET, change)
        return token

    async def delete_token(self, name: str, token_id: str) -> None:
        """Make an API token useless.

        Raises:
            NotFoundError: there is no such account or token.
            ApiError: it cannot be saved.
        """
        self.get(name)
        chosen = secret_keys(name).tokens

        def change(data: dict[str, str]) -> None:
            tokens = parse_tokens(data.get(chosen, ""), where=f"{ARGOCD_SECRET}: {chosen}")
            kept = tuple(token for token in tokens if token.id != token_id)
            if len(kept) == len(tokens):
                raise NotFoundError(f"token with id '{token_id}' does not exist")
            data[chosen] = render_tokens(kept)
            if not kept:
                del data[chosen]

        await self._writer.update(ARGOCD_SECRET, change)


def check_token_request(token_id: str, expires_in_s: int) -> None:
    """Check what is asked of a new token.

    Raises:
        InvalidInputError: it makes no sense.
    """
    if expires_in_s < 0 or expires_in_s > 2**40:
        raise InvalidInputError(f"`{expires_in_s}` is not a number of seconds", where="expiresIn")
    if len(token_id) > _MAX_TOKEN_ID:
        raise InvalidInputError(f"longer than {_MAX_TOKEN_ID} characters", where="id")


def new_token(now: datetime, token_id: str, expires_in_s: int) -> AccountToken:
    """Return the record of a token that is issued now."""
    issued_at = int(now.timestamp())
    return AccountToken(
        id=token_id or str(uuid.uuid4()),
        issued_at=issued_at,
        exp=issued_at + expires_in_s if expires_in_s else 0,
    )


class AccountView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An account as the API shows it."""

    name: str
    enabled: bool = False
    capabilities: tuple[str, ...] | None = None
    tokens: tuple["TokenView", ...] | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A token as the API shows it; the token itself is shown once, when it is made."""

    id: str
    issued_at: int = 0
    expires_at: int = 0


def view_of(account: Account) -> AccountView:
    """Return an account as the API shows it."""
    return AccountView(
        name=account.name,
        enabled=account.enabled,
        capabilities=account.capabilities or None,
        tokens=tuple(
            TokenView(id=token.id, issued_at=token.issued_at, expires_at=token.exp)
            for token in account.tokens
        )
        or None,
    )
