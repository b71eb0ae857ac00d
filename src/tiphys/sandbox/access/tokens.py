"""Tokens of service accounts: signed by the cluster, good for an audience and a time.

Source: Kubernetes documentation, "Managing Service Accounts"; KEP-1205 "Bound Service Account
Tokens".
"""

import base64
import time
import uuid
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiphys.sandbox.access.users import AUTHENTICATED, User, account_groups, account_name
from tiphys.sandbox.storage.store import Store

if TYPE_CHECKING:
    from tiphys.sandbox.access.signing import Signer

ISSUER = "https://kubernetes.default.svc"
_OLD_ISSUER = "kubernetes/serviceaccount"
_OLD_CLAIM = "kubernetes.io/serviceaccount"
_INVALID = "invalid bearer token"
_INVALIDATED = f"[{_INVALID}, service account token has been invalidated]"
_MAX_LENGTH = 16 * 1024
_BOUND = {"pod": ("", "pods"), "secret": ("", "secrets")}
Claims = Mapping[str, Any]


class InvalidTokenError(Exception):
    """A token that proves nothing; the text says why."""


class Tokens:
    """Makes tokens, and tells whose they are."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store, self._home = store, home

    @cached_property
    def _signer(self) -> "Signer":
        # Its libraries take long to load, and few clusters see a token.
        from tiphys.sandbox.access.signing import Signer  # noqa: PLC0415

        return Signer(self._home / "service-account.key")

    def issue(
        self,
        account: dict[str, Any],
        audiences: list[str],
        seconds: int,
        bound: tuple[str, dict[str, Any]] | None,
    ) -> str:
        """Return a new token of a service account.

        Args:
            account: the ServiceAccount.
            audiences: who may accept it.
            seconds: how long it is good for.
            bound: the kind ("pod" or "secret") and object that it ends with.
        """
        metadata = account["metadata"]
        now = int(time.time())
        private: dict[str, Any] = {
            "namespace": metadata["namespace"],
            "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
        }
        if bound is not None:
            holder = bound[1]["metadata"]
            private[bound[0]] = {"name": holder["name"], "uid": holder["uid"]}
        claims = {
            "aud": audiences,
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": private,
            "nbf": now,
            "sub": account_name(metadata["namespace"], metadata["name"]),
        }
        return self._signer.signed(claims)

    def issue_for_secret(self, account: dict[str, Any], secret_name: str) -> str:
        """Return the token without an end that a Secret of an account holds."""
        metadata = account["metadata"]
        claims = {
            "iss": _OLD_ISSUER,
            f"{_OLD_CLAIM}/namespace": metadata["namespace"],
            f"{_OLD_CLAIM}/secret.name": secret_name,
            f"{_OLD_CLAIM}/service-account.name": metadata["name"],
            f"{_OLD_CLAIM}/service-account.uid": metadata["uid"],
            "sub": account_name(metadata["namespace"], metadata["name"]),
        }
        return self._signer.signed(claims)

    def user_of(self, token: str, audiences: list[str]) -> tuple[User, list[str]]:
        """Return whose token it is, and which of the audiences it is good for.

        Raises:
            InvalidTokenError: it proves nothing.
        """
        if len(token) > _MAX_LENGTH:
            raise InvalidTokenError(_INVALID)
        claims = self._signer.claims_of(token)
        if claims is None:
            raise InvalidTokenError(_INVALID)
        if claims.get("iss") == _OLD_ISSUER:
            return self._user_of_secret(token, claims), audiences
        return self._user_of_bound(claims, audiences)

    def _user_of_bound(self, claims: Claims, audiences: list[str]) -> tuple[User, list[str]]:
        meant = [audience for audience in audiences if audience in (claims.get("aud") or [])]
        now = time.time()
        if not meant:
            raise InvalidTokenError(
                f"[{_INVALID}, token audiences {_quoted(claims.get('aud'))} is invalid for the "
                f"target audiences {_quoted(audiences)}]"
            )
        if now >= claims["exp"]:
            raise InvalidTokenError(f"[{_INVALID}, service account token has expired]")
        private = claims["kubernetes.io"]
        namespace = private["namespace"]
        account = private["serviceaccount"]
        extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]}
        self._check("serviceaccounts", namespace, account)
        for kind, (_, plural) in _BOUND.items():
            if kind in private:
                self._check(plural, namespace, private[kind])
        if "pod" in private:
            extra["authentication.kubernetes.io/pod-name"] = [private["pod"]["name"]]
            extra["authentication.kubernetes.io/pod-uid"] = [private["pod"]["uid"]]
        return _user(namespace, account["name"], account["uid"], extra), meant

    def _user_of_secret(self, token: str, claims: Claims) -> User:
        namespace = claims[f"{_OLD_CLAIM}/namespace"]
        name = claims[f"{_OLD_CLAIM}/service-account.name"]
        uid = claims[f"{_OLD_CLAIM}/service-account.uid"]
        secret_name = claims[f"{_OLD_CLAIM}/secret.name"]
        secret = self._store.get(("", "secrets"), (namespace, secret_name))
        kept = "" if secret is None else (secret.manifest.get("data") or {}).get("token", "")
        if base64.b64decode(kept) != token.encode():
            raise InvalidTokenError(_INVALIDATED)
        self._check("serviceaccounts", namespace, {"name": name, "uid": uid})
        return _user(namespace, name, uid, {})

    def _check(self, plural: str, namespace: str, meant: dict[str, str]) -> None:
        stored = self._store.get(("", plural), (namespace, meant["name"]))
        if stored is None or stored.manifest["metadata"]["uid"] != meant["uid"]:
            raise InvalidTokenError(_INVALIDATED)


def _user(namespace: str, name: str, uid: str, extra: dict[str, list[str]]) -> User:
    groups = (*account_groups(namespace), AUTHENTICATED)
    return User(account_name(namespace, name), uid, groups, extra)


def _quoted(values: object) -> str:
    listed = values if isinstance(values, list) else []
    return "[" + " ".join(f'"{value}"' for value in listed) + "]"
