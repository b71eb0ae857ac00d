"""Passwords: made, hashed, compared, and held against the rule for new ones.

Hashing takes a tenth of a second on purpose, and is done off the event loop.
"""

import asyncio
import secrets
import string
from typing import Final

import bcrypt

from tiphys.engine.rbac.patterns import MatchMode, UnreadableError, pattern
from tiphys.model.errors import InvalidInputError

_ALPHABET: Final = string.digits + string.ascii_letters + "-"
_GENERATED_LENGTH: Final = 16
_COST: Final = 10
_MAX_BYTES: Final = 72  # bcrypt looks at no more
_NOBODYS: Final = b"$2a$10$7EqJtq98hPqEX7fNZaFWoO1mVO/4zqzT5P0cVVxyYxO5FlJjzg2vK"
"""A well-formed hash of nobody's password: comparing with it takes as long as with a real one."""


def generate_password() -> str:
    """Return a password that nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED_LENGTH))


def check_password_rule(password: str, rule: str) -> None:
    """Check that a new password is as the installation wants it.

    Args:
        password: the new password.
        rule: `passwordPattern` of `argocd-cm`, a regular expression.

    Raises:
        InvalidInputError: it is not, or the rule cannot be read.
    """
    try:
        fits = pattern(rule, MatchMode.REGEX).match(password)
    except UnreadableError as err:
        raise InvalidInputError(
            f"the expression cannot be read: {err}", where="argocd-cm: passwordPattern"
        ) from err
    if not fits or len(password.encode()) > _MAX_BYTES:
        raise InvalidInputError(
            f"new password does not match the following expression: {rule}"
            if not fits
            else f"new password is longer than {_MAX_BYTES} bytes"
        )


async def hash_password(password: str) -> str:
    """Return a password's bcrypt hash.

    Raises:
        InvalidInputError: bcrypt would look at the beginning of it only.
    """
    encoded = password.encode()
    if len(encoded) > _MAX_BYTES:
        raise InvalidInputError(f"the password is longer than {_MAX_BYTES} bytes")
    salt = bcrypt.gensalt(_COST, b"2a")
    return (await asyncio.to_thread(bcrypt.hashpw, encoded, salt)).decode()


async def is_password(password: str, hashed: str) -> bool:
    """Return whether a password is the one of a hash; an empty hash is nobody's.

    It takes the same time whether there is a hash or not.
    """
    wanted = hashed.encode() if hashed else _NOBODYS
    is_same = await asyncio.to_thread(_compare, password.encode()[:_MAX_BYTES], wanted)
    return is_same and bool(hashed)


def _compare(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # what stands there is no hash
        return False
