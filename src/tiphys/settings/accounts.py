"""Local accounts, as `argocd-cm` and `argocd-secret` describe them.

Source: Argo CD operator manual, "User Management", "Local users/accounts".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from tiphys.model.errors import InvalidInputError

ADMIN: Final = "admin"
LOGIN: Final = "login"
API_KEY: Final = "apiKey"
CAPABILITIES: Final = (LOGIN, API_KEY)
_PREFIX: Final = "accounts."


class AccountToken(msgspec.Struct, frozen=True, kw_only=True, rename={"issued_at": "iat"}):
    """What is kept of an API token; times in Unix seconds.

    Attributes:
        exp: when it expires, 0 when it does not.
    """

    id: str
    issued_at: int
    exp: int = 0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A local account.

    Attributes:
        password_hash: of bcrypt; "" when the account has no password.
        password_changed_at: Unix seconds, 0 when unknown; sessions begun earlier are over.
        capabilities: "login", "apiKey".
    """

    name: str
    enabled: bool = True
    capabilities: tuple[str, ...] = (LOGIN,)
    password_hash: str = ""
    password_changed_at: int = 0
    tokens: tuple[AccountToken, ...] = ()

    def has(self, capability: str) -> bool:
        """Return whether the account may be used in a way."""
        return capability in self.capabilities


class SecretKeys(msgspec.Struct, frozen=True):
    """Where `argocd-secret` keeps what belongs to an account."""

    password: str
    changed_at: str
    tokens: str


def secret_keys(name: str) -> SecretKeys:
    """Return the keys of an account; those of `admin` have no prefix."""
    prefix = "admin" if name == ADMIN else f"{_PREFIX}{name}"
    return SecretKeys(f"{prefix}.password", f"{prefix}.passwordMtime", f"{prefix}.tokens")


def parse_accounts(config: Mapping[str, str], secret: Mapping[str, str]) -> dict[str, Account]:
    """Return the accounts by name, `admin` among them.

    Args:
        config: data of `argocd-cm`.
        secret: decoded data of `argocd-secret`.
    """
    names: dict[str, tuple[str, ...]] = {ADMIN: (LOGIN,)}
    for key, value in config.items():
        name = key.removeprefix(_PREFIX)
        if key.startswith(_PREFIX) and name and "." not in name:
            words = {word.strip() for word in value.split(",")}
            given = tuple(each for each in CAPABILITIES if each in words)
            names[name] = given if name != ADMIN else (LOGIN, *(g for g in given if g != LOGIN))
    return {
        name: _account(name, capabilities, config, secret) for name, capabilities in names.items()
    }


def unknown_capabilities(config: Mapping[str, str]) -> list[str]:
    """Return a sentence on each word of an account that is no capability."""
    return [
        f"argocd-cm: {key}: `{word.strip()}` is neither `login` nor `apiKey`"
        for key, value in sorted(config.items())
        if key.startswith(_PREFIX) and "." not in key.removeprefix(_PREFIX)
        for word in value.split(",")
        if word.strip() and word.strip() not in CAPABILITIES
    ]


def parse_tokens(text: str, *, where: str) -> tuple[AccountToken, ...]:
    """Return the tokens that an account's JSON lists.

    Raises:
        InvalidInputError: it is not such a list.
    """
    try:
        return msgspec.json.decode(text or "[]", type=tuple[AccountToken, ...])
    except msgspec.DecodeError as err:
        raise InvalidInputError(f"the list of tokens cannot be read: {err}", where=where) from err


def render_tokens(tokens: tuple[AccountToken, ...]) -> str:
    """Return the JSON that lists tokens; of one that does not expire `exp` is left out."""
    rows = [
        {"id": token.id, "iat": token.issued_at, **({"exp": token.exp} if token.exp else {})}
        for token in tokens
    ]
    return msgspec.json.encode(rows).decode()


def _account(
    name: str, capabilities: tuple[str, ...], config: Mapping[str, str], secret: Mapping[str, str]
) -> Account:
    keys = secret_keys(name)
    enabled = "admin.enabled" if name == ADMIN else f"{_PREFIX}{name}.enabled"
    try:
        tokens = parse_tokens(secret.get(keys.tokens, ""), where=f"argocd-secret: {keys.tokens}")
    except InvalidInputError:
        tokens = ()  # what nobody can read lets nobody in
    return Account(
        name=name,
        enabled=config.get(enabled, "true").strip().lower() != "false",
        capabilities=capabilities,
        password_hash=secret.get(keys.password, "").strip(),
        password_changed_at=_seconds(secret.get(keys.changed_at, "")),
        tokens=tokens,
    )


def _seconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text.strip()).timestamp())
    except ValueError:
        return 0
