"""What Go's JSON decoder refuses: values of other types than the fields of a built-in kind have.

Source: the types of k8s.io/api (see apitypes.py); encoding/json, UnmarshalTypeError.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from tiphys.sandbox.apitypes import api_types
from tiphys.sandbox.bodies import json_name
from tiphys.sandbox.kinds import Kind
from tiphys.sandbox.statuses import bad_request

_RANGES = {"int32": 2**31, "int64": 2**63}
_SCALARS: dict[str, Any] = {
    "string": str,
    "bool": bool,
    "int32": int,
    "int64": int,
    "float64": (int, float),
}
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_IS_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_QUANTITY_TEXT = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


class _Place(NamedTuple):
    """A field: the struct that has it, and its path of JSON names."""

    struct: str
    path: str


def type_problem(kind: Kind, value: Any) -> str:
    """Return the first value that an object's type cannot take, in Go's words; "" for none."""
    types = api_types()
    name = types.kinds.get(f"{kind.gvk.api_version}/{kind.kind}")
    if kind.is_custom or name is None:
        return _custom_problem(value)
    return _struct_problem(value, name, _Place(kind.kind, ""))


def check_types(kind: Kind, value: Any) -> None:
    """Refuse an object with a value that its type cannot take.

    Raises:
        StatusError: there is one.
    """
    if problem := type_problem(kind, value):
        raise bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {problem}'
        )


def _custom_problem(value: Any) -> str:
    """Of a custom resource only the metadata has a type of Go."""
    metadata = value.get("metadata")
    if metadata is None:
        return ""
    if not isinstance(metadata, dict):
        name = json_name(metadata)
        return f"json: cannot unmarshal {name} into Go value of type v1.ObjectMeta"
    return _struct_problem(metadata, _META, _Place("ObjectMeta", ""))


def _struct_problem(value: dict[str, Any], name: str, place: _Place) -> str:
    fields = _fields(name)
    for key, entry in value.items():
        field = fields.get(key)
        if field is None or entry is None:
            continue
        go, struct, embedded = field
        path = f"{place.path}.{embedded}{key}" if place.path else f"{embedded}{key}"
        if problem := _problem(entry, go, _Place(struct, path)):
            return problem
    return ""


@lru_cache(maxsize=2048)
def _fields(name: str) -> dict[str, tuple[str, str, str]]:
    """Return the fields of a struct by their JSON names: Go type, struct, names of embedded ones.

    Embedded structs appear in the path of an error, though not in the JSON.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for field in api_types().types[name].fields:
        go = field.go.lstrip("*")
        if field.json:
            found[field.json] = (go, _short(name), "")
        else:
            found |= {
                key: (inner, struct, f"{_short(go)}.{embedded}")
                for key, (inner, struct, embedded) in _fields(go).items()
            }
    return found


def _problem(value: Any, go: str, place: _Place) -> str:
    if value is None:
        return ""
    if go in _SCALARS:
        return _scalar_problem(value, go, place)
    if go.startswith("[]"):
        return _list_problem(value, go, place)
    if go.startswith("map[string]"):
        return _map_problem(value, go, place)
    return _named_problem(value, go, place)


def _named_problem(value: Any, go: str, place: _Place) -> str:
    if go == "bytes":
        return "" if isinstance(value, str) else _mismatch(value, "[]uint8", place)
    if go == _QUANTITY:
        is_right = not isinstance(value, bool) and _IS_QUANTITY.fullmatch(str(value))
        return "" if is_right else _QUANTITY_TEXT
    type_ = api_types().types.get(go)
    if type_ is None or type_.custom:
        return ""
    if type_.items:
        return _list_problem(value, f"[]{type_.items}", place)
    if not isinstance(value, dict):
        return _mismatch(value, _shown(go), place)
    return _struct_problem(value, go, place)


def _list_problem(value: Any, go: str, place: _Place) -> str:
    if not isinstance(value, list):
        return _mismatch(value, _shown(go), place)
    element = go.removeprefix("[]").lstrip("*")
    return next((p for item in value if (p := _problem(item, element, place))), "")


def _map_problem(value: Any, go: str, place: _Place) -> str:
    element = go.removeprefix("map[string]").lstrip("*")
    if not isinstance(value, dict):
        shown = "v1.ResourceList" if element == _QUANTITY else _shown(go)
        return _mismatch(value, shown, place)
    return next((p for item in value.values() if (p := _problem(item, element, place))), "")


def _scalar_problem(value: Any, go: str, place: _Place) -> str:
    is_bool = isinstance(value, bool)
    if not isinstance(value, _SCALARS[go]) or is_bool != (go == "bool"):
        is_fraction = isinstance(value, float) and go in _RANGES
        return _mismatch(value, go, place, number=f" {value}" if is_fraction else "")
    if go in _RANGES and not -_RANGES[go] <= value < _RANGES[go]:
        return _mismatch(value, go, place, number=f" {value}")
    return ""


def _mismatch(value: Any, go: str, place: _Place, number: str = "") -> str:
    return (
        f"json: cannot unmarshal {json_name(value)}{number} into Go struct field "
        f"{place.struct}.{place.path} of type {go}"
    )


def _short(go: str) -> str:
    return go.rpartition(".")[2].lstrip("*")


def _shown(go: str) -> str:
    """Return a Go type as errors name it: "[]v1.Container"."""
    for prefix in ("[]", "map[string]", "*"):
        if go.startswith(prefix):
            return prefix + _shown(go.removeprefix(prefix))
    if go == "bytes":
        return "[]uint8"
    if "." not in go:
        return go
    return ".".join(go.rsplit(".", 2)[1:])
