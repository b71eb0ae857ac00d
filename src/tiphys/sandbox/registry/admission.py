"""What admission adds to new objects: accounts, tolerations, priorities, limits, protection.

Source: Kubernetes documentation, "Admission Control in Kubernetes": ServiceAccount,
DefaultTolerationSeconds, Priority, LimitRanger, StorageObjectInUseProtection.
"""

import random
from typing import Any

from tiphys.sandbox.rules.podchanges import tolerate
from tiphys.sandbox.statuses import StatusError, qualified
from tiphys.sandbox.storage.store import Store

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_TOKENS_AT = "/var/run/secrets/kubernetes.io/serviceaccount"
_CLASSES = ("scheduling.k8s.io", "priorityclasses")
_SYSTEM_CLASSES = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
PROTECTION = {
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
    "PersistentVolume": "kubernetes.io/pv-protection",
}


class Admission:
    """Completes new objects as the admission plugins would."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pod(self, new: dict[str, Any]) -> None:
        """Complete a Pod in place.

        Raises:
            StatusError: its account or class is not there.
        """
        spec, metadata = new["spec"], new["metadata"]
        self._limits(metadata["namespace"], spec)
        self._account(metadata, spec)
        self._priority(metadata, spec)
        tolerate(spec)

    def _account(self, metadata: dict[str, Any], spec: dict[str, Any]) -> None:
        name = spec.get("serviceAccountName") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        key = (metadata["namespace"], name)
        stored = self._store.get(("", "serviceaccounts"), key)
        if stored is None:
            text = (
                f"error looking up service account {key[0]}/{name}: "
                f'serviceaccount "{name}" not found'
            )
            raise _forbidden("pods", "", metadata["name"], text)
        account = stored.manifest
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]
        mounts = spec.get("automountServiceAccountToken")
        if mounts is None:
            mounts = account.get("automountServiceAccountToken")
        if mounts is not False:
            _mount_token(spec)

    def _priority(self, metadata: dict[str, Any], spec: dict[str, Any]) -> None:
        name = spec.get("priorityClassName")
        classes = {key[1]: stored.manifest for key, stored in self._store.all(_CLASSES)}
        if not name:
            found = [c for c in classes.values() if c.get("globalDefault")]
            chosen = min(found, key=lambda c: int(c.get("value", 0)), default={})
            if chosen:
                spec["priorityClassName"] = chosen["metadata"]["name"]
        elif name in classes or name in _SYSTEM_CLASSES:
            chosen = classes.get(name) or {"value": _SYSTEM_CLASSES[name]}
        else:
            text = f"no PriorityClass with name {name} was found"
            raise _forbidden("pods", "", metadata["name"], text)
        spec["priority"] = chosen.get("value", 0)
        spec["preemptionPolicy"] = chosen.get("preemptionPolicy", "PreemptLowerPriority")

    def _limits(self, namespace: str, spec: dict[str, Any]) -> None:
        for key, stored in self._store.all(("", "limitranges")):
            limits = (stored.manifest.get("spec") or {}).get("limits") or ()
            for item in limits if key[0] == namespace else ():
                if item.get("type") == "Container":
                    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
                        _limit(container, item)


def _limit(container: dict[str, Any], item: dict[str, Any]) -> None:
    resources = container.setdefault("resources", {})
    for side, source in (("limits", "default"), ("requests", "defaultRequest")):
        found = {**(item.get(source) or {}), **(resources.get(side) or {})}
        if found:
            resources[side] = found


def _mount_token(spec: dict[str, Any]) -> None:
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    bare = [
        container
        for container in containers
        if all(m.get("mountPath") != _TOKENS_AT for m in container.get("volumeMounts") or ())
    ]
    if not bare:
        return
    suffix = "".join(random.choices(_ALPHABET, k=5))  # noqa: S311 -- a name, no secret
    name = f"kube-api-access-{suffix}"
    mount = {"name": name, "mountPath": _TOKENS_AT, "readOnly": True}
    for container in bare:
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [
                    {
                        "path": "namespace",
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                    }
                ]
            }
        },
    ]
    volume = {"name": name, "projected": {"defaultMode": 420, "sources": sources}}
    spec["volumes"] = [*(spec.get("volumes") or ()), volume]


def _forbidden(plural: str, group: str, name: str, text: str) -> StatusError:
    details = {"name": name, "kind": plural}
    message = f'{qualified(plural, group)} "{name}" is forbidden: {text}'
    return StatusError(403, "Forbidden", message, details)
