"""The tokens that are asked for, and those that Secrets of service accounts hold.

Source: Kubernetes API reference, "TokenRequest"; "Managing Service Accounts", "Manually create a
long-lived API token".
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tiphys.sandbox.access.tokens import ISSUER, Tokens
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.statuses import bad_request, conflict, invalid, not_found
from tiphys.sandbox.storage.stored import Change

_ACCOUNTS, _SECRETS = ("", "serviceaccounts"), ("", "secrets")
_GROUP = "authentication.k8s.io"
_SHORTEST_S, _LONGEST_S, _USUAL_S = 600, 1 << 32, 3600
_TYPE = "kubernetes.io/service-account-token"
_NAME = "kubernetes.io/service-account.name"
_UID = "kubernetes.io/service-account.uid"
_MANAGER = "kube-controller-manager"
Manifest = dict[str, Any]


def token_for(
    registry: Registry, tokens: Tokens, key: tuple[str, str], request: Manifest
) -> Manifest:
    """Return a TokenRequest with its token.

    Raises:
        StatusError: no such account, or the request breaks a rule.
    """
    namespace, name = key
    stored = registry.store.get(_ACCOUNTS, key)
    if stored is None:
        raise not_found("serviceaccounts", "", name)
    spec = dict(request.get("spec") or {})
    given, account = request.get("metadata") or {}, stored.manifest
    uid = account["metadata"]["uid"]
    if given.get("uid") not in {None, "", uid}:
        text = (
            f"the UID in the token request ({given['uid']}) does not match the UID of the service "
            f"account ({uid})"
        )
        raise conflict("TokenRequest", _GROUP, name, text)
    spec["audiences"] = spec.get("audiences") or [ISSUER]
    seconds = spec["expirationSeconds"] = spec.get("expirationSeconds") or _USUAL_S
    _check_seconds(seconds)
    bound = _bound(registry, spec.setdefault("boundObjectRef", None), key)
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "kind": "TokenRequest",
        "apiVersion": f"{_GROUP}/v1",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "creationTimestamp": utc_now(),
        },
        "spec": spec,
        "status": {
            "token": tokens.issue(account, spec["audiences"], seconds, bound),
            "expirationTimestamp": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def _typed(reference: Manifest) -> str:
    api_version = str(reference.get("apiVersion", ""))
    shown = api_version if "/" in api_version else f"/{api_version}"
    return f"{shown}, Kind={reference.get('kind')}"


def _check_seconds(seconds: int) -> None:
    text = ""
    if seconds < _SHORTEST_S:
        text = "may not specify a duration less than 10 minutes"
    elif seconds > _LONGEST_S:
        text = "may not specify a duration larger than 2^32 seconds"
    if text:
        field = ("spec.expirationSeconds", "FieldValueInvalid", f"Invalid value: {seconds}: {text}")
        raise invalid("TokenRequest", _GROUP, "", [field])


def _bound(
    registry: Registry, reference: Manifest | None, key: tuple[str, str]
) -> tuple[str, Manifest] | None:
    if not reference:
        return None
    kind, namespace = str(reference.get("kind")), key[0]
    if kind not in {"Pod", "Secret"}:
        raise bad_request(f"cannot bind token to object of type {_typed(reference)}")
    name = reference.get("name", "")
    stored = registry.store.get(("", f"{kind.lower()}s"), (namespace, name))
    if stored is None:
        raise not_found(f"{kind.lower()}s", "", name)
    found = stored.manifest
    uid = found["metadata"]["uid"]
    if reference.get("uid") not in {None, "", uid}:
        text = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in "
            f"record. The object might have been deleted and then recreated"
        )
        raise conflict(f"{kind.lower()}s", "", name, text)
    if kind == "Pod" and (found["spec"].get("serviceAccountName") or "default") != key[1]:
        raise bad_request(
            f'cannot bind token for serviceaccount "{key[1]}" to pod running with different '
            "serviceaccount name."
        )
    return kind.lower(), found


class AccountSecrets:
    """Fills the Secrets of service accounts, and deletes those of accounts that are gone."""

    def __init__(self, registry: Registry, tokens: Tokens, authority: str) -> None:
        self._registry, self._tokens = registry, tokens
        self._authority = base64.b64encode(authority.encode()).decode()

    def follow(self, change: Change) -> None:
        """Do what a change calls for."""
        manifest = change.stored.manifest
        if change.collection == _SECRETS and change.event != "DELETED":
            self._complete(manifest)
        elif change.collection == _ACCOUNTS:
            namespace = manifest["metadata"]["namespace"]
            for _, stored in self._registry.store.all(_SECRETS, namespace):
                self._complete(stored.manifest)

    def _complete(self, secret: Manifest) -> None:
        metadata = secret["metadata"]
        annotations = metadata.get("annotations") or {}
        if secret.get("type") != _TYPE or not annotations.get(_NAME):
            return
        key = (metadata["namespace"], metadata["name"])
        kind = self._registry.kinds.find("", "v1", "secrets")
        assert kind is not None
        stored = self._registry.store.get(_ACCOUNTS, (key[0], annotations[_NAME]))
        uid = stored.manifest["metadata"]["uid"] if stored else ""
        if stored is None or annotations.get(_UID, uid) != uid:
            if self._registry.store.get(_SECRETS, key) is not None:
                self._registry.delete(kind, *key, {})
            return
        account = stored.manifest
        data = secret.get("data") or {}
        if data.get("token") and annotations.get(_UID):
            return

        def fill(live: Manifest) -> Manifest:
            noted = {**(live["metadata"].get("annotations") or {}), _UID: uid}
            token = self._tokens.issue_for_secret(account, key[1])
            filled = {
                "ca.crt": self._authority,
                "namespace": base64.b64encode(key[0].encode()).decode(),
                "token": base64.b64encode(token.encode()).decode(),
            }
            return {
                **live,
                "metadata": {**live["metadata"], "annotations": noted},
                "data": {**filled, **(live.get("data") or {})},
            }

        self._registry.patch(kind, key, fill, Write(manager=_MANAGER, now=utc_now()))
