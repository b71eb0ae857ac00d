"""The Go structs behind the built-in kinds: how each field is written as JSON and as protobuf.

Source: the types of k8s.io/api by reflection; see scripts/record_apitypes.py.
"""

import zlib
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import msgspec


class ApiField(NamedTuple):
    """A field of a struct.

    Attributes:
        json: its name; "" for a struct whose fields stand among its parent's own in JSON (in
            protobuf it is a message of its own), "-" for what JSON does not show.
        go: its Go type: "string", "bool", "int32", "int64", "float64", "bytes", the name of a
            type, each perhaps after "*", "[]" or "map[string]".
        number: its protobuf number, 0 when protobuf does not have it.
        flags: "e" when JSON leaves out the zero value of a scalar and empty lists and maps, "z"
            when it leaves out an empty struct.
    """

    json: str
    go: str
    number: int
    flags: str


class ApiType(msgspec.Struct, frozen=True):
    """A struct, or a list that is a protobuf message of its own.

    Attributes:
        fields: in the order of Go, which is the order in JSON.
        custom: JSON shows it in another way than by its fields (quantities, times, ...).
        items: the Go type of a list that is a message with the one repeated field 1; else "".
    """

    fields: tuple[ApiField, ...] = ()
    custom: bool = False
    items: str = ""


class ApiTypes(msgspec.Struct, frozen=True):
    """All types.

    Attributes:
        kinds: "apps/v1/Deployment", "v1/PodList" to the name of its type.
        types: a type by its name, "io.k8s.api.apps.v1.Deployment".
    """

    kinds: dict[str, str]
    types: dict[str, ApiType]


@lru_cache(maxsize=1)
def api_types() -> ApiTypes:
    """Return the types of the Kubernetes version that we ship."""
    data = resources.files("tiphys.sandbox.data") / "apitypes.json.zlib"
    return msgspec.json.decode(zlib.decompress(data.read_bytes()), type=ApiTypes)
