"""Values as the API server prints its internal types: by the names of Go, with all that is not set.

Messages about a part that may not change show it so.

Source: the types of k8s.io/kubernetes/pkg/apis/core, which have no names for JSON but those of the
metadata; answers of a real API server.
"""

from typing import Any

import orjson

from tiphys.sandbox.typed.scalars import META
from tiphys.sandbox.typed.structs import flat_fields, struct_type

POD_TEMPLATE = "io.k8s.api.core.v1.PodTemplateSpec"
_NAMES = {
    "apiGroup": "APIGroup", "apiVersion": "APIVersion",
    "awsElasticBlockStore": "AWSElasticBlockStore", "cephfs": "CephFS",
    "chapAuthDiscovery": "DiscoveryCHAPAuth", "chapAuthSession": "SessionCHAPAuth", "csi": "CSI",
    "dnsConfig": "DNSConfig", "dnsPolicy": "DNSPolicy", "fc": "FC", "fsGroup": "FSGroup",
    "fsGroupChangePolicy": "FSGroupChangePolicy", "fsType": "FSType",
    "gcePersistentDisk": "GCEPersistentDisk", "grpc": "GRPC", "httpGet": "HTTPGet",
    "httpHeaders": "HTTPHeaders", "ip": "IP", "iqn": "IQN", "iscsi": "ISCSI",
    "iscsiInterface": "ISCSIInterface", "nfs": "NFS", "os": "OS", "rbd": "RBD",
    "seLinuxChangePolicy": "SELinuxChangePolicy", "seLinuxOptions": "SELinuxOptions",
    "serviceAccount": "DeprecatedServiceAccount", "storageos": "StorageOS",
    "tcpSocket": "TCPSocket", "tty": "TTY", "uid": "UID", "wwids": "WWIDs",
}  # fmt: skip
_ZEROS: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0}


def printed(value: Any, go: str) -> str:
    """Return a value as messages show it.

    Args:
        value: as JSON has it.
        go: its type in Go, as `apitypes` names it.
    """
    return orjson.dumps(_internal(value, go)).decode()


def _internal(value: Any, go: str) -> Any:
    if go.startswith("*"):
        return None if value is None else _internal(value, go[1:])
    if go.startswith(("[]", "map[")):
        return _collection(value, go)
    if struct_type(go) is None:
        return _ZEROS.get(go) if value is None else value
    if go.startswith(META):
        return _with_json_names(value, go)
    found: dict[str, Any] = {}
    for field in flat_fields(go):
        entry = _internal((value or {}).get(field.json), field.go)
        if field.go == f"{META}ObjectMeta":
            found |= entry  # it is embedded, and has names of its own for JSON
        else:
            found[_go_name(field.json)] = entry
    return found


def _with_json_names(value: Any, go: str) -> dict[str, Any]:
    """Return a struct that has names for JSON, and leaves out what is not set."""
    given = value or {}
    return {
        field.json: _collection(given[field.json], field.go)
        if isinstance(given[field.json], dict | list)
        else given[field.json]
        for field in flat_fields(go)
        if field.json in given
    }


def _collection(value: Any, go: str) -> Any:
    if value is None:
        return None
    element = go.partition("]")[2]
    if isinstance(value, dict):
        return {key: _internal(value[key], element) for key in sorted(value)}
    return value if element == "byte" else [_internal(item, element) for item in value]


def _go_name(json: str) -> str:
    return _NAMES.get(json) or json[0].upper() + json[1:]
