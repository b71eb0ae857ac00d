"""Who may use a protected repository.

A repository with a file `users.json` asks for HTTP basic authentication; one without is open.
The file maps a user's name to `{"salt": hex, "scrypt": hex}`; passwords are never kept.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any

_FILE = "users.json"
_COST = 2**13  # 8 MiB and about 20 ms: a sandbox holds test passwords, and clones ask thrice


def protect(repository: Path, user: str, password: str) -> None:
    """Let `user` into a repository, which from now on asks for a name and password."""
    users = _read_users(repository)
    salt = secrets.token_bytes(16)
    users[user] = {"salt": salt.hex(), "scrypt": _digest(password, salt).hex()}
    (repository / _FILE).write_text(json.dumps(users), encoding="utf-8")


def is_admitted(repository: Path, authorization: str) -> bool:
    """Tell whether a request with this Authorization header may use the repository."""
    if not (repository / _FILE).exists():
        return True
    user, password = _credentials(authorization)
    known = _read_users(repository).get(user)
    if known is None:
        return False
    given = _digest(password, bytes.fromhex(known["salt"]))
    return hmac.compare_digest(given, bytes.fromhex(known["scrypt"]))


def _read_users(repository: Path) -> dict[str, Any]:
    try:
        users = json.loads((repository / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return users if isinstance(users, dict) else {}


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=8, p=1)


def _credentials(authorization: str) -> tuple[str, str]:
    """Return (user, password) of a basic Authorization header; ("", "") for anything else."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = decoded.partition(":")
    return user, password
