"""What target and live look like before they are compared, or target before it is applied.

Source: Kubernetes API reference, Secret v1 (`stringData`), ClusterRole (`aggregationRule`),
ObjectMeta (fields that the server sets); "Extend the Kubernetes API with
CustomResourceDefinitions", Defaulting and Nullable.
"""

from base64 import b64encode
from typing import Any, Final

from tiphys.model.keys import GroupKind, Manifest, gvk_of
from tiphys.structured.schema import load_builtin_schema

_SECRET: Final = GroupKind("", "Secret")
_RBAC_GROUP: Final = "rbac.authorization.k8s.io"
_SERVER_METADATA: Final = frozenset(
    {
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def prepare_target(target: Manifest) -> Manifest:
    """Return a target as it is sent to the API server.

    Nulls are gone where they mean nothing (server-side apply would store some of them),
    `stringData` has become `data`, rules that an aggregation computes and metadata that only the
    server sets are left out. In a custom resource null may be data, as in the values of a Helm
    chart: only the API server knows its definition, and drops there what is none.

    Returns:
        A new object; the input is untouched. Doing it twice changes nothing more.
    """
    if load_builtin_schema().schema_for(gvk_of(target)) is not None:
        return normalise(_without_nulls(target))
    kept = {name: value for name, value in target.items() if value is not None}
    if "metadata" in kept:
        kept["metadata"] = _without_nulls(kept["metadata"])
    return normalise(kept)


def normalise(manifest: Manifest) -> Manifest:
    """Return an object without what says nothing about its intended state.

    Returns:
        A new object that shares unchanged parts; doing it twice changes nothing more.
    """
    kind = gvk_of(manifest).group_kind
    result = dict(manifest)
    if isinstance(manifest.get("metadata"), dict):
        result["metadata"] = _normalise_metadata(manifest["metadata"])
    if kind == _SECRET:
        _normalise_secret(result)
    elif kind.group == _RBAC_GROUP and kind.kind in {"Role", "ClusterRole"}:
        _normalise_role(result)
    return result


def _normalise_metadata(metadata: Manifest) -> Manifest:
    return {
        name: value
        for name, value in metadata.items()
        if name not in _SERVER_METADATA and not (name in {"annotations", "labels"} and not value)
    }


def _normalise_secret(secret: Manifest) -> None:
    plain, data = secret.get("stringData") or {}, secret.get("data") or {}
    if not (isinstance(plain, dict) and isinstance(data, dict)):
        return  # for the API server to refuse
    merged = {name: _clean(value) for name, value in data.items()}
    refused = {}
    for name, value in plain.items():
        if value is None or isinstance(value, str):
            merged[name] = b64encode((value or "").encode()).decode()
        else:
            refused[name] = value
    written = {"data": merged, "stringData": refused}
    for name, values in written.items():
        secret.pop(name, None)
        if values:
            secret[name] = values


def _clean(value: Any) -> Any:
    # Decoders skip line breaks, which YAML blocks of base64 are full of.
    if value is None:
        return ""
    return value.replace("\n", "").replace("\r", "") if isinstance(value, str) else value


def _normalise_role(role: Manifest) -> None:
    if role.get("aggregationRule") or not role.get("rules"):
        role.pop("rules", None)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
